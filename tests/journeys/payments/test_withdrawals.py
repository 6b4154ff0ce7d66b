"""Mercado Pago names no payments with its transfer: its reports do, and the bank's money finds what it pays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from cobranza.demo.gateways.server import in_process
from cobranza.ledger.intake import import_ledger, import_statement, reading_sha256
from cobranza.ledger.models import Allocation, Debtor, Hold, Invoice
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger
from cobranza.ledger.registry import register_account, register_creditor
from cobranza.ledger.statements import BankMovement, Statement
from cobranza.payments import workflow
from cobranza.payments.models import Charge
from tests.unit.payments.conftest import ROBOT

CLABE = "032180000118359719"
TODAY = date.today()


@pytest.mark.django_db
def test_a_withdrawal_pays_what_its_report_names_less_the_fees(monkeypatch: pytest.MonkeyPatch) -> None:
    creditor = register_creditor("demo", "Comercial Demo, S.A. de C.V.", actor=ROBOT, country="MX")
    account = register_account(creditor, CLABE, "MXN", actor=ROBOT, name="Operativa")
    papers = tuple(_document(number, gross) for number, gross in enumerate(("1160.00", "580.50", "99.90")))
    customer = Customer(key="c1", name="Ferretería Pepa", country="MX")
    listed = OpenLedger(customers=(customer,), documents=papers, control_count=3, control_source="recuento")
    import_ledger(creditor, "tryton", listed, actor=ROBOT)
    debtor = Debtor.objects.get()
    with in_process("mercado_pago") as gateway:
        for name, value in gateway.environment().items():
            monkeypatch.setenv(name, value)
        for invoice in Invoice.objects.order_by("number"):
            key = f"p:{invoice.number}"
            workflow.start(
                debtor, {invoice.pk: invoice.open}, "MXN", key=key, back_url="https://x.example/", actor=ROBOT
            )
            if invoice.number != "F-2":
                gateway.act("pay", key)
        assert workflow.refresh_open(creditor.pk) == (3, 0)
        assert workflow.reconcile(creditor)["booked"] == 0, "nothing was withdrawn yet"
        payout = gateway.act("payout")
        line = BankMovement(
            booked_on=TODAY, value_on=TODAY, amount=Decimal(payout["amount"]), currency="MXN",
            text=f"SPEI RECIBIDO MERCADO PAGO {payout['id'].upper()}",
        )  # fmt: skip
        whole = Statement(account=CLABE, currency="MXN", opening=None, closing=None, movements=(line,))
        import_statement(account, [whole], source="csv", sha256=reading_sha256(CLABE, whole), actor=ROBOT)
        assert workflow.reconcile(creditor)["booked"] == 2
        assert not workflow.reconcile(creditor), "counted once"
    assert list(Invoice.objects.order_by("number").values_list("open", flat=True)) == [0, 0, Decimal("99.900")]
    fees = dict(Charge.objects.exclude(fee=None).values_list("key", "fee"))
    kept = {row.invoice.number: row.fee for row in Allocation.objects.select_related("invoice")}
    assert kept == {key.removeprefix("p:"): fee for key, fee in fees.items()}
    assert not Hold.objects.filter(released_at=None).exists()


def _document(number: int, gross: str) -> OpenDocument:
    total = Decimal(gross)
    return OpenDocument(
        key=str(number), number=f"F-{number}", customer="c1", kind="invoice", issued_on=date(2026, 1, 1),
        due_on=date(2026, 1, 31), currency="MXN", net=total, tax=Decimal(0), gross=total, open=total,
    )  # fmt: skip
