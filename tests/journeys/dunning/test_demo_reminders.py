"""The demo's reminders arrive once each, and who gets none is told why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.demo import reminders
from cobranza.demo.channels import server
from cobranza.demo.channels.hooks import BASE
from cobranza.demo.channels.server import RunningProviders
from cobranza.demo.mail.server import RunningMail
from cobranza.demo.mail.server import running as running_mail
from cobranza.dunning import settings, wording
from cobranza.dunning.models import Message
from cobranza.kernel import clock
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger, import_statement, reading_sha256
from cobranza.ledger.receivables import Customer, OpenDocument
from cobranza.ledger.registry import register_account, register_creditor
from tests.journeys.ledger.conftest import IBAN, line, listed, statement

pytestmark = pytest.mark.django_db
ROBOT = Actor.robot("prueba")


@pytest.fixture
def mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningMail]:
    settings.written.cache_clear()
    wording.template.cache_clear()
    with running_mail(tmp_path / "correo") as found:
        for name, value in found.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COBRANZA_PORTAL", "http://127.0.0.1:8010")
        yield found


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningProviders]:
    with server.in_process() as found:
        for name, value in (found.environment() | {"COBRANZA_AVISOS_URL": BASE}).items():
            monkeypatch.setenv(name, value)
        yield found


def company(today: date) -> None:
    """Twelve debtors, each six days late, all but two with a telephone; the bank was read today."""
    creditor = register_creditor("demo", "Empresa Demo, S.A.", actor=ROBOT, country="ES")
    customers = [
        Customer(key=f"c{n:02}", name=f"Cliente {n}", country="ES", email=f"c{n}@x.example",
                 phone=f"+34 91 00000{n:02}" if n < 10 else "")
        for n in range(12)
    ]  # fmt: skip
    papers = [
        OpenDocument(
            key=f"{n}", number=f"F-{n}", customer=each.key, kind="invoice", issued_on=today - timedelta(days=40),
            due_on=today - timedelta(days=6), currency="EUR", net=Decimal(100), tax=Decimal(0), gross=Decimal(100),
            open=Decimal(100),
        )
        for n, each in enumerate(customers)
    ]  # fmt: skip
    import_ledger(creditor, "tryton", listed(*papers, customers=tuple(customers)), actor=ROBOT)
    account = register_account(creditor, IBAN, "EUR", actor=ROBOT, name="Operativa")
    whole = statement(line("-1.00", "COMISION", today))
    import_statement(account, [whole], source="n43", sha256=reading_sha256(account.iban, whole), actor=ROBOT)


def test_the_days_reminders_arrive_once_on_every_channel(
    db: None, mail: RunningMail, providers: RunningProviders
) -> None:
    told: list[str] = []
    company(clock.now().astimezone(clock.MADRID).date())
    first = reminders.run(mail, providers, tell=told.append)
    assert first.sound, first.faults
    assert (first.sent, first.sent_before, first.arrived) == (9, 0, 9)
    assert sum(first.held.values()) == 3, "without consent, opted out, with a plan"
    assert first.channels == {"email": (6, 6), "sms": (1, 1), "whatsapp": (2, 2)}
    assert first.delivered == 3
    assert any("✓ 9 recordatorios enviados ahora: 6 por correo, 1 por SMS, 2 por WhatsApp." in x for x in first.lines())
    [text] = providers.truth()["sms"]
    assert text["to"] == "+34910000004", "as the provider takes it, whatever way the ERP writes it"
    assert "http://127.0.0.1:8010/d/" in text["body"]
    assert told

    again = reminders.run(mail, providers, tell=told.append)
    assert (again.sent, again.sent_before, again.arrived) == (0, 9, 9)
    assert again.sound
    assert len(mail.answers()) == 6
    assert {kind: len(rows) for kind, rows in providers.truth().items() if rows} == {"sms": 1, "whatsapp": 2}
    [name] = {str(each["From"]) for each in mail.answers()}
    assert name
    assert Message.objects.count() == 9


def test_a_lost_mail_is_a_fault(db: None, mail: RunningMail, providers: RunningProviders) -> None:
    company(clock.now().astimezone(clock.MADRID).date())
    reminders.run(mail, providers, tell=lambda _text: None)
    next(mail.sent.glob("*.eml")).unlink()
    assert not reminders.run(mail, providers, tell=lambda _text: None).sound
