"""Cash that will come in, week by week, with an interval: from what is open, what is agreed, and how each payer pays.

Pure: frames in, a dataclass out; the same data give the same forecast (the draws have a fixed seed). Statistics are
floats; what is told as money is rounded to the cent at the end.

How: each payer's delays against the due day are a discrete-time hazard, shrunk towards the company's own by as much as
its history is short (open invoices count as "not yet": no invoice is left out for being unpaid). An invoice that is
open has outlived part of that curve; what is left of the curve says in which week it is paid, or that it is not. The
invoices of one payer come together (one shared draw), so the interval is not fooled by many invoices of few payers.
Invoices that are still to be issued are drawn from whole past weeks. At last the interval is stretched by what the same
method missed on past dates, each judged with nothing but what was known then.

Sources: R. J. Hyndman and G. Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., 5.8–5.10 (walk-forward,
WAPE); C. Xu and Y. Xie (2021) for conformal intervals of time series; E. L. Kaplan and P. Meier (1958).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

Floats = np.ndarray[Any, np.dtype[np.float64]]

_EDGES = np.concatenate([np.arange(-60, 120, 3), np.arange(120, 366, 15)]).astype(float)
"""Days from the due day at which the bins of a delay begin; the last one has no end."""
_BINS = len(_EDGES)
_STRENGTHS = (1.0, 3.0, 10.0, 30.0)
_TOGETHER = 0.6
_MOST_DRAWS = 4_000_000
_FEWEST_SCORES = 12
_WEEK = 7
_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A company's receivables in one currency, as frames; days are `date.toordinal` numbers.

    Attributes:
        documents: index: document id; columns payer (any), issued, due (int), amount (float, positive: what there was
            to pay in money).
        payments: document, on (int), amount (float).
        plans: instalments of agreements: payer, due (int), amount (what is unpaid of it), since, until (int: while the
            agreement ran).
        paid_plans: payments of instalments, to learn their delays: due, on, amount.
        covers: document, amount, since, until: the part that an agreement settles, which the plan forecasts instead.
        holds: document, amount, since, until: disputed or stopped; no cash is expected from it while it lasts.
    """

    documents: pd.DataFrame
    payments: pd.DataFrame
    plans: pd.DataFrame
    covers: pd.DataFrame
    holds: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One week ahead. Amounts to the cent.

    Attributes:
        start: First day.
        end: Last day.
        expected: Mean.
        low: Lower end of the interval.
        high: Upper end.
        documents: Of `expected`, from invoices that are open.
        plans: From instalments.
        new: From invoices still to be issued.
    """

    start: date
    end: date
    expected: Decimal
    low: Decimal
    high: Decimal
    documents: Decimal
    plans: Decimal
    new: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTest:
    """The same forecast made on past dates, against what came.

    Attributes:
        origins: Dates from which it was made again.
        weeks: Weeks ahead that were judged, over all origins.
        coverage: Share of them inside the interval, each stretched only by what was known before it.
        bare: The same without stretching.
        wape: Σ|error| / Σ cash, of the mean.
        naive_recent: The same for "as the last four weeks".
        naive_due: The same for "everything is paid on its due day", overdue in the first week.
        bias: Σ error / Σ cash; positive promises too much.
    """

    origins: int
    weeks: int
    coverage: float | None
    bare: float
    wape: float
    naive_recent: float
    naive_due: float
    bias: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Cash of the coming weeks.

    Attributes:
        as_of: Last known day.
        level: Wanted coverage of the intervals.
        weeks: The nearest first.
        open: What is open and neither held nor in a plan.
        beyond: Of `open`, what is not expected within these weeks.
        held: Open and held: no cash is expected from it.
        stretch: By how much the intervals were widened after the back-test.
        learned: Payments that the delays were learned from.
        tested: None when the history is too short to test.
    """

    as_of: date
    level: float
    weeks: tuple[Week, ...]
    open: Decimal
    beyond: Decimal
    held: Decimal
    stretch: float
    learned: int
    tested: BackTest | None


