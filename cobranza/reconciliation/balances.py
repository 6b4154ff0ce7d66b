"""What is open of each document on each day: nothing is ever applied beyond it, in either direction of time."""

from __future__ import annotations

from bisect import bisect_right, insort
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
        self._of_customer: dict[int, list[int]] = defaultdict(list)
        for document in documents:
            if document.open:
                self._of_customer[document.customer].append(document.index)
        self._windows: dict[int, _Window] = {}
        self._moved: dict[int, set[int]] = {}

    def version(self, customer: int) -> int:
        """Grows whenever a balance of the customer changes."""
        return self._versions[customer]

    def ever_open(self, customer: int) -> Sequence[int]:
        """The customer's documents of which anything was open at first, in input order."""
        return self._of_customer.get(customer, ())

    def open_of(self, customer: int, moment: Moment, latest_issue: int) -> dict[int, int]:
        """What is free at `moment` of each of the customer's documents issued up to a day; oldest first, no zeros."""
        window = self._windows.get(customer)
        if window is None or latest_issue < window.upto:
            own = self._of_customer.get(customer)
            if not own:
                return {}
            window = self._windows[customer] = self._open_window(own)
        if latest_issue > window.upto:
            window.advance(latest_issue)
        if not window.touched:
            return window.free.copy()
        free = window.free.copy()
        for doc in window.touched:
            if doc in free:
                amount = self.free(doc, moment)
                if amount:
                    free[doc] = amount
                else:
                    del free[doc]
        return free

    def _open_window(self, own: list[int]) -> _Window:
        issued, last = self._issued, self._last
        waiting = sorted((issued[doc], doc) for doc in own if last[doc])
        return _Window(waiting, self._start, {doc for _, doc in waiting if doc in self._events})

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
        return sum([applied for when, applied in events if when < moment])

    def returnable(self, doc: int, moment: Moment) -> int:
        """The most that a return at `moment` may give back: collected by then, and taken by no later return either."""
        balance = self.collected(doc, moment)
        least = balance
        for when, applied in self._events.get(doc, ()):
            if when >= moment:
                balance += applied
                least = min(least, balance)
        return max(0, least)

    def moved(self, customer: int) -> list[int]:
        """The customer's documents that anything was ever applied to, in input order."""
        return sorted(self._moved.get(customer, ()))

    def last_collection(self, doc: int, moment: Moment) -> Moment | None:
        """When the document was last paid before `moment`."""
        events = self._events.get(doc, [])
        cut = bisect_right(events, (moment, -(1 << 62)))
        return next((when for when, applied in reversed(events[:cut]) if applied > 0), None)

    def apply(self, doc: int, moment: Moment, applied: int) -> None:
        """Record `applied` hundredths (negative: a return gives them back)."""
        owner = self._owner[doc]
        events = self._events.get(doc)
        if events is None:
            self._events[doc] = [(moment, applied)]
            self._moved.setdefault(owner, set()).add(doc)
        else:
            insort(events, (moment, applied))
        before = self._last[doc]
        after = self._last[doc] = before - applied
        self._versions[owner] += 1
        window = self._windows.get(owner)
        if window is None:
            return
        if after and not before:
            del self._windows[owner]  # open again: the order has to be made anew
        elif after:
            window.touched.add(doc)
        else:
            window.free.pop(doc, None)
            window.touched.discard(doc)
            window.settled.add(doc)


class _Window:
    """A customer's open documents up to a day, kept from one payment to the next; days mostly go forward.

    Attributes:
        free: What was open at first of each document that is still open and was issued up to `upto`.
        touched: Documents with movements, whose free amount depends on the moment.
        settled: Documents closed since the window was opened.
    """

    __slots__ = ("_next", "_start", "_waiting", "free", "settled", "touched", "upto")

    def __init__(self, waiting: list[tuple[int, int]], start: Sequence[int], touched: set[int]) -> None:
        self._waiting = waiting
        self._start = start
        self._next = 0
        self.upto = -1
        self.free: dict[int, int] = {}
        self.touched = touched
        self.settled: set[int] = set()

    def advance(self, upto: int) -> None:
        """Let in what was issued up to a later day."""
        stop = bisect_right(self._waiting, upto, lo=self._next, key=_issued)
        for _, doc in self._waiting[self._next : stop]:
            if doc not in self.settled:
                self.free[doc] = self._start[doc]
        self._next = stop
        self.upto = upto


def _issued(entry: tuple[int, int]) -> int:
    return entry[0]
