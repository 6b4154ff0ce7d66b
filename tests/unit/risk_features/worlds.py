"""Small random histories, and ways of adding to each of their tables what happened after a day."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import numpy as np
import pandas as pd

from cobranza.risk.features.history import COLUMNS, NEVER, History, number

TODAY = date(2026, 6, 30)
NOW = number(TODAY)
DEBTORS = 6
KNOWN = {
    "invoices": "known", "settlements": "known", "disputes": "opened", "agreements": "opened", "instalments": "known",
    "words": "day", "limits": "known", "series": "known", "bureau": "known",
}  # fmt: skip
"""By table: the column that says when a row became known."""


def world(seed: int, *, first: int = NOW - 900, last: int = NOW, base: int = 0) -> History:
    """A history whose rows all became known between two days; what ends may end at any time.

    Args:
        base: Added to the numbers of invoices, so that two worlds can be put together.
    """
    dice = np.random.default_rng(seed)

    def days(many: int) -> np.ndarray:
        return dice.integers(first, last + 1, many)

    def of(many: int) -> np.ndarray:
        return dice.integers(1, DEBTORS + 1, many)

    def ends(begun: np.ndarray) -> np.ndarray:
        return np.where(dice.random(len(begun)) < 0.3, NEVER, begun + dice.integers(0, 400, len(begun)))

    bills = int(dice.integers(10, 60))
    known = days(bills)
    issued = known - dice.integers(0, 3, bills)
    invoices = {
        "invoice": base + np.arange(bills),
        "debtor": of(bills),
        "issued": issued,
        "due": issued + dice.choice([0, 15, 30, 60], bills),
        "known": known,
        "amount": np.round(dice.lognormal(5, 1, bills), 2) * np.where(dice.random(bills) < 0.1, -1, 1),
    }
    row = dice.integers(0, bills, 2 * bills)
    booked = np.clip(known[row] + dice.integers(0, 120, len(row)), first, last)
    settlements = {
        "invoice": invoices["invoice"][row],
        "day": booked - dice.integers(0, 4, len(row)),
        "known": booked,
        "amount": invoices["amount"][row] * dice.choice([1.0, 0.5, 0.5, -0.5], len(row)),
        "account": dice.integers(0, 4, len(row)),
        "method": dice.integers(0, 3, len(row)),
        "returned": dice.random(len(row)) < 0.05,
    }
    few = 8
    opened, agreed, reported = days(few), days(few), days(few)
    disputed = np.where(dice.random(few) < 0.3, 0, dice.choice(invoices["invoice"], few))
    frames = {
        "debtors": {"debtor": np.arange(1, DEBTORS + 1), "country": ["ES", "MX"] * 3, "sector": ["F41", "", ""] * 2},
        "invoices": invoices,
        "settlements": settlements,
        "disputes": {"debtor": of(few), "invoice": disputed, "opened": opened, "released": ends(opened),
                     "amount": dice.choice([np.nan, 50.0], few)},
        "agreements": {"debtor": of(few), "opened": agreed, "ended": ends(agreed),
                       "outcome": dice.integers(-1, 2, few)},
        "instalments": {"debtor": of(few), "known": agreed, "due": agreed + 30, "closed": ends(agreed)},
        "words": {"debtor": of(30), "day": days(30), "inbound": dice.random(30) < 0.4,
                  "channel": dice.integers(0, 3, 30)},
        "limits": {"debtor": of(few), "known": days(few), "amount": dice.choice([0.0, 1000.0], few)},
        "series": {"name": dice.choice(["arrears", "economy"], 20), "key": dice.choice(["ES", "F41", ""], 20),
                   "day": days(20) - 40, "known": days(20), "value": dice.uniform(0.01, 2, 20)},
        "bureau": {"debtor": of(few), "known": reported, "source": dice.choice(["a", "b"], few),
                   "score": dice.uniform(0, 100, few), "incidents": dice.choice([np.nan, 0, 2], few),
                   "weight": dice.uniform(0.5, 1, few)},
    }  # fmt: skip
    return History(**{name: frame(name, columns) for name, columns in frames.items()})


def frame(name: str, columns: dict[str, object]) -> pd.DataFrame:
    """A frame of a history, with the right types."""
    return pd.DataFrame(columns).astype(dict(COLUMNS[name]))


def together(past: History, future: History, shuffle: int) -> History:
    """Both histories in one, rows in any order; the debtors of the first."""
    dice = np.random.default_rng(shuffle)
    frames = {}
    for each in fields(History):
        first, second = getattr(past, each.name), getattr(future, each.name)
        both = pd.concat([first, second]) if each.name != "debtors" else first
        frames[each.name] = both.iloc[dice.permutation(len(both))].reset_index(drop=True)
    return History(**frames)
