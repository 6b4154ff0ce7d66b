"""Features of how a debtor pays: what is open and overdue, how late, with what trend, and by what means."""

from __future__ import annotations

import numpy as np

from cobranza.risk.features.history import NEVER, Cut, Floats, Ints, share

YEAR, QUARTER, TWO_YEARS = 365, 90, 730
RECENT = 90.0
"""Half-life, in days, of what "recent" weighs."""
_SHORT, _LONG = 45.0, 365.0
_LATE_PRIOR, _LATE30_PRIOR, _DELAY_PRIOR, _PRIOR_WEIGHT = 0.3, 0.1, 5.0, 2.0
"""What stands in for experience while there is little of it: as if so many invoices had gone so."""
_WORST = 365.0


def features(cut: Cut) -> dict[str, Floats]:
    """All of the source "cobros", by name, each of shape (size,)."""
    return _open_now(cut) | _delays(cut) | _last_ones(cut) | _means(cut)


def delay(cut: Cut) -> Floats:
    """Days late of each invoice: of its payment, or so far; NaN while it is neither paid nor due."""
    bills = cut.invoices
    paid = np.where(bills["settled"] & (bills["last"] != NEVER), bills["last"], cut.day)
    late = (paid - bills["due"]).astype(np.float64)
    return np.where(bills["settled"] | (bills["due"] < cut.day), np.clip(late, -_WORST, _WORST), np.nan)


def _open_now(cut: Cut) -> dict[str, Floats]:
    bills = cut.invoices
    at, owed = bills["at"], np.where(bills["settled"], 0.0, np.maximum(bills["open"], 0.0))
    over = ~bills["settled"] & (bills["due"] < cut.day)
    age = (cut.day - bills["due"])[over].astype(np.float64)
    overdue, money = cut.count(at[over]), cut.total(at[over], owed[over])
    whole = cut.total(at, owed)
    recent = bills["issued"] > cut.day - YEAR
    monthly = cut.total(at[recent], bills["amount"][recent]) / 12
    return {
        "open_count": cut.count(at[~bills["settled"]]),
        "overdue_count": overdue,
        "overdue_share": share(money, whole),
        "overdue_days": cut.most(at[over], age),
        "overdue_age": share(cut.total(at[over], age * owed[over]), money),
        "overdue_months": np.where(monthly > 0, share(money, monthly), np.nan),
    }


def _delays(cut: Cut) -> dict[str, Floats]:
    """Shares late and delays; invoices past due and unpaid count as late, with their delay so far."""
    bills, late = cut.invoices, delay(cut)
    known = ~np.isnan(late)
    at, days, amount = bills["at"][known], late[known], bills["amount"][known]
    when = np.where(bills["settled"] & (bills["last"] != NEVER), bills["last"], cut.day)[known]
    ago = (cut.day - when).astype(np.float64)
    held = cut.count(at)
    some = held > 0
    year = ago < YEAR
    recent, was_late = np.exp2(-ago / RECENT), (days > 0).astype(np.float64)
    short, long = np.exp2(-ago / _SHORT), np.exp2(-ago / _LONG)
    weight = cut.total(at, recent)
    mean = share(cut.total(at, days), held)
    spread = share(cut.total(at, days * days), held) - mean * mean
    beyond = share(cut.total(at[year], (np.maximum(days, 0) * amount)[year]), cut.total(at[year], amount[year]))
    trend = share(cut.total(at, days * short), cut.total(at, short)) - share(
        cut.total(at, days * long), cut.total(at, long)
    )
    return {
        "paid_count": cut.count(bills["at"][bills["settled"]]),
        "late_share": _shrunk(cut.total(at, was_late), held, _LATE_PRIOR, some),
        "late_recent": _shrunk(cut.total(at, was_late * recent), weight, _LATE_PRIOR, some),
        "late30_share": _shrunk(cut.total(at, (days > 30).astype(np.float64)), held, _LATE30_PRIOR, some),
        "delay_mean": _shrunk(cut.total(at, days), held, _DELAY_PRIOR, some),
        "delay_recent": _shrunk(cut.total(at, days * recent), weight, _DELAY_PRIOR, some),
        "delay_trend": np.where(held >= 3, trend, np.nan),
        "delay_spread": np.where(held >= 3, np.sqrt(np.maximum(spread, 0)), np.nan),
        "beyond_terms": beyond,
        "worst_year": cut.most(at[year], days[year]),
    }


def _shrunk(part: Floats, whole: Floats, prior: float, some: np.ndarray) -> Floats:
    """A mean pulled towards `prior` while there is little to go by; NaN for who has nothing at all."""
    return np.where(some, (part + prior * _PRIOR_WEIGHT) / (whole + _PRIOR_WEIGHT), np.nan)


def _last_ones(cut: Cut) -> dict[str, Floats]:
    bills = cut.invoices
    paid = bills["settled"] & (bills["last"] != NEVER)
    at, last = bills["at"][paid], bills["last"][paid]
    days = np.clip((last - bills["due"][paid]).astype(np.float64), -_WORST, _WORST)
    order = np.lexsort((bills["due"][paid], last, at))
    at, days, last = at[order], days[order], last[order]
    rank = _from_the_end(at, cut.size)
    one = np.full(cut.size, np.nan)
    one[at[rank == 0]] = days[rank == 0]
    three = rank < 3
    year = last > cut.day - YEAR
    many = (bills["payments"][paid][order] > 1) & year
    money = cut.money
    inward = money["inward"] & money["bill"]
    back = money["returned"].astype(bool) & money["bill"] & (money["known"] > cut.day - YEAR)
    return {
        "delay_last": one,
        "delay_last3": share(cut.total(at[three], days[three]), cut.count(at[three])),
        "paid_days_ago": cut.day - cut.most(money["at"][inward], money["day"][inward]),
        "cured_days_ago": cut.day - cut.most(at[days > 30], last[days > 30]),
        "partial_share": share(cut.count(at[many]), cut.count(at[year])),
        "returned_year": cut.count(money["at"][back]),
    }


def _from_the_end(at: Ints, size: int) -> Ints:
    """Of rows sorted by debtor: how many of the same debtor follow each."""
    ends = np.cumsum(np.bincount(at, minlength=size))
    return ends[at] - 1 - np.arange(len(at))


def _means(cut: Cut) -> dict[str, Floats]:
    """Whether the money comes from an account, or by a means, that the debtor had not used before."""
    money = cut.money
    inward = money["inward"] & money["bill"]
    recent = money["day"] > cut.day - QUARTER
    found = {}
    for name, column in (("new_account", "account"), ("new_method", "method")):
        told = inward & (money[column] != 0)
        at, key, fresh = money["at"][told], money[column][told], recent[told]
        old_at, new_at = at[~fresh], at[fresh]
        strange = ~_among(new_at, key[fresh], old_at, key[~fresh])
        before = cut.count(old_at) > 0
        found[name] = np.where(before, share(cut.count(new_at[strange]), cut.count(new_at)), np.nan)
    return found


def _among(at: Ints, key: Ints, others_at: Ints, others_key: Ints) -> np.ndarray:
    """Which pairs (debtor, key) stand among others."""
    if not len(others_at):
        return np.zeros(len(at), bool)
    _, code = np.unique(np.concatenate([key, others_key]), return_inverse=True)
    wide = int(code.max(initial=0)) + 1
    mine = at * wide + code[: len(at)]
    theirs = others_at * wide + code[len(at) :]
    return np.isin(mine, theirs)
