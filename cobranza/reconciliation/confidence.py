"""How sure a match is: the evidence's log-odds against every rival, against "nothing", then calibrated."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from cobranza.reconciliation.records import Hypothesis

# Log-odds of "this movement settles nothing of ours" before anything is known, and with words that say so.
NOTHING = 4.0
NOTHING_SAID = 9.0

# Measured: the share of matches with a raw confidence like the first figure that proved exactly right. From labelled
# payments of four makings; halves that were not looked at gave the same shares. A company's own history recalibrates
# the result (see `learning`). Readings are of three kinds, because they err in different ways:
# what a name alone cannot settle (amounts that add up to the cent without being named) is surer than its raw figure,
FIRM = ((0.0, 0.0), (0.1, 0.24), (0.25, 0.44), (0.45, 0.66), (0.55, 0.78), (0.67, 0.86), (0.75, 0.91), (0.85, 0.945),
        (0.90, 0.965), (0.94, 0.992), (1.0, 1.0))  # fmt: skip
# what explains any amount a little off (fees, rounding, part payments, overpayments without a number) is less sure,
LOOSE = ((0.0, 0.0), (0.25, 0.08), (0.35, 0.18), (0.45, 0.40), (0.55, 0.52), (0.65, 0.66), (0.75, 0.82), (0.8, 0.90),
         (0.85, 0.91), (1.0, 1.0))  # fmt: skip
# and a number with an amount that is not the document's may be the wrong number.
OFF = ((0.0, 0.0), (0.45, 0.40), (0.60, 0.70), (0.93, 0.75), (0.96, 0.96), (0.98, 0.985), (1.0, 1.0))
_LOOSE_RULES = frozenset({"fee", "rounding", "partial", "over", "charge"})
_OFF_RULES = frozenset({"partial", "over"})
CALIBRATION: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 1.0))


def table_of(rule: str, how: str) -> Sequence[tuple[float, float]]:
    """The measured table for a reading; see `Hypothesis.rule` and `Hypothesis.how`."""
    if how == "named":
        return OFF if rule in _OFF_RULES else CALIBRATION
    return LOOSE if rule in _LOOSE_RULES else FIRM


def weigh(scores: Sequence[float], nothing: float) -> list[float]:
    """Probability of each hypothesis when exactly one of them, or nothing, is true (a softmax).

    >>> [round(p, 2) for p in weigh([6.0, 4.0], 4.0)]
    [0.79, 0.11]
    """
    top = max([nothing, *scores])
    parts = [math.exp(score - top) for score in scores]
    total = sum(parts, 0.0) + math.exp(nothing - top)
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


def judge(hypothesis: Hypothesis, share: float) -> float:
    """The confidence in a reading that has `share` of the probability among its rivals."""
    raw = min(hypothesis.capped, share)
    return min(hypothesis.ceiling, calibrate(raw, table_of(hypothesis.rule, hypothesis.how)))
