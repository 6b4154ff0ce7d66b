"""The watch over figures: no alert in quiet days beyond the stated rate, exactly one for an injected shift.

python -m pytest tests/bench/test_alerts.py -m bench -s
"""

from __future__ import annotations

import os
import time
from datetime import date, timedelta

import pytest

from cobranza.insight.baselines import Day
from cobranza.insight.control import QUIET_DAYS, Rule
from cobranza.insight.watching import Cause, Subject, step
from tests.unit.insight_alerts.worlds import HISTORY, MAKERS, days, drifting

pytestmark = pytest.mark.bench
SEEDS = int(os.environ.get("COBRANZA_BENCH_SEEDS", "50"))
RATE = 0.02
SHIFT_DAYS = 14
_AT_ONCE = {"small_rate": 0.5, "rare": 0.7, "cash": 0.7}
"""Share of shifts seen on their first day where a day says little: six contacts, half a case, lognormal amounts."""
_SURE = 3.1  # standard deviations that a count of false alerts may exceed what is stated


def _course(kind: str, seed: int, count: int, *, shift: bool) -> list[Day]:
    if kind == "stock":
        return drifting(seed, count, jump_at=HISTORY if shift else None)
    at = HISTORY if shift else None
    return days(kind, seed, count, shift_at=at, back_at=HISTORY + SHIFT_DAYS if shift else None)


def _follow(kind: str, seed: int, count: int, *, shift: bool, rate: float = RATE) -> list[date]:
    """The days on which an alert opens."""
    unit = "días" if kind == "stock" else MAKERS[kind][0]
    subject = Subject(unit=unit, rule=Rule(false_alarms=rate))
    series = _course(kind, seed, HISTORY + count, shift=shift)
    opened: dict[Cause, date] = {}
    gone: set[date] = set()
    told: list[date] = []
    for day in series[HISTORY:]:
        found = step(subject, series, day.on, opened, left_out=gone)
        for cause, back_on in found.closes.items():
            gone |= {opened[cause] + timedelta(days=i) for i in range((back_on - opened[cause]).days)}
            del opened[cause]
        if found.opens is not None:
            opened[found.opens] = day.on
            told.append(day.on)
    return told


def test_ninety_quiet_days_stay_within_the_stated_rate() -> None:
    began, whole, courses = time.process_time(), 0, 0
    for kind in (*MAKERS, "stock"):
        false = sum(bool(_follow(kind, seed, QUIET_DAYS, shift=False)) for seed in range(1000, 1000 + SEEDS))
        print(f"quiet 90 days, {kind}: {false} of {SEEDS} courses with an alert (stated {RATE:.0%})")
        whole, courses = whole + false, courses + SEEDS
    print(f"in all {whole} of {courses} = {whole / courses:.2%}; {time.process_time() - began:.0f} s CPU")

    allowed = RATE * courses + _SURE * (RATE * (1 - RATE) * courses) ** 0.5
    assert whole <= allowed


def test_an_injected_shift_is_one_alert_on_its_first_day() -> None:
    for kind in (*MAKERS, "stock"):
        right = at_once = 0
        for seed in range(2000, 2000 + SEEDS):
            told = _follow(kind, seed, SHIFT_DAYS + 10, shift=True)
            first = _course(kind, seed, HISTORY + 1, shift=True)[-1].on
            right += len(told) == 1
            at_once += bool(told) and told[0] == first
        print(f"injected shift, {kind}: one alert in {right} of {SEEDS}, on its first day in {at_once}")

        assert right >= 0.95 * SEEDS
        assert at_once >= _AT_ONCE.get(kind, 0.9) * SEEDS
