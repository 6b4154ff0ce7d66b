from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cobranza.insight.forecast import Forecast, forecast, survival
from tests.unit.insight_forecast.worlds import TODAY, company, history

DAY = TODAY.toordinal()


def _plain(**changes: pd.DataFrame) -> Forecast:
    """Twelve payers who always pay ten days late, with one open invoice of 100 each, due in two days."""
    documents, payments = [], []
    for payer in range(12):
        for number in range(20):
            due = DAY - 30 - 14 * number
            documents.append((payer, due - 30, due, 100.0))
            payments.append((len(documents) - 1, due + 10, 100.0))
        documents.append((payer, DAY - 28, DAY + 2, 100.0))
    return forecast(history(documents, payments, **changes), TODAY, weeks=6, origins=0)


def test_an_open_invoice_is_expected_when_its_payer_pays() -> None:
    found = _plain()

    assert found.open == Decimal("1200.00")
    second, third = float(found.weeks[1].documents), float(found.weeks[2].documents)
    assert second > 2 * third  # the twelfth day; a few days either way count as possible
    assert second + third == pytest.approx(1200, rel=0.2)
    assert found.beyond < 60


def test_what_is_held_or_in_a_plan_is_not_counted_twice() -> None:
    opens = [21 * payer + 20 for payer in range(12)]
    holds = pd.DataFrame([(opens[0], 100.0, DAY - 5, DAY + 999)], columns=["document", "amount", "since", "until"])
    covers = pd.DataFrame([(opens[1], 60.0, DAY - 5, DAY + 999)], columns=["document", "amount", "since", "until"])
    plans = pd.DataFrame([(1, DAY + 4, 60.0, DAY - 5, DAY + 999)], columns=["payer", "due", "amount", "since", "until"])

    found = _plain(holds=holds, covers=covers, plans=plans)

    assert found.held == Decimal("100.00")
    assert found.open == Decimal("1040.00")
    assert float(sum(week.plans for week in found.weeks)) == pytest.approx(60, rel=0.1)
    assert float(sum(week.documents for week in found.weeks)) <= 1040


def test_an_ended_hold_holds_nothing() -> None:
    holds = pd.DataFrame([(20, 100.0, DAY - 50, DAY - 1)], columns=["document", "amount", "since", "until"])

    assert _plain(holds=holds).held == 0


def test_each_payer_has_its_own_delays_and_a_new_one_has_the_companys() -> None:
    documents, payments = [], []
    for payer, late in ((0, 0), (1, 30)):
        for number in range(20):
            due = DAY - 40 - 14 * number
            documents.append((payer, due - 30, due, 100.0))
            payments.append((len(documents) - 1, due + late, 100.0))
        documents.append((payer, DAY - 20, DAY + 2, 1000.0 * (payer + 1)))
    documents.append((2, DAY - 20, DAY + 2, 10.0))

    found = forecast(history(documents, payments), TODAY, weeks=6, origins=0)

    prompt, slow = float(found.weeks[0].documents), float(found.weeks[4].documents)
    assert prompt == pytest.approx(1000, rel=0.25)
    assert slow == pytest.approx(2000, rel=0.3)


def test_the_same_data_give_the_same_forecast() -> None:
    world = company(1)

    assert forecast(world, TODAY, origins=4, draws=100) == forecast(world, TODAY, origins=4, draws=100)


def test_nothing_after_the_day_is_looked_at() -> None:
    world = company(2)
    then = TODAY - timedelta(days=60)
    seen = world.payments["on"] <= then.toordinal()
    issued = world.documents["issued"] <= then.toordinal()
    cut = replace(world, documents=world.documents[issued], payments=world.payments[seen])

    assert forecast(world, then, origins=6, draws=100) == forecast(cut, then, origins=6, draws=100)


def test_past_forecasts_are_judged_and_beat_the_naive_ones() -> None:
    tested = forecast(company(3), TODAY, origins=20, draws=200).tested

    assert tested is not None and tested.coverage is not None
    assert tested.wape < min(tested.naive_recent, tested.naive_due)
    assert 0.6 <= tested.coverage <= 0.95  # 0.8 is wanted; the weeks of one company depend on each other
    assert abs(tested.bias) < 0.15


def test_a_company_without_payments_is_told_no_test_and_no_cash() -> None:
    found = forecast(history([(0, DAY - 10, DAY + 20, 100.0)], []), TODAY, origins=5)

    assert found.tested is None
    assert found.learned == 0
    assert sum(week.expected for week in found.weeks) == 0
    assert found.beyond == Decimal("100.00")


def test_no_receivables_at_all_is_a_forecast_of_nothing() -> None:
    found = forecast(history([], []), TODAY, origins=5)

    assert [week.expected for week in found.weeks] == [Decimal("0.00")] * 13


@given(
    st.lists(st.tuples(st.integers(-80, 500), st.floats(0.01, 1)), max_size=30),
    st.lists(st.tuples(st.integers(-80, 500), st.floats(0.01, 1)), max_size=30),
)
@examples(max_examples=60, deadline=None)
def test_survival_starts_at_one_and_never_rises(paid: list[tuple[int, float]], left: list[tuple[int, float]]) -> None:
    found = survival(*(np.array([row[i] for row in rows], dtype=float) for rows in (paid, left) for i in (0, 1)))

    assert found[0] == 1
    assert (np.diff(found) <= 1e-12).all()
    assert (found >= -1e-12).all()


def test_survival_without_open_invoices_ends_with_all_paid() -> None:
    found = survival(np.array([0.0, 10.0, 40.0]), np.ones(3), np.zeros(0), np.zeros(0))

    assert found[-1] == pytest.approx(0)


@given(st.integers(0, 1000))
@examples(max_examples=8, deadline=None)
def test_weeks_follow_each_other_and_hold_their_parts(seed: int) -> None:
    found = forecast(company(seed, payers=8), TODAY, weeks=5, origins=0, draws=100)

    assert found.weeks[0].start == date.fromordinal(DAY + 1)
    for week in found.weeks:
        assert week.low <= week.expected <= week.high
        assert week.low >= 0
        assert abs(week.documents + week.plans + week.new - week.expected) <= Decimal("0.02")
    assert sum(week.documents for week in found.weeks) <= found.open + Decimal("0.10")
