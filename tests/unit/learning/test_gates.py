"""The threshold follows from the wanted precision, proven by its lower bound; little data opens nothing."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.reconciliation.learning.calibration import IDENTITY, fit
from cobranza.reconciliation.learning.gates import CLOSED, GRID, choose
from cobranza.reconciliation.learning.intervals import interval, lower, upper

D = Decimal
WANTED, CERTAINTY, STANDING = 0.995, 0.95, D("0.95")


def _choose(raw, right, calibration=IDENTITY, standing: Decimal = STANDING):
    return choose(raw, right, calibration, wanted=WANTED, certainty=CERTAINTY, standing=standing)


# ---- bounds; the figures are those of the published tables


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(10, 10, 0.6915, 1.0), (0, 10, 0.0, 0.3085), (8, 10, 0.4439, 0.9748), (95, 100, 0.8872, 0.9836)],
)
def test_bounds_are_those_of_clopper_and_pearson(right: int, of: int, low: float, high: float) -> None:
    assert interval(right, of) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
@settings(max_examples=80, deadline=None)
def test_bounds_surround_the_share_and_mirror_each_other(seen: tuple[int, int]) -> None:
    right, of = seen

    assert lower(right, of, 0.05) <= right / of <= upper(right, of, 0.05)
    assert lower(right, of, 0.05) == pytest.approx(1 - upper(of - right, of, 0.05), abs=1e-9)


def test_the_bound_holds_as_often_as_it_says() -> None:
    draw = np.random.default_rng(11)
    true = 0.99
    seen = draw.binomial(500, true, size=400)

    too_high = np.mean([lower(int(right), 500, 0.05) > true for right in seen])

    assert too_high <= 0.08


@pytest.mark.parametrize(("right", "of"), [(3, 2), (-1, 2)])
def test_impossible_counts_are_refused(right: int, of: int) -> None:
    with pytest.raises(ValueError, match="no observation"):
        lower(right, of, 0.05)


# ---- gates


@pytest.mark.parametrize("count", [0, 1, 20, 200, 1000])
def test_little_data_never_opens_the_gate_however_good(count: int) -> None:
    gate = _choose([0.97] * count, [True] * count)

    assert gate.threshold is None


def test_enough_good_data_opens_it() -> None:
    raw = np.repeat([0.86, 0.91, 0.94, 0.96, 0.99], 500)

    gate = _choose(raw, np.ones(len(raw), dtype=bool))

    assert gate.threshold == D("0.8000")
    assert gate.bound >= WANTED


def test_what_is_proven_too_low_is_raised_or_closed() -> None:
    raw = np.concatenate([np.full(1500, 0.96), np.full(3000, 0.999)])
    right = np.concatenate([np.tile([True, True, True, True, False], 300), np.ones(3000, dtype=bool)])

    assert _choose(raw, right).threshold == D("0.9700")
    assert _choose(raw[:1500], right[:1500]).threshold == CLOSED


answers = st.lists(
    st.tuples(st.sampled_from([0.75, 0.82, 0.91, 0.96, 0.992, 0.9985]), st.integers(50, 1500), st.floats(0.9, 1)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=30, deadline=None)
@given(answers, st.sampled_from([D("0.80"), D("0.95"), D("0.99")]), st.booleans())
def test_a_lower_threshold_is_always_proven(groups, standing: Decimal, learned: bool) -> None:
    raw = np.concatenate([np.full(count, said) for said, count, _ in groups])
    right = np.concatenate([np.arange(count) < share * count for _, count, share in groups])
    calibration = fit(raw, right) if learned else IDENTITY

    gate = _choose(raw, right, calibration, standing)

    if gate.threshold is not None and gate.threshold <= standing:
        over = calibration.many(raw) >= float(gate.threshold)
        bound = lower(int((over & right).sum()), int(over.sum()), (1 - CERTAINTY) / len(GRID))
        assert bound >= WANTED


def test_the_promise_holds_in_most_worlds() -> None:
    """Of many companies whose engine is right 99.2 % of the time, hardly any gets a gate that promises 99.5 %."""
    draw = np.random.default_rng(2)
    opened = 0
    for _ in range(60):
        raw = np.round(draw.uniform(0.75, 1, 2000), 4)
        gate = _choose(raw, draw.random(2000) < 0.992)
        opened += gate.threshold is not None and gate.threshold <= STANDING
    assert opened <= 6
