"""When a deviation of a figure begins, lasts and ends. Pure: a day and what was open before it give what changes.

One open deviation per cause: leaving the limits, and missing the target. What leaves its limits and drags the pooled
days below the target with it is one deviation, not two: a target opens nothing while the limits are left, and the
limits stay left as long as the days that left them weigh on the target.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from cobranza.insight.baselines import Day
from cobranza.insight.control import Reading, Rule, breaches, day_alone, judge

Cause = Literal["limites", "objetivo"]
_BACK_CHANCE = 0.01
"""Back is nearer than not out: a Saturday with few contacts is inside the wide limits whatever it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is watched.

    Attributes:
        unit: Of the figure.
        better: Where improvement lies.
        target: Wanted value; None when none is set.
        rule: How surely.
        back: Days in a row inside the limits that end a deviation.
    """

    unit: str
    better: Literal["up", "down"] = "up"
    target: float | None = None
    rule: Rule = field(default_factory=Rule)
    back: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one day brought.

    Attributes:
        reading: Against the limits.
        held: Against the target; None without one.
        opens: Cause of a deviation that begins, None when none does.
        stays: Causes that go on.
        closes: Causes that end, with the first day back.
    """

    reading: Reading
    held: Reading | None
    opens: Cause | None
    stays: tuple[Cause, ...]
    closes: Mapping[Cause, date]

    def of(self, cause: Cause) -> Reading:
        """The reading that a cause is about."""
        return self.held if cause == "objetivo" and self.held is not None else self.reading


def step(
    subject: Subject,
    series: Sequence[Day],
    on: date,
    opened: Mapping[Cause, date],
    *,
    since: date | None = None,
    left_out: Collection[date] = (),
) -> Step:
    """Follow a figure through one day.

    Args:
        subject: What is watched.
        series: Days up to `on`; later ones are not looked at.
        on: The day.
        opened: First day of each deviation that is open.
        since: See `control.judge`.
        left_out: See `control.judge`.
    """
    known = [day for day in series if day.on <= on]
    rule, limits = subject.rule, opened.get("limites")
    reading = judge(known, on, subject.unit, rule, opened_on=limits, since=since, left_out=left_out)
    surely = _held(subject, known, on, since, surely=True)
    closes: dict[Cause, date] = {}
    opens: Cause | None = None
    weighs = surely is not None and surely.state == "fuera"
    if limits is not None:
        back_on = _back(subject, known, on, limits, since, left_out) if not weighs or "objetivo" in opened else None
        if back_on is not None:
            closes["limites"] = back_on
    elif reading.state == "fuera":
        opens = "limites"
    held = surely
    if "objetivo" in opened:
        held = _held(subject, known, on, since, surely=False)
        if held is None or held.state == "normal":
            closes["objetivo"] = on
    elif weighs and limits is None and opens is None:
        opens = "objetivo"
    stays = tuple(cause for cause in opened if cause not in closes)
    return Step(reading=reading, held=held, opens=opens, stays=stays, closes=closes)


def _held(subject: Subject, series: Sequence[Day], on: date, since: date | None, *, surely: bool) -> Reading | None:
    if subject.target is None:
        return None
    return breaches(
        series, on, subject.unit, subject.rule, target=subject.target, better=subject.better, surely=surely, since=since
    )


def _back(
    subject: Subject,
    series: Sequence[Day],
    on: date,
    opened_on: date,
    since: date | None,
    left_out: Collection[date],
) -> date | None:
    """First of the last `back` known days when each is what it would have been before; None when one is not."""
    found: list[date] = []
    day = on
    while day > opened_on and len(found) < subject.back:
        reading = judge(
            series,
            day,
            subject.unit,
            subject.rule,
            opened_on=opened_on,
            since=since,
            left_out=left_out,
            chance=_BACK_CHANCE,
        )
        if reading.state != "sin_datos":
            if not day_alone(reading):
                return None
            found.append(day)
        elif day == on:
            return None  # a day without data ends nothing
        day -= timedelta(days=1)
    return found[-1] if len(found) == subject.back else None
