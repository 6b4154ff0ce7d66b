"""A small company whose debtors write, with everything outside in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.disputes import storing, workflow
from cobranza.disputes.models import Mail
from cobranza.disputes.settings import Triage, TriageMailbox
from cobranza.disputes.shift import Shift
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import Creditor, Invoice
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_creditor
from cobranza.runs.models import WorkItem
from tests.journeys.runs.engine_room import EngineRoom
from tests.unit.disputes import fakes

ROBOT = Actor.robot("prueba")
CUSTOMERS = (
    Customer(key="c1", name="Ferretería Pepa, S.L.", tax_id="B12345674", country="ES", email="pagos@pepa.example"),
    Customer(key="c2", name="Aceites del Ebro, S.A.", tax_id="A15900426", country="ES", email="cuentas@ebro.example"),
)


def document(key: str, number: str, gross: str, *, customer: str = "c1", opens: str | None = None) -> OpenDocument:
    total = Decimal(gross)
    return OpenDocument(
        key=key,
        number=number,
        customer=customer,
        kind="credit_note" if total < 0 else "invoice",
        issued_on=date(2026, 9, 1),
        due_on=date(2026, 10, 1),
        currency="EUR",
        net=total,
        tax=Decimal(0),
        gross=total,
        open=total if opens is None else Decimal(opens),
    )


def owe(creditor: Creditor) -> None:
    """Two debtors and what they owe."""
    documents = (
        document("1", "F2026-00381", "1210.00"),
        document("2", "F2026-00400", "605.50"),
        document("3", "F2026-00512", "300.00", customer="c2"),
    )
    listed = OpenLedger(customers=CUSTOMERS, documents=documents, control_count=3, control_source="recuento", issues=())
    import_ledger(creditor, "tryton", listed, actor=ROBOT)


@dataclass
class Office:
    """The company at work."""

    creditor: Creditor
    inbox: fakes.FakeMailbox
    desk: fakes.FakeDesk
    sender: fakes.FakeSender
    judge: fakes.FakeJudge

    def shift(self, **settings: object) -> Shift:
        """A robot's shift; each test may open several, as robots die and start again."""
        return Shift(
            creditor=self.creditor,
            signature="Prueba, S.L.",
            settings=Triage.model_validate({"acuses_por_dia": 50, **settings}),
            boxes={"disputas": TriageMailbox(empresa="prueba", mesa="mesa")},
            judge=self.judge,
            categories=fakes.CATEGORIES,
            read=fakes.read,
            mailboxes={"disputas": self.inbox},
            desks={"mesa": self.desk},
            senders={"disputas": self.sender},
            addresses={"disputas": "disputas@empresa.example"},
        )

    def run(self, **settings: object) -> Shift:
        """What the robot does, once."""
        shift = self.shift(**settings)
        workflow.collect(shift)
        workflow.work(shift)
        workflow.collect(shift)
        return shift

    def receive(self, text: str, **headers: str) -> Mail:
        """Deliver one mail and let the robot work."""
        content = fakes.raw(text, **headers)
        self.inbox.deliver(content)
        self.run()
        return Mail.objects.get(key=fakes.read(content).key if b"ILEGIBLE" not in content else storing.key_of(content))

    def invoice(self, number: str) -> Invoice:
        return Invoice.objects.get(number=number)

    def hurry(self) -> None:
        """Time passes: pauses and leases end."""
        WorkItem.objects.update(not_before=None)
        WorkItem.objects.filter(state="en_curso").update(state="nuevo", token=None, lease_until=None)


@pytest.fixture
def office(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    room = EngineRoom(tmp_path / "suite")
    room.settings(arriendo=600, latido=200)  # the thread that renews leases cannot see this test's transaction
    monkeypatch.setenv("COBRANZA_HOME", str(room.root))
    monkeypatch.setenv("COBRANZA_EVIDENCE", str(tmp_path))
    creditor = register_creditor("prueba", "Prueba, S.L.", actor=ROBOT, tax_id="A58818501", country="ES")
    owe(creditor)
    return Office(creditor, fakes.FakeMailbox(), fakes.FakeDesk(), fakes.FakeSender(), fakes.FakeJudge())


@pytest.fixture
def receive(office: Office) -> Callable[..., Mail]:
    return office.receive
