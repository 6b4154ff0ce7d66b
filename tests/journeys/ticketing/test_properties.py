"""Whatever is lost and repeated: N keys are N tickets, and each comment is there once."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from cobranza.demo.tickets.faults import STORMY
from cobranza.demo.tickets.server import RunningDesk
from cobranza.disputes.ports import DeskError
from tests.journeys.ticketing.conftest import SLUGS, World, comment, file, ticket

KEYS = 3
FAULTS = some.lists(some.sampled_from(["none", *STORMY]), max_size=4)
STEPS = some.lists(some.tuples(some.integers(0, KEYS - 1), some.booleans(), FAULTS), max_size=12)


def _run(world: World, steps: list[tuple[int, bool, list[str]]], *, reads: bool) -> None:
    world.double.reset()
    desk = world.opened(patience=1_000)
    wanted = [
        ticket(f"k{place}", text=f"Texto {place}", note=f"Nota {place}", files=(file(),)) for place in range(KEYS)
    ]
    opened: dict[int, str] = {}
    for place, speaks, faults in steps:
        world.double.faults(clear=True, plan=faults, on="all" if reads else "write")
        with suppress(DeskError):
            if speaks and place in opened:
                desk.comment(comment(opened[place], key=f"c{place}", text=f"Dice {place}", files=(file(),)))
            else:
                opened[place] = desk.open(wanted[place]).id
    world.double.faults(clear=True)
    numbers = [desk.open(one).id for one in wanted]
    for place, number in enumerate(numbers):
        assert opened.get(place, number) == number
        desk.comment(comment(number, key=f"c{place}", text=f"Dice {place}", files=(file(),)))

    assert len(world.tickets()) == KEYS
    order = sorted(range(KEYS), key=lambda place: int(numbers[place]))
    for at, place in enumerate(order):
        said = world.said(at)
        assert said[0] == f"Texto {place}"
        assert sorted(said[1:]) == [f"Dice {place}", f"Nota {place}"]


@pytest.mark.parametrize("slug", SLUGS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, reads=some.booleans())
def test_any_faults_and_repeats_leave_each_thing_once(
    doubles: dict[str, RunningDesk], slug: str, steps: list[tuple[int, bool, list[str]]], reads: bool
) -> None:
    _run(World(slug, doubles[slug]), steps, reads=reads)


@pytest.mark.torture
@pytest.mark.parametrize("slug", SLUGS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, reads=some.booleans())
def test_many_faults_and_repeats_leave_each_thing_once(
    doubles: dict[str, RunningDesk], slug: str, steps: list[tuple[int, bool, list[str]]], reads: bool
) -> None:
    _run(World(slug, doubles[slug]), steps, reads=reads)
