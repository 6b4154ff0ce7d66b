"""Starts a robot in a process tree of its own, watches it, and leaves nothing of it behind.

Two threads share the work so that a database that hangs can never keep a robot alive: `Heart` talks to the database
(beat, progress, who asked to stop) and the launching thread owns the process (limit, stop, self-fence, kill).
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from django.db import connection

from cobranza import suite
from cobranza.kernel.errors import EXIT_DONE, EXIT_OUTSIDE
from cobranza.runs import channel, context, processes, rows, variables
from cobranza.runs.config import Engine
from cobranza.runs.errors import Cancelled, ContactLost, LeaseLost, RobotDied, TimeLimit
from cobranza.runs.evidence import CONSOLE
from cobranza.runs.models import Run, RunState
from cobranza.runs.persistence import LOST, boottime
from cobranza.runs.rows import Outcome, Progress

_POLL = 0.2
_ASK_EVERY = 1.0
_START_SECONDS = 60.0  # a busy machine starts slowly; that is not the robot's time
_WORKITEMS_ADAPTER = "cobranza.runs.workitems.Adapter"

OnProgress = Callable[[Progress], None]


class Heart(threading.Thread):
    """Keeps the run's lease while its robot lives."""

    def __init__(self, run: Run, engine: Engine) -> None:
        super().__init__(name=f"run-{run.pk}", daemon=True)
        self._run_row = run
        self._engine = engine
        self._done = threading.Event()
        self._told = Progress()
        self.progress = Progress()
        self.lease_ends = boottime() + engine.arriendo
        self.stop_asked_by = ""
        self.lost = False

    def run(self) -> None:
        """Beat until told to stop, or until the run is another's."""
        beaten_at = boottime()
        pause = min(_ASK_EVERY, self._engine.latido)
        try:
            while not self._done.wait(pause):
                news = self.progress
                changed = news != self._told
                now = boottime()
                try:
                    if changed or now - beaten_at >= self._engine.latido:
                        self.stop_asked_by = rows.beat(self._run_row, self._engine, news if changed else None)
                        self.lease_ends = now + self._engine.arriendo
                        beaten_at, self._told = now, news
                    else:
                        self.stop_asked_by = rows.stop_asked(self._run_row)
                except LeaseLost:
                    self.lost = True
                    return
                except LOST:
                    connection.close()  # the database restarts; the lease tells how long we may go on without it
        finally:
            connection.close()

    def stop(self) -> None:
        """Beat no more. The thread is not waited for long: it may hang in a dead connection."""
        self._done.set()
        self.join(timeout=2)

    def may_go_on(self) -> bool:
        """Whether the run is surely ours for another while."""
        return not self.lost and boottime() < self.lease_ends - self._engine.arriendo / 4


@dataclass
class _Ended:
    """What the robot said last."""

    code: int
    error: Mapping[str, Any] | None


