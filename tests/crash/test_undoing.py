"""Undoing payments in a real ERP under `kill -9` of the robot (and of the ERP): its own books show each undone once.

The robot is killed at the worst moment first: its request to cancel has just reached the ERP, and nobody will hear the
answer. Then at seeded moments. Short here, whole with ``-m torture`` (`COBRANZA_PAYMENTS`, `COBRANZA_SEED`).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cobranza.demo.erp.server import RunningErp
from cobranza.ledger.intake import import_statement, reading_sha256
from cobranza.ledger.models import Creditor, Invoice, Movement
from cobranza.ledger.registry import register_account, register_creditor
from cobranza.ledger.statements import BankMovement, Statement
from cobranza.ledger.verification import verify
from cobranza.reconciliation import reversals, workflow
from cobranza.reconciliation.models import Match, PostingIntent, Proposal, ReversalIntent
from cobranza.reconciliation.settings import Company
from cobranza.reconciliation.workflow import Night
from connectors.erps import settings
from tests.journeys.erps.conftest import Books, books, config, erp, fresh, weather
from tests.journeys.erps.weather import Weather
from tests.journeys.ledger.conftest import ROBOT
from tests.journeys.runs.engine_room import REPO, EngineRoom, database_url

__all__ = ["books", "config", "erp", "fresh", "weather"]
pytestmark = [pytest.mark.erp, pytest.mark.django_db(transaction=True)]

QUEUE = "apuntes:prueba"
DAY = date(2026, 11, 18)
_ROBOT = """
import sys
from pathlib import Path
from cobranza.database import session
with session.opened():
    from cobranza.ledger.models import Creditor
    from cobranza.reconciliation import workflow
    from cobranza.reconciliation.settings import Company
    from connectors.erps import settings
    erp = settings.open_erp("prueba", mode="api", evidence=Path(sys.argv[2]), file=Path(sys.argv[1]))
    company = Company(nombre="Prueba", pais="ES", erp="prueba", bancos=("caja",))
    night = workflow.Night(company=company, creditor=Creditor.objects.get(), erp=erp, queue="apuntes:prueba")
    erp.find_reversals(["calentando"])
    print("listo", flush=True)
    workflow.undo_asked(night)
    erp.close()
