from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cobranza.insight.simulate import NoHoldout, simulate
from tests.unit.insight_simulator.worlds import COSTS, CURRENT, FACTORS, OTHER, company, truth

SEEDS = 8


def test_the_true_effect_is_inside_the_interval_for_most_companies() -> None:
    inside = 0
    for seed in range(SEEDS):  # tests/bench/test_simulator.py does a hundred
        year = company(seed)
        found = simulate(year, CURRENT, OTHER, COSTS, draws=120)
        now, then = truth(year, CURRENT), truth(year, OTHER)
        inside += found.recovery.low <= then["recovery"] - now["recovery"] <= found.recovery.high

    assert inside >= SEEDS - 2


def test_contacts_without_effect_show_no_difference_and_their_cost() -> None:
    none = dict.fromkeys(FACTORS, 1.0)

    found = simulate(company(4, factors=none), CURRENT, OTHER, COSTS, draws=120)

    assert not found.recovery.says
    assert found.contacts.difference > 0
    assert found.cost.other != found.cost.current


def test_the_same_strategy_gives_no_difference_at_all() -> None:
    found = simulate(company(5), CURRENT, CURRENT, COSTS, draws=100)

    assert found.recovery.difference == found.dso.difference == found.cost.difference == 0


def test_the_model_repeats_the_year_that_it_learned_from() -> None:
    found = simulate(company(6), CURRENT, OTHER, COSTS, draws=100)

    assert found.modelled == pytest.approx(found.observed, abs=0.03)
    assert not any("repite mal" in each for each in found.cannot_know)


def test_the_same_seed_gives_the_same_answer() -> None:
    year = company(7, debtors=400)

    assert simulate(year, CURRENT, OTHER, COSTS, draws=100) == simulate(year, CURRENT, OTHER, COSTS, draws=100)


def test_without_a_hold_out_there_is_no_answer() -> None:
    year = company(8, share=0.0)

    with pytest.raises(NoHoldout, match="grupo de control"):
        simulate(year, CURRENT, OTHER, COSTS)


def test_a_company_where_nobody_is_written_to_has_no_answer_either() -> None:
    with pytest.raises(NoHoldout):
        simulate(company(8, share=1.0, debtors=60), CURRENT, OTHER, COSTS)


def test_a_channel_that_was_never_used_is_said_and_counts_as_nothing() -> None:
    year = company(9)
    strange = {name: [*steps, (5, "whatsapp")] for name, steps in CURRENT.items()}

    found = simulate(year, CURRENT, strange, COSTS, draws=100)

    assert found.unknown == ("whatsapp",)
    assert "whatsapp" in found.cannot_know[0]
    assert found.recovery.difference == pytest.approx(0)
    assert found.contacts.difference > 0


def test_it_always_says_what_it_cannot_know() -> None:
    told = " ".join(simulate(company(10, debtors=400), CURRENT, OTHER, COSTS, draws=100).cannot_know)

    for word in ("grupo de control", "insistir", "plantillas", "intervalo", "repite el pasado"):
        assert word in told


def test_more_debtors_give_a_narrower_interval() -> None:
    small, large = (
        simulate(company(11, debtors=size), CURRENT, OTHER, COSTS, draws=120).recovery for size in (300, 3000)
    )  # fmt: skip

    assert large.high - large.low < (small.high - small.low) / 2


def test_an_arrear_that_ends_before_a_step_is_never_contacted_by_it() -> None:
    year = company(12, debtors=400)
    short = replace(year, arrears=year.arrears.assign(seen_until=np.minimum(year.arrears["seen_until"], 2)))

    found = simulate(short, CURRENT, {name: [(3, "email")] for name in CURRENT}, COSTS, draws=100)

    assert found.contacts.current == found.contacts.other == 0
