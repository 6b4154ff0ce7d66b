"""Invented figures with a known course, for the watch: rates, counts, amounts, measures that drift."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from cobranza.insight.baselines import Day

FIRST = date(2025, 1, 6)
HISTORY = 182
QUIET = 90

Maker = Callable[[np.random.Generator, date, float], Day]


def _rate(random: np.random.Generator, on: date, factor: float) -> Day:
    of = int(random.poisson([200, 220, 210, 200, 180, 40, 10][on.weekday()]))
    hits = int(random.binomial(of, min(0.35 * factor, 1.0)))
    return Day(on=on, amount=hits / of if of else None, numerator=hits, denominator=of)


def _small_rate(random: np.random.Generator, on: date, factor: float) -> Day:
    of = int(random.poisson(6))
    hits = int(random.binomial(of, min(0.1 * factor, 1.0)))
    return Day(on=on, amount=hits / of if of else None, numerator=hits, denominator=of)


def _wild_rate(random: np.random.Generator, on: date, factor: float) -> Day:
    of = int(random.poisson(150))
    hits = int(random.binomial(of, min(random.beta(20, 40) * factor, 1.0)))
    return Day(on=on, amount=hits / of, numerator=hits, denominator=of)


def _count(random: np.random.Generator, on: date, factor: float) -> Day:
    mean = [50, 60, 55, 50, 45, 5, 2][on.weekday()] * factor
    return Day(on=on, amount=float(random.negative_binomial(20, 20 / (20 + mean))))


def _rare(random: np.random.Generator, on: date, factor: float) -> Day:
    return Day(on=on, amount=float(random.poisson(0.4 * factor)))


def _cash(random: np.random.Generator, on: date, factor: float) -> Day:
    return Day(on=on, amount=0.0 if on.weekday() > 4 else float(np.exp(random.normal(10, 0.5))) * factor)


def _measure(random: np.random.Generator, on: date, factor: float) -> Day:
    return Day(on=on, amount=float(random.normal(100, 10) + [0, 5, 5, 0, -5, -20, -20][on.weekday()]) * factor)


def _heavy(random: np.random.Generator, on: date, factor: float) -> Day:
    return Day(on=on, amount=(100 + 5 * float(random.standard_t(5))) * factor)


MAKERS: dict[str, tuple[str, Maker, float]] = {
    "rate": ("porcentaje", _rate, 0.35),
    "small_rate": ("porcentaje", _small_rate, 9.0),
    "wild_rate": ("porcentaje", _wild_rate, 0.1),
    "count": ("número", _count, 6.0),
    "rare": ("número", _rare, 20.0),
    "cash": ("importe", _cash, 30.0),
    "measure": ("importe", _measure, 2.2),
    "heavy": ("importe", _heavy, 3.0),
}
"""Unit, maker, and a factor that a person would call a clear shift."""


def days(kind: str, seed: int, count: int, *, shift_at: int | None = None, back_at: int | None = None) -> list[Day]:
    """A course; from day `shift_at` until `back_at` it is shifted by the kind's own factor."""
    _unit, maker, factor = MAKERS[kind]
    random, found = np.random.default_rng(seed), []
    for index in range(count):
        shifted = shift_at is not None and index >= shift_at and (back_at is None or index < back_at)
        found.append(maker(random, FIRST + timedelta(days=index), factor if shifted else 1.0))
    return found


def drifting(seed: int, count: int, *, jump_at: int | None = None, jump: float = 12.0) -> list[Day]:
    """A stock like the DSO: each day near the day before, no level to come back to."""
    random, level, found = np.random.default_rng(seed), 60.0, []
    for index in range(count):
        level += float(random.normal(0, 0.3)) + (jump if index == jump_at else 0.0)
        found.append(Day(on=FIRST + timedelta(days=index), amount=level))
    return found
