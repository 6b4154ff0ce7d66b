"""`config/schedule.toml`: which robot starts by itself, and when.

The file says what is wanted; a row per entry remembers the next fire. A tick takes each due row with
``FOR UPDATE SKIP LOCKED``, writes the run and moves the row on in the same transaction, so that any number of clocks
may tick: a fire happens once or, when the process dies, is still due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from django.db import transaction
from pydantic import Field

from cobranza import suite
from cobranza.kernel import clock, config
from cobranza.kernel.config import Strict
from cobranza.kernel.errors import CobranzaError
from cobranza.runs import alerts, engine
from cobranza.runs.config import instance_zone
from cobranza.runs.firing import Days, Missed, Timetable, due_now
from cobranza.runs.models import ACTIVE_RUNS, AlertKind, Run, Schedule


class Entry(Strict):
    """`[programas.<nombre>]`.

    Attributes:
        robot: Slug of the robot.
        cuando: Cron, five fields, on the clocks of `zona`.
        zona: IANA name; the instance's by default.
        dias: Only business days, or all.
        calendario: Business days of where: country, or country-region (``ES-MD``).
        atrasos: What to do with fires missed while the machine was off: none, one for all, or each.
        margen_minutos: A fire this late is still on time.
        variables: Given to the robot; secrets as references.
        activo: False keeps the entry and starts nothing.
    """

    robot: str
    cuando: str
    zona: str = ""
    dias: Days = "todos"
    calendario: str = "ES"
    atrasos: Missed = "una"
    margen_minutos: float = Field(default=10, gt=0)
    variables: dict[str, str | int | float | bool] = Field(default_factory=dict)
    activo: bool = True

    def timetable(self) -> Timetable:
        """The entry's hours; raises `ScheduleError`, `ZoneError`."""
        return Timetable(cron=self.cuando, zone=self.zona or instance_zone(), days=self.dias, calendar=self.calendario)

    def texts(self) -> dict[str, str]:
        """Variables as the catalogue takes them."""
        return {name: str(value) for name, value in self.variables.items()}


class ScheduleFile(Strict):
    """The whole file."""

    FILE: ClassVar[str] = "schedule.toml"

    programas: dict[str, Entry] = Field(default_factory=dict)


def file() -> Path:
    """Where the schedules are written."""
    return suite.root() / "config" / "schedule.toml"


def entries() -> dict[str, Entry]:
    """The schedules as written; raises `ConfigError`, `ScheduleError` when one cannot be used."""
    found = config.load(file(), ScheduleFile).programas
    for entry in found.values():
        entry.timetable()
    return found


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick did."""

    started: tuple[int, ...]
    skipped: tuple[str, ...]


def tick(now: datetime | None = None) -> TickReport:
    """Start what is due. Safe anywhere, any number of times at once.

    Raises:
        ConfigError, ScheduleError: the file cannot be used; nothing was started.
    """
    moment = now or clock.now()
    wanted = entries()
    synchronise(wanted, moment)
    started: list[int] = []
    skipped: list[str] = []
    due = Schedule.objects.filter(enabled=True, next_at__lte=moment).values_list("name", flat=True)
    for name in list(due):
        with transaction.atomic():
            row = (
                Schedule.objects.select_for_update(skip_locked=True)
                .filter(name=name, enabled=True, next_at__lte=moment)
                .first()
            )
            if row is None or name not in wanted:
                continue
            runs, notes = _fire(row, wanted[name], moment)
            started += runs
            skipped += notes
    return TickReport(tuple(started), tuple(skipped))


def synchronise(wanted: dict[str, Entry], now: datetime) -> None:
    """Bring the rows in line with the file. A new or changed entry starts counting now, so it never fires for the
    past."""
    rows = {row.name: row for row in Schedule.objects.all()}
    for name, entry in wanted.items():
        definition = entry.model_dump(mode="json") | {"zona": entry.zona or instance_zone()}
        row = rows.pop(name, None)
        if row is not None and row.definition == definition:
            continue
        values: dict[str, Any] = {
            "robot": entry.robot,
            "definition": definition,
            "enabled": entry.activo,
            "next_at": entry.timetable().next_after(now) if entry.activo else None,
        }
        Schedule.objects.update_or_create(name=name, defaults=values)
    Schedule.objects.filter(name__in=rows).delete()


def _fire(row: Schedule, entry: Entry, now: datetime) -> tuple[list[int], list[str]]:
    """Carry out a due row. Called with the row locked."""
    table = entry.timetable()
    fires = due_now(table, row.next_at or now, now, entry.atrasos, timedelta(minutes=entry.margen_minutos))
    started: list[int] = []
    notes: list[str] = []
    busy = Run.objects.filter(schedule=row.name, state__in=ACTIVE_RUNS).first()
    for fire in fires:
        if busy is not None:
            note = f"«{row.name}» no arranca a las {_hour(fire, entry)}: la ejecución {busy.pk} no ha terminado."
            _tell(AlertKind.OVERLAP, f"solape:{row.name}:{fire.isoformat()}", note, row.name, busy.pk)
            notes.append(note)
            continue
        try:
            with transaction.atomic():
                run = engine.create(
                    entry.robot,
                    entry.texts(),
                    started_by=f"programa:{row.name}",
                    schedule=row.name,
                    scheduled_for=fire,
                )
                engine.enqueue(run)
        except CobranzaError as exc:
            note = f"«{row.name}» no puede arrancar: {exc}"
            _tell(AlertKind.NOT_STARTED, f"sin_arrancar:{row.name}:{fire.isoformat()}", note, row.name, None)
            notes.append(note)
        else:
            started.append(run.pk)
            row.last_run = run
    if not fires:
        notes.append(f"«{row.name}»: se omiten las horas pasadas desde {_hour(row.next_at or now, entry)}.")
    row.note = notes[-1] if notes else ""
    row.last_at = fires[-1] if fires else row.last_at
    row.next_at = table.next_after(now)
    row.save()
    return started, notes


def _tell(kind: AlertKind, key: str, message: str, schedule: str, run_id: int | None) -> None:
    alerts.open_alert(kind, key=key[:300], message=message, schedule=schedule, run_id=run_id)


def _hour(instant: datetime, entry: Entry) -> str:
    return instant.astimezone(clock.zone(entry.zona or instance_zone())).strftime("%d/%m/%Y %H:%M")


Upcoming = tuple[str, Entry, datetime | None]


def upcoming(now: datetime | None = None) -> list[Upcoming]:
    """Each entry with its next fire, None when it is not active; soonest first. Reads the file only."""
    moment = now or clock.now()
    found = [
        (name, entry, entry.timetable().next_after(moment) if entry.activo else None)
        for name, entry in entries().items()
    ]
    return sorted(found, key=lambda each: (each[2] is None, each[2] or moment, each[0]))
