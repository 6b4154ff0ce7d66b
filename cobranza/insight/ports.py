"""What the parts of this room tell each other: a figure's definition, its value for a slice, its course over days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol

Unit = Literal["importe", "porcentaje", "días", "número", "puntos"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A figure as ``config/figures/*.toml`` defines it; the only place where it is defined.

    Attributes:
        slug: Its stable key.
        name: Spanish, as the screen shows it.
        formula: Spanish, for people.
        unit: Of the value; a percentage is told as a share of 0…1.
        source: Which rows it counts.
        owner: Role that answers for it.
        target: Wanted value; None when none is set.
        better: Where improvement lies.
        roles: Whose dashboard shows it.
    """

    slug: str
    name: str
    formula: str
    unit: Unit
    source: str
    owner: str
    target: Decimal | None = None
    better: Literal["up", "down"] = "up"
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Which part of the business a value is about; what stands in the address of the screen.

    Attributes:
        creditor: Its key; "" all.
        currency: Amounts are never summed over currencies.
        start: First day of the period.
        end: Last day, included.
        others: "segment", "country", "strategy", "channel", … → value.
    """

    start: date
    end: date
    creditor: str = ""
    currency: str = ""
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One figure for one slice. A ratio without denominator has no amount: it is not zero."""

    slug: str
    amount: Decimal | None
    numerator: Decimal
    denominator: Decimal | None
    rows: int
    as_of: datetime


class Figures(Protocol):
    """Reads figures; written in `figures.py`, used by alerts, forecast, reports and exports."""

    def definitions(self) -> tuple[Definition, ...]:
        """All of them, in the order of the files."""
        ...

    def value(self, slug: str, part: Slice) -> Value:
        """One figure for one slice."""
        ...

    def series(self, slug: str, part: Slice, step: Literal["day", "week", "month"] = "day") -> tuple[Value, ...]:
        """One value per step of the slice's period, the oldest first."""
        ...

    def rows(self, slug: str, part: Slice, limit: int = 500) -> tuple[Mapping[str, object], ...]:
        """The rows behind a value, the heaviest first."""
        ...
