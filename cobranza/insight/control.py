"""Has a figure left its course? One answer per day, from its own history and from its target. Pure.

Two charts look at each day: the day itself, and the last seven days together (a small shift shows there first). Each is
a two-sided test against the quiet history *before* those seven days, and both share the stated chance of a false alert
evenly over 90 days (Bonferroni, so the stated rate is an upper bound whatever the charts have in common). While a
deviation is open the history ends where it began, so that it never becomes its own norm.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from cobranza.insight.baselines import Day, Tails, fit, inflation, qn

State = Literal["normal", "fuera", "historia_corta", "sin_datos"]
QUIET_DAYS = 90
_WEEK = 7
_TESTS = 4  # two charts of two sides
_DRIFTS = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How surely and from how much history.

    Attributes:
        false_alarms: Chance of any false alert of one figure in 90 quiet days.
        history: Days that the limits are taken from.
        least: Days with a value below which there are no limits.
        pooled: Days that are held against a target together.
    """

    false_alarms: float = 0.02
    history: int = 182
    least: int = 28
    pooled: int = 28

    @property
    def chance(self) -> float:
        """One-sided chance of one test on one day."""
        return self.false_alarms / (_TESTS * QUIET_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a figure stands on a day.

    Attributes:
        on: The day.
        state: "fuera" is a deviation; "historia_corta" and "sin_datos" decide nothing.
        value: What was judged: of the day, or of its week where that is what stands out.
        expected: By its history; None without one.
        low: Lower limit.
        high: Upper limit.
        direction: Which way it left, None when it did not.
        chart: Over what: the day or the week.
        days: Days of history with a value.
    """

    on: date
    state: State
    value: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    direction: Literal["up", "down"] | None = None
    chart: Literal["dia", "semana"] = "dia"
    days: int = 0


def judge(
    series: Sequence[Day],
    on: date,
    unit: str,
    rule: Rule,
    *,
    opened_on: date | None = None,
    since: date | None = None,
    left_out: Collection[date] = (),
    chance: float | None = None,
) -> Reading:
    """Judge one day of a series against its limits.

    Args:
        series: Days of the figure, any order; days that are missing are missing.
        on: The day that is judged.
        unit: Of the figure.
        rule: See `Rule`.
        opened_on: First day of a deviation that is still open: the history ends the day before.
        since: The history starts here: a person took the new level for the norm.
        left_out: Days of earlier deviations: no part of the norm, nor of a week that is judged now.
        chance: One-sided, of one test; None is the rule's.
    """
    limit = rule.chance if chance is None else chance
    known = {day.on: day for day in series if _has_value(day)}
    today = known.get(on)
    week_from = on - timedelta(days=_WEEK - 1)
    cut = min(opened_on, week_from) if opened_on is not None else week_from
    first = max(on - timedelta(days=rule.history), since or date.min)
    history = [
        known[each]
        for each in sorted(known)
        if first <= each < cut and each not in left_out
    ]  # fmt: skip
    if today is None:
        return Reading(on=on, state="sin_datos", days=len(history))
    if len(history) < rule.least:
        return Reading(on=on, state="historia_corta", value=today.amount, days=len(history))
    baseline = fit(history, unit)
    ahead = (on - history[-1].on).days
    found = baseline.tails([today], limit, ahead)
    week = [known[each] for each in sorted(known) if week_from <= each <= on and each not in left_out]
    whole = baseline.tails(week, limit, ahead) if len(week) >= _WEEK // 2 + 1 else None
    for tails, chart in ((found, "dia"), (whole, "semana")):
        if tails is not None and min(tails.up, tails.down) < limit:
            return _reading(on, "fuera", tails, len(history), week=chart == "semana")
    if found is None:
        return Reading(on=on, state="sin_datos", value=today.amount, days=len(history))
    return _reading(on, "normal", found, len(history), week=False)


def day_alone(reading: Reading) -> bool:
    """Whether the day itself decides: what closes a deviation is days back inside, not a week that still holds it."""
    return reading.state == "normal" or (reading.state == "fuera" and reading.chart == "semana")


def breaches(
    series: Sequence[Day],
    on: date,
    unit: str,
    rule: Rule,
    *,
    target: float,
    better: Literal["up", "down"],
    surely: bool,
    since: date | None = None,
) -> Reading:
    """Hold the last `rule.pooled` days together against a target.

    Args:
        series: As for `judge`.
        on: Last day.
        unit: Of the figure.
        rule: See `Rule`.
        target: Wanted value.
        better: Where improvement lies.
        surely: Only when chance does not explain it (to open); else the bare comparison (to close).
        since: Nothing before this day counts.
    """
    first = max(on - timedelta(days=rule.pooled - 1), since or date.min)
    days = sorted((day for day in series if first <= day.on <= on and _has_value(day)), key=lambda day: day.on)
    if len(days) < min(_WEEK, rule.pooled):
        return Reading(on=on, state="sin_datos", days=len(days))
    pooled, error = _pooled(days, unit)
    beyond = target - pooled if better == "up" else pooled - target
    reach = _score(rule) * error if surely else 0.0
    out = beyond > reach
    low, high = (target, None) if better == "up" else (None, target)
    direction: Literal["up", "down"] = "down" if better == "up" else "up"
    return Reading(
        on=on,
        state="fuera" if out else "normal",
        value=pooled,
        expected=target,
        low=low,
        high=high,
        direction=direction if out else None,
        chart="semana",
        days=len(days),
    )


def _pooled(days: Sequence[Day], unit: str) -> tuple[float, float]:
    """Value of all days together, and its standard error."""
    if unit == "porcentaje" and all(day.denominator for day in days):
        of = np.array([float(day.denominator or 0) for day in days])
        hit = np.array([day.numerator for day in days])
        share = float(hit.sum() / of.sum())
        noise = max(share * (1 - share), 1e-12)
        residuals = (hit - of * share) / np.sqrt(of * noise)
        spread = max(float(np.sum(residuals**2)) / max(len(days) - 1, 1), 1.0) * inflation(residuals, _WEEK)
        return share, float(np.sqrt(noise * spread / of.sum()))
    values = np.array([day.amount or 0.0 for day in days])
    centred = values - values.mean()
    whole = float(centred @ centred)
    if whole > 0 and float(centred[1:] @ centred[:-1]) / whole >= _DRIFTS:
        # a stock moves slowly and is known exactly: where it has been all week is no matter of chance
        return float(np.median(values[-_WEEK:])), 0.0
    return float(values.mean()), qn(values) * float(np.sqrt(inflation(centred, _WEEK) / len(values)))


def _score(rule: Rule) -> float:
    from scipy.special import ndtri

    return -float(ndtri(rule.chance))


def _has_value(day: Day) -> bool:
    return day.amount is not None and (day.denominator is None or day.denominator > 0)


def _reading(on: date, state: State, tails: Tails, days: int, *, week: bool) -> Reading:
    direction: Literal["up", "down"] | None = None
    if state == "fuera":
        direction = "up" if tails.up < tails.down else "down"
    return Reading(
        on=on,
        state=state,
        value=tails.value,
        expected=tails.expected,
        low=tails.low,
        high=tails.high,
        direction=direction,
        chart="semana" if week else "dia",
        days=days,
    )
