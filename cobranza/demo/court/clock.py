"""The court's time: a clock that a test sets, stops or hurries, and the days on which the court works."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache

import holidays

from cobranza.demo.court.profiles import Profile


class CourtClock:
    """A clock that can be set. It keeps going from there, `speed` seconds for each real one; 0 stops it.

    Args:
        start: What it says now; the real time without it.
        monotonic: Real seconds, for tests.
    """

    def __init__(self, start: datetime | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._speed = 1.0
        self.set(start or datetime.now(UTC))

    def now(self) -> datetime:
        """The court's time, aware, UTC."""
        return self._base + timedelta(seconds=(self._monotonic() - self._since) * self._speed)

    def set(self, moment: datetime) -> None:
        """Let it be `moment`.

        Raises:
            ValueError: `moment` has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError("the moment needs a time zone, for example 2026-11-23T10:00:00+01:00")
        self._base, self._since = moment.astimezone(UTC), self._monotonic()

    def advance(self, seconds: float) -> None:
        """Jump; backwards with a negative number."""
        self.set(self.now() + timedelta(seconds=seconds))

    def hurry(self, speed: float) -> None:
        """Go `speed` times as fast from now on; 0 stops the clock."""
        self.set(self.now())
        self._speed = speed

    @property
    def speed(self) -> float:
        """Court seconds for each real one."""
        return self._speed


@cache
def _calendar(country: str, subdivision: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=subdivision or None)


def works(profile: Profile, day: date) -> bool:
    """Whether the court works on a day: no weekend, no holiday, no closed month."""
    return not (
        day.weekday() >= 5
        or day.month in profile.closed_months
        or day in _calendar(profile.country, profile.subdivision)
        or day.isoformat() in profile.holidays
    )


def working_days_after(profile: Profile, start: date, days: int) -> date:
    """The day on which a term of `days` working days ends that starts the day after `start`."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= works(profile, day)
    return day


def counts_on(profile: Profile, moment: datetime) -> date:
    """The day that a filing counts for: the next working day when it came after closing or on a day off."""
    local = moment.astimezone(profile.tz)
    day = local.date()
    late = bool(profile.closing) and local.strftime("%H:%M") > profile.closing
    if works(profile, day) and not late:
        return day
    return working_days_after(profile, day, 1)


def end_of(profile: Profile, day: date) -> datetime:
    """The last second of a day where the court is, aware."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=profile.tz)
