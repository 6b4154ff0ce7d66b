"""Working days, when a notice counts as served, and the last instant of a term."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.legal import deadlines
from cobranza.legal.deadlines import UnknownCalendar

MADRID = ZoneInfo("Europe/Madrid")
SPAIN = deadlines.calendar("ES", "MD", [date(2026, 5, 15)])
DAYS = st.dates(date(2024, 1, 1), date(2030, 1, 1))
COUNTRIES = ("ES", "CO", "MX", "PE", "CL", "AR")


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 8, 3), "Agosto"),
        (date(2026, 12, 24), "Del 24 de diciembre al 6 de enero"),
        (date(2027, 1, 5), "Del 24 de diciembre al 6 de enero"),
        (date(2026, 5, 15), "festivo local"),
        (date(2026, 3, 21), "fin de semana"),
        (date(2026, 10, 12), "National Day"),
        (date(2026, 3, 20), ""),
    ],
)
def test_days_that_do_not_count_say_why(day: date, why: str) -> None:
    assert SPAIN.why_closed(day) == why


def test_august_stops_the_twenty_days() -> None:
    found = SPAIN.due(SPAIN.term("pago_u_oposicion"), date(2026, 7, 20))
    assert (found.first_day, found.last_day) == (date(2026, 7, 21), date(2026, 9, 15))


def test_christmas_stops_the_ten_days() -> None:
    found = SPAIN.due(SPAIN.term("subsanacion"), date(2026, 12, 18))
    assert found.last_day == date(2027, 1, 15)


def test_until_three_in_the_afternoon_of_the_next_working_day() -> None:
    found = SPAIN.due(SPAIN.term("subsanacion"), date(2026, 3, 6))
    assert found.last_day == date(2026, 3, 20)
    assert found.until == datetime(2026, 3, 23, 15, tzinfo=MADRID)


def test_three_working_days_to_open_a_notice() -> None:
    assert SPAIN.unopened_served(datetime(2026, 3, 18, 10, tzinfo=MADRID)) == date(2026, 3, 23)
    # After three in the afternoon it counts as received the next working day.
    assert SPAIN.unopened_served(datetime(2026, 3, 18, 15, 0, tzinfo=MADRID)) == date(2026, 3, 24)
    assert SPAIN.opened_served(datetime(2026, 3, 20, 9, tzinfo=MADRID)) == date(2026, 3, 23)


def test_months_end_where_the_month_does() -> None:
    term = SPAIN.term("demanda_tras_oposicion")
    assert SPAIN.due(term, date(2026, 1, 31)).last_day == date(2026, 3, 2)  # 28 February is a Saturday
    assert SPAIN.due(term, date(2026, 7, 10)).last_day == date(2026, 9, 1)


def test_a_civil_term_ends_on_its_day_and_no_later() -> None:
    found = SPAIN.due(SPAIN.term("caducidad_del_masc"), date(2025, 8, 16))
    assert found.last_day == date(2026, 8, 16)  # a Sunday in August
    assert found.until == datetime(2026, 8, 16, 23, 59, 59, tzinfo=MADRID)


def test_the_courts_own_number_of_days_counts_first() -> None:
    assert SPAIN.due(SPAIN.term("subsanacion"), date(2026, 3, 6), days=5).last_day == date(2026, 3, 13)


def test_what_is_not_known_stops_by_name() -> None:
    with pytest.raises(UnknownCalendar, match="«ZZ»"):
        deadlines.calendar("ZZ")
    with pytest.raises(UnknownCalendar, match="ES-XX"):
        deadlines.calendar("ES", "XX")
    with pytest.raises(UnknownCalendar, match="«inventado»"):
        SPAIN.term("inventado")


@given(day=DAYS, count=st.integers(1, 40), country=st.sampled_from(COUNTRIES))
def test_working_days_are_that_many_and_all_work(day: date, count: int, country: str) -> None:
    calendar = deadlines.calendar(country)
    last = calendar.add_working(day, count)
    passed = [date.fromordinal(number) for number in range(day.toordinal() + 1, last.toordinal() + 1)]
    assert sum(calendar.is_working(each) for each in passed) == count
    assert calendar.is_working(last)


@given(served=DAYS, country=st.sampled_from(COUNTRIES))
def test_every_term_ends_on_a_working_day_and_later_notice_never_ends_it_earlier(served: date, country: str) -> None:
    calendar = deadlines.calendar(country)
    for term in calendar.rules.plazos:
        found = calendar.due(term, served)
        assert calendar.is_working(found.last_day) or not term.procesal
        assert found.until.date() >= found.last_day
        assert found.last_day <= calendar.due(term, date.fromordinal(served.toordinal() + 1)).last_day