def forecast(
    history: History,
    as_of: date,
    *,
    weeks: int = 13,
    level: float = 0.8,
    days: int = 730,
    origins: int = 26,
    draws: int = 400,
    seed: int = 20260101,
) -> Forecast:
    """Forecast the weeks after `as_of`.

    Args:
        history: What is known; rows after `as_of` are not looked at.
        as_of: Last known day.
        weeks: How many.
        level: Wanted coverage.
        days: Of history that delays are learned from.
        origins: Past dates, a week apart, for the back-test.
        draws: Of the simulation.
        seed: Of the draws.
    """
    today = as_of.toordinal()
    view = _Known(history)
    scores, tested = _test(view, today, weeks, level, days, origins, draws, seed)
    made = _simulate(view, today, weeks, days, draws, seed)
    stretch = _stretch(scores, level) if len(scores) >= _FEWEST_SCORES else 1.0
    low, high = _interval(made.cash, made.mean, level, stretch)
    rows = tuple(
        Week(
            start=as_of + timedelta(days=1 + _WEEK * week),
            end=as_of + timedelta(days=_WEEK * (week + 1)),
            expected=_cents(made.mean[week]),
            low=_cents(low[week]),
            high=_cents(high[week]),
            documents=_cents(made.documents[week]),
            plans=_cents(made.plans[week]),
            new=_cents(made.new[week]),
        )
        for week in range(weeks)
    )
    return Forecast(
        as_of=as_of,
        level=level,
        weeks=rows,
        open=_cents(made.open),
        beyond=_cents(made.open - float(made.documents.sum())),
        held=_cents(made.held),
        stretch=stretch,
        learned=made.learned,
        tested=tested,
    )


def survival(delays: Floats, weights: Floats, ages: Floats, left: Floats) -> Floats:
    """Share that is still unpaid at the start of each bin: Kaplan–Meier over `_EDGES`.

    Args:
        delays: Days from the due day, of each payment.
        weights: Share of its document that it paid.
        ages: Days from the due day today, of what is unpaid.
        left: Unpaid share of its document.

    Returns:
        float64, shape (bins + 1,): starts at 1, never rises.
    """
    paid = _sums(_bin(delays), weights, _BINS)
    gone = paid + _sums(_bin(ages), left, _BINS)
    return _survive(_hazard(paid, gone))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    cash: Floats  # (weeks, draws)
    mean: Floats
    documents: Floats
    plans: Floats
    new: Floats
    open: float
    held: float
    learned: int


class _Known:
    """The frames as arrays, with one number per payer; `at` cuts them to what was known on a day."""

    def __init__(self, history: History) -> None:
        documents = history.documents
        payers = pd.concat([documents["payer"], history.plans["payer"]]) if len(history.plans) else documents["payer"]
        codes, _names = pd.factorize(payers)
        self.payers = int(codes.max()) + 1 if len(codes) else 0
        self.payer = codes[: len(documents)].astype(np.int64)
        self.issued = documents["issued"].to_numpy(dtype=np.int64)
        self.due = documents["due"].to_numpy(dtype=np.int64)
        self.amount = documents["amount"].to_numpy(dtype=np.float64)
        place = pd.Series(np.arange(len(documents)), index=documents.index)
        self.paid_of, self.paid_on, self.paid = self._of(history.payments, place, "on")
        self.cover_of, self.cover_since, self.cover = self._of(history.covers, place, "since")
        self.cover_until = self._until(history.covers, place)
        self.hold_of, self.hold_since, self.hold = self._of(history.holds, place, "since")
        self.hold_until = self._until(history.holds, place)
        plans = history.plans
        self.plan_payer = codes[len(documents) :].astype(np.int64)
        self.plan_due = _ints(plans, "due")
        self.plan_amount = plans["amount"].to_numpy(dtype=np.float64) if len(plans) else np.zeros(0)
        self.plan_since, self.plan_until = _ints(plans, "since"), _ints(plans, "until")

    @staticmethod
    def _of(frame: pd.DataFrame, place: pd.Series[int], day: str) -> tuple[Any, Any, Floats]:
        known = frame[frame["document"].isin(place.index)] if len(frame) else frame
        if not len(known):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
        return (
            place.loc[known["document"]].to_numpy(dtype=np.int64),
            known[day].to_numpy(dtype=np.int64),
            known["amount"].to_numpy(dtype=np.float64),
        )

    @staticmethod
    def _until(frame: pd.DataFrame, place: pd.Series[int]) -> Any:
        known = frame[frame["document"].isin(place.index)] if len(frame) else frame
        return known["until"].to_numpy(dtype=np.int64) if len(known) else np.zeros(0, dtype=np.int64)

    def unpaid(self, today: int) -> Floats:
        """What is unpaid of each document at the end of a day; 0 of those not issued yet."""
        known = self.paid_on <= today
        paid = _sums(self.paid_of[known], self.paid[known], len(self.amount))
        left = np.maximum(self.amount - paid, 0.0)
        left[self.issued > today] = 0.0
        left[left < 0.005] = 0.0
        return left

    def covered(self, today: int) -> Floats:
        """What agreements that run on a day settle of each document."""
        runs = (self.cover_since <= today) & (self.cover_until > today)
        return _sums(self.cover_of[runs], self.cover[runs], len(self.amount))

    def held(self, today: int) -> Floats:
        """What is held of each document on a day."""
        runs = (self.hold_since <= today) & (self.hold_until > today)
        return _sums(self.hold_of[runs], self.hold[runs], len(self.amount))

    def cash(self, today: int, weeks: int) -> Floats:
        """What came in each of the weeks after a day."""
        ahead = (self.paid_on - today - 1) // _WEEK
        inside = (ahead >= 0) & (ahead < weeks)
        return _sums(ahead[inside], self.paid[inside], weeks)


