"""What the simulator takes a strategy to do: as `cobranza.dunning` itself proposes, day by day."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cobranza.dunning import settings as strategies
from cobranza.dunning.account import Habit
from cobranza.insight.simulate_reading import PERSON, Profile, steps

REACHED = frozenset({"email", "sms", "whatsapp", "ivr", "call", "letter"})


def _profile(habit: Habit, *, channels: frozenset[str] = REACHED, amount: str = "1000") -> Profile:
    return Profile(
        habit=habit, country="ES", segment="", channels=channels, amount=Decimal(amount), currency="EUR"
    )  # fmt: skip


@pytest.fixture(scope="module")
def general() -> object:
    return strategies.strategy("general")


def test_a_good_payer_is_left_alone_before_the_due_day_and_reminded_after(general: object) -> None:
    found = steps(_profile(Habit.GOOD), general)  # type: ignore[arg-type]

    assert found[0] == (3, "email")
    assert all(age >= 3 for age, _channel in found)
    assert not any(channel == "ivr" for _age, channel in found)


def test_a_chronic_payer_is_called_by_the_machine_and_then_by_a_person(general: object) -> None:
    found = steps(_profile(Habit.CHRONIC), general)  # type: ignore[arg-type]

    assert found[0][0] == -3
    assert next(age for age, channel in found if channel == "ivr") == 5
    assert any(channel == PERSON and age >= 16 for age, channel in found)


def test_who_can_only_be_written_to_is_only_written_to_by_robots(general: object) -> None:
    found = steps(_profile(Habit.CHRONIC, channels=frozenset({"email"})), general)  # type: ignore[arg-type]

    assert {channel for _age, channel in found} == {"email", PERSON}


def test_small_debts_get_no_step_that_costs_more_than_they_are_worth(general: object) -> None:
    found = steps(_profile(Habit.CHRONIC, amount="20"), general)  # type: ignore[arg-type]

    assert not {"ivr", "letter"} & {channel for _age, channel in found}


@pytest.mark.parametrize("habit", list(Habit))
def test_every_habit_has_contacts_in_order_of_age(general: object, habit: Habit) -> None:
    found = steps(_profile(habit), general)  # type: ignore[arg-type]

    assert found
    assert [age for age, _channel in found] == sorted(age for age, _channel in found)
