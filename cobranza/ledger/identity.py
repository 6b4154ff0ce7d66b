"""Which movement is which, when statements overlap, repeat or cut a day in two. Pure.

`statements.identities` counts equal movements within whole days. A bank that writes two statements on one day (one at
noon, one in the evening) breaks that: the evening's first transfer may equal the morning's and still be another one.
Balances tell: a statement that opens where the day's earlier movements had brought the account to begins after them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from cobranza.ledger.statements import BankMovement, Statement, fingerprint


class Known(Protocol):
    """A movement that the ledger holds, in the order it was brought in."""

    @property
    def fingerprint(self) -> str:
        """See `statements.fingerprint`."""

    @property
    def booked_on(self) -> object:
        """Operation date."""

    @property
    def amount(self) -> Decimal:
        """Signed."""


def continuation(statement: Statement, before: Decimal | None, there: Sequence[Known]) -> Counter[str]:
    """How many of each movement of its first day lie before this statement.

    Args:
        statement: What comes in.
        before: The account's balance at the end of the day before its first day; None when unknown.
        there: What the ledger holds of its days, in the order it was brought in.

    Returns:
        Counts by fingerprint; empty when the statement starts with its day, which is the rule.
    """
    none: Counter[str] = Counter()
    if before is None or statement.opening is None or not statement.movements or statement.opening == before:
        return none
    first = min(movement.booked_on for movement in statement.movements)
    reached = before
    passed: Counter[str] = Counter()
    for movement in there:
        if movement.booked_on != first:
            continue
        reached += movement.amount
        passed[movement.fingerprint] += 1
        if reached == statement.opening:
            return passed
    return none


def identities_after(
    account: str, movements: Iterable[BankMovement], passed: Counter[str]
) -> tuple[tuple[str, int], ...]:
    """`statements.identities`, counting on from what the day had before this statement."""
    seen = Counter(passed)
    result = []
    for movement in movements:
        key = fingerprint(account, movement)
        result.append((key, seen[key]))
        seen[key] += 1
    return tuple(result)
