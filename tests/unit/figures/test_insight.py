"""The figures, counted by hand beside the functions."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cobranza.reconciliation.figures import insight
from cobranza.reconciliation.figures.policy import FiguresPolicy

D = Decimal
TODAY = date(2026, 3, 31)
ROWS = [
    # payment, bank, month, outcome, age
    (1, "caja", "2026-02", "automatic", 90),
    (1, "caja", "2026-02", "automatic", 90),
    (1, "caja", "2026-02", "automatic", 90),
    (2, "caja", "2026-03", "person", 5),
    (3, "banco", "2026-03", "automatic", 5),
    (3, "banco", "2026-03", "corrected", 5),
    (4, "banco", "2026-03", "waiting", 0),
    (5, "banco", "2026-03", "automatic", 4),
]


def _lines(rows=ROWS) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(insight.LINES))


def test_the_rate_counts_documents_not_headers() -> None:
    [total] = insight.rates(_lines(), "")

    assert (total.documents, total.documents_automatic, total.by_document) == (8, 5, D("0.6250"))
    assert (total.payments, total.payments_automatic, total.by_payment) == (5, 2, D("0.4000"))


def test_by_bank_and_by_month() -> None:
    banks = {rate.key: (rate.documents, rate.documents_automatic) for rate in insight.rates(_lines(), "bank")}
    months = [(rate.key, rate.by_payment) for rate in insight.rates(_lines(), "month")]

    assert banks == {"banco": (4, 2), "caja": (4, 3)}
    assert months == [("2026-02", D("1.0000")), ("2026-03", D("0.2500"))]


def test_nothing_to_count_is_no_rate() -> None:
    [total] = insight.rates(_lines([]), "")

    assert (total.by_document, total.by_payment) == (None, None)
    assert insight.rates(_lines([]), "bank") == []
    assert insight.precision(_lines([])).share is None


def test_precision_counts_payments_and_says_how_sure() -> None:
    found = insight.precision(_lines())

    assert (found.payments, found.corrected, found.share) == (3, 1, D("0.6667"))
    assert (found.low, found.high) == (D("0.0943"), D("0.9916"))  # as in published tables for 2 of 3


def test_precision_of_what_had_time_to_be_noticed() -> None:
    assert insight.precision(_lines(), least_age=60).payments == 1


def test_minutes_saved_show_their_assumption() -> None:
    policy = FiguresPolicy(minutos_por_cobro=D(3), minutos_por_documento=D("0.5"), origen_de_los_minutos="medido")

    found = insight.saved(_lines(), policy)

    assert found.minutes == 3 * 2 + D("0.5") * 5
    assert (found.per_payment, found.per_document, found.source) == (D(3), D("0.5"), "medido")


def test_ageing_by_value_date_and_currency() -> None:
    money = pd.DataFrame(
        [
            (TODAY, "EUR", D("10.00"), D("0.00")),
            (TODAY + timedelta(days=2), "EUR", D("5.00"), D("5.00")),
            (TODAY - timedelta(days=7), "EUR", D("1.00"), D("0.25")),
            (TODAY - timedelta(days=8), "EUR", D("2.00"), D("0.00")),
            (TODAY - timedelta(days=91), "EUR", D("4.00"), D("4.00")),
            (TODAY - timedelta(days=31), "USD", D("7.50"), D("0.00")),
        ],
        columns=list(insight.UNAPPLIED),
        dtype="object",
    )

    found = insight.ageing(money, TODAY, (7, 30, 60, 90))

    assert [(row.first, row.last) for row in found[:5]] == [(0, 7), (8, 30), (31, 60), (61, 90), (91, None)]
    assert [row.amount for row in found if row.currency == "EUR"] == [D(16), D(2), D(0), D(0), D(4)]
    assert [row.on_account for row in found if row.currency == "EUR"] == [D("5.25"), D(0), D(0), D(0), D(4)]
    assert [(row.first, row.amount) for row in found if row.currency == "USD" and row.movements] == [(31, D("7.50"))]


ages = st.lists(st.tuples(st.integers(-5, 800), st.sampled_from(["EUR", "USD"]), st.integers(1, 10**9)), max_size=40)


@settings(deadline=None)
@given(ages, st.lists(st.integers(0, 500), min_size=1, max_size=6, unique=True).map(sorted))
def test_every_cent_is_in_one_bucket(rows: list[tuple[int, str, int]], ends: list[int]) -> None:
    money = [(TODAY - timedelta(days=age), code, D(cents) / 100, D(cents // 2) / 100) for age, code, cents in rows]
    frame = pd.DataFrame(money, columns=list(insight.UNAPPLIED), dtype="object")

    found = insight.ageing(frame, TODAY, ends)

    for currency in ("EUR", "USD"):
        mine = [row for row in found if row.currency == currency]
        assert sum((row.amount for row in mine), D(0)) == sum((row[2] for row in money if row[1] == currency), D(0))
        assert sum((row.on_account for row in mine), D(0)) == sum((row[3] for row in money if row[1] == currency), D(0))
        assert sum(row.movements for row in mine) == sum(row[1] == currency for row in money)


outcomes = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["2026-01", "2026-02"]),
        st.sampled_from(["automatic", "corrected", "person", "waiting"]),
        st.integers(0, 100),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(outcomes)
def test_the_parts_add_up_to_the_whole(rows) -> None:
    [total] = insight.rates(_lines(rows), "")

    for by in ("bank", "month"):
        parts = insight.rates(_lines(rows), by)
        assert sum(rate.documents for rate in parts) == total.documents
        assert sum(rate.documents_automatic for rate in parts) == total.documents_automatic
    assert total.payments_automatic <= total.documents_automatic <= total.documents


def test_reasons_come_most_frequent_first() -> None:
    found = insight.reasons(["b", "a", "b", "c"])

    assert [(reason.text, reason.payments, reason.share) for reason in found] == [
        ("b", 2, D("0.5000")),
        ("a", 1, D("0.2500")),
        ("c", 1, D("0.2500")),
    ]
    assert insight.reasons([]) == []


@pytest.mark.parametrize("days", [(), (30, 7), (7, 7), (-1, 5)])
def test_buckets_must_rise(days: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        FiguresPolicy(tramos_dias=days)
