"""When schedules fire: daylight saving, business days, missed fires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.runs.errors import ScheduleError
from cobranza.runs.firing import Timetable, due_now, is_business_day

MADRID = ZoneInfo("Europe/Madrid")


def fires(table: Timetable, start: datetime, end: datetime) -> list[str]:
    found = []
    at = table.next_after(start)
    while at < end:
        found.append(at.astimezone(ZoneInfo(table.zone)).strftime("%d %H:%M %z"))
        at = table.next_after(at)
    return found


def madrid(cron: str) -> Timetable:
    return Timetable(cron=cron, zone="Europe/Madrid")


AUTUMN = (datetime(2026, 10, 24, 21, tzinfo=UTC), datetime(2026, 10, 25, 4, tzinfo=UTC))
SPRING = (datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC))


def test_a_fixed_hour_that_comes_twice_fires_once() -> None:
    assert fires(madrid("30 2 * * *"), *AUTUMN) == ["25 02:30 +0200"]


def test_a_fixed_hour_that_does_not_exist_fires_when_the_clock_jumps() -> None:
    assert fires(madrid("30 2 * * *"), *SPRING) == ["29 03:00 +0200"]
    assert fires(madrid("30 2,3 * * *"), *SPRING) == ["29 03:00 +0200", "29 03:30 +0200"]


def test_every_hour_means_elapsed_time_on_both_nights() -> None:
    for start, end in (AUTUMN, SPRING):
        table = madrid("15 * * * *")
        at, seen = table.next_after(start), []
        while at < end:
            seen.append(at)
            at = table.next_after(at)
        assert {later - earlier for earlier, later in pairwise(seen)} == {timedelta(hours=1)}
        assert len(seen) == (end - start) // timedelta(hours=1)


def test_business_days_leave_out_weekends_and_the_regions_holidays() -> None:
    table = Timetable(cron="30 8 * * *", zone="Europe/Madrid", days="habiles", calendar="ES-MD")
    # 1 May is a holiday everywhere in Spain, 2 May is Madrid's own and a Saturday in 2026
    days = fires(table, datetime(2026, 4, 29, 22, tzinfo=UTC), datetime(2026, 5, 6, tzinfo=UTC))
    assert [day[:2] for day in days] == ["30", "04", "05"]
    assert not is_business_day(datetime(2026, 1, 6).date(), "ES")


FIVE_DAYS_OFF = datetime(2026, 3, 2, 7, 30, tzinfo=UTC), datetime(2026, 3, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize(("policy", "count"), [("omitir", 0), ("una", 1), ("todas", 5)])
def test_missed_fires_follow_the_policy(policy: str, count: int) -> None:
    """Monday's 08:30 to Sunday noon: five working days missed, the weekend never due."""
    table = Timetable(cron="30 8 * * *", zone="Europe/Madrid", days="habiles", calendar="ES-MD")
    found = due_now(table, *FIVE_DAYS_OFF, policy, timedelta(minutes=10))  # type: ignore[arg-type]
    assert len(found) == count


@pytest.mark.parametrize("policy", ["omitir", "una", "todas"])
def test_a_fire_within_its_margin_is_on_time_whatever_the_policy(policy: str) -> None:
    due = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
    found = due_now(madrid("30 8 * * *"), due, due + timedelta(minutes=9), policy, timedelta(minutes=10))  # type: ignore[arg-type]
    assert found == [due]


@pytest.mark.parametrize("cron", ["", "30 8 * *", "30 8 * * * *", "61 8 * * *", "a b c d e", "30 8 30 2 *"])
def test_a_cron_that_cannot_be_used_is_refused(cron: str) -> None:
    with pytest.raises(ScheduleError):
        madrid(cron).next_after(datetime(2026, 1, 1, tzinfo=UTC))


def test_an_unknown_calendar_is_refused() -> None:
    with pytest.raises(ScheduleError):
        Timetable(cron="0 8 * * *", zone="Europe/Madrid", days="habiles", calendar="XX")


zones = st.sampled_from(["Europe/Madrid", "America/Santiago", "America/Bogota", "Australia/Lord_Howe", "UTC"])
starts = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)).map(lambda when: when.replace(tzinfo=UTC))


@settings(max_examples=150, deadline=None)
@given(zone=zones, start=starts, hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_daily_schedule_fires_once_on_every_day_of_its_zone(
    zone: str, start: datetime, hour: int, minute: int
) -> None:
    table = Timetable(cron=f"{minute} {hour} * * *", zone=zone)
    at, days = start, []
    for _ in range(8):
        following = table.next_after(at)
        assert following > at
        at = following
        local = at.astimezone(ZoneInfo(zone))
        days.append(local.date())
        exists = (local.hour, local.minute) == (hour, minute)
        assert exists or local - timedelta(hours=2) < local.replace(hour=hour, minute=minute) <= local
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


@settings(max_examples=60, deadline=None)
@given(zone=zones, start=starts, step=st.sampled_from([5, 15, 30]))
def test_elapsed_schedules_keep_their_step_over_any_change(zone: str, start: datetime, step: int) -> None:
    table = Timetable(cron=f"*/{step} * * * *", zone=zone)
    first = table.next_after(start)
    assert first - start <= timedelta(minutes=step)
    assert table.next_after(first) - first == timedelta(minutes=step)
