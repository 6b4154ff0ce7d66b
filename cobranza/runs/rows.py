"""Every write to a run's row. An owner's write carries the attempt's token; 0 rows written is `LeaseLost`."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from cobranza.kernel.errors import EXIT_BUSINESS, EXIT_PERSON, CobranzaError
from cobranza.runs import alerts, credentials, evidence, items
from cobranza.runs.catalogue import Robot
from cobranza.runs.config import Engine
from cobranza.runs.errors import ContactLost, DeadlinePassed, LeaseLost
from cobranza.runs.models import Evidence, Run, RunState
from cobranza.runs.persistence import Now

_MAX_TEXT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended.

    Attributes:
        state: A final state.
        error: Keys code, message, remedy; None when all went well.
        retry: Another attempt may help.
        give_back: The attempt was interrupted through no fault of its own and does not count.
        blocks_credential: The portal refused the credential.
    """

    state: RunState
    error: Mapping[str, str] | None = None
    retry: bool = False
    give_back: bool = False
    blocks_credential: bool = False

    @classmethod
    def of(cls, error: CobranzaError, state: RunState | None = None, *, retry: bool | None = None) -> Outcome:
        """The outcome that an error means."""
        reached = state or state_for(error.exit_code)
        again = reached in (RunState.TECHNICAL_ERROR, RunState.EXPIRED) if retry is None else retry
        return cls(state=reached, error=error.as_dict(), retry=again)


def state_for(exit_code: int) -> RunState:
    """The state that an error's exit code stands for."""
    return {EXIT_BUSINESS: RunState.BUSINESS_ERROR, EXIT_PERSON: RunState.NEEDS_PERSON}.get(
        exit_code, RunState.TECHNICAL_ERROR
    )


def create(
    robot: Robot,
    variables: Mapping[str, str],
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
    continues: Run | None = None,
) -> Run:
    """A queued run of `robot`, without a ticket. The variables are checked; raises `VariableError`."""
    checked = robot.check(variables)
    credential, queue = robot.needs(checked)
    return Run.objects.create(
        robot=robot.slug,
        title=robot.title,
        variables=checked,
        rehearse=rehearse,
        started_by=started_by,
        schedule=schedule,
        scheduled_for=scheduled_for,
        priority=priority,
        credential=credential,
        queue=queue,
        not_before=not_before,
        deadline=deadline,
        limit_seconds=robot.limit_seconds,
        max_attempts=max_attempts or robot.max_attempts,
        foreground=foreground,
        continues=continues,
    )


def claim(run_id: int, engine: Engine, *, worker: str) -> Run | None:
    """Make a queued run ours, together with its credential.

    Returns:
        The run, running, with a fresh token; None when it is not to be started now: another has it, it was cancelled,
        its time has not come, its deadline has passed, or its credential is busy or blocked (`state` then says so).
    """
    lease = timedelta(seconds=engine.arriendo)
    with transaction.atomic():
        run = (
            Run.objects.select_for_update(skip_locked=True)
            .filter(Q(not_before__isnull=True) | Q(not_before__lte=Now()), pk=run_id, state=RunState.QUEUED)
            .first()
        )
        if run is None:
            return None
        refusal = _refusal(run)
        if refusal is not None:
            _close(run, refusal)
            return None
        token = uuid4()
        if run.credential and not credentials.take(run.credential, token, run.pk, lease):
            run.ticket = None
            run.save(update_fields=["ticket"])
            return None
        attempt = run.attempt + 1
        Run.objects.filter(pk=run.pk).update(
            state=RunState.RUNNING,
            token=token,
            lease_until=Now() + lease,
            attempt=attempt,
            host=socket.gethostname(),
            worker=worker,
            pid=os.getpid(),
            started_at=Now(),
            ended_at=None,
            evidence=evidence.relative_folder(run, attempt),
            progressed_at=None,
            done=0,
            total=0,
            **dict.fromkeys(("task", "keyword", "error_code", "error_message", "error_remedy"), ""),
        )
    run.refresh_from_db()
    return run


def _refusal(run: Run) -> Outcome | None:
    if run.deadline is not None and Run.objects.filter(pk=run.pk, deadline__lt=Now()).exists():
        error = DeadlinePassed(f"La ejecución esperó más allá de su plazo ({run.deadline.isoformat()}).")
        return Outcome.of(error, RunState.EXPIRED, retry=False)
    if run.credential:
        try:
            credentials.refuse_blocked(run.credential)
        except CobranzaError as exc:
            return Outcome.of(exc)
    return None


@dataclass(frozen=True, slots=True)
class Progress:
    """What a robot is doing."""

    task: str = ""
    keyword: str = ""
    done: int = 0
    total: int = 0


def beat(run: Run, engine: Engine, progress: Progress | None) -> str:
    """Say that we live and, when it changed, what the robot does.

    Returns:
        Who asked to stop the run, "" when nobody did.

    Raises:
        LeaseLost: the run, or its credential, is another's.
    """
    lease = timedelta(seconds=engine.arriendo)
    mine = Run.objects.filter(pk=run.pk, token=run.token, state=RunState.RUNNING)
    if progress is None:
        written = mine.update(lease_until=Now() + lease)
    else:
        written = mine.update(
            lease_until=Now() + lease,
            progressed_at=Now(),
            task=progress.task[:500],
            keyword=progress.keyword[:500],
            done=progress.done,
            total=progress.total,
        )
    if not written:
        raise LeaseLost(f"La ejecución {run.pk} ya no es de este proceso.")
    if run.credential and run.token and not credentials.keep(run.credential, run.token, lease):
        raise LeaseLost(f"La credencial «{run.credential}» ya no es de la ejecución {run.pk}.")
    return stop_asked(run)


