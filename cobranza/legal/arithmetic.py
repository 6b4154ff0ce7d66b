"""The arithmetic under interest: exact until one rounding, half up, to the currency's own precision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import Literal

from cobranza.kernel.money import Money, minor_units
from cobranza.regimes.interest import DAY, Method

Base = Literal["365", "actual"]
_DIGITS = 60
_LARGEST = Decimal(10) ** 15


def earned(principal: Money, percent: Decimal, days: int, base: int, method: Method) -> Money:
    """Interest of `days` at one rate, rounded half up to the currency's own precision.

    Args:
        principal: What bears it.
        percent: Per cent a year.
        days: How many.
        base: Days of the year.
        method: "simple" is principal x rate x days / base; "effective" is principal x ((1 + rate) ^ (days / base) - 1).

    >>> earned(Money("COP", Decimal("10000000")), Decimal("25.52"), 31, 365, "effective")
    Money(currency='COP', amount=Decimal('194920.37'))
    """
    return half_up(exactly(principal, percent, days, base, method), principal.currency)


def exactly(principal: Money, percent: Decimal, days: int, base: int, method: Method) -> Fraction:
    """What `earned` rounds."""
    if method == "simple":
        return Fraction(principal.amount) * Fraction(percent) / 100 * days / base
    with localcontext() as context:
        context.prec = _DIGITS
        growth = (1 + percent / 100) ** (Decimal(days) / Decimal(base)) - 1
    return Fraction(principal.amount) * Fraction(growth)


def half_up(exact: Fraction, currency: str) -> Money:
    """`exact` at the precision of `currency`, a half going up."""
    places = minor_units(currency)
    units = floor(exact * 10**places + Fraction(1, 2))
    return Money(currency, Decimal(units).scaleb(-places))


def is_precise(money: Money) -> bool:
    """Whether the amount has no more decimals than its currency, and is no larger than any debt."""
    if abs(money.amount) >= _LARGEST:  # sums beyond it would no longer be exact, no debt is that large
        return False
    return (Fraction(money.amount) * Fraction(10 ** minor_units(money.currency))).denominator == 1


def by_base(first: date, last: date, base: Base) -> Iterator[tuple[date, date, int]]:
    """Days from `first` to `last` cut where the length of the year changes: first, last, days of the year."""
    start = first
    while start <= last:
        end, days = last, 365
        if base == "actual":
            days = _length(start.year)
            year = start.year
            while year < last.year and _length(year + 1) == days:
                year += 1
            end = min(last, date(year, 12, 31))
        yield start, end, days
        start = end + DAY


def _length(year: int) -> int:
    return (date(year, 12, 31) - date(year, 1, 1)).days + 1
