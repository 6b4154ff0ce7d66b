"""Following an agreement: money closes instalments, misses are counted once, and every act is done once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.agreements import schedule
from cobranza.agreements.following import Does, Following, Received, Standing, Watch, follow
from cobranza.agreements.terms import AgreementError, Debt, Instalment, Kind
from cobranza.kernel.money import Money

START = date(2026, 11, 23)
WATCH = Watch()


def money(text: str) -> Money:
    return Money("EUR", Decimal(text))


def plan(total: str = "300.00", count: int = 3) -> tuple[Instalment, ...]:
    nothing = money("0")
    debt = Debt(
        country="ES",
        debtor="consumer",
        as_of=START,
        principal=money(total),
        interest=nothing,
        costs=nothing,
        disputed=nothing,
    )
    return schedule.build(debt, Kind.INSTALMENTS, schedule.pay_days(START, count, "ES", 15)).instalments


PLAN = plan()  # 15 December, 15 January, 15 February: 100.00 each


def paid(*rows: tuple[str, date, str]) -> list[Received]:
    return [Received(key=key, on=on, money=money(text)) for key, on, text in rows]


def at(today: date, received: Iterable[Received] = (), done: Iterable[str] = (), **more: bool) -> Following:
    return follow("A7", PLAN, received, today=today, country="ES", watch=WATCH, done=set(done), **more)


def does(found: Following) -> list[tuple[Does, int]]:
    return [(act.does, act.number) for act in found.acts]


def test_the_days_of_the_example() -> None:
    assert [row.due for row in PLAN] == [date(2026, 12, 15), date(2027, 1, 15), date(2027, 2, 15)]


def test_reminded_two_days_before_on_a_working_day_and_only_while_open() -> None:
    # Two days before Tuesday 15 December is a Sunday: the Friday before.
    assert does(at(date(2026, 12, 10))) == []
    assert does(at(date(2026, 12, 11))) == [(Does.REMIND, 1)]
    assert does(at(date(2026, 12, 14))) == [(Does.REMIND, 1)]
    assert does(at(date(2026, 12, 15))) == []
    assert does(at(date(2026, 12, 14), done={"A7:recordar:1"})) == []
    assert does(at(date(2026, 12, 14), paid(("m1", date(2026, 12, 1), "100.00")))) == []


def test_an_instalment_is_missed_after_its_grace_and_called_about_once() -> None:
    assert at(date(2026, 12, 17)).standing is Standing.DUE
    late = at(date(2026, 12, 18))
    assert (late.standing, late.misses, does(late)) == (Standing.MISSED, 1, [(Does.CALL, 1)])
    assert does(at(date(2026, 12, 28), done={"A7:llamar:1"})) == []


def test_a_late_payment_brings_it_back_but_the_miss_stays_counted() -> None:
    after = at(date(2026, 12, 30), paid(("m1", date(2026, 12, 22), "100.00")))
    assert (after.standing, after.misses, does(after)) == (Standing.GOOD, 1, [])
    second = at(date(2027, 1, 18), paid(("m1", date(2026, 12, 22), "100.00")))
    assert (second.standing, does(second)) == (Standing.BROKEN, [(Does.PERSON, 2)])


def test_a_payment_reported_twice_counts_once_and_a_return_opens_what_it_had_closed() -> None:
    twice = paid(("m1", date(2026, 12, 14), "100.00")) * 2
    assert [row.paid for row in at(date(2026, 12, 20), twice).rows] == [money("100.00"), money("0"), money("0")]
    returned = [*twice, Received(key="m1-devuelto", on=date(2026, 12, 16), money=money("-100.00"))]
    found = at(date(2026, 12, 20), returned)
    assert (found.standing, found.rows[0].closed_on) == (Standing.MISSED, None)


def test_all_paid_closes_it_whatever_the_days() -> None:
    found = at(date(2026, 12, 20), paid(("m1", date(2026, 12, 1), "250.00"), ("m2", date(2026, 12, 19), "60.00")))
    assert (found.standing, does(found), found.beyond) == (Standing.KEPT, [(Does.CLOSE, 3)], money("10.00"))
    assert [row.closed_on for row in found.rows] == [date(2026, 12, 1), date(2026, 12, 1), date(2026, 12, 19)]


def test_a_wish_to_change_goes_to_a_person_and_stops_reminders() -> None:
    assert does(at(date(2026, 12, 14), wants_change=True)) == [(Does.PERSON, 0)]


def test_growing_delays_and_part_payments_are_early_signs() -> None:
    growing = at(date(2027, 1, 20), paid(("a", date(2026, 12, 16), "100.00"), ("b", date(2027, 1, 17), "100.00")))
    assert growing.standing is Standing.GOOD
    assert growing.at_risk == ("cada vez paga más tarde (1 y 2 días)",)
    part = at(date(2026, 12, 16), paid(("a", date(2026, 12, 15), "40.00")))
    assert part.at_risk == ("el pago 1 llegó incompleto",)


def test_money_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(AgreementError, match="dos veces"):
        at(START, paid(("m1", START, "1.00"), ("m1", START, "2.00")))
    with pytest.raises(AgreementError, match="USD"):
        at(START, [Received(key="m", on=START, money=Money("USD", Decimal(1)))])
    with pytest.raises(AgreementError, match="no tiene pagos"):
        follow("A7", (), (), today=START, country="ES", watch=WATCH)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(1, 20000)), max_size=8),
    st.integers(0, 130),
    st.integers(1, 6),
)
def test_money_is_neither_lost_nor_made_and_an_act_is_done_once(
    payments: list[tuple[int, int]], days: int, count: int
) -> None:
    rows = plan("300.00", count)
    received = [
        Received(key=str(index), on=START + timedelta(days=day), money=Money("EUR", Decimal(cents) / 100))
        for index, (day, cents) in enumerate(payments)
    ]
    today = START + timedelta(days=days)
    found = follow("P", rows, received, today=today, country="ES", watch=WATCH)
    arrived = sum((each.money.amount for each in received if each.on <= today), Decimal(0))
    assert sum((row.paid.amount for row in found.rows), Decimal(0)) + found.beyond.amount == arrived
    assert (found.standing is Standing.KEPT) == (arrived >= 300)
    assert all(not later.paid.amount or not row.open.amount for row, later in pairwise(found.rows))
    again = follow("P", rows, received * 2, today=today, country="ES", watch=WATCH, done={a.key for a in found.acts})
    assert again.acts == ()
    assert again.rows == found.rows
    keys = [act.key for act in found.acts]
    assert len(keys) == len(set(keys))
