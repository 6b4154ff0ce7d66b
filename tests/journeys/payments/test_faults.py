"""Payments at a gateway that loses answers and calls twice, late and in any order: each is counted once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from cobranza.demo.gateways.server import RunningGateway, in_process
from cobranza.ledger import holds
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import BankAccount, Creditor, Debtor, Hold, Invoice
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_account, register_creditor
from cobranza.payments import workflow
from cobranza.payments.models import Charge, Heard
from cobranza.payments.ports import ChargeState, GatewayDown
from tests.unit.payments.conftest import ROBOT, Room
from tests.unit.payments.gateway import MemoryGateway

COUNT = 24
FAULTS = ("none", "cut_body", "error_after", "unavailable", "garbage", "rate_limit")


@pytest.fixture(scope="module")
def double() -> Iterator[RunningGateway]:
    with in_process("stripe") as running:
        yield running


@pytest.fixture
def room(db: None, double: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A company of `config/gateways.toml` with its invoices, and no waiting between tries."""
    for name, value in double.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("connectors.gateways.line._wait", lambda _: None)
    creditor: Creditor = register_creditor("demo", "Comercial Demo, S.L.", actor=ROBOT, country="ES")
    account: BankAccount = register_account(creditor, "ES9121000418450200051332", "EUR", actor=ROBOT, name="Operativa")
    customer = Customer(key="c1", name="Ferretería Pepa, S.L.", tax_id="B12345674", country="ES")
    documents = tuple(_document(number) for number in range(COUNT))
    listed = OpenLedger(
        customers=(customer,), documents=documents, control_count=COUNT, control_source="recuento"
    )  # fmt: skip
    import_ledger(creditor, "tryton", listed, actor=ROBOT)
    invoices = list(Invoice.objects.order_by("number"))
    return Room(creditor, Debtor.objects.get(), invoices, account, MemoryGateway())


def test_each_payment_counts_once_through_every_fault(room: Room, double: RunningGateway) -> None:
    dice = random.Random(7)
    for number, invoice in enumerate(room.invoices):
        double.faults(*[dice.choice(FAULTS) for _ in range(2)])
        _start(room, invoice, f"p:{number}")
    truth = double.truth()
    assert len(truth["sales"]) == COUNT, "an answer that was lost made no second page"

    fates = {f"p:{number}": dice.choice(("pay", "pay", "pay", "refund", "fail")) for number in range(COUNT)}
    for key, fate in fates.items():
        for what in ("pay", "refund") if fate == "refund" else (fate,):
            double.act(what, key)
    calls = [call for call in double.calls() for _ in range(dice.choice((0, 1, 2)))]
    dice.shuffle(calls)
    assert all(_post(call) == 204 for call in calls)
    forged = dict(calls[0], body=calls[0]["body"] + " ")
    assert _post(forged) == 404

    asked, failed = workflow.refresh_open(room.creditor.pk)
    assert (asked > 0, failed) == (True, 0)
    # A rejected card leaves the page open: heard of it is failed, else still pending.
    right = {"pay": {ChargeState.PAID}, "refund": {ChargeState.REFUNDED},
             "fail": {ChargeState.PENDING, ChargeState.FAILED}}  # fmt: skip
    for key, state in Charge.objects.values_list("key", "state"):
        assert ChargeState(state) in right[fates[key]], key
    assert Heard.objects.count() == len({call["name"] for call in calls})

    paid = [key for key, fate in fates.items() if fate == "pay"]
    assert Hold.objects.filter(released_at=None).count() == len(paid)
    payout = double.act("payout")
    room.movement(payout["amount"], f"TRANSFERENCIA STRIPE {payout['id'].upper()}")
    assert workflow.reconcile(room.creditor)["booked"] == len(paid)
    assert not workflow.reconcile(room.creditor)
    assert not Hold.objects.filter(released_at=None).exists()
    for key, fate in fates.items():
        invoice = Charge.objects.get(key=key).parts.get().invoice
        assert (invoice.open, holds.held(invoice)) == (Decimal(0) if fate == "pay" else invoice.gross, 0), key


def _start(room: Room, invoice: Invoice, key: str) -> None:
    for _ in range(4):
        try:
            workflow.start(
                room.debtor, {invoice.pk: invoice.open}, "EUR", key=key, back_url="https://x.example/", actor=ROBOT
            )
        except GatewayDown:
            continue
        return
    raise AssertionError(f"{key} never started")


def _post(call: dict[str, Any]) -> int:
    headers = {name: value for name, value in call["headers"].items() if name != "Content-Type"}
    return Client().post(
        "/payments/avisos/stripe/", call["body"], content_type="application/json", headers=headers
    ).status_code  # fmt: skip


def _document(number: int) -> OpenDocument:
    total = Decimal(50 + number) + Decimal("0.37")
    return OpenDocument(
        key=str(number), number=f"F-{number:03d}", customer="c1", kind="invoice", issued_on=date(2026, 1, 1),
        due_on=date(2026, 1, 31), currency="EUR", net=total, tax=Decimal(0), gross=total, open=total,
    )  # fmt: skip
