"""What a day of a figure should have been, from its own history: rates, counts and levels, by weekday, robustly.

Pure; numbers are floats because they are statistics (a limit is no amount of money). Each model tells for a sum of days
how likely something as high, or as low, would have been: the charts of `control` need nothing else.

Sources: E. S. Page (1954) and D. C. Montgomery, *Introduction to Statistical Quality Control*, 8th ed., ch. 6, 7 and
10.4.4 (moving centre line for autocorrelated data); P. J. Rousseeuw and C. Croux (1993) for Qn; overdispersion as in
D. J. Spiegelhalter (2005), "Funnel plots for comparing institutional performance".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
from scipy import special

Floats = np.ndarray[Any, np.dtype[np.float64]]

_QN = 2.21914
_QN_EFFICIENCY = 0.82
_GONE = 4.0
_QUIET = 0.8
_DRIFTS = 0.6
_HEAVIEST, _LIGHTEST = 3.0, 1e6
_FEWEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A figure on one day.

    Attributes:
        on: The day.
        amount: Its value; None when it has none.
        numerator: What it counts.
        denominator: Of what; None for figures that are no ratio.
    """

    on: date
    amount: float | None
    numerator: float = 0.0
    denominator: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """How unusual some days are.

    Attributes:
        value: Of the figure over them, in its own unit.
        expected: By the baseline.
        up: Chance of as much or more, 0…1.
        down: Chance of as little or less.
        low: Value at which `down` would reach the chance that was asked for.
        high: Value at which `up` would.
    """

    value: float
    expected: float
    up: float
    down: float
    low: float
    high: float


class Baseline(Protocol):
    """A fitted model of quiet days."""

    def tails(self, days: Sequence[Day], chance: float, ahead: int) -> Tails | None:
        """Judge some days together.

        Args:
            days: At least one.
            chance: One-sided, at which `low` and `high` are told.
            ahead: Days between the newest of the history and the newest of `days`.

        Returns:
            None when these days can say nothing (no denominator, a weekday that is usually idle).
        """
        ...


def fit(history: Sequence[Day], unit: str) -> Baseline:
    """The model that fits a unit and its data.

    Args:
        history: Quiet days with a value, oldest first, no day twice.
        unit: See `cobranza.insight.ports.Unit`.
    """
    if all(day.denominator for day in history) and unit == "porcentaje":
        return _Rate(history)
    values = [day.amount or 0.0 for day in history]
    if unit == "número" and all(value >= 0 and value == int(value) for value in values):
        return _Count(history)
    return _Level(history)


