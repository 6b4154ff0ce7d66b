"""Tickets, workers and the supervisor, with real processes and kill -9."""

from __future__ import annotations

import os
import signal
import threading

import psutil
import pytest
from django.db import connection, transaction

from cobranza.runs import engine, processes, tickets
from cobranza.runs.errors import NotRunnable, RunUnknown
from cobranza.runs.models import Run, RunState
from tests.journeys.runs.engine_room import (
    EngineRoom,
    Process,
    attempt_processes,
    start_supervisor,
    start_worker,
    wait_until,
)

QUICK = "def haz():\n    pass\n"
SLEEPS = "import time\ndef haz():\n    time.sleep(600)\n"


def state(run: Run) -> str:
    run.refresh_from_db()
    return str(run.state)


def running(run: Run) -> bool:
    return state(run) == RunState.RUNNING and bool(run.keyword)


def ticket_count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from procrastinate_jobs")
        row = cursor.fetchone()
    return int(row[0])


def test_a_run_and_its_ticket_are_one_transaction(room: EngineRoom) -> None:
    """Pins the versioned SQL function that the ticket is written with."""
    room.simple("bien", QUICK)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        engine.submit("bien", started_by="prueba")
        raise ZeroDivisionError
    assert (Run.objects.count(), ticket_count()) == (0, 0)

    run = engine.submit("bien", started_by="prueba")

    assert (Run.objects.count(), ticket_count()) == (1, 1)
    assert run.ticket is not None


