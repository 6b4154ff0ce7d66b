"""A company with one debtor, three invoices, a bank account, and a gateway in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger, import_statement, reading_sha256
from cobranza.ledger.models import BankAccount, Creditor, Debtor, Invoice, Movement
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_account, register_creditor
from cobranza.ledger.statements import BankMovement, Statement
from cobranza.payments import accounts, workflow
from cobranza.payments.workflow import Started
from tests.unit.payments.gateway import MemoryGateway

ROBOT = Actor.robot("prueba")
PEPA = Customer(key="c1", name="Ferretería Pepa, S.L.", tax_id="B12345674", country="ES")
TODAY = date.today()


@dataclass
class Room:
    """What a test works with."""

    creditor: Creditor
    debtor: Debtor
    invoices: list[Invoice]
    account: BankAccount
    gateway: MemoryGateway

    def start(self, *amounts: str, key: str = "k1", agreement: int | None = None) -> Started:
        parts = {row.pk: Decimal(amount) for row, amount in zip(self.invoices, amounts, strict=False)}
        return workflow.start(
            self.debtor, parts, "EUR", key=key, back_url="https://nuestra.example/", actor=ROBOT, agreement=agreement
        )

    def hear(self, name: str) -> int:
        return workflow.hear("memoria", {"firma": "buena"}, name.encode(), "https://nuestra.example/")

    def movement(self, amount: str, text: str) -> Movement:
        line = BankMovement(booked_on=TODAY, value_on=TODAY, amount=Decimal(amount), currency="EUR", text=text)
        whole = Statement(account=self.account.iban, currency="EUR", opening=None, closing=None, movements=(line,))
        done = import_statement(
            self.account, [whole], source="n43", sha256=reading_sha256(self.account.iban, whole), actor=ROBOT
        )
        return Movement.objects.get(pk=done.new[0])

    def claimable(self, index: int = 0) -> Decimal:
        from cobranza.ledger import holds

        row = Invoice.objects.get(pk=self.invoices[index].pk)
        free: Decimal = row.open - holds.held(row)
        return free


def company() -> Room:
    """The company in the ledger; nobody takes its payments until a test says so."""
    creditor = register_creditor("talleres", "Talleres Invención, S.A.", actor=ROBOT, country="ES")
    account = register_account(creditor, "ES9121000418450200051332", "EUR", actor=ROBOT, name="Operativa")
    listed = OpenLedger(
        customers=(PEPA,),
        documents=tuple(_document(key, gross) for key, gross in (("1", "100"), ("2", "250"), ("3", "60"))),
        control_count=3,
        control_source="recuento",
    )
    import_ledger(creditor, "tryton", listed, actor=ROBOT)
    debtor = Debtor.objects.get(creditor=creditor)
    invoices = list(Invoice.objects.filter(creditor=creditor).order_by("number"))
    return Room(creditor, debtor, invoices, account, MemoryGateway())


@pytest.fixture
def make_room(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Room]:
    """Makes a fresh room; in a property test one for each example."""

    def make() -> Room:
        made = company()
        monkeypatch.setattr(accounts, "_openers", lambda: [made.gateway])
        return made

    return make


@pytest.fixture
def room(make_room: Callable[[], Room]) -> Room:
    return make_room()


def _document(key: str, gross: str) -> OpenDocument:
    total = Decimal(gross)
    return OpenDocument(
        key=key,
        number=f"F-{key}",
        customer="c1",
        kind="invoice",
        issued_on=date(2026, 1, 1),
        due_on=date(2026, 1, 31),
        currency="EUR",
        net=total,
        tax=Decimal(0),
        gross=total,
        open=total,
    )