def qn(values: Floats) -> float:
    """Scale of a sample as a standard deviation, untouched by up to half of it being wrong; 0 below two values."""
    n = len(values)
    if n < 2:
        return 0.0
    gaps = np.abs(values[:, None] - values[None, :])[np.triu_indices(n, 1)]
    half = n // 2 + 1
    scale = float(np.partition(gaps, half * (half - 1) // 2 - 1)[half * (half - 1) // 2 - 1])
    correction = n / (n + 1.4) if n % 2 else n / (n + 3.8)
    return _QN * correction * scale


def inflation(residuals: Floats, span: int) -> float:
    """By how much the variance of a mean of `span` days in a row exceeds that of independent days; at least 1."""
    if len(residuals) < 2 * span:
        return 1.0
    centred = residuals - residuals.mean()
    whole = float(centred @ centred)
    if whole <= 0:
        return 1.0
    found = 1.0
    for lag in range(1, span):
        found += 2 * (1 - lag / span) * float(centred[lag:] @ centred[:-lag]) / whole
    return min(max(found, 1.0), float(span))


def _normal_tail(score: float, freedom: float) -> float:
    """Chance of more than `score` for a Student variable: what estimating the scale costs is in its freedom."""
    return float(special.stdtr(freedom, -score))


def _shrunk(sums: Floats, weights: Floats, noise: float) -> Floats:
    """One value per weekday, pulled towards the common one by as much as chance explains of their differences.

    Args:
        sums: Per weekday, of what is counted.
        weights: Per weekday, of what it is counted of.
        noise: Variance of one unit of weight.
    """
    common = sums.sum() / weights.sum()
    seen = weights > 0
    rates = np.where(seen, sums / np.where(seen, weights, 1), common)
    if seen.sum() < 2:
        return np.full(7, common)
    chance = noise / weights[seen]
    between = float(np.average((rates[seen] - common) ** 2 - chance, weights=weights[seen]))
    if between <= 0:
        return np.full(7, common)
    pull = noise / between
    shrunk: Floats = (sums + pull * common) / (weights + pull)
    return shrunk


def _solve(tail: Any, chance: float, near: float, far: float) -> float:
    """Where a falling tail function passes `chance`, between a point inside and one beyond."""
    for _ in range(60):
        middle = (near + far) / 2
        near, far = (middle, far) if tail(middle) > chance else (near, middle)
    return (near + far) / 2


def _dispersion(squares: Floats, sizes: Floats, freedom: float) -> float:
    """The k ≥ 0 for which variances grow as 1 + k · size: what the squared standard residuals ask for."""
    if float(squares.sum()) <= freedom:
        return 0.0
    low, high = 0.0, 1.0
    while float(np.sum(squares / (1 + high * sizes))) > freedom and high < 1e12:
        high *= 4
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if float(np.sum(squares / (1 + middle * sizes))) > freedom else (low, middle)
    return high


class _Rate:
    """Something out of something: binomial, with the overdispersion that the history shows (beta-binomial variance)."""

    def __init__(self, history: Sequence[Day]) -> None:
        of = np.array([float(day.denominator or 0) for day in history])
        hit = np.array([float(day.numerator) for day in history])
        weekday = np.array([day.on.weekday() for day in history])
        keep, sizes = np.ones(len(history), dtype=bool), np.maximum(of - 1, 0.0)
        share = np.full(7, hit.sum() / of.sum())
        for _ in range(4):
            share = np.clip(share, 1e-9, 1 - 1e-9)
            expected = share[weekday]
            raw = (hit - of * expected) / np.sqrt(of * expected * (1 - expected))
            self._over = _dispersion(raw[keep] ** 2, sizes[keep], max(float(keep.sum()) - 2, 1.0))
            spread = 1 + self._over * sizes
            residuals = raw / np.sqrt(spread)
            self._share, self._residuals = share, residuals[keep]
            keep = np.abs(residuals) <= _GONE
            # a day counts by how much it knows: its trials over its overdispersion
            sums, weights = np.zeros(7), np.zeros(7)
            np.add.at(sums, weekday[keep], (hit / spread)[keep])
            np.add.at(weights, weekday[keep], (of / spread)[keep])
            common = min(max(float(sums.sum() / weights.sum()), 1e-9), 1 - 1e-9)
            share = _shrunk(sums, weights, common * (1 - common))
        self._total = float(weights.sum())
        self._free = float(max(keep.sum() - 2, 2))

    def tails(self, days: Sequence[Day], chance: float, ahead: int) -> Tails | None:
        """See `Baseline.tails`."""
        known = [day for day in days if day.denominator]
        if not known:
            return None
        each = np.array([float(day.denominator or 0) for day in known])
        of, hit = float(each.sum()), float(sum(day.numerator for day in known))
        share = float(each @ self._share[[day.on.weekday() for day in known]]) / of
        spread = 1 + self._over * max(float(each @ each) / of - 1, 0.0)
        spread *= inflation(self._residuals, 7 if len(days) > 1 else 1)
        spread += of / self._total
        free = self._free

        def up(value: float) -> float:
            return _student(_beta(value / spread, (of - value + 1) / spread, share), free)

        def down(value: float) -> float:
            return _student(1 - _beta((value + 1) / spread, (of - value) / spread, share), free)

        centre = of * share
        return Tails(
            value=hit / of,
            expected=share,
            up=up(hit),
            down=down(hit),
            low=max(_solve(down, chance, centre, 0.0), 0.0) / of,
            high=min(_solve(up, chance, centre, of), of) / of,
        )


def _beta(a: float, b: float, share: float) -> float:
    """Chance of at least that many hits, as the incomplete beta function tells it."""
    if a <= 0:
        return 1.0
    if b <= 0:
        return 0.0
    return float(special.betainc(a, b, share))


def _student(tail: float, freedom: float) -> float:
    """The same standard score's tail when the spread was estimated with that many degrees of freedom."""
    tail = min(max(tail, 1e-300), 1.0)
    return _normal_tail(-float(special.ndtri(tail)), freedom)


class _Count:
    """How many: Poisson, with the overdispersion that the history shows (negative binomial variance)."""

    def __init__(self, history: Sequence[Day]) -> None:
        seen = np.array([day.amount or 0.0 for day in history])
        weekday = np.array([day.on.weekday() for day in history])
        keep = np.ones(len(history), dtype=bool)
        mean = np.full(7, max(float(seen.mean()), 1e-6))
        for _ in range(4):
            expected = mean[weekday]
            raw = (seen - expected) / np.sqrt(expected)
            self._over = _dispersion(raw[keep] ** 2, expected[keep], max(float(keep.sum()) - 4, 1.0))
            residuals = raw / np.sqrt(1 + self._over * expected)
            self._mean, self._residuals = mean, residuals[keep]
            keep = np.abs(residuals) <= _GONE
            sums, weights = np.zeros(7), np.zeros(7)
            np.add.at(sums, weekday[keep], seen[keep])
            np.add.at(weights, weekday[keep], 1.0)
            common = max(float(sums.sum() / weights.sum()), 1e-6)
            mean = np.maximum(_shrunk(sums, weights, common * (1 + self._over * common)), 1e-6)
        self._weeks = max(float(keep.sum()) / 7, 1.0)
        self._free = float(max(keep.sum() - 4, 2))

    def tails(self, days: Sequence[Day], chance: float, ahead: int) -> Tails | None:
        """See `Baseline.tails`."""
        known = [day for day in days if day.amount is not None]
        if not known:
            return None
        seen = float(sum(day.amount or 0.0 for day in known))
        each = self._mean[[day.on.weekday() for day in known]]
        mean = float(each.sum())
        spread = 1 + self._over * float(each @ each) / mean
        spread *= inflation(self._residuals, 7 if len(days) > 1 else 1) + 1 / self._weeks
        free = self._free

        def up(value: float) -> float:
            return _student(float(special.gammainc(value / spread, mean / spread)) if value > 0 else 1.0, free)

        def down(value: float) -> float:
            return _student(1 - float(special.gammainc((value + 1) / spread, mean / spread)), free)

        far = mean + 40 * math.sqrt(mean * spread) + 40 * spread
        low = _solve(down, chance, mean, 0.0)
        return Tails(
            value=seen / len(known),
            expected=mean / len(known),
            up=up(seen),
            down=down(seen),
            low=max(low, 0.0) / len(known),
            high=_solve(up, chance, mean, far) / len(known),
        )


class _Level:
    """A measure: by weekday around its median, or with a moving centre line when it drifts from day to day.

    Amounts are judged by their logarithms where that makes their history symmetric. Weekdays on which nothing usually
    happens are left out.
    """

    def __init__(self, history: Sequence[Day]) -> None:
        raw = np.array([day.amount or 0.0 for day in history])
        weekday = np.array([day.on.weekday() for day in history])
        self._idle = {
            each for each in range(7) if (weekday == each).any() and np.mean(raw[weekday == each] == 0) >= _QUIET
        }
        if len(self._idle) == len(set(weekday.tolist())):
            self._idle = set()
        works = np.array([each not in self._idle for each in weekday])
        raw, weekday = raw[works], weekday[works]
        self._log = bool(raw.min() > 0) and _likelier_by_logs(raw, weekday)
        seen = np.log(raw) if self._log else raw
        self._medians, centred, self._per = _by_weekday(seen, weekday)
        lagged = _lag_one(centred)
        self._drifts = lagged >= _DRIFTS
        if self._drifts:
            self._pull, self._level, errors = _smoothed(seen - (self._medians[weekday] - np.median(seen)))
            self._shape = self._medians - np.median(seen)
        else:
            self._pull, self._level, errors = 0.0, 0.0, centred
            self._shape = self._medians
        self._errors = errors
        self._scale = max(qn(errors), 1e-9 * max(1.0, float(np.abs(seen).max())), 1e-12)
        free = max(_QN_EFFICIENCY * (len(errors) - len(set(weekday.tolist()))), 2.0)
        tail, scale = _tails_of(errors, self._scale)
        if tail < _LIGHTEST:
            self._scale = scale
        self._free = min(free, tail)

    def tails(self, days: Sequence[Day], chance: float, ahead: int) -> Tails | None:
        """See `Baseline.tails`."""
        known = [day for day in days if day.amount is not None and day.on.weekday() not in self._idle]
        if not known or known[-1].on != days[-1].on:
            return None
        if self._drifts:
            known = known[-1:]
        if self._log and any((day.amount or 0.0) <= 0 for day in known):
            return None
        seen = float(np.mean([math.log(day.amount or 1.0) if self._log else (day.amount or 0.0) for day in known]))
        centre = float(np.mean([self._shape[day.on.weekday()] for day in known])) + self._level
        error = self._scale * math.sqrt(self._variance(len(known), len(days), max(ahead, 1)))
        score, free = (seen - centre) / error, self._free
        reach = -float(special.stdtrit(free, chance)) * error
        back = math.exp if self._log else float
        return Tails(
            value=back(seen),
            expected=back(centre),
            up=_normal_tail(score, free),
            down=_normal_tail(-score, free),
            low=back(centre - reach),
            high=back(centre + reach),
        )

    def _variance(self, known: int, span: int, ahead: int) -> float:
        """Of what is judged, in units of the scale squared: its own, and that of the centre line."""
        if self._drifts:
            return 1 + (ahead - 1) * self._pull**2
        # the median of m days has π/2m of a day's variance; the days of a week have a median each
        centre = math.pi / 2 / max(self._per, 1.0)
        own = inflation(self._errors, 7) / known if span > 1 else 1.0
        return own + (centre / min(known, 7) if span > 1 else centre)


def _by_weekday(seen: Floats, weekday: Any) -> tuple[Floats, Floats, float]:
    """Median of each weekday where weekdays differ beyond chance, else the common one; what is left; days each."""
    common = float(np.median(seen))
    medians = np.full(7, common)
    days = sorted(set(weekday.tolist()))
    per = min(int((weekday == each).sum()) for each in days)
    if len(days) > 1 and per >= 4:
        own = medians.copy()
        for each in days:
            own[each] = np.median(seen[weekday == each])
        left = seen - own[weekday]
        if qn(left) * math.sqrt(per / max(per - 1, 1)) < 0.93 * qn(seen - common):
            # what is left around a median of few days is too small by what that median took along
            return own, left * math.sqrt(per / (per - 1)), float(per)
    return medians, seen - common, float(len(seen))


def _smoothed(seen: Floats) -> tuple[float, float, Floats]:
    """Exponential smoothing: its constant, the last level, and the errors one day ahead."""
    best: tuple[float, float, float, Floats] | None = None
    for pull in (0.2, 0.4, 0.6, 0.8, 1.0):
        level, errors = float(np.median(seen[:7])), []
        for value in seen:
            errors.append(value - level)
            level += pull * (value - level)
        left = np.array(errors[7:] or errors)
        scale = qn(left)
        if best is None or scale < best[0] * 0.98:
            best = (scale, pull, level, left)
    if best is None:
        raise ValueError("no history")
    return best[1], best[2], best[3]


def _lag_one(values: Floats) -> float:
    centred = np.clip(values - np.median(values), -4 * (qn(values) or 1), 4 * (qn(values) or 1))
    whole = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / whole if whole > 0 else 0.0


def _likelier_by_logs(raw: Floats, weekday: Any) -> bool:
    """Whether the history is likelier with normal logarithms than with normal values (Box and Cox, 0 against 1)."""
    logs = np.log(raw)
    by_log, by_value = (np.sqrt(np.mean(_by_weekday(each, weekday)[1] ** 2)) for each in (logs, raw))
    if by_log <= 0 or by_value <= 0:
        return False
    return bool(len(raw) * math.log(by_log) + float(logs.sum()) < len(raw) * math.log(by_value))


def _tails_of(errors: Floats, scale: float) -> tuple[float, float]:
    """Student's freedom and scale that make the history likeliest; the normal ones unless the data speak against."""
    if len(errors) < _FEWEST or scale <= 0:
        return _LIGHTEST, scale
    best = (_LIGHTEST, scale)
    normal = float(np.sqrt(np.mean(errors**2)))
    likeliest = -len(errors) * (math.log(normal) + 0.5 + 0.5 * math.log(2 * math.pi)) if normal > 0 else math.inf
    for free in (30.0, 15.0, 8.0, 5.0, _HEAVIEST):
        square = scale**2
        for _ in range(12):  # expectation-maximisation of the scale; settles within a few steps
            weights = (free + 1) / (free + errors**2 / square)
            square = float(np.mean(weights * errors**2))
        density = (
            special.gammaln((free + 1) / 2)
            - special.gammaln(free / 2)
            - 0.5 * np.log(free * math.pi * square)
            - (free + 1) / 2 * np.log1p(errors**2 / (free * square))
        )
        likely = float(density.sum())
        if likely > likeliest:
            likeliest, best = likely, (free, math.sqrt(square))
    return best
