from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cobranza.insight import baselines
from cobranza.insight.baselines import Day
from cobranza.insight.control import Rule, breaches, judge
from tests.unit.insight_alerts.worlds import FIRST, HISTORY, MAKERS, days, drifting

RULE = Rule(false_alarms=0.02)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_clear_shift_stands_out_on_its_first_working_day(kind: str) -> None:
    unit, _maker, _factor = MAKERS[kind]
    series = days(kind, 5, HISTORY + 7, shift_at=HISTORY)  # a Monday

    found = judge(series, series[HISTORY].on, unit, RULE)

    assert found.state == "fuera"
    assert found.direction == ("up" if _factor > 1 else "down")
    assert found.value is not None and found.low is not None and found.high is not None
    assert not found.low <= found.value <= found.high


@pytest.mark.parametrize("kind", MAKERS)
def test_quiet_days_stay_inside_their_limits(kind: str) -> None:
    unit = MAKERS[kind][0]
    series = days(kind, 11, HISTORY + 30)

    states = {judge(series, day.on, unit, RULE).state for day in series[HISTORY:]}

    assert "fuera" not in states
    assert "normal" in states


def test_a_stock_that_drifts_is_judged_by_its_own_steps() -> None:
    quiet, jumped = drifting(3, HISTORY + 40), drifting(3, HISTORY + 40, jump_at=HISTORY)

    assert not any(judge(quiet, day.on, "días", RULE).state == "fuera" for day in quiet[HISTORY:])
    assert judge(jumped, jumped[HISTORY].on, "días", RULE).direction == "up"


def test_a_small_shift_that_lasts_stands_out_in_the_week() -> None:
    random = np.random.default_rng(4)
    level = [Day(on=FIRST + timedelta(days=i), amount=float(random.normal(100, 10))) for i in range(HISTORY)]
    level += [Day(on=FIRST + timedelta(days=HISTORY + i), amount=100 + 22 + (-1) ** i * 4.0) for i in range(7)]

    found = judge(level, level[-1].on, "importe", RULE)

    assert found.state == "fuera" and found.chart == "semana" and found.direction == "up"


def test_a_short_history_has_no_limits_and_says_how_short_it_is() -> None:
    series = days("count", 1, 30)

    found = judge(series, series[-1].on, "número", RULE)

    assert found.state == "historia_corta"
    assert found.days == 30 - 7
    assert found.low is None


def test_a_day_without_data_decides_nothing() -> None:
    series = days("rate", 1, HISTORY + 1)
    series[-1] = Day(on=series[-1].on, amount=None, numerator=0, denominator=0)

    assert judge(series, series[-1].on, "porcentaje", RULE).state == "sin_datos"
    assert judge(series, series[-1].on + timedelta(days=1), "porcentaje", RULE).state == "sin_datos"


def test_missing_days_in_the_history_are_missing_and_not_zero() -> None:
    series = days("measure", 2, HISTORY + 1)
    holes = [day for index, day in enumerate(series) if index % 3 or index == HISTORY]

    assert judge(holes, series[-1].on, "importe", RULE).state == "normal"


def test_while_a_deviation_lasts_it_never_becomes_its_own_norm() -> None:
    series = days("measure", 8, HISTORY + 120, shift_at=HISTORY)
    opened_on, last = series[HISTORY].on, series[-1].on

    assert judge(series, last, "importe", RULE, opened_on=opened_on).state == "fuera"
    assert judge(series, last, "importe", RULE).state == "normal"  # what it would be without knowing


def test_days_of_earlier_deviations_are_no_part_of_the_norm() -> None:
    series = days("measure", 8, HISTORY + 8, shift_at=100, back_at=160)
    gone = {day.on for day in series[100:160]}

    clean = judge(series, series[-1].on, "importe", RULE, left_out=gone)
    soiled = judge(series, series[-1].on, "importe", RULE)

    assert clean.high is not None and soiled.high is not None
    assert clean.high < soiled.high


@pytest.mark.parametrize(("hits", "out"), [(34, False), (60, False), (22, True)])
def test_a_target_is_missed_when_chance_does_not_explain_it(hits: int, out: bool) -> None:
    series = [
        Day(on=FIRST + timedelta(days=i), amount=hits / 100, numerator=hits, denominator=100) for i in range(28)
    ]  # fmt: skip

    found = breaches(series, series[-1].on, "porcentaje", RULE, target=0.36, better="up", surely=True)

    assert (found.state == "fuera") is out
    assert found.value == pytest.approx(hits / 100)


def test_a_target_is_met_again_as_soon_as_the_value_says_so() -> None:
    series = [Day(on=FIRST + timedelta(days=i), amount=0.35, numerator=35, denominator=100) for i in range(28)]

    surely = breaches(series, series[-1].on, "porcentaje", RULE, target=0.36, better="up", surely=True)
    barely = breaches(series, series[-1].on, "porcentaje", RULE, target=0.36, better="up", surely=False)

    assert (surely.state, barely.state) == ("normal", "fuera")


@given(st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=60), st.floats(0.5, 100), st.floats(-1e5, 1e5))
@examples(max_examples=60, deadline=None)
def test_the_robust_scale_follows_scale_and_shift(values: list[float], factor: float, shift: float) -> None:
    sample = np.array(values)

    assert baselines.qn(sample * factor + shift) == pytest.approx(baselines.qn(sample) * factor, rel=1e-6, abs=1e-4)


@given(st.integers(0, 400), st.integers(1, 2000), st.floats(0.01, 0.99))
@examples(max_examples=100, deadline=None)
def test_a_rates_tails_are_those_of_the_binomial(hits: int, more: int, share: float) -> None:
    of = hits + more
    at_least = baselines._beta(hits, of - hits + 1, share)
    exact = math.fsum(
        math.exp(
            math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1)
            + k * math.log(share) + (of - k) * math.log1p(-share)
        )
        for k in range(hits, of + 1)
    )  # fmt: skip

    assert at_least == pytest.approx(exact, rel=1e-6, abs=1e-9)


@given(st.integers(0, 10_000), st.sampled_from(sorted(MAKERS)))
@examples(max_examples=25, deadline=None)
def test_limits_enclose_what_is_expected(seed: int, kind: str) -> None:
    series = days(kind, seed, HISTORY + 1)

    found = judge(series, series[-1].on, MAKERS[kind][0], RULE)

    if found.expected is not None and found.low is not None and found.high is not None:
        assert found.low <= found.expected <= found.high
        assert (found.state == "normal") is (found.direction is None)
