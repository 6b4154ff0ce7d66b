"""Keeps a machine's engine alive: worker processes, the clock (sweep and schedules) and whatever else is hung here.

    Supervisor(extra=(Extra("console", [sys.executable, "-m", "…"]),)).run()

Every child that ends is started again, whatever its exit code, with a growing pause when it ends at once. The sweep
and the schedules run in a thread here and not as jobs, because a job that has to save the engine can itself be stuck.
``cobranza worker`` on another machine is the same with ``clock=False``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

from cobranza.runs import processes
from cobranza.runs.config import Engine, settings
from cobranza.runs.worker import SUPERVISOR

_log = logging.getLogger(__name__)
_POLL = 0.2
_HOOKS_EVERY = 1.0
_STEADY_SECONDS = 10.0
_LONGEST_PAUSE = 10.0
_STOP_MARGIN = 15.0
_EXTRA_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Extra:
    """Another process to keep alive beside the workers.

    Attributes:
        name: For the log.
        command: Program and arguments.
        env: Added to our environment.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


class _Child:
    """One process and its restarts."""

    def __init__(self, extra: Extra) -> None:
        self.extra = extra
        self.process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause = 0.0
        self._again_at = 0.0

    def tend(self) -> None:
        """Start it when it does not run and its pause is over."""
        now = time.monotonic()
        if self.process is not None:
            if self.process.poll() is None:
                return
            steady = now - self._started_at > _STEADY_SECONDS
            self._pause = 0.0 if steady else min(max(0.25, self._pause * 2), _LONGEST_PAUSE)
            self._again_at = now + self._pause
            _log.warning(
                "%s ha terminado (%s); vuelve en %.2g s", self.extra.name, self.process.returncode, self._pause
            )
            self.process = None
        if now >= self._again_at:
            self._started_at = now
            self.process = subprocess.Popen(
                list(self.extra.command),
                env={**os.environ, **self.extra.env, SUPERVISOR: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                # A group of its own: Ctrl-C reaches us alone, and what it started itself can be ended with it.
                process_group=0,
            )

    def signal(self, sign: int) -> None:
        """Send a signal when it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(sign)

    def end_group(self) -> None:
        """Kill it with whatever it started that is left: a server's own children outlive it otherwise."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within `seconds`."""
        if self.process is None:
            return True
        try:
            self.process.wait(timeout=max(seconds, 0))
        except subprocess.TimeoutExpired:
            return False
        return True


class Supervisor:
    """See the module. Call `run` from the main thread: children die with the thread that started them.

    Args:
        workers: Worker processes; `trabajadores` of ``config/runs.toml`` by default.
        clock: Sweep and schedules as well.
        extra: Other processes to keep alive.
        hooks: Called about once a second from the main thread; a failure is logged and changes nothing.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        clock: bool = True,
        extra: Sequence[Extra] = (),
        hooks: Sequence[Callable[[], object]] = (),
    ) -> None:
        self._engine: Engine = settings().motor
        count = self._engine.trabajadores if workers is None else workers
        worker = (sys.executable, "-m", "cobranza.runs.worker")
        self._workers = [_Child(Extra(f"trabajador {number + 1}", worker)) for number in range(count)]
        self._extra = [_Child(item) for item in extra]
        self._hooks = tuple(hooks)
        self._with_clock = clock
        self._stopping = threading.Event()
        self._signals = 0

    def stop(self) -> None:
        """Ask for a clean stop, from any thread."""
        self._stopping.set()

    def run(self) -> int:
        """Keep everything alive until SIGTERM, SIGINT or `stop`. A second signal does not wait for the robots."""
        before = {sign: signal.signal(sign, self._on_signal) for sign in (signal.SIGTERM, signal.SIGINT)}
        ticking = threading.Thread(target=self._tick_for_ever, name="clock", daemon=True)
        if self._with_clock:
            ticking.start()
        hooked_at = 0.0
        try:
            while not self._stopping.is_set():
                for child in (*self._workers, *self._extra):
                    child.tend()
                if time.monotonic() - hooked_at >= _HOOKS_EVERY:
                    hooked_at = time.monotonic()
                    self._call_hooks()
                self._stopping.wait(_POLL)
            self._end()
        finally:
            self._stopping.set()
            for sign, handler in before.items():
                signal.signal(sign, handler)
        return 0

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        self._stopping.set()

    def _call_hooks(self) -> None:
        for hook in self._hooks:
            try:
                hook()
            except Exception:  # noqa: BLE001  # a hook of another room may not stop the engine
                _log.exception("Ha fallado una tarea periódica del supervisor")

    def _end(self) -> None:
        """Workers finish their robot, the rest stops at once, and nothing of ours stays."""
        everybody = (*self._workers, *self._extra)
        for child in everybody:
            child.signal(signal.SIGTERM)
        end = time.monotonic() + self._engine.drenaje + self._engine.gracia + _STOP_MARGIN
        patience = self._signals
        for child in self._workers:
            while not child.wait(_POLL) and time.monotonic() < end and self._signals <= max(patience, 1):
                pass
        for child in self._extra:
            child.wait(_EXTRA_STOP_SECONDS)
        for child in everybody:
            child.end_group()
            child.wait(_EXTRA_STOP_SECONDS)
        processes.kill_orphans()

    def _tick_for_ever(self) -> None:
        from cobranza.runs.persistence import LOST, connection

        while not self._stopping.wait(self._engine.barrido):
            try:
                self._tick()
            except LOST as exc:
                _log.warning("La base de datos no contesta: %s", exc)
                connection.close()
            except Exception:  # noqa: BLE001  # the clock has to survive whatever one tick meets
                _log.exception("Ha fallado una vuelta del reloj")
                connection.close()
        connection.close()

    def _tick(self) -> None:
        from cobranza.runs import engine, schedules

        processes.kill_orphans()
        try:
            schedules.tick()
        finally:
            engine.sweep()
