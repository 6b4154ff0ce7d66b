"""A kernel head: judges a text by all the texts it knows, the nearer the more (kernel ridge regression).

The kernel of two texts is that of their sentence vectors (Gaussian) plus a part of that of their words (TF-IDF).
Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, chapters 2 and 5
(leave-one-out: 5.4.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

MOST = 16_000
"""Texts that a kernel head can learn from: it takes 4 octets for each pair of them."""

_TRIED = 2_500  # texts on which the parts' shares are chosen


@dataclass(frozen=True, slots=True)
class Shape:
    """What the kernel looks like.

    Attributes:
        narrow: Large: only near neighbours count; in medians of the squared distances.
        words: Share of the words' kernel, beside 1 for the vectors'.
        noise: Large: distrust each label.
    """

    narrow: float
    words: float
    noise: float


@dataclass(frozen=True, slots=True)
class Views:
    """Texts as the kernel sees them.

    Attributes:
        parts: Vectors of length 1 or less, one table for each encoder, float32 (n_texts, n_dimensions).
        words: Features of words, rows of length √2.
    """

    parts: Sequence[NDArray[np.float32]]
    words: Any  # a sparse matrix of SciPy, which has no types

    def rows(self, chosen: NDArray[np.int64]) -> Views:
        """Some of the texts."""
        return Views([part[chosen] for part in self.parts], self.words[chosen])


def scores(known: Views, answers: NDArray[np.int64], asked: Views, n_labels: int, shape: Shape) -> NDArray[np.float64]:
    """Scores of labels for `asked`, shape (n_asked, n_labels); only their differences in a row mean something.

    What each encoder's vectors count is chosen on the known texts, each judged by all others.
    """
    shares = _shares(known, answers, n_labels, shape)
    squared = _distances(known, known, shares)
    median = _median(squared)
    factor = _factor(squared, median, known, shape)
    weights = cho_solve(factor, _targets(answers, n_labels), check_finite=False)
    near = np.exp(-shape.narrow * _distances(asked, known, shares) / median)
    near += shape.words / 2 * (asked.words @ known.words.T).toarray()
    found: NDArray[np.float64] = (near @ weights).astype(np.float64)
    return found


def _shares(known: Views, answers: NDArray[np.int64], n_labels: int, shape: Shape) -> tuple[float, ...]:
    """How much each encoder counts: alike, or one of them twice; whatever judges the known texts best."""
    count = len(known.parts)
    alike = (1.0,) * count
    if count < 2:
        return alike
    if len(answers) > _TRIED:
        rows = np.sort(np.random.default_rng(0).choice(len(answers), _TRIED, replace=False))
        known, answers = known.rows(rows), answers[rows]
    tried = [alike, *(tuple(2.0 if place == most else 1.0 for place in range(count)) for most in range(count))]
    return max(tried, key=lambda shares: _left_out(known, answers, n_labels, shape, shares))


def _left_out(known: Views, answers: NDArray[np.int64], n_labels: int, shape: Shape, shares: Sequence[float]) -> float:
    """Share of the known texts that all others judge right."""
    squared = _distances(known, known, shares)
    factor = _factor(squared, _median(squared), known, shape)
    inverse = cho_solve(factor, np.eye(len(answers), dtype=np.float32), check_finite=False)
    targets = _targets(answers, n_labels)
    without = targets - (inverse @ targets) / np.diag(inverse)[:, None]
    return float((without.argmax(axis=1) == answers).mean())


def _median(squared: NDArray[np.float32]) -> float:
    """Of squared distances; where most texts are the same, their mean, and 1 where all are."""
    return float(np.median(squared)) or float(squared.mean()) or 1.0


def _targets(answers: NDArray[np.int64], n_labels: int) -> NDArray[np.float32]:
    targets = np.full((len(answers), n_labels), -1 / n_labels, dtype=np.float32)
    targets[np.arange(len(answers)), answers] += 1.0
    return targets


def _factor(
    squared: NDArray[np.float32], median: float, known: Views, shape: Shape
) -> tuple[NDArray[np.float32], bool]:
    kernel = np.exp(-shape.narrow * squared / median)
    kernel += shape.words / 2 * (known.words @ known.words.T).toarray()
    kernel[np.diag_indices(len(kernel))] += shape.noise
    found: tuple[NDArray[np.float32], bool] = cho_factor(kernel, overwrite_a=True, check_finite=False)
    return found


def _distances(one: Views, other: Views, shares: Sequence[float]) -> NDArray[np.float32]:
    """Squared distances of texts, weighted, shape (n_one, n_other)."""
    total = np.zeros((len(one.parts[0]), len(other.parts[0])), dtype=np.float32)
    for share, left, right in zip(shares, one.parts, other.parts, strict=True):
        total += share * (left**2).sum(axis=1)[:, None]
        total += share * (right**2).sum(axis=1)[None, :]
        total -= 2 * share * (left @ right.T)
    found: NDArray[np.float32] = np.maximum(total, 0.0)
    return found
