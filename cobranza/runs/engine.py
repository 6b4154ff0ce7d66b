"""The engine in four calls: `enqueue`, `cancel`, `worker_main`, `sweep`; and `submit`, what a start button calls.

run = engine.submit("conciliacion_diaria", {"DIAS": "3"}, started_by="consola:ana")
engine.cancel(run.pk, by="consola:ana")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from cobranza.kernel.errors import CobranzaError
from cobranza.runs import alerts, catalogue, items, rows, tickets
from cobranza.runs.config import settings
from cobranza.runs.errors import NotRunnable, RunUnknown
from cobranza.runs.models import ACTIVE_RUNS, ItemState, Run, RunState, WorkItem


def create(
    robot: str,
    variables: Mapping[str, str] | None = None,
    *,
    started_by: str,
    rehearse: bool = False,
    priority: int = 0,
    schedule: str = "",
    scheduled_for: datetime | None = None,
    not_before: datetime | None = None,
    deadline: datetime | None = None,
    max_attempts: int | None = None,
    foreground: bool = False,
) -> Run:
    """A queued run, checked, without a ticket.

    Args:
        robot: Slug.
        variables: Name to text; secrets as references.
        started_by: ``cli:<user>``, ``consola:<user>``, ``programa:<name>``.
        foreground: The caller runs it itself; no worker will, and it is never tried again by itself.

    Raises:
        RobotUnknown: no such robot.
        RobotBroken: its file cannot be run.
        VariableError: a variable does not exist or a value does not fit.
    """
    return rows.create(
        catalogue.runnable(robot),
        variables or {},
        started_by=started_by,
        rehearse=rehearse,
        priority=priority,
        schedule=schedule,
        scheduled_for=scheduled_for,
        not_before=not_before,
        deadline=deadline,
        max_attempts=max_attempts,
        foreground=foreground,
    )


def enqueue(run: Run) -> None:
    """Let workers have a run, in the caller's transaction: if that rolls back, no ticket remains.

    A run whose credential is taken waits without a ticket and gets one when it is free.
    """
    with transaction.atomic():
        tickets.admit()
        run.refresh_from_db()


def submit(robot: str, variables: Mapping[str, str] | None = None, *, started_by: str, rehearse: bool = False) -> Run:
    """Create and enqueue in one transaction; see `create`."""
    with transaction.atomic():
        run = create(robot, variables, started_by=started_by, rehearse=rehearse)
        enqueue(run)
    return run


def again(run_id: int, *, started_by: str) -> Run:
    """Start an ended run's robot once more with the same variables: after a person put right what it stopped at.

    Raises:
        RunUnknown: no such run.
        NotRunnable: it has not ended yet.
    """
    with transaction.atomic():
        before = Run.objects.select_for_update().filter(pk=run_id).first()
        if before is None:
            raise RunUnknown(f"No existe la ejecución {run_id}.")
        if before.is_active:
            raise NotRunnable(f"La ejecución {run_id} no ha terminado todavía.")
        run = rows.create(
            catalogue.runnable(before.robot),
            before.variables,
            started_by=started_by,
            rehearse=before.rehearse,
            continues=before,
        )
        enqueue(run)
    return run


def cancel(run_id: int, by: str) -> bool:
    """Stop a run: at once when queued; its process tree within about a second when running. False when it had ended."""
    stopped = rows.ask_to_stop(run_id, by)
    admit()
    return stopped


def admit() -> int:
    """Give tickets to runs that may start now."""
    with transaction.atomic():
        return tickets.admit()


def continue_work() -> int:
    """Start again the robots that owe work: items of theirs wait (a pause is over, a person answered) and nobody runs.

    A robot whose latest run ended without touching the item since is left alone: starting it again would only fail
    again. Returns how many runs were queued.
    """
    count = 0
    owed = (
        WorkItem.objects.filter(state=ItemState.NEW, run__isnull=False)
        .filter(Q(attempts__gt=0) | Q(answered_at__isnull=False))
        .values_list("run__robot", "run_id", "updated_at", "not_before")
        .order_by("not_before")
    )
    due: dict[str, tuple[int, datetime | None]] = {}
    for robot, run_id, updated_at, not_before in owed[:2000]:
        if robot in due:
            continue
        latest = Run.objects.filter(robot=robot).first()
        if latest is None or latest.state in ACTIVE_RUNS:
            continue
        since = latest.started_at if latest.state == RunState.DONE else latest.ended_at
        if since is None or updated_at > since:
            due[robot] = (run_id, not_before)
    for robot, (run_id, not_before) in due.items():
        count += _continue(robot, run_id, not_before)
    if count:
        admit()
    return count


def _continue(robot: str, run_id: int, not_before: datetime | None) -> int:
    before = Run.objects.get(pk=run_id)
    try:
        definition = catalogue.runnable(robot)
    except CobranzaError:
        return 0  # the robot is gone or broken; its items wait and the console shows them
    with transaction.atomic():
        Run.objects.select_for_update().get(pk=run_id)
        if Run.objects.filter(robot=robot, state__in=ACTIVE_RUNS).exists():
            return 0
        rows.create(
            definition,
            before.variables,
            started_by="motor:continuación",
            rehearse=before.rehearse,
            not_before=not_before,
            continues=before,
        )
    return 1


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep put right."""

    runs: int
    items: int
    tickets_dropped: int
    tickets_written: int
    continued: int
    alerts: int


def sweep() -> SweepReport:
    """Put right what dead processes left: leases that ran out, tickets lost or spent, work owed. Safe anywhere, any
    number of times at once."""
    config = settings()
    dropped = tickets.clean(config.motor.arriendo)
    runs = rows.reclaim_lost(config.motor)
    freed = items.reclaim_lost()
    continued = continue_work()
    written = admit()
    told = alerts.look_for_silence(config.alertas)
    return SweepReport(runs, freed, dropped, written, continued, told)


def worker_main() -> int:
    """Take tickets until told to stop; see `cobranza.runs.worker`."""
    from cobranza.runs import worker

    return worker.main()
