"""What is open of each document on each day: nothing is ever applied beyond it, in either direction of time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence

from cobranza.reconciliation.records import Document

Moment = tuple[int, int]


class Balances:
    """Running open balance per document over time; a moment is (day, position of the payment that day)."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._owner = [document.customer for document in documents]
        self._issued = [document.issued for document in documents]
        self._start = [document.open for document in documents]
        self._last = list(self._start)
        self._events: dict[int, list[tuple[Moment, int]]] = {}
        self._versions: dict[int, int] = defaultdict(int)
        self._live: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for document in documents:
            if document.open:
                self._live[document.customer].append((document.issued, document.index))
        for live in self._live.values():
            live.sort()

    def version(self, customer: int) -> int:
        """Grows whenever a balance of the customer changes."""
        return self._versions[customer]

    def open_of(self, customer: int, moment: Moment, latest_issue: int) -> dict[int, int]:
        """What is free at `moment` of each of the customer's documents issued up to a day; oldest first, no zeros."""
        live = self._live.get(customer)
        if not live:
            return {}
        upto = bisect_right(live, (latest_issue, len(self._start)))
        start, events = self._start, self._events
        free = {doc: start[doc] if doc not in events else self.free(doc, moment) for _, doc in live[:upto]}
        return {doc: amount for doc, amount in free.items() if amount}

    def free(self, doc: int, moment: Moment) -> int:
        """The most that can be applied at `moment` without ever, then or later, going beyond what is open.

        Signed like the document: negative on credit notes.
        """
        events = self._events.get(doc)
        start = self._start[doc]
        if events is None:
            return start
        if not self._last[doc]:
            return 0
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
        before = self._last[doc]
        self._last[doc] = before - applied
        owner, key = self._owner[doc], (self._issued[doc], doc)
        self._versions[owner] += 1
        live = self._live[owner]
        position = bisect_left(live, key)
        present = position < len(live) and live[position] == key
        if self._last[doc] and not present:
            live.insert(position, key)
        elif not self._last[doc] and present:
            del live[position]
