"""Proves that what a portal showed page by page is all there is. Pure: no browser here.

A portal announces its own controls: how many movements, the balances around them, the sums, the balance after each
row. A reading is good only when every announced control agrees. Where a row shows on two pages because the list moved
between two requests, the controls tell it from two movements that are truly equal; where they cannot, nothing is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from cobranza.ledger.statements import BankMovement, Statement
from cobranza.reconciliation.ports import IncompleteRead

_MOST_READINGS = 10_000


class ChangedWhileReading(IncompleteRead):
    """The announced controls changed between two pages: a movement arrived. Reading again helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What the portal announces about a whole query.

    Attributes:
        count: Booked movements in the query.
        opening: Balance before the first of them.
        closing: Balance after the last of them.
        credits: Sum of the positive ones, None when not announced.
        debits: Sum of the negative ones, negative, None when not announced.
    """

    count: int
    opening: Decimal
    closing: Decimal
    credits: Decimal | None = None
    debits: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingPage:
    """One page of a list: the booked rows in the order shown, and the controls as that page announces them."""

    control: Control
    rows: tuple[BankMovement, ...]


def windows(since: date, until: date, longest: int) -> tuple[tuple[date, date], ...]:
    """Split a period into runs of at most `longest` days, both ends counted, oldest first.

    Raises:
        ValueError: `until` comes before `since`.

    >>> windows(date(2026, 1, 1), date(2026, 1, 5), 2)[-1]
    (datetime.date(2026, 1, 5), datetime.date(2026, 1, 5))
    """
    if until < since:
        raise ValueError(f"the period ends ({until}) before it starts ({since})")
    found = []
    start = since
    while start <= until:
        end = min(until, start + timedelta(days=longest - 1))
        found.append((start, end))
        start = end + timedelta(days=1)
    return tuple(found)


def assemble(pages: Sequence[ListingPage], since: date, until: date) -> tuple[BankMovement, ...]:
    """Join the pages of one query into its movements, oldest first.

    What no control can tell: that a movement of 0,00 was lost and another of 0,00 was shown twice.

    Args:
        pages: As read, first page first; at least one.
        since: First day of the query.
        until: Last day of the query.

    Raises:
        ChangedWhileReading: the controls differ between pages.
        IncompleteRead: rows and controls do not agree, or agree in more than one way.
    """
    control = pages[0].control
    if any(page.control != control for page in pages):
        raise ChangedWhileReading("Ha entrado un movimiento mientras se leían las páginas del portal.")
    shown = [tuple(replace(row, position="") for row in page.rows) for page in pages]
    proved = {
        newest_first: found
        for newest_first in (True, False)
        if (found := _only_way(shown, control, newest_first)) is not None
    }
    for newest_first in (True, False):
        if newest_first in proved and _in_order([pages[n].rows[i] for n, i in proved[newest_first]], newest_first):
            rows = tuple(pages[number].rows[index] for number, index in proved[newest_first])
            break
    else:
        raise IncompleteRead(_disagreement(pages, control))
    outside = [row for row in rows if not since <= row.booked_on <= until]
    if outside:
        raise IncompleteRead(
            f"El portal enseña movimientos de fuera del periodo pedido (uno del {outside[0].booked_on:%d/%m/%Y})."
        )
    return rows[::-1] if newest_first else rows


def join(parts: Sequence[Statement]) -> Statement:
    """Join statements of consecutive periods, oldest first, into one.

    Raises:
        ChangedWhileReading: a part does not start with the balance that the one before ended with.
    """
    for before, after in pairwise(parts):
        if before.closing != after.opening:
            raise ChangedWhileReading(
                f"Un tramo acaba con saldo {before.closing} y el siguiente empieza con {after.opening}."
            )
    return replace(
        parts[0],
        closing=parts[-1].closing,
        movements=tuple(movement for part in parts for movement in part.movements),
    )


_Place = tuple[int, int]


def _only_way(pages: Sequence[Sequence[BankMovement]], control: Control, newest_first: bool) -> list[_Place] | None:
    """The rows to keep (page, index) if exactly one choice of page overlaps agrees with every control."""
    found: list[_Place] | None = None
    for number, way in enumerate(_ways(pages, newest_first)):
        if number >= _MOST_READINGS:
            return None
        rows = [pages[page][index] for page, index in way]
        if not _agrees(rows, control, newest_first):
            continue
        if found is not None and [pages[page][index] for page, index in found] != rows:
            return None
        found = found or way
    return found


def _ways(pages: Sequence[Sequence[BankMovement]], newest_first: bool) -> Iterator[list[_Place]]:
    """Every choice of overlaps between neighbouring pages in which the running balances chain."""
    pending: list[tuple[int, list[_Place]]] = [(0, [])]
    while pending:
        number, kept = pending.pop()
        if number == len(pages):
            yield kept
            continue
        page = pages[number]
        tail = [pages[p][i] for p, i in kept[-len(page) :]] if page else []
        for overlap in range(min(len(tail), len(page)), -1, -1):
            if overlap and tail[-overlap:] != list(page[:overlap]):
                continue
            fresh = list(page[overlap:])
            joined = [*tail[-1:], *fresh]
            if _chains(joined, newest_first):
                pending.append((number + 1, kept + [(number, index) for index in range(overlap, len(page))]))


def _chains(rows: Sequence[BankMovement], newest_first: bool) -> bool:
    for upper, lower in pairwise(rows):
        before, after = (lower, upper) if newest_first else (upper, lower)
        if before.balance_after is None or after.balance_after is None:
            continue
        if before.balance_after + after.amount != after.balance_after:
            return False
    return True


def _agrees(rows: Sequence[BankMovement], control: Control, newest_first: bool) -> bool:
    amounts = [row.amount for row in rows]
    if len(rows) != control.count or control.opening + sum(amounts, Decimal(0)) != control.closing:
        return False
    if control.credits is not None and sum((a for a in amounts if a > 0), Decimal(0)) != control.credits:
        return False
    if control.debits is not None and sum((a for a in amounts if a < 0), Decimal(0)) != control.debits:
        return False
    last = (rows[0] if newest_first else rows[-1]).balance_after if rows else None
    return last is None or last == control.closing


def _in_order(rows: Sequence[BankMovement], newest_first: bool) -> bool:
    days = [row.booked_on for row in rows]
    return days == sorted(days, reverse=newest_first)


def _disagreement(pages: Sequence[ListingPage], control: Control) -> str:
    read = sum(len(page.rows) for page in pages)
    total = control.opening + sum((row.amount for page in pages for row in page.rows), Decimal(0))
    return (
        f"El portal anuncia {control.count} movimientos y saldo final {control.closing}; "
        f"en sus {len(pages)} páginas se leen {read} y su suma lleva el saldo a {total}."
    )
