"""A company whose debtors owe, pay and break promises, on the ledger; scored by the rules of the first day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User

from cobranza.kernel import clock
from cobranza.ledger import allocations
from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger, import_statement, reading_sha256
from cobranza.ledger.models import BankAccount, Creditor, Debtor, Invoice, Movement, Rating
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_account, register_creditor
from cobranza.ledger.statements import BankMovement, Statement
from cobranza.screens.access import Role

ROBOT = Actor.robot("prueba")
TODAY = clock.now().astimezone(clock.MADRID).date()


@dataclass
class Company:
    """What a test works with."""

    creditor: Creditor
    account: BankAccount
    listed: dict[str, tuple[Customer, list[OpenDocument]]]

    def owes(self, name: str, *dues: int, amount: str = "1000", tax_id: str = "") -> Debtor:
        """A debtor with invoices that fall due so many days from today (negative: overdue)."""
        customer = Customer(key=name, name=name, tax_id=tax_id, country="ES")
        documents = [document(name, f"{name}-{place}", due, amount) for place, due in enumerate(dues)]
        self.listed[name] = (customer, documents)
        self.read()
        return Debtor.objects.get(creditor=self.creditor, erp_key=name)

    def read(self) -> None:
        documents = tuple(each for _, found in self.listed.values() for each in found)
        whole = OpenLedger(
            customers=tuple(customer for customer, _ in self.listed.values()),
            documents=documents,
            control_count=len(documents),
            control_source="recuento",
        )
        import_ledger(self.creditor, "tryton", whole, actor=ROBOT)

    def pays(self, debtor: Debtor, amount: str | None = None) -> None:
        """The bank has it, and it settles the oldest invoice."""
        invoice = Invoice.objects.filter(debtor=debtor, open__gt=0).order_by("due_on").first()
        if invoice is None:
            raise ValueError("nothing open")
        applied = Decimal(amount) if amount else invoice.open
        movement = self.movement(applied, f"{debtor.name} {Movement.objects.count()}")
        allocations.allocate(movement, [allocations.Part(invoice=invoice.pk, applied=applied)], actor=ROBOT)

    def movement(self, amount: Decimal, text: str) -> Movement:
        line = BankMovement(booked_on=TODAY, value_on=TODAY, amount=amount, currency="EUR", text=text)
        whole = Statement(account=self.account.iban, currency="EUR", opening=None, closing=None, movements=(line,))
        sha256 = reading_sha256(self.account.iban, whole)
        done = import_statement(self.account, [whole], source="n43", sha256=sha256, actor=ROBOT)
        return Movement.objects.get(pk=done.new[0])


def document(customer: str, key: str, due: int, amount: str) -> OpenDocument:
    total = Decimal(amount)
    due_on = TODAY + timedelta(days=due)
    return OpenDocument(
        key=key, number=key, customer=customer, kind="invoice", issued_on=min(TODAY, due_on - timedelta(days=30)),
        due_on=due_on, currency="EUR", net=total, tax=Decimal(0), gross=total, open=total,
    )  # fmt: skip


def found(name: str = "talleres") -> Company:
    creditor = register_creditor(name, "Talleres Invención, S.A.", actor=ROBOT, country="ES")
    account = register_account(creditor, "ES9121000418450200051332", "EUR", actor=ROBOT, name="Operativa")
    return Company(creditor, account, {})


@pytest.fixture
def company(db: None) -> Company:
    return found()


@pytest.fixture
def person(db: None) -> Callable[..., Actor]:
    """An account of the console with some roles."""

    def make(name: str, *roles: Role) -> Actor:
        user, _ = User.objects.get_or_create(username=name)
        user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
        return Actor.person(name)

    return make


def rating(debtor: Debtor) -> Rating:
    return Rating.objects.get(debtor=debtor, current=True)


def day(ahead: int) -> date:
    return TODAY + timedelta(days=ahead)