def test_at_most_one_ticket_per_credential_whoever_admits(room: EngineRoom) -> None:
    room.simple("banco", QUICK, metadata="Metadata    Credencial    caja")
    room.simple("libre", QUICK)
    for robot in ("banco", "banco", "banco", "libre", "libre"):
        engine.create(robot, started_by="prueba")

    def admit() -> None:
        engine.admit()
        connection.close()

    threads = [threading.Thread(target=admit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ticket_count() == 3
    assert Run.objects.filter(robot="banco", ticket__isnull=False).count() == 1


def test_an_ended_run_can_be_started_again_as_it_was(room: EngineRoom) -> None:
    room.simple("bien", QUICK, variables="${N: int}    1")
    run = engine.submit("bien", {"N": "7"}, started_by="prueba")
    with pytest.raises(NotRunnable):
        engine.again(run.pk, started_by="consola:ana")
    engine.cancel(run.pk, by="prueba")

    second = engine.again(run.pk, started_by="consola:ana")

    assert (second.variables, second.continues_id, second.started_by) == ({"N": "7"}, run.pk, "consola:ana")
    with pytest.raises(RunUnknown):
        engine.again(999_999, started_by="prueba")


def test_a_lost_ticket_is_written_again(room: EngineRoom) -> None:
    room.simple("bien", QUICK)
    run = engine.submit("bien", started_by="prueba")
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")

    report = engine.sweep()

    assert report.tickets_written == 1
    run.refresh_from_db()
    assert run.ticket is not None


def test_cancelling_a_queued_run_needs_no_worker(room: EngineRoom) -> None:
    room.simple("bien", QUICK)
    run = engine.submit("bien", started_by="prueba")

    assert engine.cancel(run.pk, by="consola:ana")

    assert state(run) == RunState.CANCELLED


def test_a_worker_runs_what_is_queued_and_leaves_no_ticket(room: EngineRoom, worker: Process) -> None:
    room.simple("banco", QUICK, metadata="Metadata    Credencial    caja")
    runs = [engine.submit("banco", started_by="prueba") for _ in range(2)]

    wait_until(lambda: all(state(run) == RunState.DONE for run in runs), 90, "both runs done")

    first_ended, second_started = runs[0].ended_at, runs[1].started_at
    assert first_ended is not None
    assert second_started is not None
    assert second_started >= first_ended
    wait_until(lambda: ticket_count() == 0, 20, "no ticket left")


def test_a_killed_worker_takes_its_robot_along_and_the_run_is_tried_again(room: EngineRoom) -> None:
    room.simple("duerme", SLEEPS, metadata="Metadata    Credencial    caja\nMetadata    Intentos    2")
    run = engine.submit("duerme", started_by="prueba")
    first = start_worker(room)
    wait_until(lambda: running(run), 60, "running")
    mark = str(run.token)

    first.kill()

    wait_until(lambda: attempt_processes(mark) == [], 20, "robot dead")
    wait_until(lambda: engine.sweep() and state(run) == RunState.QUEUED, 30, "given back")
    assert run.error_code == "COB-MOT-003"
    second = start_worker(room)
    try:
        wait_until(lambda: engine.sweep() and running(run), 60, "running again")
        assert run.attempt == 2
        engine.cancel(run.pk, by="prueba")
        wait_until(lambda: state(run) == RunState.CANCELLED, 30, "cancelled")
    finally:
        second.stop()


def test_attempts_are_capped(room: EngineRoom, worker: Process) -> None:
    room.simple("muere", "import os\ndef haz():\n    os.kill(os.getpid(), 9)\n", metadata="Metadata    Intentos    2")
    run = engine.submit("muere", started_by="prueba")

    wait_until(lambda: engine.sweep() and state(run) == RunState.TECHNICAL_ERROR, 90, "given up")

    assert (run.attempt, run.error_code) == (2, "COB-MOT-002")
    assert (room.output / f"{run.evidence}").name == "intento-2"


def test_a_worker_drains_on_sigterm(room: EngineRoom) -> None:
    room.simple("corto", "import time\ndef haz():\n    time.sleep(3)\n")
    run = engine.submit("corto", started_by="prueba")
    later = engine.submit("corto", started_by="prueba")
    worker = start_worker(room)
    wait_until(lambda: running(run), 60, "running")

    code = worker.stop()

    assert code == 0
    assert state(run) == RunState.DONE
    assert (state(later), later.attempt) == (RunState.QUEUED, 0)


def test_a_robot_longer_than_the_drain_is_given_back_untouched(room: EngineRoom) -> None:
    room.settings(drenaje=0.5, gracia=1)
    room.simple("duerme", SLEEPS)
    run = engine.submit("duerme", started_by="prueba")
    worker = start_worker(room)
    wait_until(lambda: running(run), 60, "running")
    mark = str(run.token)

    worker.stop()

    assert (state(run), run.attempt) == (RunState.QUEUED, 0)
    assert attempt_processes(mark) == []


def test_a_frozen_worker_loses_the_run_and_writes_nothing_when_it_wakes(room: EngineRoom) -> None:
    room.simple("corto", "import time\ndef haz():\n    time.sleep(4)\n", metadata="Metadata    Intentos    3")
    run = engine.submit("corto", started_by="prueba")
    worker = start_worker(room)
    try:
        wait_until(lambda: running(run), 60, "running")
        os.kill(worker.pid, signal.SIGSTOP)
        wait_until(lambda: engine.sweep() and state(run) == RunState.QUEUED, 40, "lease over")
        Run.objects.filter(pk=run.pk).update(cancel_requested_by="", state=RunState.CANCELLED)
        os.kill(worker.pid, signal.SIGCONT)
        assert worker.stop() == 0
        assert state(run) == RunState.CANCELLED
        assert run.error_code == "COB-MOT-003"
    finally:
        worker.stop()


def test_the_supervisor_restarts_killed_workers_and_stops_clean(room: EngineRoom) -> None:
    room.simple("bien", QUICK)
    supervisor = start_supervisor(room, workers=1, extra=1)
    try:
        first = engine.submit("bien", started_by="prueba")
        wait_until(lambda: state(first) == RunState.DONE, 90, "first run")
        os.kill(int(first.worker.rpartition(":")[2]), signal.SIGKILL)
        second = engine.submit("bien", started_by="prueba")
        wait_until(lambda: state(second) == RunState.DONE, 90, "second run")
        assert second.worker != first.worker
        children = _children(supervisor.pid)
        assert len(children) == 2
    finally:
        code = supervisor.stop()
    assert code == 0
    assert [pid for pid in children if processes.identity(pid)] == []


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children()]


def test_tickets_of_dead_workers_are_thrown_away(room: EngineRoom) -> None:
    room.simple("bien", QUICK)
    run = engine.submit("bien", started_by="prueba")
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'doing'")

    tickets.clean(1)

    assert ticket_count() == 0
    assert engine.admit() == 1
    assert state(run) == RunState.QUEUED
