"""The nightly run under `kill -9` of robot, worker, database and ERP: the ERP's own books show each payment once.

Short here, whole with ``-m torture`` (30 rounds; `COBRANZA_ROUNDS`, `COBRANZA_SEED`).
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from cobranza.database.embedded import EmbeddedServer
from cobranza.demo import world
from cobranza.demo.world import DemoWorld
from tests.journeys.erps.conftest import CACHE, Books

pytestmark = [pytest.mark.erp, pytest.mark.browser]

REPO = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 20)
SPAN = 54  # days over which the demo's customers pay
_ROUND_SECONDS = 300
_FINAL = ("hecho", "error_negocio", "error_tecnico", "necesita_persona", "cancelado", "vencido")
_FAST = """
[motor]
trabajadores = 2
arriendo = 8
latido = 2
barrido = 1
gracia = 3
intentos = 6
espera = 1
espera_maxima = 4
"""
_MIGRATE = "from cobranza.database import session\nwith session.opened():\n    session.apply_migrations()\n"
_SUPERVISOR = """
import sys
from cobranza.database import session
with session.opened():
    from cobranza.runs.supervisor import Supervisor
    code = Supervisor(workers=2).run()
sys.exit(code)
"""
_SUBMIT = """
import sys
from cobranza.database import session
with session.opened():
    from cobranza.runs import engine
    given = dict(pair.split("=", 1) for pair in sys.argv[1:])
    print(engine.submit("conciliacion_diaria", given, started_by="prueba").pk)
