"""Figures over proposals: how much money stands where, per currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from cobranza.reconciliation.models import Proposal
from cobranza.screens import formats
from cobranza.screens.navigation import Text

_States = Proposal.States
PENDING = (_States.REVIEW, _States.REFUSED, _States.REVERSED)

LOOKS: dict[str, tuple[str, str]] = {
    _States.AUTOMATIC: ("info", "spark"),
    _States.REVIEW: ("person", "eye"),
    _States.ACCEPTED: ("info", "person"),
    _States.POSTED: ("ok", "check"),
    _States.REFUSED: ("danger", "x"),
    _States.DISMISSED: ("neutral", "x"),
    _States.UNRELATED: ("neutral", "info"),
    _States.SUPERSEDED: ("neutral", "clock"),
    _States.REVERSING: ("info", "clock"),
    _States.REVERSED: ("person", "x"),
}

# The columns of the overview, in order: what a person wants to see first.
_GROUPS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (_("Registrado en el ERP"), (_States.POSTED,)),
    (_("De camino al ERP"), (_States.AUTOMATIC, _States.ACCEPTED, _States.REVERSING)),
    (_("Por revisar"), (_States.REVIEW, _States.REVERSED)),
    (_("Rechazado por el ERP"), (_States.REFUSED,)),
    (_("Descartado o no es cobro"), (_States.DISMISSED, _States.UNRELATED)),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: how many movements and how much."""

    label: Text
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Overview:
    """One currency's figures that are not empty; they add up to all its movements."""

    currency: str
    cells: tuple[Cell, ...]


def overview(rows: QuerySet[Proposal]) -> list[Overview]:
    """Where the money of `rows` stands, one entry per currency; superseded ones do not count."""
    counted = (
        rows.exclude(state=_States.SUPERSEDED)
        .order_by()
        .values("movement__currency", "state")
        .annotate(n=Count("pk"), total=Sum("movement__amount"))
    )
    found: dict[str, dict[str, tuple[int, Decimal]]] = {}
    for row in counted:
        found.setdefault(row["movement__currency"], {})[row["state"]] = (row["n"], row["total"])
    return [
        Overview(currency, tuple(cell for cell in (_cell(*group, by_state) for group in _GROUPS) if cell.count))
        for currency, by_state in sorted(found.items())
    ]


def _cell(label: Text, states: tuple[str, ...], by_state: dict[str, tuple[int, Decimal]]) -> Cell:
    there = [by_state[state] for state in states if state in by_state]
    return Cell(label, sum(n for n, _total in there), sum((total for _n, total in there), Decimal(0)))


def money_by_currency(rows: QuerySet[Proposal]) -> str:
    """The money of `rows` in words: "12.300,00 EUR, 500,00 USD"."""
    totals = rows.order_by().values("movement__currency").annotate(total=Sum("movement__amount"))
    return ", ".join(formats.money(row["total"], row["movement__currency"]) for row in totals)
