"""How the banks write amounts and days on the screen."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from cobranza.kernel.spanish import write_amount, write_day

MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")


def amount(value: Decimal, style: str) -> str:
    """Write `value` in one of the styles of the switch `number_format`.

    >>> [amount(Decimal("-1234.5"), s) for s in ("es", "en", "trailing_minus", "parentheses")]
    ['-1.234,50', '-1,234.50', '1.234,50-', '(1.234,50)']
    >>> amount(Decimal("12"), "plus_euro")
    '+12,00 €'
    """
    if style == "en":
        return f"{value:,.2f}"
    if style == "space":
        return write_amount(value).replace(".", "\u00a0")
    if style == "trailing_minus":
        return write_amount(abs(value)) + ("-" if value < 0 else "")
    if style == "parentheses":
        return f"({write_amount(abs(value))})" if value < 0 else write_amount(value)
    if style == "plus_euro":
        return f"{'+' if value > 0 else ''}{write_amount(value)} €"
    return write_amount(value)


def day(value: date, style: str) -> str:
    """Write `value` in one of the styles of the switch `date_format`.

    >>> day(date(2026, 3, 2), "mmm"), day(date(2026, 3, 2), "dmy")
    ('02-mar-26', '02/03/2026')
    """
    if style == "mmm":
        return f"{value.day:02d}-{MONTHS[value.month - 1]}-{value.year % 100:02d}"
    return value.isoformat() if style == "iso" else write_day(value)


def iban(value: str) -> str:
    """In groups of four."""
    return " ".join(value[index : index + 4] for index in range(0, len(value), 4))
