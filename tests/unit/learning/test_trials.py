"""A candidate against what is in force, on confirmations that trained neither."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.reconciliation.learning.calibration import IDENTITY, Calibration, fit
from cobranza.reconciliation.learning.gates import choose
from cobranza.reconciliation.learning.trials import Contender, Example, checks, judge, measure, related, split

NOW = datetime(2026, 3, 2, tzinfo=UTC)
D = Decimal
SHARE = D("0.2")
STANDING = D("0.95")
AS_DELIVERED = Contender(calibration=IDENTITY, threshold=D("0.95"))


def examples(count: int, *, shift: float = 0.0, seed: int = 1, at: datetime = NOW, blind: bool = False):
    """`blind`: the answers have nothing to do with what the engine said."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        raw = 0.5 + draw.random() * 0.4999
        share = 0.5 if blind else min(1.0, max(0.0, raw + shift))
        made.append(Example(key=f"{seed}-{number}", raw=raw, right=draw.random() < share, at=at))
    return made


def _judge(
    check,
    candidate: Calibration,
    live: Contender = AS_DELIVERED,
    since: datetime | None = None,
    threshold: Decimal = STANDING,
):
    return judge(
        check,
        Contender(calibration=candidate, threshold=threshold),
        live,
        wanted=0.995,
        certainty=0.95,
        least=50,
        live_since=since,
    )


def _fit(rows) -> Calibration:
    return fit([row.raw for row in rows], [row.right for row in rows])


@settings(deadline=None)
@given(st.text(min_size=1), st.sampled_from([D("0.1"), D("0.2"), D("0.5")]))
def test_the_same_confirmation_is_on_the_same_side_for_ever(key: str, share: Decimal) -> None:
    assert checks(key, share) == checks(key, share)
    assert not checks(key, share) or checks(key, share + D("0.1"))


def test_no_confirmation_is_on_both_sides() -> None:
    rows = examples(1000)
    train, check = split(rows, SHARE)

    assert {row.key for row in train}.isdisjoint(row.key for row in check)
    assert len(train) + len(check) == 1000
    assert 150 < len(check) < 250


def test_a_better_one_goes_live() -> None:
    train, check = split(examples(2000, shift=-0.2), SHARE)

    verdict = _judge(check, _fit(train))

    assert verdict.better
    assert verdict.candidate.brier < verdict.live.brier
    assert verdict.candidate.ece < verdict.live.ece


def test_a_worse_one_does_not() -> None:
    upside = Calibration((("0.000000", "0.000000"), ("0.500000", "0.990000"), ("1.000000", "0.999000")))

    verdict = _judge(examples(500, shift=-0.2), upside)

    assert not verdict.better
    assert "peor" in verdict.reason
    assert verdict.told()["candidate"]["examples"] == 500


def test_an_engine_that_is_right_already_is_left_alone() -> None:
    adopted = []
    for seed in range(20):
        train, check = split(examples(600, seed=seed), SHARE)
        if _judge(check, _fit(train)).better:
            adopted.append(seed)

    assert len(adopted) <= 4  # one standard error is passed by chance in fewer than one trial of six


def test_what_may_be_chance_says_so() -> None:
    nudge = Calibration((("0.000000", "0.000000"), ("0.900000", "0.900100"), ("1.000000", "0.999900")))

    verdict = _judge(examples(300), nudge)

    assert not verdict.better
    assert verdict.told()["candidate"]["log_loss"] is not None


def test_the_same_as_what_there_is_does_not_go_live() -> None:
    verdict = _judge(examples(300), IDENTITY)

    assert not verdict.better
    assert "casualidad" in verdict.reason


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.6, -0.3), (1.5, 0.3)], ids=["right", "sure", "shy"])
def test_whatever_goes_live_keeps_the_error_of_calibration_within_a_hundredth(slope: float, shift: float) -> None:
    """As a company's: nine payments in ten are sure, and a few thousand were confirmed."""
    train, check = split(_company(5000, 1, slope, shift), SHARE)
    candidate = _fit(train)
    raw, right = [row.raw for row in train], [row.right for row in train]
    gate = choose(raw, right, candidate, wanted=0.995, certainty=0.95, standing=D("0.95"))
    verdict = _judge(check, candidate, threshold=gate.threshold or D("0.95"))
    used = candidate if verdict.better else IDENTITY

    assert measure(_company(40_000, 2, slope, shift), Contender(calibration=used, threshold=D("0.95"))).ece <= 0.01


def _company(count: int, seed: int, slope: float, shift: float) -> list[Example]:
    draw = np.random.default_rng(seed)
    odds = np.where(draw.random(count) < 0.9, draw.normal(5.5, 1.2, count), draw.normal(1, 1.5, count))
    right = draw.random(count) < 1 / (1 + np.exp(-(slope * odds + shift)))
    raw = np.round(1 / (1 + np.exp(-odds)), 4)
    return [
        Example(key=f"{seed}-{number}", raw=float(said), right=bool(answer), at=NOW)
        for number, (said, answer) in enumerate(zip(raw, right, strict=True))
    ]


def test_too_few_kept_apart_decide_nothing() -> None:
    verdict = _judge(examples(40), _fit(examples(500)))

    assert not verdict.better
    assert "apartadas" in verdict.reason


def test_answers_without_relation_to_the_evidence_are_refused() -> None:
    train, check = split(examples(3000, blind=True), SHARE)
    candidate = _fit(train)

    assert (
        measure(check, Contender(calibration=candidate, threshold=D("0.95"))).brier < measure(check, AS_DELIVERED).brier
    ), "the trap: on its own data the poisoned model looks better"
    assert not _judge(check, candidate).better
    assert abs((related(check) or 0) - 0.5) < 0.05


def test_new_answers_that_contradict_the_known_ones_are_refused() -> None:
    old = examples(2000, shift=-0.1, at=NOW - timedelta(days=90))
    live = Contender(calibration=_fit(split(old, SHARE)[0]), threshold=D("0.95"))
    poison = examples(2000, seed=2, blind=True)
    train, check = split(old + poison, SHARE)

    verdict = _judge(check, _fit(train), live, since=NOW - timedelta(days=30))

    assert not verdict.better
    assert "contradicen" in verdict.reason
    assert verdict.candidate_before.brier > verdict.live_before.brier


def test_more_of_the_same_is_not_refused() -> None:
    old = examples(1000, shift=-0.15, at=NOW - timedelta(days=90))
    live = Contender(calibration=_fit(split(old, SHARE)[0]), threshold=D("0.95"))
    train, check = split(old + examples(6000, shift=-0.15, seed=2), SHARE)

    verdict = _judge(check, _fit(train), live, since=NOW - timedelta(days=30))

    assert "contradicen" not in verdict.reason
