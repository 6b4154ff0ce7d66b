"""Features of everything but paying: what a debtor buys, disputes, promises and answers, and what others say of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cobranza.risk.features.history import NEVER, Cut, Floats, share
from cobranza.risk.features.paying import QUARTER, TWO_YEARS, YEAR

_KEPT_PRIOR, _KEPT_WEIGHT = 0.6, 1.0
_MOST_TIMES = 20.0
_REPORTS_LAST = 730
"""Days after which a report of a bureau says nothing any more."""


def features(cut: Cut) -> dict[str, Floats]:
    """All but those of the source "cobros", by name, each of shape (size,)."""
    return _buying(cut) | _disputes(cut) | _agreements(cut) | _words(cut) | _limits(cut) | _series(cut) | _bureau(cut)


def _buying(cut: Cut) -> dict[str, Floats]:
    bills = cut.invoices
    at, issued, amount = bills["at"], bills["issued"], bills["amount"]
    first, last = -cut.most(at, -issued), cut.most(at, issued)
    year = issued > cut.day - YEAR
    count, billed = cut.count(at[year]), cut.total(at[year], amount[year])
    quarter = issued > cut.day - QUARTER
    before = ~quarter & (issued > cut.day - QUARTER - YEAR)
    new, old = cut.count(at[quarter]), cut.count(at[before])
    span = np.minimum(cut.day - QUARTER - first, YEAR)  # a customer of half a year is measured by that half
    usual = share(old, np.where(span > 0, span, 0.0))
    gap = share(last - first, cut.count(at) - 1)
    steady = (cut.count(at) >= 3) & (gap > 0)
    silence = np.divide(cut.day - last, gap, out=np.full(cut.size, np.nan), where=steady)
    rhythm = np.where((old >= 3) & (span >= QUARTER), share(new / QUARTER, usual), np.nan)
    size_now = share(cut.total(at[quarter], amount[quarter]), new)
    size_before = share(cut.total(at[before], amount[before]), old)
    credit = cut.credit
    lately = credit["issued"] > cut.day - YEAR
    returned = -cut.total(credit["at"][lately], credit["amount"][lately])
    return {
        "tenure": cut.day - first,
        "invoices_year": count,
        "billed_year": billed,
        "terms": share(cut.total(at[year], (bills["due"] - issued)[year]), count),
        "order_silence": np.minimum(silence, _MOST_TIMES),
        "order_rhythm": np.minimum(rhythm, _MOST_TIMES),
        "amount_change": np.minimum(share(size_now, np.nan_to_num(size_before)), _MOST_TIMES),
        "credit_notes": np.minimum(share(returned, billed), 1.0),
    }


def _disputes(cut: Cut) -> dict[str, Floats]:
    found, bills = cut.disputes, cut.invoices
    lately = found["opened"] > cut.day - YEAR
    running = found["released"] == NEVER
    at, invoice, amount = found["at"][running], found["invoice"][running], found["amount"][running]
    owed = np.where(bills["settled"], 0.0, np.maximum(bills["open"], 0.0))
    whole = cut.total(bills["at"], owed)
    part = np.zeros(cut.size)
    if len(invoice) and len(bills["invoice"]):
        row = np.minimum(np.searchsorted(bills["invoice"], invoice), len(bills["invoice"]) - 1)
        mine = (bills["invoice"][row] == invoice) & (bills["at"][row] == at)
        part = cut.total(at[mine], np.fmin(np.where(np.isnan(amount), np.inf, amount)[mine], owed[row[mine]]))
    part = np.where(cut.count(at[invoice == 0]) > 0, whole, np.minimum(part, whole))
    return {"disputes_year": cut.count(found["at"][lately]), "disputed_share": share(part, whole)}


def _agreements(cut: Cut) -> dict[str, Floats]:
    found, parts = cut.agreements, cut.instalments
    kept = cut.count(found["at"][found["outcome"] > 0])
    gone = found["outcome"] < 0
    broken = cut.count(found["at"][gone])
    lately = gone & (found["ended"] > cut.day - TWO_YEARS)
    missed = (parts["closed"] == NEVER) & (parts["due"] < cut.day) & (parts["due"] > cut.day - YEAR)
    judged = kept + broken
    pulled = (kept + _KEPT_PRIOR * _KEPT_WEIGHT) / (judged + _KEPT_WEIGHT)
    return {
        "kept_share": np.where(judged > 0, pulled, np.nan),
        "broken_two_years": cut.count(found["at"][lately]),
        "broken_days_ago": cut.day - cut.most(found["at"][gone], found["ended"][gone]),
        "agreement_running": (cut.count(found["at"][found["ended"] == NEVER]) > 0).astype(np.float64),
        "instalments_missed": cut.count(parts["at"][missed]),
    }


def _words(cut: Cut) -> dict[str, Floats]:
    found = cut.words
    heard = found["inbound"].astype(bool)
    at, day = found["at"][heard], found["day"][heard]
    channel = np.unique(found["channel"][heard], return_inverse=True)[1]
    recent = day > cut.day - QUARTER
    last = np.nan_to_num(cut.most(at, day), nan=-np.inf)
    ours_at, ours_day = found["at"][~heard], found["day"][~heard]
    waiting = (ours_day > last[ours_at]) & (ours_day > cut.day - YEAR)
    wide = int(channel.max(initial=0)) + 1
    pair = at * wide + channel
    strange = ~np.isin(pair[recent], pair[~recent])
    comparable = (cut.count(at[recent]) > 0) & (cut.count(at[~recent]) > 0)
    new = cut.count(at[recent][strange]) > 0
    return {
        "answers_quarter": cut.count(at[recent]),
        "unanswered": cut.count(ours_at[waiting]),
        "new_channel": np.where(comparable, new.astype(np.float64), np.nan),
    }


def _limits(cut: Cut) -> dict[str, Floats]:
    """Of the newest limit; a limit of nothing is used up by the first open cent."""
    found, bills = cut.limits, cut.invoices
    order = np.lexsort((found["known"], found["at"]))
    limit = np.full(cut.size, np.nan)
    limit[found["at"][order]] = found["amount"][order]  # the newest comes last and stays
    owed = cut.total(bills["at"], np.where(bills["settled"], 0.0, np.maximum(bills["open"], 0.0)))
    use = np.divide(owed, limit, out=np.full(cut.size, np.nan), where=limit > 0)
    return {"limit_use": np.minimum(np.where((limit <= 0) & (owed > 0), _MOST_TIMES, use), _MOST_TIMES)}


def _series(cut: Cut) -> dict[str, Floats]:
    """The newest value published for the debtor's sector, else for its country."""
    arrears, economy = _newest(cut.series, "arrears"), _change(cut.series)
    by_sector, by_country = pd.Series(cut.sector), pd.Series(cut.country)

    def told(values: dict[str, float]) -> Floats:
        if not values:
            return np.full(cut.size, np.nan)
        found = by_sector.map(values).astype(np.float64)
        return np.asarray(found.fillna(by_country.map(values).astype(np.float64)), dtype=np.float64)

    return {"sector_arrears": told(arrears), "economy_change": told(economy)}


