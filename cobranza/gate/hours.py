"""The first second that a rule of time permits. Wall clocks of the debtor's zone, daylight saving in both directions.

Every function here answers the same question: given an instant, which is the first one, itself or later, that is
permitted? The gate asks all rules in turn until none of them moves the instant any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from cobranza.gate.acts import PastContact, whole_second
from cobranza.regimes.contact import DAYS, CapRule, Hours

HORIZON = timedelta(days=130)
"""How far a permitted second is looked for; beyond, a person decides."""
WHOLE_DAY: Hours = ((time(0), None),)
_ROUNDS = 1000


def next_in_hours(at: datetime, zone: tzinfo, hours_of: Callable[[date], Hours]) -> datetime | None:
    """First instant whose wall clock in `zone` stands within the hours of its day; None beyond the horizon.

    A clock set forward may skip an opening: contact is then permitted from the second after the jump. A clock set
    back shows hours twice: both times count as the hour they show.
    """
    local = at.astimezone(zone)
    day = local.date()
    if _within(local, hours_of(day)):
        return at
    for step in range(HORIZON.days + 1):
        today = day + timedelta(days=step)
        hours = hours_of(today)
        for candidate in sorted(_starts(today, zone, hours)):
            local = candidate.astimezone(zone)
            if candidate >= at and local.date() == today and _within(local, hours):
                return candidate
    return None


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """First instant of `day` in `zone`, in UTC."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def next_under_cap(
    at: datetime, rule: CapRule, contacts: Iterable[PastContact], channel: str, zone: tzinfo
) -> datetime | None:
    """First instant at which one more contact on `channel` keeps within `rule`.

    Args:
        contacts: Those that count for the rule, in any order.
    """
    known = sorted(contacts, key=lambda contact: contact.at)
    for _ in range(_ROUNDS):
        today = at.astimezone(zone).date()
        if not rule.in_force(today):
            return at
        then = _after_cap(at, rule, known, channel, zone)
        if then <= at:
            return at
        if rule.until is not None:
            then = min(then, start_of_day(rule.until + timedelta(days=1), zone))
        at = whole_second(then)
    return None


def earliest(at: datetime, nexts: Iterable[Callable[[datetime], datetime | None]]) -> datetime | None:
    """First instant that every one of `nexts` permits; None when there is none within the horizon."""
    last = at + HORIZON
    asked = list(nexts)
    for _ in range(_ROUNDS):
        start = at
        for following in asked:
            then = following(at)
            if then is None or then > last:
                return None
            at = then
        if at == start:
            return at
    return None


def _after_cap(at: datetime, rule: CapRule, contacts: list[PastContact], channel: str, zone: tzinfo) -> datetime:
    then = at
    if rule.gap_hours is not None and contacts:
        then = max(then, contacts[-1].at.astimezone(UTC) + timedelta(hours=rule.gap_hours))
    if rule.per == "day":
        today = at.astimezone(zone).date()
        live = [contact for contact in contacts if contact.at.astimezone(zone).date() == today]
        tomorrow = start_of_day(today + timedelta(days=1), zone)
        full = rule.max is not None and len(live) >= rule.max
        others = {contact.channel for contact in live} - {channel}
        if full or (rule.max_channels is not None and len(others) >= rule.max_channels):
            then = max(then, tomorrow)
        return then
    if rule.per is None:
        return then
    period = timedelta(days=DAYS[rule.per])
    live = [contact for contact in contacts if contact.at.astimezone(UTC) > at.astimezone(UTC) - period]
    if rule.max is not None and len(live) >= rule.max:
        then = max(then, live[len(live) - rule.max].at.astimezone(UTC) + period)
    if rule.max_channels is not None:
        last_of = {contact.channel: contact.at.astimezone(UTC) for contact in live if contact.channel != channel}
        if len(last_of) >= rule.max_channels:
            then = max(then, sorted(last_of.values())[len(last_of) - rule.max_channels] + period)
    return then


def _within(local: datetime, hours: Hours) -> bool:
    clock = local.time()
    return any(start <= clock and (end is None or clock < end) for start, end in hours)


def _starts(day: date, zone: tzinfo, hours: Hours) -> set[datetime]:
    found = {
        datetime.combine(day, start, zone).replace(fold=fold).astimezone(UTC) for start, _ in hours for fold in (0, 1)
    }
    jump = _jump(day, zone) if hours else None
    return found if jump is None else found | {jump}


@lru_cache(maxsize=4096)
def _jump(day: date, zone: tzinfo) -> datetime | None:
    """The second on which the zone's clock is set on or about `day`, None on nearly every day."""
    low = datetime.combine(day, time(0), UTC) - timedelta(hours=16)
    high = low + timedelta(hours=56)
    before = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == before:
        return None
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
