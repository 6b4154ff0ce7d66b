"""The simulator against companies whose answer to contacts is known: how often the truth is inside its interval.

python -m pytest tests/bench/test_simulator.py -m bench -s
"""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

from cobranza.insight.simulate import simulate
from tests.unit.insight_simulator.worlds import COSTS, CURRENT, OTHER, company, truth

pytestmark = pytest.mark.bench
SEEDS = int(os.environ.get("COBRANZA_BENCH_SEEDS", "100"))


@pytest.mark.parametrize("frailty", [0.0, 0.5], ids=["alike", "unlike"])
def test_a_known_effect_is_inside_the_interval(frailty: float) -> None:
    """`unlike`: debtors differ in ways that nobody records; who pays readily leaves first."""
    inside: Counter[str] = Counter()
    began = time.process_time()
    for seed in range(SEEDS):
        year = company(seed, frailty=frailty)
        found = simulate(year, CURRENT, OTHER, COSTS, draws=200)
        now, then = truth(year, CURRENT, frailty=frailty), truth(year, OTHER, frailty=frailty)
        for name in ("recovery", "dso", "contacts"):
            measure = getattr(found, name)
            inside[name] += measure.low <= then[name] - now[name] <= measure.high
    told = ", ".join(f"{name} {count}" for name, count in sorted(inside.items()))
    print(f"frailty {frailty}: the truth inside in, of {SEEDS}: {told}; {time.process_time() - began:.0f} s CPU")

    assert min(inside.values()) >= 0.9 * SEEDS
