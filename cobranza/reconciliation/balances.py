"""What is open of each document on each day: nothing is ever applied beyond it, in either direction of time."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence

from cobranza.reconciliation.records import Document

Moment = tuple[int, int]


class Balances:
    """Running open balance per document over time; a moment is (day, position of the payment that day)."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._start = [document.open for document in documents]
        self._events: dict[int, list[tuple[Moment, int]]] = {}

    def open_at(self, doc: int, moment: Moment) -> int:
        """Open just before `moment`."""
        events = self._events.get(doc)
        if not events:
            return self._start[doc]
        return self._start[doc] - sum(applied for when, applied in events if when < moment)

    def free(self, doc: int, moment: Moment) -> int:
        """The most that can be applied at `moment` without ever, then or later, going beyond what is open.

        Signed like the document: negative on credit notes.
        """
        events = self._events.get(doc)
        start = self._start[doc]
        if not events:
            return start
        balance = start
        least: int | None = None
        for when, applied in events:
            if when >= moment and least is None:
                least = balance
            balance -= applied
            if least is not None:
                least = min(least, balance) if start >= 0 else max(least, balance)
        result = balance if least is None else least
        return max(0, result) if start >= 0 else min(0, result)

    def collected(self, doc: int, moment: Moment) -> int:
        """What payments had settled of the document before `moment`, less what was returned."""
        events = self._events.get(doc)
        if not events:
            return 0
        return sum(applied for when, applied in events if when < moment)

    def last_collection(self, doc: int, moment: Moment) -> Moment | None:
        """When the document was last paid before `moment`."""
        events = self._events.get(doc, [])
        cut = bisect_right(events, (moment, -(1 << 62)))
        return next((when for when, applied in reversed(events[:cut]) if applied > 0), None)

    def apply(self, doc: int, moment: Moment, applied: int) -> None:
        """Record `applied` hundredths (negative: a return gives them back)."""
        insort(self._events.setdefault(doc, []), (moment, applied))
