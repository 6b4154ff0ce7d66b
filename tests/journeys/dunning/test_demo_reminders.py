"""The demo's reminders arrive once each, and who gets none is told why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.demo import reminders
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


def company(today: date) -> None:
    """Twelve debtors, each six days late; the bank was read today."""
    creditor = register_creditor("demo", "Empresa Demo, S.A.", actor=ROBOT, country="ES")
    customers = [
        Customer(key=f"c{n:02}", name=f"Cliente {n}", country="ES", email=f"c{n}@x.example") for n in range(12)
    ]
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


def test_the_days_reminders_reach_the_mailbox_once(db: None, mail: RunningMail) -> None:
    told: list[str] = []
    company(clock.now().astimezone(clock.MADRID).date())
    first = reminders.run(mail, tell=told.append)
    assert first.sound, first.faults
    assert (first.sent, first.sent_before, first.arrived) == (9, 0, 9)
    assert sum(first.held.values()) == 3, "without consent, opted out, with a plan"
    assert any("✓ 9 recordatorios" in each for each in first.lines())
    assert told

    again = reminders.run(mail, tell=told.append)
    assert (again.sent, again.sent_before, again.arrived) == (0, 9, 9)
    assert again.sound
    assert len(mail.answers()) == 9
    [name] = {str(each["From"]) for each in mail.answers()}
    assert name
    assert Message.objects.count() == 9


def test_a_lost_mail_is_a_fault(db: None, mail: RunningMail) -> None:
    company(clock.now().astimezone(clock.MADRID).date())
    reminders.run(mail, tell=lambda _text: None)
    next(mail.sent.glob("*.eml")).unlink()
    assert not reminders.run(mail, tell=lambda _text: None).sound
