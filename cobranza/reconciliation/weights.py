"""Log-odds of references and payers: how much more often a clue goes with the right document than with a wrong one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cobranza.reconciliation.board import Board, Clues
from cobranza.reconciliation.references import Quality

REFERENCE = {
    Quality.SUFFIX: 1.5,
    Quality.SLIP: 3.0,
    Quality.CUT: 3.0,
    Quality.TAIL: 4.0,
    Quality.STRIPPED: 5.0,
    Quality.FULL: 7.0,
    Quality.STRUCTURED: 8.0,
}
# What a hypothesis loses for each document that the payer names and it leaves out.
ASK = 0.45  # shown as a candidate, never proposed
VETO = {
    Quality.SUFFIX: 0.5,
    Quality.SLIP: 0.5,
    Quality.CUT: 0.5,
    Quality.TAIL: 3.0,
    Quality.STRIPPED: 5.0,
    Quality.FULL: 8.0,
    Quality.STRUCTURED: 8.0,
}
NO_PAYER = -0.5
OTHER_PAYER = -3.0
GROUP = 1.0


def payer_part(board: Board, clues: Clues, customer: int) -> float:
    """What the payer's data say about the payment coming from `customer`."""
    evidence = clues.evidence.get(customer)
    if evidence is not None:
        return evidence.weight
    if any(other in clues.evidence for other in board.people.group_of(customer)):
        return GROUP
    firm = any(held.weight >= 3.0 for held in clues.evidence.values())
    return OTHER_PAYER if firm and not clues.agent else NO_PAYER


def reference_part(qualities: Sequence[Quality]) -> float:
    """Several documents named together support each other, up to a bound."""
    weights = [REFERENCE[quality] for quality in qualities]
    return max(weights) + min(3.0, 0.5 * (len(weights) - 1))


# How usual it is to pay a document so many days after its due day (log-odds, between the points in a straight line):
# companies pay on their pay day after the due day, hardly ever weeks before it, and what is months late is in dispute.
_USUAL = ((-60, -7.0), (-30, -5.0), (-15, -3.5), (-5, -2.0), (0, -1.0), (5, 0.0), (45, 0.0), (75, -1.0), (120, -2.0),
          (180, -3.5), (365, -5.0))  # fmt: skip
ONE_MORE = -0.35  # each further document in a set: one pays two more often than ten
LONELY_CREDIT = -3.0  # a credit note in a set without any invoice that it may correct


def _days() -> list[float]:
    result = []
    for (early, low), (late, high) in pairwise(_USUAL):
        result += [low + (high - low) * (day - early) / (late - early) for day in range(early, late)]
    return result


_BY_DAY = _days()
_DAYS, _FIRST_DAY, _BEFORE, _AFTER = len(_BY_DAY), _USUAL[0][0], _USUAL[0][1], _USUAL[-1][1]


def usual(late: int) -> float:
    """How usual it is to pay a document `late` days after its due day: log-odds, 0 at best.

    >>> usual(20), usual(60), usual(-400), usual(5000)
    (0.0, -0.5, -7.0, -5.0)
    """
    position = late - _FIRST_DAY
    if position < 0:
        return _BEFORE
    return _BY_DAY[position] if position < _DAYS else _AFTER
