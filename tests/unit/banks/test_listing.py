"""The proof of a paged list, without a browser: overlaps, twins, arrivals and every way to lose a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.ledger.statements import BankMovement, Statement
from cobranza.reconciliation.ports import IncompleteRead
from connectors.banks.listing import ChangedWhileReading, Control, ListingPage, assemble, join, windows

DAY = date(2026, 11, 2)
UNTIL = DAY + timedelta(days=60)
OPENING = Decimal("100.00")


def movements(amounts: Sequence[str], balances: bool = True) -> list[BankMovement]:
    """One movement a day, oldest first."""
    balance, found = OPENING, []
    for number, amount in enumerate(amounts):
        balance += Decimal(amount)
        day = DAY + timedelta(days=number // 3)
        found.append(
            BankMovement(
                booked_on=day,
                value_on=day,
                amount=Decimal(amount),
                currency="EUR",
                text="CUOTA",
                balance_after=balance if balances else None,
            )
        )
    return found


def control(rows: Sequence[BankMovement]) -> Control:
    amounts = [row.amount for row in rows]
    return Control(
        count=len(rows),
        opening=OPENING,
        closing=OPENING + sum(amounts, Decimal(0)),
        credits=sum((a for a in amounts if a > 0), Decimal(0)),
        debits=sum((a for a in amounts if a < 0), Decimal(0)),
    )


def pages(rows: Sequence[BankMovement], size: int, *, told: Control | None = None) -> list[ListingPage]:
    cut = [tuple(rows[start : start + size]) for start in range(0, len(rows), size)] or [()]
    return [
        ListingPage(
            control=told or control(rows),
            rows=tuple(replace(row, position=f"página {n} fila {i}") for i, row in enumerate(page)),
        )
        for n, page in enumerate(cut)
    ]


def bare(rows: Sequence[BankMovement]) -> list[BankMovement]:
    return [replace(row, position="") for row in rows]


AMOUNTS = ["10.00", "-3.00", "10.00", "10.00", "5.50", "-1.00", "7.00"]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("balances", [True, False])
@pytest.mark.parametrize("size", [1, 3, 20])
def test_joins_pages_oldest_first(newest_first: bool, balances: bool, size: int) -> None:
    rows = movements(AMOUNTS, balances)
    shown = rows[::-1] if newest_first else rows
    read = assemble(pages(shown, size), DAY, UNTIL)
    assert sorted(m.booked_on for m in read) == [m.booked_on for m in read]
    if balances:
        assert bare(read) == rows


def test_row_repeated_on_a_page_boundary_counts_once() -> None:
    shown = movements(AMOUNTS)[::-1]
    doubled = [*shown[:3], shown[2], *shown[3:]]
    read = assemble(pages(doubled, 3, told=control(shown)), DAY, UNTIL)
    assert bare(read) == shown[::-1]


def test_twins_on_a_page_boundary_are_both_kept() -> None:
    shown = movements(["5.00", "121.00", "121.00", "8.00"])[::-1]
    read = assemble(pages(shown, 2), DAY, UNTIL)
    assert [m.amount for m in read].count(Decimal("121.00")) == 2
    without_balances = movements(["5.00", "121.00", "121.00", "8.00"], balances=False)[::-1]
    assert len(assemble(pages(without_balances, 2), DAY, UNTIL)) == 4


def test_undecidable_overlap_is_refused() -> None:
    """Without balances, two boundaries could each hide the one repeated row: nobody knows the order then."""
    rows = movements(["5.00", "5.00", "7.00", "7.00"], balances=False)
    row5, row7 = rows[0], replace(rows[2], booked_on=DAY, value_on=DAY)
    told = control([row5, row7, row7])
    shown = [ListingPage(control=told, rows=page) for page in ((row5, row7), (row7, row5), (row5,))]
    with pytest.raises(IncompleteRead):
        assemble(shown, DAY, UNTIL)


@pytest.mark.parametrize("lost", range(len(AMOUNTS)))
def test_any_lost_row_is_noticed(lost: int) -> None:
    for balances in (True, False):
        rows = movements(AMOUNTS, balances)
        shown = [row for number, row in enumerate(rows) if number != lost][::-1]
        with pytest.raises(IncompleteRead, match="anuncia 7"):
            assemble(pages(shown, 3, told=control(rows)), DAY, UNTIL)


def test_lost_row_made_up_for_by_a_repeated_one_is_noticed() -> None:
    rows = movements(["10.00", "10.00", "10.00", "10.00"])
    shown = [rows[3], rows[2], rows[2], rows[0]]
    with pytest.raises(IncompleteRead):
        assemble(pages(shown, 4, told=control(rows)), DAY, UNTIL)


def test_early_empty_page_is_noticed() -> None:
    rows = movements(AMOUNTS)[::-1]
    with pytest.raises(IncompleteRead):
        assemble([*pages(rows[:3], 3, told=control(rows)), ListingPage(control=control(rows), rows=())], DAY, UNTIL)


def test_arrival_between_pages_asks_for_another_reading() -> None:
    rows = movements(AMOUNTS)
    later = control(movements([*AMOUNTS, "1.00"]))
    first, second, third = pages(rows[::-1], 3)
    with pytest.raises(ChangedWhileReading):
        assemble([first, replace(second, control=later), third], DAY, UNTIL)


def test_rows_of_another_period_are_refused() -> None:
    with pytest.raises(IncompleteRead, match="fuera del periodo"):
        assemble(pages(movements(AMOUNTS), 20), DAY + timedelta(days=1), UNTIL)


def test_nothing_is_proved_nothing() -> None:
    assert assemble(pages([], 20), DAY, UNTIL) == ()
    told = replace(control([]), closing=OPENING + 1)
    with pytest.raises(IncompleteRead):
        assemble(pages([], 20, told=told), DAY, UNTIL)


@settings(max_examples=150, deadline=None)
@given(
    amounts=st.lists(st.sampled_from(["1.00", "-1.00", "2.00", "3.50"]), min_size=1, max_size=12),
    size=st.integers(1, 5),
    data=st.data(),
)
def test_no_damage_gives_a_wrong_list(amounts: list[str], size: int, data: st.DataObject) -> None:
    """Whatever rows are lost or repeated, the reading equals the truth or is refused.

    Rows of 0,00 are left out: they move no balance, so one lost and another repeated cannot be told (`assemble`).
    """
    rows = movements(amounts)
    shown = list(rows[::-1])
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, max(0, len(shown) - 1)))
        repeat: bool = data.draw(st.booleans())
        if shown and repeat:
            shown.insert(place, shown[place])
        elif shown:
            del shown[place]
    try:
        read = assemble(pages(shown, size, told=control(rows)), DAY, UNTIL)
    except IncompleteRead:
        return
    assert bare(read) == rows


def test_windows_cover_every_day_once() -> None:
    parts = windows(DAY, DAY + timedelta(days=199), 90)
    days = [start + timedelta(days=n) for start, end in parts for n in range((end - start).days + 1)]
    assert days == [DAY + timedelta(days=n) for n in range(200)]
    assert max((end - start).days + 1 for start, end in parts) == 90
    with pytest.raises(ValueError, match="before it starts"):
        windows(DAY, DAY - timedelta(days=1), 90)


def test_parts_must_meet() -> None:
    def part(opening: str, closing: str) -> Statement:
        return Statement(
            account="ES1", currency="EUR", opening=Decimal(opening), closing=Decimal(closing), movements=()
        )

    assert join([part("1", "2"), part("2", "5")]).closing == Decimal(5)
    with pytest.raises(ChangedWhileReading):
        join([part("1", "2"), part("3", "5")])
