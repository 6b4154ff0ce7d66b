"""Choosing channel and hour from what debtors answered, against fixed policies, on simulated debtors.

    python -m pytest -m bench tests/bench/test_next_action.py -q -s

Each simulated debtor has a hidden leaning: a chance of answering by channel and by hour, around what is usual in the
company. For 26 rounds every policy contacts each debtor once a fortnight; all meet the same debtors and the same luck
(one random number per debtor, round and way). The company has a past: some contacts by every way, to other debtors. The
fixed policies are the usual ladder e-mail, SMS, call at nine, which is what the choice has to beat, and the single way
that is best on average, which nobody knows beforehand: it is told as a mark. It is our own simulation: it tells that
the choice learns what is there to be learnt, and not by how much real debtors differ from each other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from cobranza.risk.next_action import Counts, Way, choose

CHANNELS = ("email", "sms", "whatsapp", "call")
HOURS = (9, 11, 13, 16, 18)
COSTS = {"email": Decimal("0.01"), "sms": Decimal("0.06"), "whatsapp": Decimal("0.05"), "call": Decimal("2.50")}
DEBTORS, ROUNDS, PRIOR = 200, 26, 8.0
PAST = 100
"""Contacts by each way in the company's past."""
START = datetime(2026, 1, 5, tzinfo=UTC)
Policy = Callable[[int, int, Counts, Counts], tuple[int, int]]


@dataclass
class World:
    """Hidden chances, shape (debtors, channels, hours), the luck of every try, what each owes, the company's past."""

    past: NDArray[np.int64]
    chances: NDArray[np.float64]
    luck: NDArray[np.float64]
    owed: NDArray[np.float64]


def world(seed: int, spread: float) -> World:
    """Debtors around the company's usual; `spread` is how far they differ from each other, in log odds."""
    rng = np.random.default_rng(seed)
    usual = rng.normal(0, 0.5, len(CHANNELS))[None, :, None] + rng.normal(0, 0.3, len(HOURS))[None, None, :] - 2.2
    own = rng.normal(0, spread, (DEBTORS, len(CHANNELS), 1)) + rng.normal(0, spread / 2, (DEBTORS, 1, len(HOURS)))
    chances = 1 / (1 + np.exp(-(usual + own)))
    luck = rng.random((DEBTORS, ROUNDS, len(CHANNELS), len(HOURS)))
    others = 1 / (1 + np.exp(-(usual + rng.normal(0, spread * 1.25**0.5, (PAST, len(CHANNELS), len(HOURS))))))
    past = (rng.random(others.shape) < others).sum(axis=0)
    return World(past, chances, luck, rng.lognormal(6, 1, DEBTORS))


def played(world: World, policy: Policy) -> tuple[float, float]:
    """Answers per contact, and net worth in euros: a tenth of what is owed comes with each answer, less the costs."""
    house, own = Counts(), [Counts() for _ in range(DEBTORS)]
    for (way, at), before in np.ndenumerate(world.past):
        house.add(CHANNELS[way], HOURS[at], int(before), PAST)
    answers, worth = 0, 0.0
    for number in range(ROUNDS):
        told = []
        for debtor in range(DEBTORS):
            channel, hour = policy(debtor, number, own[debtor], house)
            answered = bool(world.luck[debtor, number, channel, hour] < world.chances[debtor, channel, hour])
            answers += answered
            worth += 0.1 * world.owed[debtor] * answered - float(COSTS[CHANNELS[channel]])
            told.append((debtor, channel, hour, answered))
        for debtor, channel, hour, answered in told:  # known the day after, for all alike
            own[debtor].add(CHANNELS[channel], HOURS[hour], int(answered))
            house.add(CHANNELS[channel], HOURS[hour], int(answered))
    return answers / (DEBTORS * ROUNDS), worth


def ours(world: World) -> Policy:
    """The product's own choice."""

    def choice(debtor: int, number: int, own: Counts, house: Counts) -> tuple[int, int]:
        at = START + timedelta(days=14 * number)
        ways = [Way(channel=name, hour=hour, at=at + timedelta(hours=hour), cost=COSTS[name])
                for name in CHANNELS for hour in HOURS]  # fmt: skip
        found = choose(ways, own, house, worth=Decimal(f"{0.1 * world.owed[debtor]:.2f}"), prior=PRIOR)
        if found is None:
            raise RuntimeError("no way")
        return CHANNELS.index(found.way.channel), HOURS.index(found.way.hour)

    return choice


def best_on_average(world: World) -> Policy:
    """The single way that is best for the company as a whole; nobody knows it beforehand."""
    value = (world.chances * world.owed[:, None, None] * 0.1).mean(axis=0)
    value = value - np.array([float(COSTS[name]) for name in CHANNELS])[:, None]
    channel, hour = np.unravel_index(int(value.argmax()), value.shape)
    return lambda _debtor, _number, _own, _house: (int(channel), int(hour))


def ladder(_world: World) -> Policy:
    """E-mail, SMS, call, over and over, at nine."""
    steps = (CHANNELS.index("email"), CHANNELS.index("sms"), CHANNELS.index("call"))
    return lambda _debtor, number, _own, _house: (steps[number % 3], 0)


@pytest.mark.bench
@pytest.mark.parametrize(("spread", "seeds"), [(1.0, 6), (0.0, 6)])
def test_the_choice_beats_a_fixed_policy(spread: float, seeds: int) -> None:
    rows = []
    for seed in range(seeds):
        made = world(seed, spread)
        rows.append([played(made, policy(made)) for policy in (ours, best_on_average, ladder)])
    found = np.array(rows)
    rates, worth = found[:, :, 0].mean(axis=0), found[:, :, 1]
    gain, mark = worth[:, 0] / worth[:, 2] - 1, worth[:, 0] / worth[:, 1] - 1
    half = 1.96 * gain.std(ddof=1) / seeds**0.5
    sys.stdout.write(
        f"\nspread {spread}: answers per contact: ours {rates[0]:.3f}, ladder {rates[2]:.3f}, best single way with "
        f"hindsight {rates[1]:.3f}; net worth against the ladder {gain.mean():+.1%} "
        f"(95 %: {gain.mean() - half:+.1%} … {gain.mean() + half:+.1%}), against hindsight {mark.mean():+.1%}\n"
    )
    assert gain.mean() - half > 0
