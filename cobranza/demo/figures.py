"""The day's figures of the demo: every debtor scored with reasons, the house's figures, the dashboard as a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.db.models import F, Sum

from cobranza import suite
from cobranza.demo.nightly import COMPANY, short
from cobranza.insight import boards, figures
from cobranza.insight.picture import dashboard_picture
from cobranza.insight.ports import Slice
from cobranza.kernel import clock
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor, Invoice, Rating
from cobranza.risk import explaining, scoring

_DAYS: Final = 30
_CURRENCY: Final = "EUR"
_SHOWN: Final = (
    "pendiente", "vencido", "dso", "cobrado", "conciliado_sin_intervencion", "disputas_sin_revision", "automatizacion",
    "expedientes_abiertos",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresReport:
    """What the day looks like in figures.

    Attributes:
        debtors: Scored.
        bands: Risk band → debtors.
        segments: Treatment → debtors.
        to_person: Whom a person has to lead, whatever the figures say.
        values: Figure's Spanish name → its value as people read it.
        picture: The dashboard, as the console shows it.
        examples: A score with its reasons.
        faults: What does not add up.
    """

    debtors: int
    bands: dict[str, int]
    segments: dict[str, int]
    to_person: int
    values: dict[str, str]
    picture: Path
    examples: tuple[str, ...] = field(default=())
    faults: tuple[str, ...] = field(default=())

    @property
    def sound(self) -> bool:
        """The figures agree with the ledger and a score can be computed again."""
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        plain = asdict(self) | {"sound": self.sound, "picture": str(self.picture)}
        return plain | {"examples": list(self.examples), "faults": list(self.faults)}

    def lines(self) -> Iterator[str]:
        """The summary in Spanish."""
        yield from (f"✗ cifras: {fault}" for fault in self.faults)
        told = ", ".join(f"{count} de riesgo {band}" for band, count in sorted(self.bands.items()))
        yield (
            f"✓ {self.debtors} deudores valorados, cada uno con sus razones: {told}; "
            f"a {self.to_person} los lleva una persona."
        )
        yield from (f"    {example}" for example in self.examples)
        yield "✓ Las cifras del día:"
        yield from (f"    · {name}: {value}" for name, value in self.values.items())
        yield f"  El cuadro de mando, como lo enseña la consola: {short(self.picture)}"


def run(*, tell: Callable[[str], None]) -> FiguresReport:
    """Score the demo company's debtors, count the day's figures and take the picture of the dashboard."""
    creditor = Creditor.objects.get(key=COMPANY)
    tell("Valorando a los deudores")
    scored = scoring.score_creditor(creditor, actor=Actor.robot("valoracion_de_riesgo"))
    tell("Contando las cifras del día")
    house = figures.read(fresh=True)
    today = clock.now().astimezone(clock.MADRID).date()
    part = Slice(start=today - timedelta(days=_DAYS - 1), end=today, creditor=creditor.key, currency=_CURRENCY)
    found = house.values(_SHOWN, part)
    names = {each.slug: each for each in house.definitions()}
    tell("Retratando el cuadro de mando")
    return FiguresReport(
        debtors=scored.debtors,
        bands=scored.bands,
        segments=scored.segments,
        to_person=scored.to_person,
        values={names[slug].name: boards.written(found[slug].amount, names[slug].unit, _CURRENCY) for slug in _SHOWN},
        picture=dashboard_picture(suite.output_folder() / "cifras" / f"{today:%Y-%m-%d}.png"),
        examples=tuple(_examples(creditor)),
        faults=tuple(_faults(creditor, found["pendiente"].amount)),
    )


def _examples(creditor: Creditor) -> Iterator[str]:
    """The debtor with the worst outlook, and why."""
    worst = Rating.objects.filter(debtor__creditor=creditor, current=True).order_by("pay_60", "pk").first()
    if worst is not None:
        why = "; ".join(reason.text for reason in explaining.reasons(worst))
        yield f"{worst.debtor.name}: {worst.pay_60:.0%} de que pague en 60 días. {why}"


def _faults(creditor: Creditor, told: Decimal | None) -> Iterator[str]:
    rows = Invoice.objects.filter(creditor=creditor, currency=_CURRENCY, vanished_at=None)
    owed = rows.aggregate(total=Sum(F("open")))["total"] or Decimal(0)
    if told != owed:
        yield f"El pendiente según las cifras es {told} y según el libro {owed}."
    for rating in Rating.objects.filter(debtor__creditor=creditor, current=True).order_by("pay_60", "pk")[:3]:
        if not explaining.explained(rating).equal:
            yield f"La valoración de {rating.debtor.name} no sale igual al repetirla."
