"""What an alert says, in Spanish: the figure, what it is, what it should be, and against what it is held."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from cobranza.insight.control import Reading
from cobranza.insight.ports import Definition
from cobranza.kernel.spanish import write_amount, write_day

_CHARTS = {"dia": "el {day}", "semana": "en los siete días hasta el {day}"}


def number(value: float | Decimal | None, unit: str, currency: str = "") -> str:
    """A value in its unit as people read it.

    >>> number(0.3128, "porcentaje"), number(1234.5, "importe", "EUR"), number(43.21, "días"), number(None, "número")
    ('31,3 %', '1.234,50 EUR', '43,2 días', 'sin dato')
    """
    if value is None:
        return "sin dato"
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    if unit == "porcentaje":
        return f"{write_amount(exact * 100, 1)} %"
    if unit == "importe":
        return f"{write_amount(exact)} {currency}".strip()
    if unit == "días":
        return f"{write_amount(exact, 1)} días"
    whole = exact == exact.to_integral_value()
    told = write_amount(exact, 0 if whole else 1)
    return f"{told} puntos" if unit == "puntos" else told


def place(part: Mapping[str, str]) -> str:
    """A part of the business by its names."""
    return ", ".join(each for each in (part.get("creditor", ""), part.get("currency", "")) if each) or "todas"


def why(definition: Definition, part: Mapping[str, str], reading: Reading, cause: str) -> str:
    """One sentence for a deviation that opens."""
    unit, currency = definition.unit, part.get("currency", "")
    value, expected = number(reading.value, unit, currency), number(reading.expected, unit, currency)
    if cause == "objetivo":
        side = "menos" if definition.better == "up" else "más"
        return (
            f"«{definition.name}» ({place(part)}) lleva {reading.days} días en {value}, {side} que su objetivo de "
            f"{expected}, y el azar no lo explica."
        )
    when = _CHARTS[reading.chart].format(day=write_day(reading.on))
    inside = _range(reading, unit, currency)
    return (
        f"«{definition.name}» ({place(part)}) es {value} {when}; por su historia de {reading.days} días se esperaba "
        f"{expected}{inside}."
    )


def standing(definition: Definition, part: Mapping[str, str], reading: Reading) -> str:
    """How a figure stands, for the list of what is watched."""
    unit, currency = definition.unit, part.get("currency", "")
    if reading.state == "sin_datos":
        return "Ese día no hubo datos."
    if reading.state == "historia_corta":
        return f"Solo hay {reading.days} días de historia: aún no tiene límites."
    inside = _range(reading, unit, currency)
    return f"{number(reading.value, unit, currency)}; se esperaba {number(reading.expected, unit, currency)}{inside}."


def _range(reading: Reading, unit: str, currency: str) -> str:
    if reading.low is None or reading.high is None:
        return ""
    return f" (entre {number(reading.low, unit, currency)} y {number(reading.high, unit, currency)})"
