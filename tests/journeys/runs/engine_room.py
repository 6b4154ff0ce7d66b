"""A suite of its own, a database of its own and a fast clock: where the engine is tested with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo

from cobranza.runs import processes

REPO = Path(__file__).resolve().parents[3]
FAST = {"arriendo": 6, "latido": 1, "barrido": 0.5, "gracia": 2, "drenaje": 5, "espera": 0.2, "espera_maxima": 1}


class EngineRoom:
    """A folder with robots, keyword libraries and settings; `COBRANZA_HOME` points at it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("config", "robots", "keywords"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "config" / "cobranza.toml").write_text('[instancia]\nzona_horaria = "Europe/Madrid"\n')
        self.settings()

    @property
    def output(self) -> Path:
        return self.root / "output"

    def settings(self, **changes: float | str) -> None:
        values = {**FAST, **changes}
        lines = [f"{key} = {value!r}".replace("'", '"') for key, value in values.items()]
        (self.root / "config" / "runs.toml").write_text("[motor]\n" + "\n".join(lines) + "\n")

    def robot(self, slug: str, text: str) -> None:
        (self.root / "robots" / f"{slug}.robot").write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")

    def library(self, name: str, code: str) -> None:
        (self.root / "keywords" / f"{name}.py").write_text(textwrap.dedent(code).lstrip(), encoding="utf-8")

    def simple(self, slug: str, code: str, *, metadata: str = "", variables: str = "", steps: str = "    Haz") -> None:
        """A robot of one task whose keyword `Haz` is Python `code` in a library of the same name."""
        self.library(slug, code)
        block = f"\n*** Variables ***\n{variables}\n" if variables else ""
        self.robot(
            slug,
            "*** Settings ***\n"
            f"Documentation    Prueba {slug}.\n{metadata}\n"
            f"Library    ../keywords/{slug}.py\n{block}\n"
            f"*** Tasks ***\nTarea de {slug}\n{steps}\n",
        )


def database_url() -> str:
    """The test database, as a child process has to be told it."""
    own = connection.settings_dict
    password = f":{own['PASSWORD']}" if own["PASSWORD"] else ""
    return f"postgresql://{own['USER']}{password}@{own['HOST']}:{own['PORT']}/{own['NAME']}"


def conninfo() -> str:
    own = connection.settings_dict
    return make_conninfo(
        host=own["HOST"], port=own["PORT"], user=own["USER"], password=own["PASSWORD"], dbname=own["NAME"]
    )


def empty_ticket_box() -> None:
    """Django's flush leaves Procrastinate's unmanaged tables alone."""
    with connection.cursor() as cursor:
        cursor.execute("truncate procrastinate_jobs, procrastinate_workers, procrastinate_events cascade")


def wait_until(condition: Callable[[], object], seconds: float = 60, what: str = "") -> None:
    """Poll until `condition` is true; the limit only ends a test that can no longer pass."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came true within {seconds} s: {what}")
        time.sleep(0.1)


def attempt_processes(mark: str) -> list[int]:
    """Everything alive that carries an attempt's mark."""
    return processes.marked(lambda found: found.get(processes.ATTEMPT_MARK) == mark)


SUPERVISOR = """
import sys
import django
django.setup()
from cobranza.runs.supervisor import Extra, Supervisor
sleeper = Extra("otro", [sys.executable, "-c", "import time; time.sleep(600)"])
sys.exit(Supervisor(workers=int(sys.argv[1]), extra=[sleeper] * int(sys.argv[2])).run())
"""


class Process:
    """A process of the engine in this test's suite and database."""

    def __init__(self, log: Path, *command: str) -> None:
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                env={**os.environ, "PYTHONPATH": str(REPO), "DJANGO_SETTINGS_MODULE": "cobranza.settings"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 40) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return int(self.process.returncode)


def start_worker(room: EngineRoom) -> Process:
    """One worker, which nobody restarts."""
    return Process(room.root / "worker.log", "-m", "cobranza.runs.worker")


def start_supervisor(room: EngineRoom, *, workers: int, extra: int = 0) -> Process:
    """Workers that are restarted, sweep and clock."""
    return Process(room.root / "supervisor.log", "-c", SUPERVISOR, str(workers), str(extra))
