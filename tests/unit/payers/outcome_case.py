"""Two debtors a year ago: one owed a bill 10 days past due and paid it 45 days later; one missed the next bill."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from cobranza.risk.features.history import History, number
from cobranza.risk.outcomes import outcomes
from tests.unit.risk_features.worlds import TODAY, frame


def case() -> tuple[pd.DataFrame, pd.DataFrame]:
    """What happened to both, and when it was known."""
    then = TODAY - timedelta(days=365)
    day = number(then)
    history = History(
        debtors=frame("debtors", {"debtor": [1, 2], "country": ["ES"] * 2, "sector": [""] * 2}),
        invoices=frame(
            "invoices",
            {"invoice": [1, 2, 3], "debtor": [1, 2, 2], "issued": [day - 40, day - 90, day - 5],
             "due": [day - 10, day - 60, day + 25], "known": [day - 40, day - 90, day - 5], "amount": [100.0] * 3},
        ),
        settlements=frame(
            "settlements",
            {"invoice": [1, 2, 3], "day": [day + 45, day - 61, day + 120], "known": [day + 46, day - 60, day + 120],
             "amount": [100.0] * 3, "account": [1] * 3, "method": [1] * 3, "returned": [False] * 3},
        ),
    )  # fmt: skip
    return outcomes(history, then, TODAY)
