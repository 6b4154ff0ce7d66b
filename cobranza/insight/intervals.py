"""How sure a share is, and how sure the difference of two shares: Wilson's and Newcombe's intervals. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

Z95 = 1.959963984540054
_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share with its interval at 95 %; None of nothing.

    Attributes:
        hits: How many of them.
        count: Of how many.
        value: Share.
        low: Lower bound.
        high: Upper bound.
    """

    hits: int
    count: int
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One share less another with its interval at 95 %; None when either counts nothing."""

    value: Decimal | None
    low: Decimal | None
    high: Decimal | None


def wilson(hits: int, count: int, z: float = Z95) -> Share:
    """Wilson's score interval of a share.

    Source: E. B. Wilson, JASA 22 (1927), 209-212.

    >>> found = wilson(81, 263)
    >>> f"{found.low:.4f} {found.high:.4f}"
    '0.2553 0.3662'
    """
    if count <= 0:
        return Share(hits=hits, count=count, value=None, low=None, high=None)
    share, square = hits / count, z * z
    middle = share + square / (2 * count)
    spread = z * sqrt(share * (1 - share) / count + square / (4 * count * count))
    whole = 1 + square / count
    return Share(
        hits=hits,
        count=count,
        value=(Decimal(hits) / count).quantize(_STEP),
        low=_bounded((middle - spread) / whole),
        high=_bounded((middle + spread) / whole),
    )


def newcombe(first: Share, second: Share) -> Difference:
    """Newcombe's hybrid score interval (his method 10) of ``first - second``, independent samples.

    Source: R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890; the example is his (a).

    >>> found = newcombe(wilson(56, 70), wilson(48, 80))
    >>> f"{found.value:.4f} {found.low:.4f} {found.high:.4f}"
    '0.2000 0.0524 0.3339'
    """
    if first.value is None or second.value is None:
        return Difference(value=None, low=None, high=None)
    p, q = float(first.value), float(second.value)
    under = sqrt((p - float(first.low or 0)) ** 2 + (float(second.high or 0) - q) ** 2)
    over = sqrt((float(first.high or 0) - p) ** 2 + (q - float(second.low or 0)) ** 2)
    value = Decimal(first.hits) / first.count - Decimal(second.hits) / second.count
    return Difference(
        value=value.quantize(_STEP),
        low=Decimal(str(p - q - under)).quantize(_STEP),
        high=Decimal(str(p - q + over)).quantize(_STEP),
    )


def _bounded(share: float) -> Decimal:
    return Decimal(str(min(1.0, max(0.0, share)))).quantize(_STEP)
