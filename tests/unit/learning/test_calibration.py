"""The map from the engine's confidence to the measured one: it rises, is slow to change, and ends up right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.reconciliation.learning.calibration import IDENTITY, Calibration, fit
from cobranza.reconciliation.learning.intervals import lower
from cobranza.reconciliation.learning.trials import ece

said = st.floats(0, 1, allow_nan=False)
confirmations = st.lists(st.tuples(said, st.booleans()), max_size=300)


def invented(count: int, seed: int, *, slope: float, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """An engine that is sure in its own way: its log-odds are off by a slope and a shift, on two kinds of payments."""
    draw = np.random.default_rng(seed)
    odds = np.where(draw.random(count) < 0.6, draw.normal(5, 1.5, count), draw.normal(1, 1.5, count))
    raw = np.round(1 / (1 + np.exp(-odds)), 4)
    return raw, draw.random(count) < 1 / (1 + np.exp(-(slope * odds + shift)))


def test_without_confirmations_nothing_changes() -> None:
    assert fit([], []) is IDENTITY
    assert not IDENTITY.changes
    assert [IDENTITY(value) for value in (0.0, 0.5, 0.9731, 1.0)] == [0.0, 0.5, 0.9731, 1.0]


@settings(max_examples=60, deadline=None)
@given(confirmations, st.lists(said, min_size=2, max_size=20))
def test_it_never_falls_and_stays_a_share(answers: list[tuple[float, bool]], asked: list[float]) -> None:
    learned = fit([value for value, _ in answers], [right for _, right in answers])

    found = learned.many(sorted(asked))

    assert np.all(np.diff(found) >= 0)
    assert np.all((found >= 0) & (found <= 1))


@settings(max_examples=40, deadline=None)
@given(confirmations, st.randoms(use_true_random=False))
def test_the_order_of_the_confirmations_does_not_matter(answers: list[tuple[float, bool]], draw) -> None:
    shuffled = draw.sample(answers, len(answers))

    def learned(rows: list[tuple[float, bool]]) -> np.ndarray:
        return fit([value for value, _ in rows], [right for _, right in rows]).many(np.linspace(0, 1, 21))

    assert np.allclose(learned(answers), learned(shuffled), atol=2e-4)


@pytest.mark.parametrize("at", [0.6, 0.8, 0.9, 0.97])
def test_twenty_right_answers_are_no_reason_to_be_sure(at: float) -> None:
    learned = fit([at] * 20, [True] * 20)

    proven = lower(20, 20, 0.05)
    assert at < learned(at) <= max(proven, at + (1 - at) * 0.6)
    for asked in (0.95, 0.99, 0.999):
        assert asked - 0.005 <= learned(asked) <= asked + (1 - asked) * 0.7


def test_twenty_wrong_answers_at_the_top_are_a_reason_to_doubt() -> None:
    learned = fit([0.98] * 20, [False] * 20)

    assert learned(0.98) < 0.9


@pytest.mark.parametrize(
    ("slope", "shift"), [(0.6, -0.3), (1.4, 0.5), (1.0, 0.0), (0.8, 0.8)], ids=["too sure", "too shy", "right", "low"]
)
def test_after_learning_the_error_of_calibration_is_within_a_hundredth(slope: float, shift: float) -> None:
    learned = fit(*invented(8000, 1, slope=slope, shift=shift))
    raw, right = invented(60_000, 2, slope=slope, shift=shift)

    assert ece(learned.many(raw), right.astype(float)) <= 0.01


def test_a_step_that_no_curve_can_follow_is_learned_too() -> None:
    draw = np.random.default_rng(5)

    def company(count: int) -> tuple[np.ndarray, np.ndarray]:
        raw = np.round(draw.uniform(0.3, 0.9999, count), 4)
        return raw, draw.random(count) < np.where(raw > 0.9, 0.99, np.where(raw > 0.6, 0.8, 0.3))

    learned = fit(*company(12_000))
    raw, right = company(60_000)

    assert ece(raw, right.astype(float)) > 0.03
    assert ece(learned.many(raw), right.astype(float)) <= 0.02


def test_it_is_written_down_and_read_back() -> None:
    learned = fit(*invented(500, 3, slope=0.7, shift=0.0))

    again = Calibration(tuple(tuple(point) for point in [list(point) for point in learned.points]))

    assert again == learned
    assert np.array_equal(again.many(np.linspace(0, 1, 50)), learned.many(np.linspace(0, 1, 50)))


@pytest.mark.parametrize(
    "points",
    [
        (("0.0", "0.0"),),
        (("0.0", "0.5"), ("1.0", "0.4")),
        (("0.0", "0.0"), ("0.0", "0.4"), ("1.0", "1.0")),
        (("0.0", "-0.1"), ("1.0", "1.0")),
    ],
)
def test_a_map_that_falls_is_refused(points: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="rises"):
        Calibration(points)
