"""A company with a real mailbox (Dovecot), a real way out (SMTP), the Zendesk double and the shipped classifier."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cobranza.demo.tickets import server
from cobranza.demo.tickets.server import RunningDesk
from cobranza.disputes import workflow
from cobranza.disputes.shift import Shift
from cobranza.ledger.models import Creditor, Invoice
from cobranza.ledger.registry import register_creditor
from tests import dovecot as imap
from tests.dovecot import Dovecot, dovecot
from tests.journeys.runs.engine_room import REPO, database_url, empty_ticket_box
from tests.smtpd import Smtpd, smtpd
from tests.unit.disputes.conftest import ROBOT, owe

__all__ = ["dovecot", "smtpd"]

COMPANY = '[empresas.demo]\nnombre = "Prueba, S.L."\nnif = "A58818501"\npais = "ES"\nerp = "hoja"\nbancos = ["caja"]\n'
TRIAGE = '[buzones.disputas]\nempresa = "demo"\nmesa = "zendesk"\n'


def toml(table: str, values: dict[str, object]) -> str:
    """A TOML table; JSON writes the same strings, numbers and booleans."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[{table}]", *lines, ""])


@pytest.fixture(scope="session")
def zendesk() -> Iterator[RunningDesk]:
    with server.in_process("zendesk") as desk:
        yield desk


@dataclass
class Office:
    """The company at work, with everything outside real or a double behind a socket."""

    home: Path
    creditor: Creditor
    imap: Dovecot
    user: str
    smtp: Smtpd
    desk: RunningDesk

    def deliver(self, text: str, **values: str) -> bytes:
        """Put a mail into the mailbox."""
        whole = imap.mail(text=text.replace("\n", "\r\n"), to=f"{self.user}@empresa.example", **values)
        self.imap.deliver(self.user, whole)
        return whole

    def robot(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Start the robot as staff do; its exit code and what it says."""
        command = [sys.executable, "-m", "cobranza", "run", "triaje_de_disputas", "--json", *words]
        environment = os.environ | {"PYTHONPATH": str(REPO)}
        done = subprocess.run(
            command, cwd=self.home, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert imap.PASSWORD not in done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout)

    def triage(self) -> Shift:
        """The robot's steps, in this process."""
        with ExitStack() as stack:
            shift = workflow.open_shift("demo", self.creditor, "Prueba, S.L.", stack)
            workflow.watch(shift)
            workflow.collect(shift)
            workflow.work(shift)
            workflow.collect(shift)
        return shift

    def tickets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.desk.truth()["tickets"]
        return found

    def invoice(self, number: str) -> Invoice:
        return Invoice.objects.get(number=number)


@pytest.fixture
def office(
    tmp_path: Path,
    dovecot: Dovecot,
    smtpd: Smtpd,
    zendesk: RunningDesk,
    monkeypatch: pytest.MonkeyPatch,
    transactional_db: None,
) -> Office:
    home = tmp_path / "una suite"
    for name in ("robots", "keywords", "connectors", "classifiers", "config"):
        shutil.copytree(REPO / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    user = dovecot.new_user()
    mailbox = dovecot.account(user, salida="principal")
    (home / "config" / "mail.toml").write_text(
        toml("buzones.disputas", mailbox) + toml("salidas.principal", smtpd.way_out()), encoding="utf-8"
    )
    (home / "config" / "companies.toml").write_text(COMPANY, encoding="utf-8")
    (home / "config" / "disputes.toml").write_text(TRIAGE, encoding="utf-8")
    zendesk.reset()
    for name, value in zendesk.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COBRANZA_HOME", str(home))
    monkeypatch.setenv("COBRANZA_OUTPUT", str(home / "output"))
    monkeypatch.setenv("COBRANZA_EVIDENCE", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url())
    empty_ticket_box()
    creditor = register_creditor("demo", "Prueba, S.L.", actor=ROBOT, tax_id="A58818501", country="ES")
    owe(creditor)
    return Office(home, creditor, dovecot, user, smtpd, zendesk)
