"""Invented companies whose payers pay in known ways."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from cobranza.insight.forecast import History

TODAY = date(2025, 11, 30)


def history(documents: Iterable[Any], payments: Iterable[Any], **others: pd.DataFrame) -> History:
    """Rows (payer, issued, due, amount) and (document, on, amount) as a history; the rest empty unless given."""
    parts = pd.DataFrame({name: [] for name in ("document", "amount", "since", "until")})
    return History(
        documents=pd.DataFrame(list(documents), columns=["payer", "issued", "due", "amount"]),
        payments=pd.DataFrame(list(payments), columns=["document", "on", "amount"]),
        plans=others.get("plans", pd.DataFrame({name: [] for name in ("payer", "due", "amount", "since", "until")})),
        covers=others.get("covers", parts),
        holds=others.get("holds", parts),
    )


def company(seed: int, *, payers: int = 60, days: int = 700) -> History:
    """Payers with habits of their own; some pay late, some in part late, some hardly ever."""
    random = np.random.default_rng(seed)
    first, documents, payments = TODAY.toordinal() - days + 1, [], []
    for payer in range(payers):
        late, spread = (
            random.choice([0, 5, 15, 35], p=[0.3, 0.3, 0.25, 0.15]) + random.normal(0, 3),
            random.uniform(1, 8),
        )
        bad, size, at = random.random() < 0.06, np.exp(random.normal(7, 0.8)), 0.0
        while (at := at + random.exponential(14)) < days:
            issued = first + int(at)
            due = issued + int(random.choice([30, 60]))
            amount = round(float(size * np.exp(random.normal(0, 0.4))), 2)
            documents.append((payer, issued, due, amount))
            if random.random() < (0.5 if bad else 0.01):
                continue
            slip = random.exponential(30) if random.random() < 0.1 else 0.0
            on = max(issued, due + round(random.normal(late, spread) + slip))
            if on <= TODAY.toordinal():
                payments.append((len(documents) - 1, on, amount))
    return history(documents, payments)
