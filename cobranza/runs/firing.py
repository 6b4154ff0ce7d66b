"""When a schedule fires: cron in wall-clock time, business days, daylight saving, and what to do with missed fires.

Pure. Wall-clock minutes are matched first and placed in time afterwards, because walking a cron expression through
instants fires 02:30 twice on the night the clock goes back and never on the night it goes forward. The rules, which
are those of Debian's cron:

- An hour given by number fires once on every matching day: on the first 02:30 of two, and where 02:30 does not exist,
  at the instant the clock jumps over it.
- An hour given as ``*`` or ``*/n`` means elapsed time: both passes of the repeated hour, nothing in the missing one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import Literal

import holidays
from croniter import CroniterBadCronError, CroniterBadDateError, croniter

from cobranza.kernel import clock
from cobranza.runs.errors import ScheduleError

Days = Literal["habiles", "todos"]
Missed = Literal["omitir", "una", "todas"]
_SATURDAY = 5
_LOOK_BACK = timedelta(hours=3)
_MOST_CANDIDATES = 20_000
_MOST_MISSED = 200


@cache
def _holidays(calendar: str) -> holidays.HolidayBase:
    country, _, region = calendar.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=region or None)
    except NotImplementedError as exc:
        raise ScheduleError(f"No hay calendario laboral «{calendar}» (ejemplos: ES, ES-MD, MX, CO).") from exc


def is_business_day(day: date, calendar: str) -> bool:
    """Monday to Friday and no public holiday of `calendar` (``ES``, ``ES-MD``, ``MX`` …); raises `ScheduleError`.

    >>> is_business_day(date(2026, 5, 4), "ES-MD"), is_business_day(date(2026, 5, 1), "ES")
    (True, False)
    """
    return day.weekday() < _SATURDAY and day not in _holidays(calendar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The hours of one schedule.

    Attributes:
        cron: Five fields, minute first.
        zone: IANA name; `cron` is read on its clocks.
        days: Only business days of `calendar`, or all.
    """

    cron: str
    zone: str
    days: Days = "todos"
    calendar: str = "ES"

    def __post_init__(self) -> None:
        if len(self.cron.split()) != 5 or not croniter.is_valid(self.cron):
            raise ScheduleError(f"«{self.cron}» no es un cron de cinco campos (minuto hora día mes día-de-semana).")
        clock.zone(self.zone)
        if self.days == "habiles":
            _holidays(self.calendar)

    def next_after(self, after: datetime) -> datetime:
        """First fire strictly after `after`, in UTC; raises `ScheduleError` when there will never be one."""
        zone = clock.zone(self.zone)
        best: datetime | None = None
        reached = after.astimezone(zone).replace(tzinfo=None)
        for wall in self._walls(reached - _LOOK_BACK):
            if best is not None and wall > _wall(best, zone) + _LOOK_BACK:
                return best
            later = [instant for instant in self._instants(wall, zone) if instant > after]
            if later:
                best = min([*later, best] if best is not None else later)
                if not _near_a_change(wall, zone):
                    return best
        if best is None:
            raise ScheduleError(f"El cron «{self.cron}» no se cumple nunca.")
        return best

    def missed(self, first: datetime, until: datetime) -> list[datetime]:
        """Fires from `first` (itself a fire) to `until`, oldest first; of very many only the latest are kept."""
        fires = []
        due = first
        while due <= until:
            fires.append(due)
            due = self.next_after(due)
        return fires[-_MOST_MISSED:]

    def _walls(self, start: datetime) -> Iterator[datetime]:
        """Matching wall-clock minutes after `start`, on wanted days."""
        walk = croniter(self.cron, start)
        for _ in range(_MOST_CANDIDATES):
            try:
                wall = walk.get_next(datetime)
            except (CroniterBadDateError, CroniterBadCronError):
                return
            if self.days == "todos" or is_business_day(wall.date(), self.calendar):
                yield wall

    def _instants(self, wall: datetime, zone: tzinfo) -> list[datetime]:
        """When `wall` happens: once, twice or never; see the module."""
        elapsed = self.cron.split()[1].startswith("*")
        first = wall.replace(tzinfo=zone, fold=0)
        second = wall.replace(tzinfo=zone, fold=1)
        if first.utcoffset() == second.utcoffset():
            return [first.astimezone(UTC)]
        exists = _wall(first.astimezone(UTC), zone) == wall
        if not exists:
            return [] if elapsed else [_jump(wall, zone)]
        return [first.astimezone(UTC), second.astimezone(UTC)] if elapsed else [first.astimezone(UTC)]


def due_now(table: Timetable, next_at: datetime, now: datetime, missed: Missed, grace: timedelta) -> list[datetime]:
    """Which fires to carry out at `now`, when the next one was noted as `next_at`.

    Args:
        missed: What happens to fires older than `grace`: none (``omitir``), one run for all of them (``una``), or
            each (``todas``).
        grace: A fire this late is still on time.
    """
    fires = table.missed(next_at, now)
    on_time = [fire for fire in fires if now - fire <= grace]
    late = [fire for fire in fires if now - fire > grace]
    if missed == "todas":
        return fires
    if missed == "una":
        return fires[-1:]
    return on_time[-1:] if late else on_time


def _wall(instant: datetime, zone: tzinfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _jump(wall: datetime, zone: tzinfo) -> datetime:
    """The instant at which the clock jumps over `wall`: the last one that still has the offset before."""
    before = wall.replace(tzinfo=zone, fold=0).utcoffset() or timedelta(0)
    after = wall.replace(tzinfo=zone, fold=1).utcoffset() or timedelta(0)
    low = (wall - after - timedelta(hours=4)).replace(tzinfo=UTC)
    high = (wall - before + timedelta(hours=4)).replace(tzinfo=UTC)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if (middle.astimezone(zone).utcoffset() or timedelta(0)) == before:
            low = middle
        else:
            high = middle
    return (high + timedelta(milliseconds=500)).replace(microsecond=0)


def _near_a_change(wall: datetime, zone: tzinfo) -> bool:
    """Whether the zone's offset changes within a few hours, so that wall order and time order may differ."""
    offsets = {(wall + shift).replace(tzinfo=zone).utcoffset() for shift in (-_LOOK_BACK, timedelta(0), _LOOK_BACK)}
    return len(offsets) > 1
