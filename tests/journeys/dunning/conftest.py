"""A company with open invoices, a debtor who agreed to e-mail, and a channel that remembers what left."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.dunning import config, settings, wording, workflow
from cobranza.dunning.ports import Caps, Event, Outcome, Outgoing, SendResult, Status
from cobranza.ledger import consents
from cobranza.ledger.models import BankAccount, Creditor, Debtor
from cobranza.ledger.receivables import OpenDocument
from tests.journeys.ledger.conftest import ROBOT, account, creditor, owed, paid
from tests.smtpd import smtpd

__all__ = ["account", "creditor", "owed", "paid", "smtpd"]

REPO = Path(__file__).resolve().parents[3]
TODAY = date(2026, 11, 24)  # a Tuesday
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
OURS = """
[empresas.talleres]
remitente = "Talleres Invención, S.A."
telefono = "910 000 000"
[empresas.talleres.baja]
"*" = "Para no recibir más, conteste BAJA."
[empresas.talleres.canales]
email = "email"
"""


def invoice(key: str, due: date, gross: str = "500.00") -> OpenDocument:
    """An invoice of Ferretería Pepa."""
    return OpenDocument(
        key=key,
        number=f"F-{key}",
        customer="c1",
        kind="invoice",
        issued_on=date(2026, 10, 1),
        due_on=due,
        currency="EUR",
        net=Decimal(gross),
        tax=Decimal(0),
        gross=Decimal(gross),
        open=Decimal(gross),
    )


@dataclass
class Wire:
    """A channel that takes everything and remembers it."""

    slug: str = "email"
    channel: str = "email"
    taken: list[Outgoing] = field(default_factory=list)

    def capabilities(self) -> Caps:
        return Caps(receipts=True, lookup=True)

    def send(self, message: Outgoing) -> SendResult:
        self.taken.append(message)
        return SendResult(outcome=Outcome.ACCEPTED, provider_id=f"p-{len(self.taken)}")

    def lookup(self, key: str, provider_id: str, **where: object) -> Status | None:
        return None

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Event]:
        return ()


class Clock:
    """Now, as all rooms see it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = NOW
        monkeypatch.setattr("cobranza.kernel.clock.now", lambda: self.at)
        monkeypatch.setattr("django.utils.timezone.now", lambda: self.at)  # columns that keep the moment of writing


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite whose configuration names the company."""
    folder = tmp_path / "una suite"
    shutil.copytree(REPO / "config", folder / "config")
    (folder / "config" / "dunning.toml").write_text(OURS, encoding="utf-8")
    (folder / "config" / "portal.toml").write_text('direccion = "https://pagos.example.com"\n', encoding="utf-8")
    monkeypatch.setenv("COBRANZA_HOME", str(folder))
    settings.written.cache_clear()
    wording.template.cache_clear()
    assert config.company("talleres").estrategia == "general"
    return folder


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, home: Path) -> Wire:
    found = Wire()
    monkeypatch.setattr(workflow, "_channels", lambda _entry: {"email": found})
    return found


@pytest.fixture
def pepa(clock: Clock, creditor: Creditor, account: BankAccount, owed: object, paid: object) -> Debtor:
    """Owes an invoice that fell due six days ago, and agreed to be written to by e-mail; the bank was read today."""
    owed(invoice("1", date(2026, 11, 18)))  # type: ignore[operator]
    from tests.journeys.ledger.conftest import line

    paid(line("-3.00", "COMISION", date(2026, 11, 23)))  # type: ignore[operator]
    debtor = Debtor.objects.get(erp_key="c1")
    consents.give(debtor, "email", proof="contrato marco, cláusula 9", actor=ROBOT)
    return debtor
