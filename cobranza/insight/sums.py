"""Sums of days, and what figures make of them. Pure: no database, every figure can be computed again by hand."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

Step = Literal["day", "week", "month"]
ZERO = Decimal(0)
_MOST_MONTHS = 60


class Total(NamedTuple):
    """Above the line, below it (None: there is no line), and how many rows."""

    num: Decimal
    den: Decimal | None
    rows: int


class Line:
    """The sums of one figure, or of one class of it, by day."""

    def __init__(self, days: dict[date, tuple[Decimal, Decimal | None, int]]) -> None:
        self.days = sorted(days)
        self.line = any(found[1] is not None for found in days.values())
        self._num, self._den, self._rows = [ZERO], [ZERO], [0]
        for day in self.days:
            num, den, rows = days[day]
            self._num.append(self._num[-1] + num)
            self._den.append(self._den[-1] + (den or ZERO))
            self._rows.append(self._rows[-1] + rows)

    def between(self, start: date | None, end: date) -> Total:
        """From a day (None: the first) to another, both counted."""
        first = 0 if start is None else bisect_left(self.days, start)
        last = max(first, bisect_right(self.days, end))
        den = self._den[last] - self._den[first] if self.line else None
        return Total(self._num[last] - self._num[first], den, self._rows[last] - self._rows[first])


class Sums:
    """Lines by fact and class; what one read brought."""

    def __init__(self, rows: Iterable[tuple[str, date, str, str, Decimal, Decimal | None, int]]) -> None:
        """Take rows of (fact, day, class, currency, above, below, how many)."""
        parts: dict[tuple[str, str | None], dict[date, tuple[Decimal, Decimal | None, int]]] = defaultdict(dict)
        self.currencies: dict[str, set[str]] = defaultdict(set)
        for base, day, kind, currency, num, den, count in rows:
            if currency and (num or den):
                self.currencies[base].add(currency)
            for key in ((base, kind), (base, None)):
                before = parts[key].get(day)
                parts[key][day] = (num, den, count) if before is None else _added(before, (num, den, count))
        self._lines = {key: Line(days) for key, days in parts.items()}
        self._empty = Line({})

    def line(self, base: str, kind: str | None = None) -> Line:
        """All of a fact, or one class of it."""
        return self._lines.get((base, kind), self._empty)

    def kinds(self, base: str) -> list[str]:
        """Its classes."""
        return sorted(kind for found, kind in self._lines if found == base and kind is not None)


def _added(
    first: tuple[Decimal, Decimal | None, int], second: tuple[Decimal, Decimal | None, int]
) -> tuple[Decimal, Decimal | None, int]:
    den = None if first[1] is None and second[1] is None else (first[1] or ZERO) + (second[1] or ZERO)
    return first[0] + second[0], den, first[2] + second[2]


def windows(start: date, end: date, step: Step) -> list[tuple[date, date]]:
    """The steps of a period in order, each from its first to its last day; the first and the last may be cut.

    >>> [f"{a:%d.%m}-{b:%d.%m}" for a, b in windows(date(2026, 1, 20), date(2026, 3, 5), "month")]
    ['20.01-31.01', '01.02-28.02', '01.03-05.03']
    """
    return list(_windows(start, end, step))


def _windows(start: date, end: date, step: Step) -> Iterator[tuple[date, date]]:
    first = start
    while first <= end:
        if step == "day":
            last = first
        elif step == "week":
            last = first + timedelta(days=6 - first.weekday())
        else:
            last = month_end(first)
        yield first, min(last, end)
        first = last + timedelta(days=1)


def month_end(day: date) -> date:
    """Last day of a day's month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def dso_simple(balance: Decimal, sales: Decimal, days: int) -> Decimal | None:
    """Days sales outstanding: what is open over the credit sales of so many days, times those days.

    >>> dso_simple(Decimal(300), Decimal(900), 90)
    Decimal('30')
    """
    return max(balance, ZERO) * days / sales if sales > 0 else None


def dso_countback(wallet: Line, end: date) -> tuple[Decimal | None, Decimal]:
    """Days sales outstanding by counting back: month by month, how many days of sales are still open.

    The newest month's sales are taken off what is open first, with all its days; the month in which the rest ends
    counts in proportion.

    Args:
        wallet: Changes of what is open, and credit sales.
        end: The day.

    Returns:
        Days (None when the known sales do not explain what is open) and the sales that were counted.
    """
    left, counted, days = wallet.between(None, end).num, ZERO, Decimal(0)
    if left <= 0:
        return Decimal(0), ZERO
    last = end
    for _ in range(_MOST_MONTHS):
        first = last.replace(day=1)
        sales = wallet.between(first, last).den or ZERO
        span = (last - first).days + 1
        if sales > 0 and sales >= left:
            return days + left * span / sales, counted + sales
        if not wallet.days or wallet.days[0] >= first:
            return None, counted + sales
        left, counted, days = left - sales, counted + sales, days + span
        last = first - timedelta(days=1)
    return None, counted
