"""Seeds the demo ERP once, and starts it on a free port of this machine as a child that dies with us."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from cobranza.demo.erp.install import PINS, ErpToolsError, Installed, install, locked, tail, tools_folder

DATABASE = "erp"
USER = "robot"
TRUTH = "truth.json"

_SEED = Path(__file__).with_name("seed.py")
_FILE = f"{DATABASE}.sqlite"
_PORT = "port"
_SEED_SECONDS = 900
_READY_SECONDS = 60
_STOP_SECONDS = 10
# started as `python -c`, never by bin/trytond: the first line of that script breaks when the path has a space.
# The kernel ends the server when the thread that started it ends, however that ends.
_BOOT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != int(sys.argv.pop(1)):
    sys.exit("orphan")
from trytond.cli import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOptions:
    """What the seeded company looks like. Everything in it follows from these values.

    Attributes:
        today: The seeded books end on this day; also the day that later runs should use as theirs.
        seed: Of the dice.
        customers: How many.
        invoices: Open invoices, some of them partly paid.
        credit_notes: Open credit notes besides.
        paid: Paid invoices besides.
        partial: How many of the open invoices are partly paid.
        drafts: Invoices not issued yet besides.
        months: How far back the books go.
        company: Its name.
    """

    today: date = date(2026, 11, 20)
    seed: int = 1
    customers: int = 50
    invoices: int = 200
    credit_notes: int = 6
    paid: int = 40
    partial: int = 8
    drafts: int = 5
    months: int = 9
    company: str = "Cobros Demo, S.L."


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]


@dataclass
class RunningErp:
    """The demo ERP, running.

    Attributes:
        folder: Its database, log and truth file.
        tools: Where Tryton is installed.
        port: It keeps its port over restarts.
        database: Name of the database, as the login asks for it.
        user: Login of the robot, without administrator's rights.
        password: Of `user`. Demo only: it protects invented data on this machine.
    """

    folder: Path
    tools: Installed
    port: int
    database: str = DATABASE
    user: str = USER
    password: str = "robot-demo-1"  # noqa: S105
    _child: _Child | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Address of the server and of its web client."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def has_web(self) -> bool:
        """Whether the web client is installed."""
        return self.tools.web is not None

    @cached_property
    def truth(self) -> dict[str, Any]:
        """What the ERP held when it was seeded: company, customers, documents."""
        found: dict[str, Any] = json.loads((self.folder / TRUTH).read_text(encoding="utf-8"))
        return found

    @property
    def pid(self) -> int:
        """Process id of the server; raises `ErpToolsError` when it is stopped."""
        if self._child is None:
            raise ErpToolsError("El ERP de demostración está parado.", remedy="Arránquelo de nuevo.")
        return self._child.process.pid

    def start(self) -> None:
        """Start the server and wait until it answers a real request."""
        log = self.folder / "trytond.log"
        settings = {
            "TRYTOND_DATABASE__URI": "sqlite://",
            "TRYTOND_DATABASE__PATH": str(self.folder),
            "TRYTOND_WEB__LISTEN": f"127.0.0.1:{self.port}",
            "TRYTOND_WEB__ROOT": str(self.tools.web or ""),
        }
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR") if name in os.environ}
        order = [str(self.tools.python), "-c", _BOOT, str(os.getpid()), "-d", self.database]
        with log.open("ab") as out:
            process = subprocess.Popen(
                order,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=kept | settings,
                start_new_session=True,
            )
        self._child = _Child(process)
        limit = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if process.poll() is not None or time.monotonic() > limit:
                self.kill()
                raise ErpToolsError(f"El ERP de demostración no arranca: {tail(log)}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server in order; safe to call twice."""
        if self._child is None:
            return
        process = self._child.process
        if process.poll() is None:
            process.send_signal(signal.SIGINT)  # its development server ends in order on this one only
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the server at once, as ``kill -9`` does; its data stay. Safe to call twice."""
        if self._child is None:
            return
        self._child.process.kill()
        self._child.process.wait()
        self._child = None

    def restart(self) -> None:
        """Start again on the same data and port, whether or not it runs now."""
        self.stop()
        self.start()

    def _answers(self) -> bool:
        ask = {"id": 0, "method": "common.server.version", "params": []}
        try:
            return httpx.post(f"{self.url}/rpc/", json=ask, timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


def prepare(cache: Path | None = None, options: SeedOptions | None = None) -> Path:
    """Install Tryton and seed a company, once for each set of versions, seed script and options.

    Returns:
        The folder with the seeded database and ``truth.json``. Never run a server on it: `running` copies it.

    Raises:
        ErpToolsError: installing or seeding failed.
    """
    chosen = options or SeedOptions()
    tools = install(cache)
    wanted = json.dumps(asdict(chosen), default=str, sort_keys=True)
    what = _SEED.read_bytes() + PINS.read_bytes() + wanted.encode()
    folder = tools_folder(cache) / "seeds" / hashlib.sha256(what).hexdigest()[:16]
    with locked(folder.parent / "seed.lock"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as name:
                made = Path(name) / "seed"
                made.mkdir()
                _seed(tools, made, wanted)
                made.rename(folder)
    return folder


def _seed(tools: Installed, folder: Path, options: str) -> None:
    log = folder / "seed.log"
    order = [str(tools.python), str(_SEED), "--folder", str(folder), "--database", DATABASE, "--options", options]
    with log.open("wb") as out:
        try:
            done = subprocess.run(
                order, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, timeout=_SEED_SECONDS
            )
        except subprocess.TimeoutExpired as exc:
            raise ErpToolsError(f"Llenar el ERP de demostración no terminó en {_SEED_SECONDS} s.") from exc
    if done.returncode != 0:
        raise ErpToolsError(f"No se pudo llenar el ERP de demostración: {tail(log)}")


def deploy(seeded: Path, folder: Path) -> None:
    """Copy a seeded company into `folder`, unless it holds one already."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / _FILE).exists():
        return
    shutil.copyfile(seeded / TRUTH, folder / TRUTH)
    fresh = folder / f"{_FILE}.new"
    shutil.copyfile(seeded / _FILE, fresh)
    fresh.rename(folder / _FILE)  # last: a copy cut short is no company


@contextmanager
def running(
    folder: Path, *, cache: Path | None = None, options: SeedOptions | None = None, port: int | None = None
) -> Iterator[RunningErp]:
    """Run the demo ERP on the company in `folder`, seeding it there first when it holds none.

    Args:
        folder: Working folder of this ERP: database, log. Payments posted stay in it.
        cache: See `install.tools_folder`.
        options: What to seed; ignored when `folder` holds a company.
        port: Fixed port; else the one this folder used before when it is free, else any free one.

    Raises:
        ErpToolsError: installing, seeding or starting failed.
    """
    deploy(prepare(cache, options), folder)
    with locked(folder / "running.lock", wait=False):
        erp = RunningErp(folder=folder, tools=install(cache), port=port or _port(folder))
        erp.start()
        try:
            yield erp
        finally:
            erp.stop()


def _port(folder: Path) -> int:
    """The port that this folder used before, when still free: saved links and sessions keep working."""
    note = folder / _PORT
    before = int(note.read_text(encoding="ascii")) if note.exists() else 0
    for wanted in (before, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            port = int(probe.getsockname()[1])
        note.write_text(str(port), encoding="ascii")
        return port
    raise ErpToolsError("No hay ningún puerto libre para el ERP de demostración.")