def _newest(series: pd.DataFrame, name: str) -> dict[str, float]:
    mine = series[(series["name"] == name) & (series["key"] != "")].sort_values(["day", "known"], kind="stable")
    return dict(zip(mine["key"], mine["value"], strict=True))


def _change(series: pd.DataFrame) -> dict[str, float]:
    """By key: the newest value against that of a year before (the last one at least 350 days older)."""
    changes = {}
    mine = series[(series["name"] == "economy") & (series["key"] != "")].sort_values(["day", "known"], kind="stable")
    for key, rows in mine.groupby("key"):
        newest = rows.iloc[-1]
        older = rows[rows["day"] <= newest["day"] - 350]
        if len(older) and older.iloc[-1]["value"]:
            changes[str(key)] = float(newest["value"] / older.iloc[-1]["value"] - 1)
    return changes


def _bureau(cut: Cut) -> dict[str, Floats]:
    """The newest report of each source, weighted; reports that are too old are as none."""
    found = cut.bureau
    frame = pd.DataFrame({name: found[name] for name in ("at", "known", "source", "score", "incidents", "weight")})
    frame = frame[frame["known"] > cut.day - _REPORTS_LAST].sort_values("known", kind="stable")
    frame = frame.drop_duplicates(["at", "source"], keep="last")
    at, score, weight = (frame[name].to_numpy() for name in ("at", "score", "weight"))
    scored = ~np.isnan(score)
    mean = share(cut.total(at[scored], (score * weight)[scored]), cut.total(at[scored], weight[scored]))
    incidents = frame["incidents"].to_numpy()
    counted = ~np.isnan(incidents)
    return {"bureau_score": mean, "bureau_incidents": cut.most(at[counted], incidents[counted])}
