from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from cobranza.insight.baselines import Day
from cobranza.insight.control import Rule
from cobranza.insight.watching import Cause, Subject, step
from tests.unit.insight_alerts.worlds import FIRST, HISTORY, MAKERS, days


def _story(subject: Subject, series: Sequence[Day]) -> list[tuple[str, Cause, date]]:
    """What opens and closes when each day after the history is followed in turn."""
    opened: dict[Cause, date] = {}
    gone: set[date] = set()
    told: list[tuple[str, Cause, date]] = []
    for day in series[HISTORY:]:
        found = step(subject, series, day.on, opened, left_out=gone)
        for cause, back_on in found.closes.items():
            if cause == "limites":
                gone |= {opened[cause] + timedelta(days=i) for i in range((back_on - opened[cause]).days)}
            del opened[cause]
            told.append(("closes", cause, day.on))
        if found.opens is not None:
            opened[found.opens] = day.on
            told.append(("opens", found.opens, day.on))
    return told


@pytest.mark.parametrize("kind", ["rate", "count", "measure"])
def test_a_deviation_opens_once_lasts_and_closes_when_the_figure_is_back(kind: str) -> None:
    series = days(kind, 21, HISTORY + 40, shift_at=HISTORY, back_at=HISTORY + 21)

    told = _story(Subject(unit=MAKERS[kind][0]), series)

    assert [each[:2] for each in told] == [("opens", "limites"), ("closes", "limites")]
    assert told[0][2] == series[HISTORY].on
    assert series[HISTORY + 21].on <= told[1][2] <= series[HISTORY + 26].on


def test_a_shift_below_the_target_is_one_deviation_and_not_two() -> None:
    series = days("rate", 22, HISTORY + 80, shift_at=HISTORY, back_at=HISTORY + 25)

    told = _story(Subject(unit="porcentaje", target=0.3, better="up"), series)

    assert [each[:2] for each in told] == [("opens", "limites"), ("closes", "limites")]


def test_what_has_always_missed_its_target_is_told_once_and_hides_no_new_deviation() -> None:
    series = days("rate", 23, HISTORY + 40, shift_at=HISTORY + 21)

    told = _story(Subject(unit="porcentaje", target=0.5, better="up"), series)

    assert [each[:2] for each in told] == [("opens", "objetivo"), ("opens", "limites")]
    assert told[0][2] == series[HISTORY].on
    assert told[1][2] == series[HISTORY + 21].on


def test_one_bad_day_closes_after_the_days_that_the_rule_asks_for() -> None:
    series = days("measure", 24, HISTORY + 20, shift_at=HISTORY, back_at=HISTORY + 1)

    told = _story(Subject(unit="importe", back=3, rule=Rule()), series)

    assert [each[0] for each in told] == ["opens", "closes"]
    assert told[1][2] == FIRST + timedelta(days=HISTORY + 3)


def test_days_without_data_neither_open_nor_close() -> None:
    series = days("rate", 25, HISTORY + 12, shift_at=HISTORY, back_at=HISTORY + 2)
    silent = [
        day if index < HISTORY + 2 else Day(on=day.on, amount=None, numerator=0, denominator=0)
        for index, day in enumerate(series)
    ]

    assert [each[0] for each in _story(Subject(unit="porcentaje"), silent)] == ["opens"]