"""


class Scene:
    """Payments posted by us in the ERP, and a robot that undoes them and may be killed."""

    def __init__(self, erp: RunningErp, books: Books, weather: Weather, config: Path, folder: Path) -> None:
        self.erp, self.books, self.weather, self.config, self.folder = erp, books, weather, config, folder
        self.killed: Counter[str] = Counter()

    def post(self, documents: list[dict[str, Any]]) -> None:
        """Bring in and post one payment in full for each document, with the real workflow."""
        creditor = register_creditor("prueba", "Prueba", actor=ROBOT, country="ES")
        account = register_account(creditor, "ES9121000418450200051332", "EUR", actor=ROBOT)
        lines = tuple(
            BankMovement(
                booked_on=DAY, value_on=DAY, amount=Decimal(one["open"]), currency="EUR", text=f"PAGO {one['number']}"
            )
            for one in documents
        )
        whole = Statement(account=account.iban, currency="EUR", opening=None, closing=None, movements=lines)
        sha256 = reading_sha256(account.iban, whole)
        done = import_statement(account, [whole], source="n43", sha256=sha256, actor=ROBOT)
        port = settings.open_erp("prueba", mode="api", evidence=self.folder, file=self.config)
        company = Company(nombre="Prueba", pais="ES", erp="prueba", bancos=("caja",))
        night = Night(company=company, creditor=creditor, erp=port, queue=QUEUE)
        workflow.bring_documents(night)
        for movement, one in zip(Movement.objects.filter(pk__in=done.new).order_by("pk"), documents, strict=True):
            self._propose(creditor, movement, Invoice.objects.get(erp_key=str(one["id"])))
        assert workflow.post_certain(night) == len(documents)
        port.close()

    def _propose(self, creditor: Creditor, movement: Movement, invoice: Invoice) -> None:
        proposal = Proposal.objects.create(creditor=creditor, movement=movement, state="automatic", confidence=1)
        Match.objects.create(
            proposal=proposal, invoice=invoice, applied=movement.amount, cash=movement.amount, confidence=1,
            rule="equal", explanation="",
        )  # fmt: skip

    def robot(self) -> subprocess.Popen[str]:
        """A robot that is logged in and about to begin."""
        child = subprocess.Popen(
            [sys.executable, "-c", _ROBOT, str(self.config), str(self.folder)],
            env=os.environ | {"PYTHONPATH": str(REPO)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "listo"
        return child

    def kill_when_it_cancels(self) -> None:
        """The robot dies as soon as its next cancellation has reached the ERP."""
        child = self.robot()
        self.weather.killer = child.kill
        self.weather.cancels, self.weather.fault = True, "kill"
        try:
            child.wait(120)
        finally:
            self.weather.cancels, self.weather.fault = False, ""
        self.killed["robot, sending"] += child.returncode == -signal.SIGKILL

    def kill_some_time(self, dice: random.Random, *, erp_too: bool) -> None:
        """Some time after it has undone one payment: an item that is killed six times is given up as poison."""
        left, child = self.live(), self.robot()
        limit = time.monotonic() + 60
        while self.live() == left and child.poll() is None and time.monotonic() < limit:
            time.sleep(0.05)
        time.sleep(dice.uniform(0, 1.5))
        if erp_too:
            self.erp.kill()
            self.killed["erp"] += 1
            time.sleep(dice.uniform(0, 1))
            self.erp.restart()
            with suppress(subprocess.TimeoutExpired):
                child.wait(dice.uniform(0, 8))
        child.kill()
        child.wait(60)
        self.killed["robot"] += child.returncode == -signal.SIGKILL

    def live(self) -> int:
        """How many reversals have not ended."""
        return ReversalIntent.objects.filter(state__in=ReversalIntent.LIVE).count()

    def finish(self, seconds: float) -> None:
        """With nobody killed any more every reversal ends; leases of the dead run out meanwhile."""
        limit = time.monotonic() + seconds
        while self.live():
            assert time.monotonic() < limit, list(ReversalIntent.objects.values_list("state", "message"))
            child = self.robot()
            assert child.wait(120) == 0
            time.sleep(0.5)

    def check(self, documents: list[dict[str, Any]]) -> None:
        rows = list(ReversalIntent.objects.select_related("posting"))
        assert len(rows) == len(documents)
        for row in rows:
            assert (row.state, row.posting.state) == ("reversed", "reversed")
            assert self.books.with_key(row.key) == 1, f"{row.key} is not in the ERP once"
            assert self.books.with_key(row.payment_key) == 1
            assert self.books.cancelled(row.payment_key) == 1, f"{row.payment_key} was not cancelled once"
        for one in documents:
            assert self.books.invoice(str(one["id"])) == ("posted", one["open"])
            assert Invoice.objects.get(erp_key=str(one["id"])).open == Decimal(one["open"])
        assert not Movement.objects.exclude(used=0).exists()
        assert not PostingIntent.objects.filter(state="posted").exists()
        assert verify().ok


@pytest.fixture
def scene(
    erp: RunningErp,
    books: Books,
    weather: Weather,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Scene:
    room = EngineRoom(tmp_path / "suite")
    room.settings(arriendo=3, latido=0.5)
    monkeypatch.setenv("COBRANZA_HOME", str(room.root))
    monkeypatch.setenv("COBRANZA_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("COBRANZA_EVIDENCE", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url())
    return Scene(erp, books, weather, config, tmp_path)


def _undo_under_fire(scene: Scene, documents: list[dict[str, Any]], fire: Callable[[], None]) -> None:
    scene.post(documents)
    for proposal in Proposal.objects.all():
        reversals.request(proposal.pk, person="ana", reason="Extracto equivocado")
    fire()
    scene.finish(300)
    scene.check(documents)
    print(f"\nundoing: {len(documents)} payments undone once each, killed {dict(scene.killed)}")


@pytest.mark.timeout(600)
def test_every_payment_is_undone_once_though_the_robot_dies_sending(
    scene: Scene, fresh: Iterator[dict[str, Any]]
) -> None:
    documents = [next(fresh) for _ in range(3)]

    def fire() -> None:
        scene.kill_when_it_cancels()

    _undo_under_fire(scene, documents, fire)
    assert scene.killed["robot, sending"] == 1


@pytest.mark.torture
@pytest.mark.timeout(7200)
def test_thirty_payments(scene: Scene, fresh: Iterator[dict[str, Any]]) -> None:
    dice = random.Random(int(os.environ.get("COBRANZA_SEED", "1")))
    documents = [next(fresh) for _ in range(int(os.environ.get("COBRANZA_PAYMENTS", "30")))]

    def fire() -> None:
        while scene.live():
            match dice.randrange(4):
                case 0:
                    scene.kill_when_it_cancels()
                case 1:
                    scene.kill_some_time(dice, erp_too=True)
                case _:
                    scene.kill_some_time(dice, erp_too=False)

    _undo_under_fire(scene, documents, fire)
    assert scene.killed["robot, sending"] > 0
    assert scene.killed["robot"] + scene.killed["erp"] > 0