class Launcher:
    """One attempt of one run, in this thread.

    The robot dies with the thread that calls `execute`, so that thread has to last as long as the process.
    """

    def __init__(self, run: Run, engine: Engine, on_progress: OnProgress | None = None) -> None:
        self._run = run
        self._engine = engine
        self._on_progress = on_progress
        self._mark = str(run.token)
        self._progress = Progress()
        self._ended: _Ended | None = None
        self._begun_at: float | None = None

    def execute(self, drain: threading.Event) -> Outcome:
        """Run the robot to its end, whatever that is. `drain` set means that this machine stops soon."""
        folder = suite.output_folder() / self._run.evidence
        folder.mkdir(parents=True, exist_ok=True)
        heart = Heart(self._run, self._engine)
        heart.start()
        try:
            with (folder / CONSOLE).open("wb") as console:
                return self._watch(heart, drain, console, folder)
        finally:
            heart.stop()

    def _watch(self, heart: Heart, drain: threading.Event, console: BinaryIO, folder: Path) -> Outcome:
        reading, writing = os.pipe()
        try:
            process = self._start(writing, console, folder)
        finally:
            os.close(writing)
        reader = channel.Reader(reading)
        try:
            reason = self._until_end(process, reader, heart, drain)
        finally:
            processes.kill_tree(process.pid, self._mark)
            process.wait()
            os.close(reading)
        return reason or self._outcome(process.returncode)

    def _start(self, writing: int, console: BinaryIO, folder: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "cobranza.runs.child"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            cwd=suite.root(),
            env=self._environment(writing, folder),
            pass_fds=(writing,),
            start_new_session=True,
        )

    def _environment(self, writing: int, folder: Path) -> dict[str, str]:
        run = self._run
        own = {
            channel.CHANNEL: str(writing),
            processes.ATTEMPT_MARK: self._mark,
            processes.LAUNCHER_MARK: processes.identity(os.getpid()),
            context.RUN: str(run.pk),
            context.ROBOT: run.robot,
            context.EVIDENCE: str(folder),
            context.REHEARSE: "1" if run.rehearse else "0",
            context.ATTEMPT: str(run.attempt),
            context.CREDENTIAL: run.credential,
            context.QUEUE: run.queue,
            variables.VARIABLES: json.dumps(run.variables),
            "COBRANZA_LOG_LEVEL": self._engine.registro,
            "COBRANZA_HOME": str(suite.root()),
            "DJANGO_SETTINGS_MODULE": "cobranza.settings",
            "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright's synchronous API keeps a loop in the main thread
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
            ),
            "PYTHONUNBUFFERED": "1",
            "ROBOT_ROOT": str(suite.root()),
            "ROBOT_ARTIFACTS": str(folder),
            "RPA_WORKITEMS_ADAPTER": _WORKITEMS_ADAPTER,
        }
        return {**os.environ, **own}

    def _until_end(
        self, process: subprocess.Popen[bytes], reader: channel.Reader, heart: Heart, drain: threading.Event
    ) -> Outcome | None:
        """Wait for the robot. Returns why it was stopped, None when it ended by itself."""
        started = boottime()
        drained_at: float | None = None
        while process.poll() is None:
            select.select([reader.number], [], [], _POLL)
            self._listen(reader, heart)
            if process.poll() is not None:
                break
            now = boottime()
            if drain.is_set() and drained_at is None:
                drained_at = now
            if not heart.may_go_on():
                return Outcome.of(ContactLost("El robot se ha parado porque su ejecución ya no era de esta máquina."))
            if heart.stop_asked_by:
                self._ask_to_end(process, reader, heart)
                return Outcome.of(Cancelled(f"Detenida por {heart.stop_asked_by}."), RunState.CANCELLED, retry=False)
            if self._begun_at is None:
                over = now - started > self._run.limit_seconds + _START_SECONDS
            else:
                over = now - self._begun_at > self._run.limit_seconds
            if over:
                error = TimeLimit(self._limit_text())
                self._ask_to_end(process, reader, heart)
                return Outcome.of(error, RunState.EXPIRED)
            if drained_at is not None and now - drained_at > self._engine.drenaje:
                self._ask_to_end(process, reader, heart)
                stopped = ContactLost("La máquina se detuvo antes de que el robot terminara.")
                return replace(Outcome.of(stopped), give_back=True)
        self._listen(reader, heart)
        return None

    def _limit_text(self) -> str:
        where = self._progress.keyword or self._progress.task or "el arranque"
        return f"El robot superó su límite de {self._run.limit_seconds:g} s en «{where}»."

    def _ask_to_end(self, process: subprocess.Popen[bytes], reader: channel.Reader, heart: Heart) -> None:
        """Let the robot run its teardowns and write its log, for a while."""
        try:
            process.send_signal(signal.SIGTERM)
        except ProcessLookupError:
            return
        end = time.monotonic() + self._engine.gracia
        while process.poll() is None and time.monotonic() < end and heart.may_go_on():
            select.select([reader.number], [], [], _POLL)
            self._listen(reader, heart)

    def _listen(self, reader: channel.Reader, heart: Heart) -> None:
        before = self._progress
        for event in reader.events():
            if event["event"] == "end":
                self._ended = _Ended(int(event.get("code") or 0), event.get("error"))
                continue
            self._begun_at = self._begun_at or boottime()
            known = {key: event[key] for key in ("task", "keyword", "done", "total") if key in event}
            progress = replace(self._progress, **known)
            # Each step is told, also when several came at once because this machine was busy.
            if progress != self._progress and self._on_progress is not None:
                self._on_progress(progress)
            self._progress = progress
        if self._progress != before:
            heart.progress = self._progress

    def _outcome(self, returncode: int) -> Outcome:
        if self._ended is None:
            how = f"señal {-returncode}" if returncode < 0 else f"código {returncode}"
            return Outcome.of(RobotDied(f"El proceso del robot terminó sin avisar ({how})."))
        error = self._ended.error
        if error is None:
            if self._ended.code == EXIT_DONE:
                return Outcome(state=RunState.DONE)
            return Outcome.of(RobotDied(f"El robot terminó con el código {self._ended.code} sin decir por qué."))
        state = rows.state_for(int(error.get("exit_code") or EXIT_OUTSIDE))
        return Outcome(
            state=state,
            error={key: str(error.get(key, "")) for key in ("code", "message", "remedy")},
            retry=state == RunState.TECHNICAL_ERROR,
            blocks_credential=bool(error.get("blocks_credential")),
        )
