"""Log-odds of references and payers: how much more often a clue goes with the right document than with a wrong one."""

from __future__ import annotations

from collections.abc import Sequence

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