def stop_asked(run: Run) -> str:
    """Who asked to stop the run, "" when nobody did."""
    return Run.objects.filter(pk=run.pk).values_list("cancel_requested_by", flat=True).first() or ""


def finish(run: Run, outcome: Outcome, engine: Engine, files: list[Evidence]) -> Run:
    """Close an attempt: final state, or back to the queue when another try may help.

    Everything in one transaction: state, credential, evidence rows, items left over, block, alert.

    Raises:
        LeaseLost: the run is another's; nothing was written.
    """
    with transaction.atomic():
        mine = Run.objects.select_for_update().filter(pk=run.pk, token=run.token, state=RunState.RUNNING).first()
        if mine is None:
            raise LeaseLost(f"La ejecución {run.pk} ya no es de este proceso.")
        if mine.credential and mine.token:
            credentials.release(mine.credential, mine.token)
            if outcome.blocks_credential:
                reason = outcome.error["message"] if outcome.error else ""
                credentials.block(mine.credential, reason, mine.pk)
        items.release_of(mine)
        paths = [file.path for file in files]
        Evidence.objects.filter(run=mine, path__in=paths).delete()
        Evidence.objects.bulk_create(files)
        _end_attempt(mine, outcome, engine)
    return mine


def _end_attempt(run: Run, outcome: Outcome, engine: Engine) -> None:
    """Decide between another try and the end. Called with the row locked."""
    stopped = bool(run.cancel_requested_by)
    if outcome.give_back and not stopped and not run.foreground:
        run.attempt -= 1
        _requeue(run, outcome, timedelta(0))
    elif outcome.retry and not stopped and not run.foreground and run.attempt < run.max_attempts:
        _requeue(run, outcome, timedelta(seconds=engine.pause(run.attempt)))
    else:
        _close(run, outcome)


def _requeue(run: Run, outcome: Outcome, pause: timedelta) -> None:
    _set_error(run, outcome)
    run.state = RunState.QUEUED
    run.token = run.lease_until = run.ticket = None
    run.save()
    Run.objects.filter(pk=run.pk).update(not_before=Now() + pause)


def _close(run: Run, outcome: Outcome) -> None:
    _set_error(run, outcome)
    run.state = outcome.state
    run.token = run.lease_until = run.ticket = None
    run.save()
    Run.objects.filter(pk=run.pk).update(ended_at=Now())
    alerts.run_ended(run)


def _set_error(run: Run, outcome: Outcome) -> None:
    error = outcome.error or {}
    run.error_code = error.get("code", "")
    run.error_message = error.get("message", "")[:_MAX_TEXT]
    run.error_remedy = error.get("remedy", "")[:_MAX_TEXT]


def ask_to_stop(run_id: int, by: str) -> bool:
    """Stop a run: at once when queued, within about a second when running. False when it had ended."""
    from cobranza.runs.errors import Cancelled

    with transaction.atomic():
        run = Run.objects.select_for_update().filter(pk=run_id).first()
        if run is None or run.is_final:
            return False
        run.cancel_requested_by = by
        if run.state == RunState.QUEUED:
            _close(run, Outcome.of(Cancelled(f"Detenida por {by} antes de empezar."), RunState.CANCELLED, retry=False))
        else:
            run.save(update_fields=["cancel_requested_by"])
    return True


def abandon(run_id: int, error: CobranzaError) -> bool:
    """Close a foreground run that its caller did not get to start. False when it is not one."""
    with transaction.atomic():
        run = Run.objects.select_for_update(skip_locked=True).filter(pk=run_id, state=RunState.QUEUED).first()
        if run is None or not run.foreground:
            return False
        _close(run, Outcome.of(error))
    return True


def reclaim_lost(engine: Engine) -> int:
    """Take runs from owners that have not been heard for a whole lease. Returns how many."""
    count = 0
    long_ago = Now() - timedelta(seconds=2 * engine.arriendo)
    unstarted = Run.objects.filter(state=RunState.QUEUED, foreground=True, created_at__lt=long_ago)
    for run_id in list(unstarted.values_list("pk", flat=True)[:500]):
        count += abandon(run_id, ContactLost("Quien la lanzó terminó antes de que empezara."))
    lost = Run.objects.filter(state=RunState.RUNNING, lease_until__lt=Now()).values_list("pk", flat=True)
    for run_id in list(lost[:500]):
        with transaction.atomic():
            run = (
                Run.objects.select_for_update(skip_locked=True)
                .filter(pk=run_id, state=RunState.RUNNING, lease_until__lt=Now())
                .first()
            )
            if run is None:
                continue
            if run.credential and run.token:
                credentials.release(run.credential, run.token)
            where = f"{run.host} (proceso {run.pid})"
            error = ContactLost(f"{where} dejó de dar señales durante el intento {run.attempt}.")
            _end_attempt(run, Outcome.of(error), engine)
            count += 1
    return count
