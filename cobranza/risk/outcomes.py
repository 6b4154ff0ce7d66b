"""What became of debtors after a day, as far as it was known on a later one: what the judges learn from.

The claim of a debtor on a day is what it owes past due, or, when nothing is, all that is open. Each document's clock
starts on the day or, when it is not due yet, on its due date. A row teaches an outcome only when its whole window had
passed by the cut; one that came out early does not count earlier, or the good ones would be learned first.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from cobranza.risk.features.history import NEVER, Cut, Floats, History, Ints, share
from cobranza.risk.ports import OUTCOMES

RECOVERY_DAYS: Final = 180
"""Window of `recovery` and `days_late`."""
MISS_DAYS: Final = 90
"""Window of `first_miss` and `relapse`."""
GRACE: Final = 15
"""Days past due from which a miss is one."""

_WHOLE = 0.95
_MOST = 365.0


def outcomes(history: History, as_of: date, cut: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What happened to the debtors of a history after `as_of`, by what was known on `cut`.

    Returns:
        Columns `cobranza.risk.ports.OUTCOMES`: what happened (1, 0, days or a share; NaN: does not apply or not known
        yet), and the day, as a number, on which it was known (NaN likewise). Index as in the table of features.
    """
    then, later = history.cut(as_of), history.cut(cut)
    found = {name: np.full(then.size, np.nan) for name in OUTCOMES}
    known = {name: np.full(then.size, np.nan) for name in OUTCOMES}
    _claims(then, later, found, known)
    _misses(then, later, found, known)
    for name in OUTCOMES:
        hidden = ~(known[name] <= later.day)
        found[name][hidden] = known[name][hidden] = np.nan
    index = pd.Index(then.ids, name="debtor")
    return pd.DataFrame(found, index=index), pd.DataFrame(known, index=index)


def _claims(then: Cut, later: Cut, found: dict[str, Floats], known: dict[str, Floats]) -> None:
    bills = then.invoices
    owing = ~bills["settled"] & (bills["open"] > 0)
    overdue = owing & (bills["due"] < then.day)
    claimed = overdue | (owing & (then.count(bills["at"][overdue]) == 0)[bills["at"]])
    at, due, owed = bills["at"][claimed], bills["due"][claimed], bills["open"][claimed]
    start = np.maximum(due, then.day)
    row = np.searchsorted(later.invoices["invoice"], bills["invoice"][claimed])
    after = later.invoices
    paid_on = np.where(after["settled"][row] & (after["last"][row] != NEVER), after["last"][row], NEVER)
    whole, last = then.total(at, owed), then.most(at, start)
    for days in (30, 60, 90):
        paid = then.total(at, np.where(paid_on <= start + days, owed, 0.0))
        found[f"pay_{days}"] = np.where(whole > 0, (paid >= _WHOLE * whole).astype(np.float64), np.nan)
        known[f"pay_{days}"] = last + days
    got = np.minimum(_paid_since(then, later, row, start + RECOVERY_DAYS), owed)
    found["recovery"] = share(then.total(at, np.maximum(got, 0.0)), whole)
    late = np.clip(np.minimum(paid_on, start + RECOVERY_DAYS) - due, 0, _MOST)
    found["days_late"] = share(then.total(at, late * owed), whole)
    known["recovery"] = known["days_late"] = last + RECOVERY_DAYS


def _paid_since(then: Cut, later: Cut, rows: Ints, until: Ints) -> Floats:
    """What came in for each invoice (row in `later`) after `then` was known, up to a day of its own."""
    money, keys = later.money, later.invoices["invoice"]
    limit = np.full(len(keys), -1)
    limit[rows] = until
    place = np.minimum(np.searchsorted(keys, money["invoice"]), max(len(keys) - 1, 0))
    if not len(keys):
        return np.zeros(0)
    counts = (keys[place] == money["invoice"]) & (money["known"] > then.day) & (money["day"] <= limit[place])
    return np.bincount(place[counts], money["amount"][counts], len(keys)).astype(np.float64)[rows]


def _misses(then: Cut, later: Cut, found: dict[str, Floats], known: dict[str, Floats]) -> None:
    """Of who owes nothing past due: whether anything due in the window stayed unpaid beyond the grace."""
    bills, after = then.invoices, later.invoices
    overdue = then.count(bills["at"][~bills["settled"] & (bills["open"] > 0) & (bills["due"] < then.day)]) > 0
    proven = after["due"] + GRACE
    inside = (proven > then.day) & (proven <= then.day + MISS_DAYS)
    paid_on = np.where(after["settled"] & (after["last"] != NEVER), after["last"], NEVER)
    missed = inside & (paid_on > proven)
    fell_due = later.count(after["at"][inside]) > 0
    label = (later.count(after["at"][missed]) > 0).astype(np.float64)
    cured = bills["settled"] & (bills["last"] != NEVER) & (bills["last"] - bills["due"] > 30)
    recovered = then.count(bills["at"][cured]) > 0
    for name, whom in (("first_miss", ~overdue), ("relapse", ~overdue & recovered)):
        found[name] = np.where(whom & fell_due, label, np.nan)
        known[name] = np.full(then.size, float(then.day + MISS_DAYS))
