"""What there is to say about one feature of a debtor, and how people are told of its value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

Unit = Literal["días", "%", "n.º", "veces", "sí/no", "importe", "puntos"]
Source = Literal["facturas", "cobros", "disputas", "acuerdos", "conversación", "límites", "series", "informes"]

SOURCES: Final[tuple[Source, ...]] = (
    "facturas", "cobros", "disputas", "acuerdos", "conversación", "límites", "series", "informes",
)  # fmt: skip
"""Where features come from; `cobranza.risk.features.days` dates each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column of the table of features.

    Attributes:
        name: Of the column.
        title: Spanish, as a heading.
        unit: Of the value; "%" is stored as a share between 0 and 1.
        source: Where it comes from.
        sense: What more of it does to the chance of being paid: +1, -1, or 0 when it may be either.
        good: Spanish sentence when it counts for paying, ``{}`` is the value.
        bad: When it counts against.
        log: Spread over orders of magnitude, so that a linear model takes its logarithm.
        none: What its absence means, Spanish.
    """

    name: str
    title: str
    unit: Unit
    source: Source
    sense: Literal[-1, 0, 1]
    good: str
    bad: str
    log: bool = False
    none: str = "No hay datos."

    def said(self, value: float, points: float) -> str:
        """The sentence for a value that counted for (`points` not negative) or against.

        >>> from cobranza.risk.features.catalogue import CATALOGUE
        >>> CATALOGUE["late_share"].said(0.25, -0.4)
        'Paga tarde el 25 % de sus facturas.'
        """
        if math.isnan(value):
            return f"{self.title}: {self.none[0].lower()}{self.none[1:]}"
        return (self.good if points >= 0 else self.bad).format(self.shown(value))

    def shown(self, value: float) -> str:
        """A value with its unit, as people read it.

        >>> from cobranza.risk.features.catalogue import CATALOGUE
        >>> CATALOGUE["delay_recent"].shown(12.34), CATALOGUE["overdue_share"].shown(0.5)
        ('12 días', '50 %')
        """
        if math.isnan(value):
            return "sin dato"
        match self.unit:
            case "%":
                return f"{100 * value:.0f} %"
            case "días":
                return "1 día" if round(value) == 1 else f"{value:.0f} días"
            case "sí/no":
                return "sí" if value >= 0.5 else "no"
            case "veces":
                return f"{value:.1f} veces".replace(".", ",")
            case "importe":
                return f"{value:,.0f}".replace(",", ".")
            case _:
                return f"{value:.0f}" if value == round(value) else f"{value:.1f}".replace(".", ",")
