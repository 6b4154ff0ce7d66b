"""Debtors whose way of paying is known, because it was made up: some steady, some slow, some that go bad."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cobranza.risk.features.history import History
from tests.unit.risk_features.worlds import NOW, frame


def payers(debtors: int, seed: int = 1, days: int = 800) -> History:
    """A history with monthly invoices; debtor n is `slow` between 0 and 1, and every fourth one grows slower."""
    dice = np.random.default_rng(seed)
    slow = dice.beta(1.2, 2.2, debtors)
    who = np.repeat(np.arange(debtors), days // 30)
    issued = NOW - days + np.tile(np.arange(days // 30) * 30, debtors) + dice.integers(0, 25, len(who))
    worse = np.where(who % 4 == 0, np.clip((issued - NOW + 300) / 300, 0, 1) * 0.5, 0)
    level = np.clip(slow[who] + worse, 0, 1.2)
    due = issued + 30
    delay = np.round(-6 + 45 * level + dice.gumbel(0, 6 + 14 * level)).astype(int)
    never = dice.random(len(who)) < 0.01 + 0.12 * level**2
    paid = np.maximum(due + delay, issued + 1)
    number = np.arange(1, len(who) + 1)
    amount = np.round(dice.lognormal(6, 0.6, len(who)), 2)
    done = ~never & (paid <= NOW)
    countries = np.where(np.arange(debtors) % 3 == 0, "MX", "ES")
    return History(
        debtors=frame("debtors", {"debtor": np.arange(1, debtors + 1), "country": countries, "sector": ""}),
        invoices=frame(
            "invoices",
            {"invoice": number, "debtor": who + 1, "issued": issued, "due": due, "known": issued, "amount": amount},
        ),
        settlements=frame(
            "settlements",
            {"invoice": number[done], "day": paid[done], "known": paid[done], "amount": amount[done],
             "account": who[done] + 1, "method": 1, "returned": False},
        ),
    )  # fmt: skip


def at(history: History, change: float) -> History:
    """The same history with every amount of money changed."""
    return History(
        debtors=history.debtors,
        invoices=history.invoices.assign(amount=history.invoices["amount"] * change),
        settlements=history.settlements.assign(amount=history.settlements["amount"] * change),
    )


def quiet(table: pd.DataFrame) -> pd.DataFrame:
    """Debtors that owe nothing past due."""
    return table[table["overdue_count"] == 0]
