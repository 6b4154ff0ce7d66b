"""A strategy as a form has it: text in every box, steps as rows that come, go and change places. Pure.

A draft becomes the same TOML that an expert writes, and is judged by the same model (`StrategyFile`); what is wrong is
told by the name of its box. Comments at the head of the file and beside each step survive the form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from cobranza.dunning.account import DunningError
from cobranza.dunning.settings import StrategyFile, written_file
from cobranza.dunning.strategy import answerable_step
from cobranza.kernel import spanish

CURRENCIES = ("EUR", "MXN", "COP", "PEN", "CLP", "ARS", "USD")
GENERAL = (
    "nombre", "sin_respuesta", "dias_habito", "documentos_habito", "tarde_desde", "bueno_desde", "cronico_desde",
)  # fmt: skip
"""Boxes of the whole strategy; all but the first hold a whole number."""
_LISTS = ("canales", "plantillas", "habitos", "segmentos", "paises", "idiomas", "productos")
_NUMBERS = ("desde", "hasta", "veces", "cada")
_MOST_STEPS = 60
_CHANNELS = 6
_STEP = re.compile(r"^\[\[pasos\]\]\s*(?:#\s*(.*))?$")
_LINE = re.compile(r'^(\w+)(\s*=\s*)("(?:[^"\\]|\\.)*"|[^\s#]+)(\s*#.*)?$')
_ACTION = re.compile(r"^(subir|bajar|quitar)-(\d{1,2})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDraft:
    """One step as typed; see `cobranza.dunning.settings.StepEntry` for what each box means."""

    id: str = ""
    desde: str = ""
    hasta: str = ""
    hace: str = "mensaje"
    canales: tuple[str, ...] = ()
    plantillas: tuple[str, ...] = ()
    veces: str = "1"
    cada: str = "7"
    habitos: tuple[str, ...] = ()
    segmentos: tuple[str, ...] = ()
    paises: tuple[str, ...] = ()
    idiomas: tuple[str, ...] = ()
    productos: tuple[str, ...] = ()
    minimo: Mapping[str, str] = field(default_factory=dict)
    adelanta: bool = False
    nota: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A whole strategy as typed, without its version: that is ours to give."""

    general: Mapping[str, str]
    steps: tuple[StepDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A draft and what is wrong with it.

    Attributes:
        file: As the model reads it; None while something is wrong.
        errors: Spanish, by box: "sin_respuesta", "p0-desde"; "p0" a whole step, "" the whole strategy.
    """

    file: StrategyFile | None
    errors: dict[str, str]


def read(text: str, name: str) -> Draft:
    """The draft of the TOML of the strategy `name`.

    Raises:
        ConfigError: it is wrong; the form cannot show it, only its text can be put right.
    """
    file = written_file(name, text)
    notes = [found[1] or "" for found in map(_STEP.match, text.splitlines()) if found]
    steps = []
    for number, entry in enumerate(file.pasos):
        given = {name: tuple(map(str, getattr(entry, name))) for name in _LISTS}
        steps.append(
            StepDraft(
                id=entry.id,
                desde=str(entry.desde),
                hasta="" if entry.hasta is None else str(entry.hasta),
                hace=entry.hace,
                veces=str(entry.veces),
                cada=str(entry.cada),
                minimo={key: _written(each) for key, each in entry.minimo.items()},
                adelanta=entry.adelanta,
                nota=notes[number] if number < len(notes) else "",
                **given,
            )
        )
    return Draft(general={name: str(getattr(file, name)) for name in GENERAL}, steps=tuple(steps))


def posted(data: Mapping[str, Sequence[object]]) -> Draft:
    """What was typed, all values of each box; boxes that are missing read as empty."""

    def all_of(box: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, (str(each).strip() for each in data.get(box, ())))))

    def one(box: str) -> str:
        return next(iter(all_of(box)), "")

    numbers = sorted({int(found[1]) for name in data if (found := re.match(r"^p(\d{1,3})-id$", name))})[:_MOST_STEPS]
    steps = []
    for number in numbers:
        box = f"p{number}-"
        given: dict[str, Any] = {name: one(box + name) for name in ("id", "hace", "nota", *_NUMBERS)}
        given |= {name: all_of(box + name) for name in _LISTS}
        given["canales"] = tuple(
            dict.fromkeys(each for place in range(_CHANNELS) for each in all_of(f"{box}canales-{place}"))
        )
        least = {each: one(f"{box}minimo-{each}") for each in CURRENCIES}
        given["minimo"] = {each: text for each, text in least.items() if text}
        given["adelanta"] = bool(one(box + "adelanta"))
        steps.append(StepDraft(**given))
    return Draft(general={name: one(name) for name in GENERAL}, steps=tuple(steps))


def acted(draft: Draft, action: str) -> tuple[Draft, int | None]:
    """`draft` after a button on a row, and the row that it is about: "subir-2", "bajar-0", "quitar-1", "anadir"."""
    steps = list(draft.steps)
    if action == "anadir" and len(steps) < _MOST_STEPS:
        return replace(draft, steps=(*steps, StepDraft())), len(steps)
    found = _ACTION.match(action)
    if found is None or int(found[2]) >= len(steps):
        return draft, None
    row = int(found[2])
    if found[1] == "quitar":
        del steps[row]
        return replace(draft, steps=tuple(steps)), min(row, len(steps) - 1) if steps else None
    other = row - 1 if found[1] == "subir" else row + 1
    if 0 <= other < len(steps):
        steps[row], steps[other] = steps[other], steps[row]
        row = other
    return replace(draft, steps=tuple(steps)), row


def judge(draft: Draft, name: str, version: str) -> Judged:
    """Read a draft as the strategy `name`@`version`."""
    errors: dict[str, str] = {}
    raw: dict[str, Any] = {"version": version, "nombre": draft.general["nombre"]}
    for key in GENERAL[1:]:
        _number(raw, key, draft.general[key], key, errors)
    if not raw["nombre"]:
        errors["nombre"] = "Hace falta."
    raw["pasos"] = [_step(step, f"p{number}", errors) for number, step in enumerate(draft.steps)]
    try:
        file = StrategyFile.model_validate(raw)
    except ValidationError as exc:
        typed = {box.partition("-")[0] for box in errors}
        for error in exc.errors():
            where = "".join(map(str, error["loc"][1:]))
            if error["type"] == "value_error" and f"p{where}" in typed:
                continue  # a check across the boxes of a step in which one cannot be read yet
            if error["type"] == "too_short" and draft.steps:
                continue  # steps that are wrong are not counted
            box, told = _box(error)
            errors.setdefault(box, told)
        return Judged(file=None, errors=errors)
    for number, entry in enumerate(file.pasos):
        try:
            answerable_step(entry.step(), name)
        except DunningError as exc:
            errors.setdefault(f"p{number}-{'productos' if entry.productos else 'plantillas'}", exc.message)
    return Judged(file=None if errors else file, errors=errors)


def write(file: StrategyFile, draft: Draft, current: str) -> str:
    """The TOML of a judged draft, with the comments of the `current` text and those typed beside the steps."""
    lines, told = [], set()
    values = {name: getattr(file, name) for name in ("version", *GENERAL)}
    for line in current.splitlines():
        if _STEP.match(line):
            break
        found = _LINE.match(line)
        if found and found[1] in values:
            told.add(found[1])
            line = _beside(f"{found[1]}{found[2]}{_toml(values[found[1]])}", found[4] or "")
        lines.append(line)
    while lines and not lines[-1].strip():
        lines.pop()
    defaults = StrategyFile.model_fields
    for name, value in values.items():
        if name not in told and value != defaults[name].default:
            lines.append(f"{name} = {_toml(value)}")
    for step, typed in zip(file.pasos, draft.steps, strict=True):
        note = " ".join(typed.nota.split())
        lines += ["", _beside("[[pasos]]", f"# {_printable(note)}" if note else "")]
        for name, info in type(step).model_fields.items():
            value = getattr(step, name)
            if info.is_required() or value != info.get_default(call_default_factory=True):
                lines.append(f"{name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def fresh(version: str, taken: Collection[str], today: date) -> str:
    """A version that no other text bears: the day, then the day with a number."""
    day = today.isoformat()
    number, made = 1, day
    while made == version or made in taken:
        number += 1
        made = f"{day}.{number}"
    return made


def same(one: StrategyFile, other: StrategyFile) -> bool:
    """Whether both do the same, whatever they are called."""
    return one.model_copy(update={"version": ""}) == other.model_copy(update={"version": ""})


def _step(step: StepDraft, box: str, errors: dict[str, str]) -> dict[str, Any]:
    raw: dict[str, Any] = {"id": step.id, "hace": step.hace, "adelanta": step.adelanta}
    raw |= {name: getattr(step, name) for name in _LISTS}
    for name in _NUMBERS:
        text = getattr(step, name)
        if text or name != "hasta":
            _number(raw, name, text, f"{box}-{name}", errors)
    least = {}
    for currency, text in step.minimo.items():
        try:
            least[currency] = format(spanish.amount(text), "f")
        except spanish.FormatError:
            errors[f"{box}-minimo"] = f"«{text}» no es un importe: escríbalo como 1.234,56."
    raw["minimo"] = least
    return raw


def _number(raw: dict[str, Any], key: str, text: str, box: str, errors: dict[str, str]) -> None:
    try:
        raw[key] = int(text)
    except ValueError:
        raw[key] = 1 if key != "desde" else 0  # so that the rest is judged as well
        errors[box] = "Hace falta un número entero." if not text else f"«{text}» no es un número entero."


def _box(error: Any) -> tuple[str, str]:
    """The box of one of pydantic's errors, and its words in Spanish."""
    path = [str(part) for part in error["loc"]]
    box = ".".join(path)
    if path[:1] == ["pasos"]:
        box = "" if len(path) == 1 else f"p{path[1]}" if len(path) == 2 else f"p{path[1]}-{path[2]}"
    told = _told(error)
    if error["type"] == "value_error" and re.fullmatch(r"p\d+", box):
        # A check of the whole step names its boxes in its own words; the first one is where to look.
        named = next((each for each in re.findall(r"«(\w+)»", told) if each in _BOXES), "")
        told = re.sub(r"^[\w]*: ", "", told)
        box = f"{box}-{named}" if named else f"{box}-plantillas" if "plantillas" in told else f"{box}-id"
    return box, told[:1].upper() + told[1:] + ("" if told.endswith(".") else ".")


def _told(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"«{error['input']}» no está entre las opciones"
    words = {
        "greater_than_equal": f"como poco {context.get('ge')}",
        "less_than_equal": f"como mucho {context.get('le')}",
        "string_pattern_mismatch": "solo letras minúsculas, cifras y guiones bajos, sin espacios",
        "string_too_short": "hace falta",
        "too_short": "hace falta al menos un paso",
        "missing": "hace falta",
        "enum": f"«{error['input']}» no está entre las opciones",
    }
    return words.get(kind, str(error["msg"]))


_BOXES = frozenset(each.name for each in fields(StepDraft))


def _beside(line: str, comment: str) -> str:
    return f"{line:<33} {comment.strip()}" if comment.strip() else line


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, str):
        return json.dumps(_printable(str(value)), ensure_ascii=False)
    return "[" + ", ".join(_toml(each) for each in value) + "]"


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def _written(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return spanish.write_amount(value)
