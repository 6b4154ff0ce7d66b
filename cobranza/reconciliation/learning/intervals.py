"""How sure a share is, given how often it was seen: exact binomial bounds (Clopper and Pearson, 1934).

They hold for any number of observations: with few of them the bound is far from the share, which is what keeps a gate
closed. Never narrower than they should be, at the price of being somewhat wide.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STEPS = 60


def lower(right: int, of: int, risk: float) -> float:
    """The share that `right` of `of` shows at least, wrong with a probability of `risk` at most.

    >>> round(lower(20, 20, 0.05), 3), round(lower(600, 600, 0.05), 4), lower(0, 7, 0.05)
    (0.861, 0.995, 0.0)
    """
    _check(right, of, risk)
    return 0.0 if not right else 1.0 - _most(of - right, of, risk)


def upper(right: int, of: int, risk: float) -> float:
    """The share that `right` of `of` can hide at most, wrong with a probability of `risk` at most.

    >>> upper(20, 20, 0.05), round(upper(990, 1000, 0.05), 4)
    (1.0, 0.9946)
    """
    _check(right, of, risk)
    return _most(right, of, risk) if right < of else 1.0


def interval(right: int, of: int, certainty: float = 0.95) -> tuple[float, float]:
    """Both bounds with the risk shared between them; without observations, everything is possible.

    >>> interval(0, 0)
    (0.0, 1.0)
    """
    risk = (1 - certainty) / 2
    return lower(right, of, risk), upper(right, of, risk)


def _check(right: int, of: int, risk: float) -> None:
    if not 0 <= right <= of or not 0 < risk < 1:
        raise ValueError(f"{right} of {of} at risk {risk} is no observation")


@lru_cache(maxsize=4096)
def _most(hits: int, of: int, risk: float) -> float:
    """The largest probability under which `hits` or fewer of `of` still happen with probability `risk`."""
    if hits >= of:
        return 1.0
    ways = _log_ways(of, hits)
    counts = np.arange(hits + 1, dtype=np.float64)
    low, high = hits / of, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        logs = ways + counts * np.log(max(middle, 1e-300)) + (of - counts) * np.log1p(-min(middle, 1 - 1e-16))
        if float(np.exp(logs).sum()) > risk:
            low = middle
        else:
            high = middle
    return high


def _log_ways(of: int, hits: int) -> NDArray[Any]:
    """Logarithms of the binomial coefficients of `of` over 0 to `hits`."""
    steps = np.arange(1, hits + 1, dtype=np.float64)
    return np.concatenate(([0.0], np.cumsum(np.log((of - steps + 1) / steps))))
