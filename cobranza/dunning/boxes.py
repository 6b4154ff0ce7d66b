"""The boxes of the strategy's form: what each is called, what may be chosen, what was typed, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cobranza.dunning import wording
from cobranza.dunning.account import Habit
from cobranza.dunning.drafts import CURRENCIES, Draft, StepDraft
from cobranza.dunning.settings import LANGUAGE
from cobranza.dunning.strategy import UNRATED
from cobranza.ledger.tables_ratings import Segments

CHANNELS = (
    ("email", _("Correo")), ("sms", _("SMS")), ("whatsapp", _("WhatsApp")), ("ivr", _("Llamada automática")),
    ("call", _("Llamada")), ("letter", _("Carta")),
)  # fmt: skip
DOES = (
    ("mensaje", _("Mensaje")), ("llamada", _("Llamada automática")), ("carta", _("Carta")),
    ("persona", _("Tarea: llamar")), ("negociar", _("Tarea: negociar")),
)  # fmt: skip
HABITS = (
    (Habit.NEW.value, _("Nuevo")), (Habit.GOOD.value, _("Buen pagador")), (Habit.MIXED.value, _("Irregular")),
    (Habit.CHRONIC.value, _("Crónico")),
)  # fmt: skip
SEGMENTS = (
    (Segments.REMINDER.value, _("Recordatorio")), (Segments.NEGOTIATION.value, _("Negociación")),
    (Segments.LEGAL.value, _("Caso legal")), (UNRATED, _("Sin valorar")),
)  # fmt: skip
COUNTRIES = (
    ("ES", _("España")), ("MX", _("México")), ("CO", _("Colombia")), ("PE", _("Perú")), ("CL", _("Chile")),
    ("AR", _("Argentina")), ("EC", _("Ecuador")),
)  # fmt: skip
LANGUAGES = (("es", _("Español")), ("en", _("Inglés")), ("pt", _("Portugués")))
_GENERAL = (
    ("nombre", _("Nombre"), "text"),
    ("sin_respuesta", _("Contactos sin respuesta para dejar los canales de pago"), "number"),
    ("dias_habito", _("Días de historia que cuentan"), "number"),
    ("documentos_habito", _("Documentos pagados que hacen falta para juzgar"), "number"),
    ("tarde_desde", _("Días de atraso con los que se pagó tarde"), "number"),
    ("bueno_desde", _("% a tiempo de un buen pagador"), "number"),
    ("cronico_desde", _("% tarde de un pagador crónico"), "number"),
)
_FIRST = (_("Primer canal"), _("Si no, por"), _("Y si no, por"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box; `options` are value, label and whether it is chosen."""

    name: str
    label: Any
    kind: str = "text"
    value: str = ""
    error: str = ""
    help: Any = ""
    options: tuple[tuple[str, Any, bool], ...] = ()

    @property
    def id(self) -> str:
        """Of the element."""
        return f"b-{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step: boxes that are always seen to, and those that narrow it down.

    Attributes:
        number: Its place, from 0.
        title: As it is called now.
        said: When and how, in one line.
        opened: Shown open: something is wrong in it, or it was just moved or added.
    """

    number: int
    title: str
    said: str
    opened: bool
    first: bool
    last: bool
    boxes: tuple[Box, ...]
    channels: tuple[Box, ...]
    narrow: tuple[Box, ...]
    least: tuple[Box, ...]
    error: str = ""
    least_error: str = ""
    narrowed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The whole form; `wrong` counts what has to be put right."""

    general: tuple[Box, ...]
    rows: tuple[Row, ...]
    error: str = ""
    why: str = ""
    wrong: int = 0

    @property
    def general_wrong(self) -> bool:
        """Something of the whole strategy is wrong."""
        return any(box.error for box in self.general)


def form(draft: Draft, errors: Mapping[str, str], opened: int | None) -> Form:
    """The boxes of a draft.

    Args:
        errors: See `cobranza.dunning.drafts.Judged`; "why" for the reason of the change.
        opened: Row that was just acted on.
    """
    general = tuple(
        Box(name=name, label=label, kind=kind, value=draft.general[name], error=errors.get(name, ""))
        for name, label, kind in _GENERAL
    )
    rows = tuple(_row(number, step, draft, errors, opened) for number, step in enumerate(draft.steps))
    return Form(
        general=general,
        rows=rows,
        error=errors.get("", "") or errors.get("pasos", ""),
        why=errors.get("why", ""),
        wrong=len(errors),
    )


