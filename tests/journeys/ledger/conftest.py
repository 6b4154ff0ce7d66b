"""A small invented company for the ledger's journeys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from cobranza.ledger.events import Actor
from cobranza.ledger.intake import import_ledger, import_statement, reading_sha256
from cobranza.ledger.models import BankAccount, Creditor, Invoice, Movement
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_account, register_creditor
from cobranza.ledger.statements import BankMovement, Statement

ROBOT = Actor.robot("conciliacion_diaria")
ANA = Actor.person("ana")
IBAN = "ES9121000418450200051332"
DAY = date(2026, 3, 2)
PEPA = Customer(key="c1", name="Ferretería Pepa, S.L.", tax_id="B12345674", country="ES", email="pagos@pepa.example")


def document(key: str, gross: str, *, opens: str | None = None, currency: str = "EUR", customer: str = "c1"):
    """An open document; a negative total makes it a credit note."""
    total = Decimal(gross)
    return OpenDocument(
        key=key,
        number=f"F-{key}",
        customer=customer,
        kind="credit_note" if total < 0 else "invoice",
        issued_on=date(2026, 1, 31),
        due_on=date(2026, 3, 2),
        currency=currency,
        net=total,
        tax=Decimal(0),
        gross=total,
        open=total if opens is None else Decimal(opens),
    )


def listed(*documents: OpenDocument, issues: tuple[str, ...] = (), customers: tuple[Customer, ...] = (PEPA,)):
    """A whole list with its control count."""
    return OpenLedger(
        customers=customers,
        documents=documents,
        control_count=len(documents),
        control_source="recuento de la API",
        issues=issues,
    )


def line(amount: str, text: str = "TRANSFERENCIA", day: date = DAY, currency: str = "EUR") -> BankMovement:
    """A movement."""
    return BankMovement(booked_on=day, value_on=day, amount=Decimal(amount), currency=currency, text=text)


def statement(*lines: BankMovement, opening: str | None = None, account: str = IBAN, currency: str = "EUR"):
    """A statement that closes, when it says where it opened."""
    start = None if opening is None else Decimal(opening)
    moved = sum((movement.amount for movement in lines), Decimal(0))
    return Statement(
        account=account,
        currency=currency,
        opening=start,
        closing=None if start is None else start + moved,
        movements=lines,
    )


@pytest.fixture
def creditor(db: None) -> Creditor:
    return register_creditor("talleres", "Talleres Invención, S.A.", actor=ROBOT, tax_id="A58818501", country="ES")


@pytest.fixture
def account(creditor: Creditor) -> BankAccount:
    return register_account(creditor, IBAN, "EUR", actor=ROBOT, name="Operativa")


@pytest.fixture
def owed(creditor: Creditor) -> Callable[..., list[Invoice]]:
    """Brings in documents and returns their rows in order."""

    def bring(*documents: OpenDocument) -> list[Invoice]:
        import_ledger(creditor, "tryton", listed(*documents), actor=ROBOT)
        rows = {row.erp_key: row for row in Invoice.objects.filter(creditor=creditor)}
        return [rows[item.key] for item in documents]

    return bring


@pytest.fixture
def paid(account: BankAccount) -> Callable[..., list[Movement]]:
    """Brings in a statement with these movements and returns their rows in order."""

    def bring(*lines: BankMovement) -> list[Movement]:
        whole = statement(*lines)
        done = import_statement(account, [whole], source="n43", sha256=reading_sha256(account.iban, whole), actor=ROBOT)
        return list(Movement.objects.filter(pk__in=done.new).order_by("pk"))

    return bring
