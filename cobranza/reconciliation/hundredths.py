"""Money as whole hundredths: rounded, shared out to the cent, and written the Spanish way."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def rounded(parts: int, over: int, unit: int) -> int:
    """Round a fraction of hundredths to a multiple of `unit`, half up (away from zero), as tax offices do.

    >>> rounded(41_87, 1, 100), rounded(5, 1, 10)
    (4200, 10)
    """
    step = over * unit
    whole = (2 * abs(parts) + step) // (2 * step) * unit
    return -whole if parts < 0 else whole


def share_out(total: int, parts: Sequence[int]) -> list[int]:
    """Split `total` hundredths in proportion to `parts` (positive), to the cent; the largest remainders get the rest.

    >>> share_out(100, [1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(parts)
    if not whole:
        return [total] + [0] * (len(parts) - 1) if parts else []
    if not total:
        return [0] * len(parts)
    sign = -1 if total < 0 else 1
    exact = [abs(total) * part for part in parts]  # in parts of `whole`
    result = [value // whole for value in exact]
    rest = abs(total) - sum(result)
    order = sorted(range(len(parts)), key=lambda number: (result[number] * whole - exact[number], number))
    for number in order[:rest]:
        result[number] += 1
    return [sign * value for value in result]


def written(cents: int) -> str:
    """Hundredths, the Spanish way.

    >>> written(123456789), written(-5)
    ('1.234.567,89', '-0,05')
    """
    whole, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    if whole < 1000:
        return f"{sign}{whole},{rest:02d}"
    return f"{sign}{whole:,}".replace(",", ".") + f",{rest:02d}"


def percent(rate: Fraction) -> str:
    """A rate the Spanish way.

    >>> percent(Fraction(15, 200))
    '7,5 %'
    """
    value = Decimal(rate.numerator) / rate.denominator * 100
    return f"{value.normalize():f} %".replace(".", ",")