def _row(number: int, step: StepDraft, draft: Draft, errors: Mapping[str, str], opened: int | None) -> Row:
    at = f"p{number}-"

    def box(name: str, label: Any, kind: str = "text", **more: Any) -> Box:
        value = str(getattr(step, name, "") or "")
        return Box(name=at + name, label=label, kind=kind, value=value, error=errors.get(at + name, ""), **more)

    def several(name: str, label: Any, choices: Iterable[tuple[str, Any]], help: Any = "") -> Box:
        chosen: tuple[str, ...] = getattr(step, name)
        known = dict(choices)
        inside = [*chosen, *(each for each in known if each not in chosen)]  # sent in the page's order: theirs first
        options = tuple((each, known.get(each, each), each in chosen) for each in inside)
        return box(name, label, "several", options=options, help=help)

    written = ((each, each) for each in wording.names(LANGUAGE))
    boxes = (
        box("id", _("Nombre del paso"), help=_("Minúsculas, cifras y guiones bajos; los mensajes lo llevan.")),
        box("hace", _("Qué hace"), "select", options=tuple((k, v, k == step.hace) for k, v in DOES)),
        box("desde", _("Primer día"), "number", help=_("Desde el vencimiento: -3 es tres días antes.")),
        box("hasta", _("Último día"), "number", help=_("Vacío: sin fin.")),
        box("veces", _("Cuántas veces"), "number"),
        box("cada", _("Días entre dos veces"), "number"),
        box("adelanta", _("Si el primer día no se puede contactar, antes"), "check"),
        several(
            "plantillas",
            _("Plantillas"),
            written,
            _("La misma nunca sale dos veces seguidas: quien repite necesita dos."),
        ),
        box("nota", _("Nota para quien lo lea"), "wide"),
    )
    narrow = [
        several("habitos", _("Cómo paga"), HABITS),
        several("segmentos", _("Segmento de su valoración"), SEGMENTS),
        several("paises", _("País"), COUNTRIES),
        several("idiomas", _("Idioma"), LANGUAGES),
    ]
    if step.productos:
        narrow.append(several("productos", _("Producto"), ()))
    wrong = any(name == at[:-1] or name.startswith(at) for name in errors)
    return Row(
        number=number,
        title=step.id or str(_("Paso nuevo")),
        said=_said(step),
        opened=wrong or number == opened,
        first=number == 0,
        last=number == len(draft.steps) - 1,
        boxes=boxes,
        channels=tuple(_channel(at, place, step, errors) for place in range(max(3, len(step.canales)))),
        narrow=tuple(narrow),
        least=tuple(Box(name=f"{at}minimo-{each}", label=each, value=step.minimo.get(each, "")) for each in CURRENCIES),
        error=errors.get(at[:-1], ""),
        least_error=errors.get(f"{at}minimo", ""),
        narrowed=bool(step.habitos or step.segmentos or step.paises or step.idiomas or step.productos or step.minimo),
    )


def _channel(at: str, place: int, step: StepDraft, errors: Mapping[str, str]) -> Box:
    chosen = step.canales[place] if place < len(step.canales) else ""
    options = (("", _("Ninguno"), not chosen), *((key, label, key == chosen) for key, label in CHANNELS))
    error = errors.get(f"{at}canales", "") if place == 0 else ""
    return Box(name=f"{at}canales-{place}", label=_FIRST[min(place, 2)], kind="select", options=options, error=error)


def _said(step: StepDraft) -> str:
    when = _("días %(first)s a %(last)s") if step.hasta else _("desde el día %(first)s")
    words = [str(when) % {"first": step.desde or "…", "last": step.hasta}]
    words.append(str(dict(DOES).get(step.hace, step.hace)))
    words += [", ".join(str(dict(CHANNELS).get(each, each)) for each in step.canales)] if step.canales else []
    return " · ".join(dict.fromkeys(words))