def _simulate(view: _Known, today: int, weeks: int, days: int, draws: int, seed: int) -> _Made:
    """Draw the cash of the weeks after `today` from what was known on it."""
    unpaid = view.unpaid(today)
    held = np.minimum(view.held(today), unpaid)
    covered = np.minimum(view.covered(today), unpaid - held)
    free = unpaid - held - covered
    curves, learned = _learn(view, today, days, unpaid)
    mine = np.flatnonzero(free > 0)
    runs = np.flatnonzero((view.plan_since <= today) & (view.plan_until > today) & (view.plan_amount > 0))
    payer = np.concatenate([view.payer[mine], view.plan_payer[runs]])
    due = np.concatenate([view.due[mine], view.plan_due[runs]])
    amounts = np.concatenate([free[mine], view.plan_amount[runs]])
    draws = int(np.clip(_MOST_DRAWS // max(len(amounts), 1), 100, draws))
    random = np.random.default_rng([seed, today])
    by_week = _by_week(curves, payer, (today - due).astype(np.float64), weeks)
    cash = _draw(random, payer, amounts, by_week, draws)
    marginal = np.diff(by_week, axis=1, prepend=0.0) * amounts[:, None]
    documents, plans = marginal[: len(mine)].sum(axis=0), marginal[len(mine) :].sum(axis=0)
    fresh = _fresh(view, today, weeks, draws, random)
    return _Made(
        cash=cash + fresh,
        mean=documents + plans + fresh.mean(axis=1),
        documents=documents,
        plans=plans,
        new=fresh.mean(axis=1),
        open=float(free.sum()),
        held=float(held.sum()),
        learned=learned,
    )


def _learn(view: _Known, today: int, days: int, unpaid: Floats) -> tuple[Floats, int]:
    """Survival of each payer's invoices over the bins, shape (payers, bins + 1), and how many payments it rests on."""
    known = (view.issued <= today) & (view.issued > today - days) & (view.amount > 0)
    rows = known[view.paid_of] & (view.paid_on <= today)
    of = view.paid_of[rows]
    place = _bin((view.paid_on[rows] - view.due[of]).astype(np.float64))
    share = np.minimum(view.paid[rows] / view.amount[of], 1.0)
    waits = np.flatnonzero(known & (unpaid > 0))
    left_place = _bin((today - view.due[waits]).astype(np.float64))
    left = unpaid[waits] / view.amount[waits]
    size = view.payers * _BINS
    paid = _sums(view.payer[of] * _BINS + place, share, size).reshape(-1, _BINS)
    gone = paid + _sums(view.payer[waits] * _BINS + left_place, left, size).reshape(-1, _BINS)
    common = _hazard(paid.sum(axis=0), gone.sum(axis=0))
    # what a payer did on a day says as much about the days beside it
    paid, gone = _soft(paid), _soft(gone)
    risk = np.cumsum(gone[:, ::-1], axis=1)[:, ::-1]
    strength = _strength(paid, risk, common)
    hazard = (paid + strength * common) / (risk + strength)
    return _survive(np.clip(hazard, 0.0, 1.0)), len(of)


def _strength(paid: Floats, risk: Floats, common: Floats) -> float:
    """How many invoices of its own outweigh what payers have in common: what makes each payer's last third likeliest.

    Told from the likelihood of a beta-binomial per payer and bin: the history chooses, nobody has to.
    """
    from scipy.special import betaln

    seen = risk > 0.5
    hits, trials = paid[seen], risk[seen]
    share = np.clip(np.broadcast_to(common, paid.shape)[seen], 1e-4, 1 - 1e-4)
    best, likeliest = _STRENGTHS[-1], -np.inf
    for strength in _STRENGTHS:
        a, b = strength * share, strength * (1 - share)
        likely = float(np.sum(betaln(hits + a, np.maximum(trials - hits, 0) + b) - betaln(a, b)))
        if likely > likeliest:
            best, likeliest = strength, likely
    return best


def _soft(counts: Floats) -> Floats:
    """Half of each count stays, a quarter goes to each neighbour; none is lost."""
    soft = counts * 0.5
    soft[:, 1:] += counts[:, :-1] * 0.25
    soft[:, :-1] += counts[:, 1:] * 0.25
    soft[:, 0] += counts[:, 0] * 0.25
    soft[:, -1] += counts[:, -1] * 0.25
    return soft


def _hazard(paid: Floats, gone: Floats) -> Floats:
    risk = np.cumsum(gone[::-1])[::-1]
    return np.where(risk > 0, paid / np.maximum(risk, 1e-12), 0.0)


def _survive(hazard: Floats) -> Floats:
    """Survival at the start of each bin and at the end: nothing is paid after the last one."""
    alive = np.cumprod(1 - hazard, axis=-1)
    first = np.ones((*hazard.shape[:-1], 1))
    whole: Floats = np.concatenate([first, alive], axis=-1)
    return whole


def _bin(delays: Floats) -> Any:
    return np.clip(np.searchsorted(_EDGES, delays, side="right") - 1, 0, _BINS - 1)


def _at(curves: Floats, payer: Any, delay: Floats) -> Floats:
    """Survival of each item's payer at a delay, straight between the edges of a bin."""
    place = _bin(delay)
    ends = np.append(_EDGES[1:], _EDGES[-1] + 365.0)
    part = np.clip((delay - _EDGES[place]) / (ends[place] - _EDGES[place]), 0.0, 1.0)
    found: Floats = curves[payer, place] * (1 - part) + curves[payer, place + 1] * part
    return found


def _by_week(curves: Floats, payer: Any, age: Floats, weeks: int) -> Floats:
    """Chance that each item is paid by the end of each week, given that it is unpaid today: (items, weeks)."""
    if not len(age):
        return np.zeros((0, weeks))
    now = np.maximum(_at(curves, payer, age), 1e-9)
    found = np.empty((len(age), weeks))
    for week in range(weeks):
        found[:, week] = 1 - _at(curves, payer, age + _WEEK * (week + 1)) / now
    return np.clip(found, 0.0, 1.0)


def _draw(random: np.random.Generator, payer: Any, amounts: Floats, by_week: Floats, draws: int) -> Floats:
    """Cash by week and draw. The items of one payer share part of their luck (a Gaussian copula)."""
    from scipy.special import ndtr

    weeks = by_week.shape[1]
    if not len(amounts):
        return np.zeros((weeks, draws))
    who, which = np.unique(payer, return_inverse=True)
    shared = random.standard_normal((len(who), draws), dtype=np.float32)[which]
    own = random.standard_normal((len(amounts), draws), dtype=np.float32)
    luck = ndtr(np.float32(_TOGETHER**0.5) * shared + np.float32((1 - _TOGETHER) ** 0.5) * own)
    total = np.empty((weeks + 1, draws))
    total[0] = 0.0
    for week in range(weeks):
        total[week + 1] = amounts @ (luck < by_week[:, week, None].astype(np.float32))
    cash: Floats = np.diff(total, axis=0)
    return cash


def _fresh(view: _Known, today: int, weeks: int, draws: int, random: np.random.Generator) -> Floats:
    """Cash of invoices that will be issued after today: whole past weeks of issuing, each with the cash that followed.

    Weeks with `weeks` of follow-up are drawn; their size is brought to that of the newest quarter.
    """
    span = 2 * weeks
    ago = (today - view.issued) // _WEEK  # 0: the week that ends today
    old = (view.issued <= today) & (ago >= weeks) & (ago < weeks + span)
    past = int(ago[view.issued <= today].max()) + 1 if (view.issued <= today).any() else 0
    count = min(past - weeks, span)
    if count < 4:
        return np.zeros((weeks, draws))
    of = view.paid_of[(view.paid_on <= today) & old[view.paid_of]]
    rows = (view.paid_on <= today) & old[view.paid_of]
    first = today - (ago[of] + 1) * _WEEK + 1
    lag = (view.paid_on[rows] - first) // _WEEK
    inside = (lag >= 0) & (lag < weeks)
    cell = (ago[of][inside] - weeks) * weeks + lag[inside]
    size = count * weeks
    profile = _sums(cell, view.paid[rows][inside], size)[:size].reshape(count, weeks)
    recent = float(view.amount[(view.issued <= today) & (ago < weeks)].sum()) / weeks
    before = float(view.amount[old & (ago < weeks + count)].sum()) / count
    scale = float(np.clip(recent / before, 0.5, 2.0)) if before > 0 else 1.0
    cash = np.zeros((weeks, draws))
    for week in range(weeks):
        chosen = profile[random.integers(0, count, draws)]
        cash[week:] += chosen.T[: weeks - week] * scale
    return cash


def _test(
    view: _Known, today: int, weeks: int, level: float, days: int, origins: int, draws: int, seed: int
) -> tuple[list[tuple[int, float]], BackTest | None]:
    """Forecast again from past days, a week apart, and judge each with what was known on it.

    Returns:
        By week judged, the day it ended and how far the cash was from the middle in half-widths; and the summary.
    """
    if not len(view.issued):
        return [], None
    first = int(view.issued.min())
    scores: list[tuple[int, float]] = []
    inside: list[bool] = []
    bare: list[bool] = []
    error = recent = at_due = bias = total = 0.0
    count = 0
    for back in range(origins, 0, -1):
        day = today - back * _WEEK
        if day - first < 12 * _WEEK or (view.paid_on <= day).sum() < 20:
            continue
        seen = min(weeks, back)
        made = _simulate(view, day, weeks, days, min(draws, 200), seed)
        came = view.cash(day, seen)
        known = [each for each in scores if each[0] <= day]
        low, high = _interval(made.cash, made.mean, level, 1.0)
        if len(known) >= _FEWEST_SCORES:
            wide = _stretch(known, level)
            lower, upper = _interval(made.cash, made.mean, level, wide)
            inside += [bool(lower[week] - 0.005 <= came[week] <= upper[week] + 0.005) for week in range(seen)]
        bare += [bool(low[week] - 0.005 <= came[week] <= high[week] + 0.005) for week in range(seen)]
        for week in range(seen):
            half = (high[week] - made.mean[week]) if came[week] > made.mean[week] else (made.mean[week] - low[week])
            scores.append((day + _WEEK * (week + 1), abs(came[week] - made.mean[week]) / max(half, 0.01)))
        error += float(np.abs(made.mean[:seen] - came).sum())
        bias += float((made.mean[:seen] - came).sum())
        recent += float(np.abs(view.cash(day - 4 * _WEEK, 4).mean() - came).sum())
        at_due += float(np.abs(_on_due_day(view, day, seen) - came).sum())
        total += float(came.sum())
        count += 1
    if not count or total <= 0:
        return scores, None
    return scores, BackTest(
        origins=count,
        weeks=len(bare),
        coverage=sum(inside) / len(inside) if inside else None,
        bare=sum(bare) / len(bare),
        wape=error / total,
        naive_recent=recent / total,
        naive_due=at_due / total,
        bias=bias / total,
    )


def _on_due_day(view: _Known, today: int, weeks: int) -> Floats:
    unpaid = view.unpaid(today)
    week = np.clip((view.due - today - 1) // _WEEK, 0, weeks)
    return _sums(week, unpaid, weeks + 1)[:weeks]


def _stretch(scores: list[tuple[int, float]], level: float) -> float:
    """The factor on the half-widths with which that share of past weeks would have been inside; from ½ to 5."""
    values = np.array([score for _day, score in scores])
    wanted = min(level * (len(values) + 1) / len(values), 1.0)
    return float(np.clip(np.quantile(values, wanted), 0.5, 5.0))


def _interval(cash: Floats, mean: Floats, level: float, stretch: float) -> tuple[Floats, Floats]:
    low = np.minimum(np.quantile(cash, (1 - level) / 2, axis=1), mean)
    high = np.maximum(np.quantile(cash, (1 + level) / 2, axis=1), mean)
    return np.maximum(mean - stretch * (mean - low), 0.0), mean + stretch * (high - mean)


def _sums(of: Any, weights: Floats, size: int) -> Floats:
    """The weights summed by number."""
    found: Floats = np.bincount(of, weights, minlength=size).astype(np.float64)
    return found


def _ints(frame: pd.DataFrame, name: str) -> Any:
    return frame[name].to_numpy(dtype=np.int64) if len(frame) else np.zeros(0, dtype=np.int64)


def _cents(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(Decimal("0.01"))
