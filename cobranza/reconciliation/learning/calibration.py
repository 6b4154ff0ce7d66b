"""How often the engine is right when it says that it is so sure: a map from its confidence to the measured share.

The map is learned in two steps, each pulled towards the one before as long as there is little data: a logistic curve
pulled towards "as it says" (Platt with a Gaussian prior on slope 1 and shift 0), then a rising staircase pulled
towards that curve (isotonic regression over steps of half a log-odd or less, each with pseudo-observations: more of
them the better the steps agree with the curve). Without data it is the identity, with twenty confirmations almost so,
with thousands it is what was measured. It never falls.

Sources: Platt (1999); Zadrozny and Elkan (2002); the pool-adjacent-violators algorithm of Ayer et al. (1955); moment
estimate of the spread between groups as in DerSimonian and Laird (1986).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CLIP = 1e-4
_TOP = 0.9999
_SLOPE_PRIOR, _SHIFT_PRIOR = 60.0, 20.0
_STEP_PRIOR = (10.0, 200.0)
_FIRST, _LAST = -4.0, 8.5  # log-odds of 1.8 % and 99.98 %
_WIDTHS = ((10_000, 0.125), (4000, 0.25), (0, 0.5))  # from so many confirmations, steps of so many log-odds
_NEWTON = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising map from the engine's confidence to the measured one, linear between its points.

    Attributes:
        points: (confidence as the engine says it, as it is), both rising from 0; written with six decimals.
    """

    points: tuple[tuple[str, str], ...] = (("0.000000", "0.000000"), ("1.000000", "1.000000"))

    def __post_init__(self) -> None:
        said, found = zip(*self.numbers(), strict=True)
        rising = all(a < b for a, b in pairwise(said))
        if len(self.points) < 2 or not rising or list(found) != sorted(found) or min(found) < 0 or max(found) > 1:
            raise ValueError("a calibration rises from 0 to 1")

    @property
    def changes(self) -> bool:
        """Whether it is anything but the identity."""
        return any(said != found for said, found in self.points)

    def numbers(self) -> list[tuple[float, float]]:
        """The points as numbers."""
        return [(float(said), float(found)) for said, found in self.points]

    def many(self, raw: Sequence[float] | Floats) -> Floats:
        """Calibrate confidences, with four decimals and never quite 1 unless the identity says so."""
        values: Floats = np.asarray(raw, dtype=np.float64)
        if not self.changes:
            return np.asarray(np.round(values, 4))
        said, found = (np.array(column) for column in zip(*self.numbers(), strict=True))
        mapped: Floats = np.round(np.minimum(np.interp(values, said, found), _TOP), 4)
        return mapped

    def __call__(self, raw: float) -> float:
        """Calibrate one confidence.

        >>> Calibration()(0.73)
        0.73
        """
        return float(self.many([raw])[0])


IDENTITY = Calibration()


def fit(raw: Sequence[float] | Floats, right: Sequence[bool] | NDArray[Any]) -> Calibration:
    """Learn the map from confirmations.

    Args:
        raw: What the engine said, shape (n,), between 0 and 1.
        right: Whether it was, shape (n,).

    Returns:
        A rising map; the identity when `raw` is empty.
    """
    said = np.clip(np.asarray(raw, dtype=np.float64), _CLIP, 1 - _CLIP)
    found = np.asarray(right, dtype=np.float64)
    if said.shape != found.shape or said.ndim != 1:
        raise ValueError("one answer for each confidence")
    if not len(said):
        return IDENTITY
    slope, shift = _platt(_logit(said), found)
    width = next(width for least, width in _WIDTHS if len(said) >= least)
    edges = np.arange(_FIRST, _LAST + width / 2, width)
    middles = _sigmoid((edges[:-1] + edges[1:]) / 2)
    step = np.clip(np.searchsorted(edges, _logit(said), side="right") - 1, 0, len(middles) - 1)
    count = np.bincount(step, minlength=len(middles)).astype(np.float64)
    expected = _sigmoid(slope * _logit(middles) + shift)
    here = _sums(step, _sigmoid(slope * _logit(said) + shift), len(middles))
    hits = _sums(step, found, len(middles))
    prior = _agreement(count, hits, here)
    weight = count + prior
    at = (np.bincount(step, said, len(middles)) + prior * middles) / weight
    share = (hits + prior * expected) / weight
    rising = _isotonic(share, weight)
    points = [(0.0, 0.0), *zip(at.tolist(), rising.tolist(), strict=True), (1.0, float(rising[-1]))]
    return Calibration(tuple((f"{x:.6f}", f"{min(y, _TOP):.6f}") for x, y in points))


def _sums(step: NDArray[Any], values: Floats, steps: int) -> Floats:
    return np.asarray(np.bincount(step, values, steps), dtype=np.float64)


def _agreement(count: Floats, hits: Floats, expected: Floats) -> float:
    """How many pseudo-observations the curve deserves in each step: many while the steps differ from it by chance."""
    there = count > 0
    n, mean = count[there], expected[there] / count[there]
    spread = np.sum((hits[there] / n - mean) ** 2 * n / (mean * (1 - mean)))
    steps = int(there.sum())
    by_chance = steps + 2 * (2 * steps) ** 0.5  # mean of a chi-square, and two of its standard deviations
    excess = (float(spread) - by_chance) / float(np.sum(n))
    least, most = _STEP_PRIOR
    return most if excess <= 1 / most else max(least, 1 / excess)


def _platt(z: Floats, found: Floats) -> tuple[float, float]:
    """Slope and shift that maximise the posterior; Newton's method, which converges because it is convex."""
    slope, shift = 1.0, 0.0
    for _ in range(_NEWTON):
        p = _sigmoid(slope * z + shift)
        spread = p * (1 - p)
        gap = p - found
        first = np.array(
            [np.sum(gap * z) + _SLOPE_PRIOR * (slope - 1), np.sum(gap) + _SHIFT_PRIOR * shift],
        )
        cross = float(np.sum(spread * z))
        second = np.array([[np.sum(spread * z * z) + _SLOPE_PRIOR, cross], [cross, np.sum(spread) + _SHIFT_PRIOR]])
        move = np.linalg.solve(second, first)
        length = float(np.abs(move).max())
        if length > 1:  # far from the optimum Newton may overshoot
            move = move / length
        slope, shift = float(slope - move[0]), float(shift - move[1])
        if length < 1e-9:
            break
    return max(slope, 0.05), shift


def _isotonic(values: Floats, weights: Floats) -> Floats:
    """The rising sequence nearest to `values` (weighted least squares): pool adjacent violators."""
    blocks: list[list[float]] = []  # mean, weight, how many
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            last, before = blocks.pop(), blocks.pop()
            both = last[1] + before[1]
            blocks.append([(last[0] * last[1] + before[0] * before[1]) / both, both, last[2] + before[2]])
    return np.concatenate([np.full(int(count), mean) for mean, _, count in blocks])


def _logit(p: Floats) -> Floats:
    return np.log(p / (1 - p))


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-z)))
