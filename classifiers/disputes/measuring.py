"""How good judgements are: accuracy, calibration, what the surest part is worth, and thresholds from these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

_GRID = np.round(np.arange(0.30, 0.96, 0.01), 2)
_NEVER = 0.96  # a category that is never sure enough still lets the very surest through


def figures(
    right: NDArray[np.int64], chosen: NDArray[np.int64], confidence: NDArray[np.float64], labels: Sequence[str]
) -> dict[str, Any]:
    """Accuracy, macro-F1, calibration error, selective accuracy, and each label's precision, recall, F1 and count.

    Labels that neither occur nor are chosen do not count for macro-F1.
    """
    each: dict[str, dict[str, float]] = {}
    for place, label in enumerate(labels):
        hits = int(((right == place) & (chosen == place)).sum())
        there, said = int((right == place).sum()), int((chosen == place).sum())
        if not there and not said:
            continue
        precision, recall = hits / said if said else 0.0, hits / there if there else 0.0
        f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
        each[label] = {"precision": _r(precision), "recall": _r(recall), "f1": _r(f1), "count": there}
    good = right == chosen
    return {
        "count": len(right),
        "accuracy": _r(good.mean()),
        "macro_f1": _r(np.mean([entry["f1"] for entry in each.values()])),
        "ece": _r(calibration_error(confidence, good)),
        "surest": {str(share): _r(surest(confidence, good, share)) for share in (0.3, 0.5, 0.6, 0.7)},
        "labels": each,
    }


def _r(value: Any) -> float:
    return round(float(value), 4)


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean distance between confidence and share right, in `bins` of equal width."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for number in range(bins):
        inside = place == number
        if inside.any():
            total += inside.mean() * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return total


def surest(confidence: NDArray[np.float64], right: NDArray[np.bool_], share: float) -> float:
    """Share right of the most confident `share` of judgements."""
    first = np.argsort(-confidence, kind="stable")[: max(1, round(share * len(confidence)))]
    return float(right[first].mean())


def fit_line(likeliest: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of the line from the log-odds of the likeliest label to those of its being right.

    The slope is pulled a little towards 1 and the offset towards 0, so that few examples say little.
    """
    odds = np.log(np.clip(likeliest, 1e-6, 1 - 1e-6)) - np.log1p(-np.clip(likeliest, 1e-6, 1 - 1e-6))
    sign = np.where(right, 1.0, -1.0)

    def loss(line: NDArray[np.float64]) -> float:
        pulled = (line[0] - 1.0) ** 2 + line[1] ** 2
        return float(np.logaddexp(0.0, -sign * (line[0] * odds + line[1])).sum() + pulled)

    found = minimize(loss, np.array([1.0, 0.0]), bounds=[(0.2, 3.0), (-3.0, 3.0)], method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])


def threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_], wanted: float, prior: float) -> float:
    """Lowest confidence from which a category's judgements are right often enough.

    Args:
        confidence: Of its judgements.
        right: Whether each was right.
        wanted: Share that must be right.
        prior: Judgements at a share a little below `wanted` that are credited beforehand; so few examples say little.
    """
    for least in _GRID:
        taken = confidence >= least
        share = (right[taken].sum() + prior * (wanted - 0.02)) / (taken.sum() + prior)
        if taken.any() and share >= wanted:
            return float(least)
    return _NEVER


def second_threshold(
    likely: NDArray[np.float64], chosen: NDArray[np.int64], answers: NDArray[np.int64], seconds: NDArray[np.int64]
) -> float:
    """How likely a second matter must be to be told: what is worth most (F0.5: a wrong one costs more).

    Args:
        likely: Of each label of each message, shape (n_messages, n_labels).
        chosen: The label that is said first.
        answers: The right one.
        seconds: The right second one, -1 without one.
    """
    likely = likely.copy()
    likely[np.arange(len(chosen)), chosen] = 0.0
    best, said = likely.argmax(axis=1), likely.max(axis=1)
    found = (0.0, 1.0)
    for least in np.round(np.arange(0.02, 0.96, 0.01), 2):
        told = said >= least
        # the first matter told as a second one is no error when it was missed as the first
        hits = int((told & ((best == seconds) | ((best == answers) & (chosen == seconds)))).sum())
        score = 1.25 * hits / max(1.0, int(told.sum()) + 0.25 * int((seconds >= 0).sum()))
        found = max(found, (score, float(least)))
    return found[1]


def favour(chance: NDArray[np.float64], there: NDArray[np.bool_], *, recall: float, precision: float) -> float:
    """Probability from which a label that must not be missed is said although another is likelier.

    Args:
        chance: Probability of the label; 1 where it is said anyway, 0 where it is not said although likely.
        there: Whether it is right.
        recall: Share of those that are there to be found, if that can be had.
        precision: Share right of what is said that must be kept.

    Returns:
        The highest probability that gives `recall`, or else the highest recall that keeps `precision`.
    """
    best, most = 0.5, -1.0
    for least in np.round(np.arange(0.5, 0.015, -0.01), 2):
        said = chance >= least
        if said.any() and there[said].mean() < precision:
            break
        share = float(said[there].mean()) if there.any() else 1.0
        if share > most:
            best, most = float(least), share
        if most >= recall:
            break
    return best
