"""The features of one debtor, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cobranza.risk.features import CATALOGUE, table
from cobranza.risk.features.history import NEVER, History
from tests.unit.risk_features.worlds import NOW, TODAY, frame


def test_by_hand() -> None:
    """Four bills of 100 on 30 days: one paid on time, one 10 days late in two parts, one unpaid for 20, one new."""
    issued = np.array([NOW - 200, NOW - 120, NOW - 50, NOW - 5])
    history = History(
        debtors=frame("debtors", {"debtor": [1], "country": ["ES"], "sector": [""]}),
        invoices=frame(
            "invoices",
            {"invoice": [1, 2, 3, 4, 5], "debtor": [1] * 5, "issued": [*issued, NOW - 10], "due": [*(issued + 30), NOW],
             "known": [*issued, NOW - 10], "amount": [100, 100, 100, 100, -20]},
        ),
        settlements=frame(
            "settlements",
            {"invoice": [1, 2, 2], "day": [NOW - 170, NOW - 85, NOW - 80], "known": [NOW - 169, NOW - 84, NOW - 79],
             "amount": [100, 40, 60], "account": [1, 1, 2], "method": [0, 0, 0],
             "returned": [False] * 3},
        ),
        disputes=frame(
            "disputes", {"debtor": [1], "invoice": [3], "opened": [NOW - 9], "released": [NEVER], "amount": [50]}
        ),
        agreements=frame(
            "agreements",
            {"debtor": [1, 1], "opened": [NOW - 90, NOW - 30], "ended": [NOW - 60, NEVER], "outcome": [-1, 0]},
        ),
        instalments=frame(
            "instalments",
            {"debtor": [1, 1], "known": [NOW - 30, NOW - 30], "due": [NOW - 1, NOW + 20], "closed": [NEVER, NEVER]},
        ),
        words=frame(
            "words",
            {"debtor": [1] * 4, "day": [NOW - 200, NOW - 40, NOW - 20, NOW - 10],
             "inbound": [True, True, False, False], "channel": [1, 2, 1, 1]},
        ),
        limits=frame("limits", {"debtor": [1, 1], "known": [NOW - 9, NOW - 99], "amount": [400, 999]}),
        series=frame(
            "series",
            {"name": ["arrears", "economy", "economy"], "key": ["ES"] * 3, "day": [NOW - 90, NOW - 450, NOW - 60],
             "known": [NOW - 30, NOW - 400, NOW - 30], "value": [0.04, 100, 98]},
        ),
        bureau=frame(
            "bureau",
            {"debtor": [1, 1, 1], "known": [NOW - 5, NOW - 50, NOW - 7], "source": ["a", "a", "b"],
             "score": [60, 10, 30], "incidents": [1, 9, 0], "weight": [2, 2, 1]},
        ),
    )  # fmt: skip

    row = table(history, TODAY).iloc[0]

    expected = {
        "tenure": 200, "invoices_year": 4, "billed_year": 400, "terms": 30, "open_count": 2, "overdue_count": 1,
        "overdue_share": 0.5, "overdue_days": 20, "overdue_age": 20, "overdue_months": 3, "paid_count": 2,
        "late_share": (2 + 0.6) / 5, "late30_share": 0.2 / 5, "delay_mean": (0 + 10 + 20 + 10) / 5, "delay_last": 10,
        "delay_last3": 5, "beyond_terms": 10, "worst_year": 20, "paid_days_ago": 80, "partial_share": 0.5,
        "returned_year": 0, "new_account": 0.5, "new_method": np.nan, "credit_notes": 0.05, "disputes_year": 1,
        "disputed_share": 0.25, "kept_share": 0.3, "broken_two_years": 1, "broken_days_ago": 60,
        "agreement_running": 1, "instalments_missed": 1, "answers_quarter": 1, "unanswered": 2, "new_channel": 1,
        "limit_use": 0.5, "sector_arrears": 0.04, "economy_change": -0.02, "bureau_score": 50, "bureau_incidents": 1,
        "cured_days_ago": np.nan, "amount_change": 1, "order_silence": 5 / 65,
    }  # fmt: skip
    pd.testing.assert_series_equal(row[list(expected)], pd.Series(expected, dtype=float), check_names=False)
    assert row["delay_recent"] > row["delay_mean"]
    assert row["delay_trend"] > 0


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_feature_can_be_told_both_ways(name: str) -> None:
    entry = CATALOGUE[name]

    for value in (0.0, 1.0, 12.5):
        for points in (-1.0, 1.0):
            assert "{" not in entry.said(value, points)
    assert "nan" not in entry.said(float("nan"), 0.1)
    assert entry.good.count("{}") == entry.bad.count("{}") == 1
