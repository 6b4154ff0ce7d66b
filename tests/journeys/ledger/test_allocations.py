"""Money meets documents: what the services do and what the database refuses, whoever writes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from cobranza.ledger.allocations import Part, allocate, reverse
from cobranza.ledger.models import Allocation, Event, Invoice, Movement
from cobranza.ledger.rules import (
    AlreadyAllocated,
    BadAmount,
    Fixed,
    OverAllocated,
    PersonDecided,
    WrongDirection,
    refusals,
)
from tests.journeys.ledger.conftest import ANA, ROBOT, document, line

pytestmark = pytest.mark.django_db
D = Decimal


def test_a_payment_settles_its_invoice(owed, paid) -> None:
    [invoice], [money] = owed(document("1", "121.00")), paid(line("121.00"))

    [made] = allocate(money, [Part(invoice=invoice.pk, applied=D("121.00"))], actor=ROBOT)

    invoice.refresh_from_db()
    money.refresh_from_db()
    assert (invoice.open, invoice.state, money.remaining) == (0, "settled", 0)
    assert made.cash == D("121.00")
    assert Event.objects.filter(kind="allocation.made", subject=f"movement:{money.pk}").count() == 1


def test_withheld_fee_and_discount_settle_more_than_the_cash(owed, paid) -> None:
    [invoice], [money] = owed(document("1", "1210.00")), paid(line("1050.00"))

    part = Part(invoice=invoice.pk, applied=D("1210"), withheld=D("150"), fee=D("4"), discount=D("6"))
    allocate(money, [part], actor=ROBOT)

    invoice.refresh_from_db()
    money.refresh_from_db()
    assert (invoice.open, money.remaining) == (0, 0)


def test_a_netted_payment_uses_up_its_credit_note(owed, paid) -> None:
    one, two, note = owed(document("1", "300"), document("2", "200"), document("3", "-50"))
    [money] = paid(line("450"))

    parts = [Part(invoice=row.pk, applied=row.gross) for row in (one, two, note)]
    allocate(money, parts, actor=ROBOT)

    assert set(Invoice.objects.values_list("open", flat=True)) == {D(0)}
    money.refresh_from_db()
    assert money.remaining == 0


def test_a_return_reopens_the_invoice_with_its_charge(owed, paid) -> None:
    [invoice], [money, back] = owed(document("1", "86.46")), paid(line("86.46"), line("-89.96", "DEVOLUCION"))
    allocate(money, [Part(invoice=invoice.pk, applied=D("86.46"))], actor=ROBOT)

    allocate(back, [Part(invoice=invoice.pk, applied=D("-86.46"), fee=D("3.50"))], actor=ROBOT)

    invoice.refresh_from_db()
    back.refresh_from_db()
    assert (invoice.open, invoice.state, back.remaining) == (D("86.46"), "open", 0)


def test_a_payment_in_another_currency_needs_its_rate(owed, paid) -> None:
    [invoice], [money] = owed(document("1", "100.00", currency="USD")), paid(line("92.00"))

    with pytest.raises(BadAmount, match="falta el cambio"):
        allocate(money, [Part(invoice=invoice.pk, applied=D("100"))], actor=ROBOT)
    allocate(money, [Part(invoice=invoice.pk, applied=D("100"), cash=D("92"), rate=D("0.92"))], actor=ROBOT)

    money.refresh_from_db()
    assert money.remaining == 0


@pytest.mark.parametrize(
    ("gross", "brought", "applied", "error"),
    [
        ("100", "500", "100.01", OverAllocated),
        ("500", "100", "100.01", OverAllocated),
        ("100", "100", "-10", WrongDirection),
        ("100", "-100", "100", WrongDirection),
        ("100", "-100", "-100", OverAllocated),  # nothing was paid that could be returned
        ("-100", "100", "100", WrongDirection),
        ("100", "100", "10.001", BadAmount),
    ],
)
def test_refuses_what_does_not_fit(owed, paid, gross, brought, applied, error) -> None:
    [invoice], [money] = owed(document("1", gross)), paid(line(brought))

    with pytest.raises(error):
        allocate(money, [Part(invoice=invoice.pk, applied=D(applied))], actor=ROBOT)

    assert not Allocation.objects.exists()
    assert Movement.objects.get().used == 0


@pytest.mark.parametrize(
    ("gross", "brought", "applied", "rule"),
    [
        ("100", "500", "100.01", "ledger_invoice_open"),
        ("500", "100", "100.01", "ledger_movement_used"),
        ("100", "100", "-10", "ledger_allocation_direction"),
        ("100", "-100", "-100", "ledger_invoice_open"),
    ],
)
def test_the_database_refuses_it_too(owed, paid, gross, brought, applied, rule) -> None:
    [invoice], [money] = owed(document("1", gross)), paid(line(brought))

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        _insert(money, invoice, applied)

    assert refused.value.__cause__.diag.constraint_name == rule


def _insert(money: Movement, invoice: Invoice, applied: str, by: str = "robot") -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_allocation (key, movement_id, invoice_id, applied, withheld, fee, discount,"
            " cash, in_erp, rule, confidence, explanation, decided_by, decided_by_name, decided_at, reversed_by,"
            " reversed_by_name, reversed_reason) VALUES"
            " (gen_random_uuid()::text, %s, %s, %s, 0, 0, 0, %s, 0, 'x', 1, '', %s, 'x', now(),"
            " '', '', '') RETURNING id",
            [money.pk, invoice.pk, applied, applied, by],
        )
        return int(cursor.fetchone()[0])


def test_the_same_key_applies_once(owed, paid) -> None:
    [invoice], [money] = owed(document("1", "100")), paid(line("100"))
    part = Part(invoice=invoice.pk, applied=D(60), key="k1")

    first = allocate(money, [part], actor=ROBOT)
    again = allocate(money, [part], actor=ROBOT)

    assert [row.pk for row in first] == [row.pk for row in again]
    with pytest.raises(AlreadyAllocated):
        allocate(money, [Part(invoice=invoice.pk, applied=D(40), key="k1")], actor=ROBOT)


def test_a_movement_settles_a_document_once(owed, paid) -> None:
    [invoice], [money] = owed(document("1", "100")), paid(line("100"))
    allocate(money, [Part(invoice=invoice.pk, applied=D(40))], actor=ROBOT)

    with pytest.raises(AlreadyAllocated):
        allocate(money, [Part(invoice=invoice.pk, applied=D(40))], actor=ROBOT)


def test_reversing_gives_everything_back_and_can_be_done_again(owed, paid) -> None:
    [invoice], [money] = owed(document("1", "100")), paid(line("100"))
    [made] = allocate(money, [Part(invoice=invoice.pk, applied=D(100))], actor=ROBOT)

    reverse(made, actor=ANA, reason="Era de otro cliente")
    reverse(made, actor=ANA, reason="otra vez")

    invoice.refresh_from_db()
    money.refresh_from_db()
    assert (invoice.open, money.remaining) == (100, 100)
    assert Allocation.objects.get().reversed_reason == "Era de otro cliente"
    allocate(money, [Part(invoice=invoice.pk, applied=D(100))], actor=ROBOT)


def test_a_robot_never_undoes_a_person(owed, paid) -> None:
    [invoice], [money] = owed(document("1", "100")), paid(line("100"))
    [made] = allocate(money, [Part(invoice=invoice.pk, applied=D(100))], actor=ANA)

    with pytest.raises(PersonDecided, match="ana"):
        reverse(made, actor=ROBOT, reason="no")
    with pytest.raises(PersonDecided), refusals(), transaction.atomic():
        Allocation.objects.filter(pk=made.pk).update(reversed_at=made.decided_at, reversed_by="robot")
    reverse(made, actor=ANA, reason="Me equivoqué")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_allocation SET applied = 1",
        "UPDATE ledger_allocation SET decided_by = 'robot'",
        "DELETE FROM ledger_allocation",
        "UPDATE ledger_movement SET amount = 1",
        "UPDATE ledger_movement SET used = 0",
        "DELETE FROM ledger_movement",
        "UPDATE ledger_invoice SET allocated = 0",
        "UPDATE ledger_invoice SET currency = 'USD'",
        "DELETE FROM ledger_invoice",
        "UPDATE ledger_event SET payload = '{}'",
        "DELETE FROM ledger_event",
        "DELETE FROM ledger_seal",
        "UPDATE ledger_chain SET seq = 0",
        "DELETE FROM ledger_chain",
        "UPDATE ledger_statement SET closing = 1",
    ],
)
def test_evidence_and_kept_balances_cannot_be_written(owed, paid, change) -> None:
    [invoice], [money] = owed(document("1", "100")), paid(line("100"))
    allocate(money, [Part(invoice=invoice.pk, applied=D(70))], actor=ANA)

    with pytest.raises(Fixed), refusals(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