"""


@dataclass
class Night:
    """An instance of its own with its database, its workers and the demo world, all of which may be killed."""

    home: Path
    database: EmbeddedServer
    world: DemoWorld
    environment: dict[str, str]
    supervisor: subprocess.Popen[bytes]
    killed: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)

    def python(self, code: str, *arguments: str) -> str:
        """Run a piece of our own code against the instance, again while its database is restarting."""
        for _ in range(10):
            done = subprocess.run(
                [sys.executable, "-c", code, *arguments],
                env=self.environment,
                cwd=self.home,
                capture_output=True,
                text=True,
                timeout=120,
            )
            if done.returncode == 0:
                return done.stdout.strip()
            time.sleep(1)
        raise AssertionError(done.stderr[-2000:])

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        found = json.loads((self.home / "data" / "postgres.json").read_text(encoding="utf-8"))
        for _ in range(60):
            try:
                with psycopg.connect(
                    host="127.0.0.1",
                    port=found["port"],
                    dbname=found["name"],
                    user=found["user"],
                    password=found["password"],
                    connect_timeout=5,
                ) as connection:
                    return connection.execute(query, values).fetchall()  # type: ignore[call-overload]
            except psycopg.OperationalError:
                time.sleep(0.5)
        raise AssertionError("the database did not come back")

    def submit(self, bank: str, until: date) -> int:
        return int(self.python(_SUBMIT, f"BANCO={bank}", "DIAS=60", f"HASTA={until:%d/%m/%Y}"))

    def wait(self, runs: list[int]) -> list[str]:
        end = time.monotonic() + _ROUND_SECONDS
        while True:
            states = [
                state for (state,) in self.rows("select state from runs_run where id = any(%s) order by id", runs)
            ]
            if all(state in _FINAL for state in states):
                return states
            assert time.monotonic() < end, f"runs {runs} do not end: {states}"
            assert self.supervisor.poll() is None, "the supervisor died"
            time.sleep(0.5)

    def kill(self, victim: str, dice: random.Random) -> None:
        """`kill -9` one of the four, if it lives now; what restarts it is the product (the ERP: its operator)."""
        pid: int | None = None
        if victim == "robot":
            running = self.rows("select pid from runs_run where state = 'en_curso' and pid is not null")
            pid = dice.choice(running)[0] if running else None
        elif victim == "worker":
            children = psutil.Process(self.supervisor.pid).children()
            pid = dice.choice(children).pid if children else None
        elif victim == "database":
            pid = self.database.pid
        else:
            self.world.erp.kill()
            time.sleep(dice.uniform(0.2, 3))
            self.world.erp.restart()
            self.killed["erp"] += 1
            return
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.killed[victim] += 1


@pytest.fixture
def night() -> Iterator[Night]:
    home = Path(tempfile.mkdtemp(prefix="cobranza noche "))
    home.chmod(0o711)
    for name in ("robots", "keywords", "connectors", "classifiers", "config"):
        shutil.copytree(REPO / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    (home / "config" / "runs.toml").write_text(_FAST, encoding="utf-8")
    before = dict(os.environ)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        stack.callback(lambda: (os.environ.clear(), os.environ.update(before)))
        os.environ.setdefault("COBRANZA_TOOLS", str(CACHE.parent))
        (home / "data").mkdir(mode=0o711)
        database = stack.enter_context(EmbeddedServer(home / "data"))
        demo = stack.enter_context(world.running(folder=home / "demo", today=TODAY))
        for portal in demo.portals.values():
            portal.faults({"otp_reusable": True})
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        environment |= {"COBRANZA_HOME": str(home), "COBRANZA_DATA": str(home / "data")}
        environment |= {"COBRANZA_OUTPUT": str(home / "output"), "PYTHONPATH": str(REPO)}
        subprocess.run([sys.executable, "-c", _MIGRATE], env=environment, cwd=home, check=True, timeout=300)
        log = stack.enter_context((home / "supervisor.log").open("ab"))
        supervisor = subprocess.Popen(
            [sys.executable, "-c", _SUPERVISOR], env=environment, cwd=home, stdout=log, stderr=log
        )
        stack.callback(_end, supervisor)
        yield Night(home, database, demo, environment, supervisor)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _rounds(night: Night, rounds: int, seed: int) -> None:
    """Each round lets the robots see some more days, and kills one of the four while they work."""
    dice = random.Random(seed)
    victims = ("robot", "worker", "database", "erp")
    for number in range(1, rounds + 1):
        until = TODAY - timedelta(days=SPAN - SPAN * number // rounds)
        runs = [night.submit(bank, until) for bank in ("caja", "ejemplo")]
        for _ in range(dice.randint(1, 2)):
            time.sleep(dice.uniform(2, 12))
            night.kill(victims[(number + dice.randrange(4)) % 4], dice)
        night.states.update(night.wait(runs))


def _finish(night: Night) -> None:
    """With nobody killed any more, both banks end well, and nothing is left on its way into the ERP."""
    for bank in ("caja", "ejemplo"):
        for _ in range(4):
            (state,) = night.wait([night.submit(bank, TODAY)])
            if state == "hecho":
                break
        assert state == "hecho", night.rows("select error_code, error_message from runs_run order by id desc limit 1")
    live = night.rows(
        "select state, message from reconciliation_postingintent where state in ('intended', 'submitted', 'unknown')"
    )
    assert live == []


def _check(night: Night) -> int:
    """The ERP's own books, asked in plain JSON-RPC, against what the customers meant to pay."""
    books = Books(night.world.erp)
    moves = books.ask(
        "model.account.move.search_read",
        [["description", "ilike", "%COB%"]],
        0,
        None,
        None,
        ["description", "origin"],
        {"company": 1},
    )
    keys = Counter(key for move in moves for key in re.findall(r"COB[0-9A-F]{24}", move["description"]))
    assert keys, "nothing was posted at all"
    doubled = {key: times for key, times in keys.items() if times != 1}
    assert not doubled, f"posted more than once: {doubled}"
    posted = night.rows(
        "select key, document, amount from reconciliation_postingintent where state = 'posted' order by key"
    )
    assert {key for key, _, _ in posted} == set(keys), "the ERP and the ledger know different payments"
    owed = books.open_documents()
    paid: dict[str, Decimal] = {}
    for _, document, amount in posted:
        paid[document] = paid.get(document, Decimal(0)) + amount
    for row in night.world.erp.truth["documents"]:
        if row["state"] != "posted":
            continue
        key = str(row["id"])
        now = Decimal(owed.get(key, "0"))
        assert Decimal(row["open"]) - now == paid.get(key, Decimal(0)), row["number"]
    exact = {
        number
        for payments in night.world.meant.values()
        for payment in payments
        if payment["kind"] == "exact"
        for number in payment["numbers"]
    }
    by_number = {row["number"]: str(row["id"]) for row in night.world.erp.truth["documents"]}
    missed = {number for number in exact if by_number[number] not in paid}
    assert len(missed) <= len(exact) // 20, f"payments that name their invoice in full: {sorted(missed)}"
    lost = night.rows(
        "select m.id, m.text from ledger_movement m where m.remaining <> 0 and not exists"
        " (select 1 from reconciliation_proposal p where p.movement_id = m.id and p.state <> 'superseded')"
    )
    assert lost == [], "movements that nobody will ever look at"
    return len(keys)


def _verify_ledger(night: Night) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cobranza", "ledger", "verify"],
        env=night.environment,
        cwd=night.home,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _torture(night: Night, rounds: int, seed: int) -> None:
    begun = time.monotonic()
    _rounds(night, rounds, seed)
    assert sum(night.killed.values()) > 0
    _finish(night)
    posted = _check(night)
    _verify_ledger(night)
    print(
        f"\nnightly, {rounds} rounds, seed {seed}: killed {dict(night.killed)}, runs ended {dict(night.states)}, "
        f"{posted} payments posted once each, {time.monotonic() - begun:.0f} s"
    )


@pytest.mark.timeout(1200)
def test_every_payment_is_posted_once_whatever_is_killed(night: Night) -> None:
    _torture(night, rounds=3, seed=7)


@pytest.mark.torture
@pytest.mark.timeout(7200)
def test_thirty_rounds(night: Night) -> None:
    _torture(night, rounds=int(os.environ.get("COBRANZA_ROUNDS", "30")), seed=int(os.environ.get("COBRANZA_SEED", "1")))
