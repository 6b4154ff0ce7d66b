from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from cobranza.demo.company import BANKS, compose
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger

TODAY = date(2026, 11, 21)


def _ledger(documents: int = 120) -> OpenLedger:
    customers = tuple(
        Customer(key=str(n), name=f"Talleres Núñez {n} S.L.", tax_id=f"B{n:08d}", accounts=(f"ES00{n:020d}",))
        for n in range(20)
    )
    rows = tuple(
        OpenDocument(
            key=str(n),
            number=f"F2026-{n:05d}",
            customer=str(n % 20),
            kind="invoice",
            issued_on=date(2026, 8, 1),
            due_on=date(2026, 9, 1 + n % 28),
            currency="EUR",
            net=Decimal(100 + n),
            tax=Decimal(0),
            gross=Decimal(100 + n),
            open=Decimal(100 + n),
        )
        for n in range(documents)
    )
    return OpenLedger(customers=customers, documents=rows, control_count=documents, control_source="prueba")


def test_the_same_seed_gives_the_same_month() -> None:
    assert compose(_ledger(), today=TODAY).worlds == compose(_ledger(), today=TODAY).worlds
    assert compose(_ledger(), today=TODAY).worlds != compose(_ledger(), today=TODAY, seed=2).worlds


def test_every_invoice_is_paid_at_most_once_and_never_beyond_what_is_open() -> None:
    composition = compose(_ledger(), today=TODAY)
    meant = [payment for bank in BANKS for payment in composition.meant[bank]]
    numbers = [number for payment in meant for number in payment["numbers"]]
    assert len(meant) == 90
    assert len(numbers) == len(set(numbers))
    open_by_number = {document.number: document.open for document in _ledger().documents}
    for payment in meant:
        assert 0 < Decimal(payment["amount"]) <= sum(open_by_number[number] for number in payment["numbers"])


def test_both_banks_show_twins_charges_and_a_pending_line() -> None:
    worlds = compose(_ledger(), today=TODAY).worlds
    for bank in BANKS:
        (account,) = worlds[bank]["accounts"]
        lines = account["movements"]
        assert sum(line["text"] == ["INGRESO EFECTIVO CAJERO"] for line in lines) == 2
        assert sum(line["pending"] for line in lines) == 1
        assert any(Decimal(line["amount"]) < 0 for line in lines)


def test_some_customers_have_only_slipped() -> None:
    """Without them nobody would be reminded: the oldest debt decides what happens to a customer."""
    today, ledger = date(2026, 10, 1), _ledger()
    meant = compose(ledger, today=today, payments=40).meant.values()
    paid = {number for payments in meant for each in payments for number in each["numbers"]}
    left = defaultdict(list)
    for document in ledger.documents:
        if document.number not in paid:
            left[document.customer].append((today - document.due_on).days)

    slipped = [key for key, days in left.items() if 3 <= max(days) <= 9]
    assert len(slipped) >= 6
