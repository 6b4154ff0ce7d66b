"""From what a model says to how often it happens: a rising map, learned on days that the model had not seen.

First a logistic curve pulled towards "as it says", then a rising staircase over groups of equal size, each pulled
towards that curve as if by `_PRIOR` more observations: with little data the curve, with much what was measured.

Sources: Platt (1999); Zadrozny and Elkan (2002); pool adjacent violators, Ayer et al. (1955).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classifiers.payers.judging import logit, sigmoid

Floats = NDArray[np.float64]

_PRIOR, _SLOPE_PRIOR, _SHIFT_PRIOR = 200.0, 10.0, 2.0
_GROUPS, _LEAST_IN_GROUP, _NEWTON = 20, 25, 40


def fit(said: Floats, found: Floats) -> tuple[Floats, Floats]:
    """Learn the map; points (said, measured), both rising.

    Args:
        said: Probabilities, shape (n,).
        found: What happened, 0 … 1, shape (n,).
    """
    if len(said) < 2 * _LEAST_IN_GROUP:
        return np.array([0.0, 1.0]), np.array([0.0, 1.0])
    z = logit(said)
    slope, shift = _curve(z, found)
    order = np.argsort(said, kind="stable")
    groups = np.array_split(order, max(2, min(_GROUPS, len(said) // _LEAST_IN_GROUP)))
    at = np.array([said[group].mean() for group in groups])
    count = np.array([float(len(group)) for group in groups])
    mean = np.array([found[group].mean() for group in groups])
    expected = sigmoid(slope * logit(at) + shift)
    rising = _pooled((count * mean + _PRIOR * expected) / (count + _PRIOR), count + _PRIOR)
    at, first = np.unique(at, return_index=True)
    ends = sigmoid(slope * logit(np.array([0.0, 1.0])) + shift)
    low, high = min(float(ends[0]), float(rising[0])), max(float(ends[1]), float(rising[-1]))
    keep = (at > 0) & (at < 1)
    return np.concatenate([[0.0], at[keep], [1.0]]), np.concatenate([[low], rising[first][keep], [high]])


def apply(points: tuple[Floats, Floats], said: Floats) -> Floats:
    """Calibrate probabilities."""
    return np.asarray(np.interp(said, *points), dtype=np.float64)


def _curve(z: Floats, found: Floats) -> tuple[float, float]:
    """Slope and shift of greatest posterior, by Newton's method: it is convex."""
    slope, shift = 1.0, 0.0
    for _ in range(_NEWTON):
        p = sigmoid(slope * z + shift)
        spread, gap = p * (1 - p), p - found
        first = np.array([gap @ z + _SLOPE_PRIOR * (slope - 1), gap.sum() + _SHIFT_PRIOR * shift])
        cross = spread @ z
        second = np.array([[spread @ (z * z) + _SLOPE_PRIOR, cross], [cross, spread.sum() + _SHIFT_PRIOR]])
        move = np.linalg.solve(second, first)
        move /= max(1.0, float(np.abs(move).max()))
        slope, shift = float(slope - move[0]), float(shift - move[1])
        if float(np.abs(move).max()) < 1e-9:
            break
    return max(slope, 0.05), shift


def _pooled(values: Floats, weights: Floats) -> Floats:
    """The rising sequence nearest to `values`: pool adjacent violators."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (b, v, n), (a, w, m) = blocks.pop(), blocks.pop()
            blocks.append(((a * w + b * v) / (w + v), w + v, m + n))
    return np.concatenate([np.full(count, mean) for mean, _, count in blocks])
