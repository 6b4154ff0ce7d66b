"""Which way of reaching a debtor is worth most: deterministic, from what they and all the others answered before.

The chance of an answer by a channel at an hour is a posterior mean: what the debtor did counts as it is, and what is
known of everybody counts as `prior` contacts more. Somebody never contacted is treated like everybody, and somebody who
always answers by WhatsApp in the evening is soon asked there and then. Nothing is drawn by lot: the same past gives the
same proposal, and its counts are the reason that is told.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

_EDGE: Final = 1e-3
_FLAT: Final = (1.0, 2.0)
"""Answers and contacts that are imagined before anything is known of anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacted:
    """One contact in the past.

    Attributes:
        channel: As the gate names it.
        hour: Of the debtor's clock, 0 to 23.
        answered: Words or money came within some days.
    """

    channel: str
    hour: int
    answered: bool


@dataclass(slots=True)
class Counts:
    """How many contacts, and how many of them were answered, by channel and by hour."""

    channel: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    hour: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    all: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, channel: str, hour: int, answered: int, many: int = 1) -> None:
        """Count `many` contacts, `answered` of them answered."""
        for counted in (self.channel[channel], self.hour[hour], self.all):
            counted[0] += answered
            counted[1] += many


def counted(contacts: Iterable[Contacted]) -> Counts:
    """The counts of some contacts."""
    found = Counts()
    for each in contacts:
        found.add(each.channel, each.hour, int(each.answered))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way that the gate permits.

    Attributes:
        channel: As the gate names it.
        hour: Of the debtor's clock at `at`.
        at: First permitted second.
        cost: Of one contact.
    """

    channel: str
    hour: int
    at: datetime
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The way that is worth most, and what it rests on.

    Attributes:
        chance: Of an answer, 0…1.
        own: Of the debtor's contacts by that channel: answered, all.
        others: Of everybody's by that channel: answered, all.
    """

    way: Way
    chance: float
    own: tuple[int, int]
    others: tuple[int, int]


def chance(own: Counts, house: Counts, channel: str, hour: int, prior: float) -> float:
    """Probability of an answer by a channel at an hour of the debtor's clock.

    Args:
        own: The debtor's counts.
        house: Everybody's.
        prior: Contacts that what is known of everybody weighs as much as; above 0.

    >>> house, own = Counts(), Counts()
    >>> house.add("email", 9, 30, 100)
    >>> own.add("sms", 18, 9, 10)
    >>> round(chance(own, house, "sms", 18, 8), 2) > round(chance(own, house, "email", 9, 8), 2)
    True
    """
    # Everybody first: a channel or an hour nobody used yet is expected to do as the average of all does.
    base = _mean(house.all, _FLAT[0] / _FLAT[1], _FLAT[1])
    by_channel = _mean(house.channel.get(channel, [0, 0]), base, prior)
    by_hour = _mean(house.hour.get(hour, [0, 0]), base, prior)
    mine = _mean(own.all, base, prior)
    # Then the debtor: their own channel and hour, drawn towards what is known of everybody and of themselves.
    odds = _logit(mine) - _logit(base)
    own_channel = _mean(own.channel.get(channel, [0, 0]), _sigmoid(_logit(by_channel) + odds), prior)
    own_hour = _mean(own.hour.get(hour, [0, 0]), _sigmoid(_logit(by_hour) + odds), prior)
    return _sigmoid(_logit(own_channel) + _logit(own_hour) - _logit(mine))


def choose(ways: Sequence[Way], own: Counts, house: Counts, *, worth: Decimal, prior: float) -> Choice | None:
    """The permitted way that brings most: chance times what is expected, less its cost; None where none is permitted.

    Args:
        worth: What is expected to come in when the debtor answers, in the unit of the costs.
    """
    best: tuple[float, Choice] | None = None
    for way in sorted(ways, key=lambda each: (each.at, each.channel)):
        probability = chance(own, house, way.channel, way.hour, prior)
        value = probability * float(worth) - float(way.cost)
        if best is None or value > best[0] + 1e-9:
            told = Choice(
                way=way, chance=probability, own=_pair(own.channel, way.channel),
                others=_pair(house.channel, way.channel),
            )  # fmt: skip
            best = value, told
    return None if best is None else best[1]


def _pair(counts: Mapping[str, list[int]], channel: str) -> tuple[int, int]:
    answered, many = counts.get(channel, [0, 0])
    return answered, many


def _mean(counts: Sequence[int], towards: float, weight: float) -> float:
    return (counts[0] + weight * towards) / (counts[1] + weight)


def _logit(share: float) -> float:
    kept = min(max(share, _EDGE), 1 - _EDGE)
    return math.log(kept / (1 - kept))


def _sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
