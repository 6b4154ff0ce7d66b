"""A payment through a gateway, from the page to the bank: once, whatever is told twice or in the wrong order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cobranza.ledger import allocations, verification
from cobranza.ledger.models import Hold, Invoice, Movement, Task
from cobranza.payments import workflow
from cobranza.payments.models import Booking, Charge
from cobranza.payments.ports import ChargeState, ForgedCall, GatewayDown
from cobranza.payments.workflow import CannotPay
from tests.unit.payments.conftest import ROBOT, Room


def test_a_paid_charge_is_held_until_the_bank_has_it_and_counted_once(room: Room) -> None:
    started = room.start("100", "50")
    assert workflow.state(started.charge_pk) is ChargeState.PENDING

    assert room.hear(room.gateway.pay("k1")) == 1
    assert workflow.state(started.charge_pk) is ChargeState.PAID
    assert [room.claimable(each) for each in range(3)] == [0, 200, 60]

    room.gateway.charges["k1"].payout = "po_7"
    room.movement("149.00", "TRANSFERENCIA STRIPE PO_7")
    assert workflow.reconcile(room.creditor)["booked"] == 1
    assert [room.claimable(each) for each in range(3)] == [0, 200, 60]
    assert not Hold.objects.filter(released_at=None).exists()
    assert Charge.objects.get().settled_at is not None
    assert [row.open for row in Invoice.objects.order_by("number")] == [0, 200, 60]
    assert not workflow.reconcile(room.creditor)
    assert not verification.verify().problems


def test_a_call_told_again_changes_nothing_and_a_forged_one_is_not_read(room: Room) -> None:
    room.start("100")
    name = room.gateway.pay("k1")
    assert [room.hear(name), room.hear(name)] == [1, 0]
    assert Hold.objects.count() == 1
    with pytest.raises(ForgedCall):
        workflow.hear("memoria", {"firma": "mala"}, name.encode(), "https://nuestra.example/")


def test_a_lost_answer_gives_the_same_page_when_asked_again(room: Room) -> None:
    room.gateway.lose = True
    with pytest.raises(GatewayDown):
        room.start("100")
    first = room.start("100")
    assert room.start("100") == first
    assert room.gateway.made == 1
    assert room.start("100", key="other") == first, "somebody who goes back and starts anew must not pay twice"


@pytest.mark.parametrize(
    ("amounts", "key"), [(("100.01",), "k2"), (("0",), "k2"), (("10.001",), "k2"), (("40",), "k2")]
)
def test_what_is_not_free_cannot_be_paid(room: Room, amounts: tuple[str, ...], key: str) -> None:
    room.start("100")
    with pytest.raises(CannotPay):
        room.start(*amounts, key=key)


def test_what_was_paid_cannot_be_paid_again(room: Room) -> None:
    room.start("100")
    room.hear(room.gateway.pay("k1"))
    for key in ("k1", "k2"):
        with pytest.raises(CannotPay):
            room.start("100", key=key)


def test_a_refund_frees_what_was_held_and_asks_a_person(room: Room) -> None:
    started = room.start("100")
    paid = room.gateway.pay("k1")
    back = room.gateway.refund("k1")
    room.hear(back)
    room.hear(paid)  # late: the payment is told after its refund
    assert workflow.state(started.charge_pk) is ChargeState.REFUNDED
    assert room.claimable() == 100
    assert Task.objects.get().kind == "revisar"


def test_a_part_given_back_is_claimed_again_and_the_rest_is_not(room: Room) -> None:
    room.start("100")
    room.hear(room.gateway.pay("k1"))
    room.hear(room.gateway.refund("k1", "30"))
    assert room.claimable() == 30


def test_a_dispute_frees_it_and_a_dispute_won_holds_it_again(room: Room) -> None:
    started = room.start("100")
    room.hear(room.gateway.pay("k1"))
    room.gateway.charges["k1"].disputed = True
    room.hear(room.gateway.call("k1"))
    assert (workflow.state(started.charge_pk), room.claimable()) == (ChargeState.DISPUTED, Decimal(100))
    room.gateway.charges["k1"].disputed = False
    workflow.refresh(started.charge_pk)
    assert (workflow.state(started.charge_pk), room.claimable()) == (ChargeState.PAID, Decimal(0))


def test_a_person_who_allocated_the_payout_by_hand_is_recognised(room: Room) -> None:
    room.start("100")
    room.hear(room.gateway.pay("k1"))
    movement = room.movement("99.00", "ABONO MEMORIA PAGOS SL")
    part = allocations.Part(invoice=room.invoices[0].pk, applied=Decimal(100), fee=Decimal(1))
    made = allocations.allocate(movement, [part], actor=ROBOT)
    assert workflow.reconcile(room.creditor)["recognised"] == 1
    assert not Hold.objects.filter(released_at=None).exists()

    allocations.reverse(made[0], actor=ROBOT, reason="Era de otro.")
    assert workflow.reconcile(room.creditor)["reopened"] == 1
    assert room.claimable() == 0, "the gateway still has it: it is not claimed again"
    assert Booking.objects.filter(void_at=None).count() == 0


def test_a_payout_that_does_not_add_up_is_left_to_a_person(room: Room) -> None:
    room.start("100")
    room.hear(room.gateway.pay("k1"))
    room.gateway.charges["k1"].payout = "po_7"
    room.movement("98.00", "STRIPE PO_7")
    assert not workflow.reconcile(room.creditor)["booked"]
    assert room.claimable() == 0
    Charge.objects.update(paid_at="2026-01-01T00:00:00Z")
    assert workflow.reconcile(room.creditor)["person"] == 1
    assert not workflow.reconcile(room.creditor)["person"]


STEPS = ("hear", "hear_old", "lookup", "statement", "reconcile", "by_hand", "refund", "payout")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), min_size=4, max_size=14))
def test_no_euro_counts_twice_in_any_order_of_things(
    make_room: Callable[[], Room], steps: list[tuple[str, int]]
) -> None:
    with transaction.atomic():
        _live(make_room(), steps)
        transaction.set_rollback(True)


def _live(room: Room, steps: list[tuple[str, int]]) -> None:
    """At every moment: held for the gateway plus allocated never exceeds what the debtor paid."""
    room.start("100", "50")
    room.gateway.pay("k1")
    truth, moved = room.gateway.charges["k1"], 0
    for step, number in steps:
        calls = list(room.gateway.calls)
        if step == "hear":
            room.hear(calls[-1])
        elif step == "hear_old":
            room.hear(calls[number % len(calls)])
        elif step == "lookup":
            workflow.refresh(Charge.objects.get())
        elif step == "payout" and not truth.returned:
            truth.payout = "po_9"
            room.gateway.call("k1")
        elif step == "statement" and truth.payout and not moved:
            moved = room.movement("149.00", "MEMORIA PAGOS PO_9").pk
        elif step == "reconcile":
            workflow.reconcile(room.creditor)
        elif step == "by_hand" and moved and Movement.objects.get(pk=moved).remaining == 149:
            part = allocations.Part(invoice=room.invoices[0].pk, applied=Decimal(100), fee=Decimal(1))
            allocations.allocate(moved, [part], actor=ROBOT)
        elif step == "refund" and not truth.payout and not truth.returned:
            room.gateway.refund("k1", "" if number % 2 else "40")
        _once(room, truth.paid)
    workflow.refresh(Charge.objects.get())
    workflow.reconcile(room.creditor)
    held, allocated = _once(room, truth.paid)
    assert held + allocated == truth.paid - truth.returned
    if moved:
        assert (held, allocated) in {(Decimal(0), Decimal(150)), (Decimal(50), Decimal(100))}


def _once(room: Room, paid: Decimal) -> tuple[Decimal, Decimal]:
    rows = Invoice.objects.filter(pk__in=[row.pk for row in room.invoices])
    holds = Hold.objects.filter(released_at=None, source__startswith="pasarela:")
    for row in rows:
        mine = sum((each.amount for each in holds if each.invoice_id == row.pk and each.amount), Decimal(0))
        assert mine <= row.open or row.allocated, "held, though it is settled"
    held = sum((each.amount or Decimal(0) for each in holds), Decimal(0))
    allocated = sum((row.allocated for row in rows), Decimal(0))
    charge = Charge.objects.get()
    claimable = sum((room.claimable(index) for index in range(3)), Decimal(0))
    assert claimable >= sum((row.gross for row in rows), Decimal(0)) - paid, "more is counted as paid than was paid"
    if charge.paid and not charge.returned:
        assert claimable <= sum((row.gross for row in rows), Decimal(0)) - paid, "what is known as paid is claimed"
    return held, allocated


@pytest.mark.parametrize("change", [{"amount": 50}, {"paid": 0}, {"key": "otra"}, {"currency": "USD"}])
def test_the_database_refuses_other_terms_and_facts_that_shrink(room: Room, change: dict[str, object]) -> None:
    room.start("100")
    room.hear(room.gateway.pay("k1"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Charge.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Charge.objects.all().delete()


def test_the_webhook_takes_signed_calls_alone(room: Room, client: Client) -> None:
    started = room.start("100")
    name = room.gateway.pay("k1")
    url = "/payments/avisos/memoria/"
    for headers, status in (({"firma": "mala"}, 404), ({"firma": "buena"}, 204), ({"firma": "buena"}, 204)):
        answer = client.post(url, name, content_type="text/plain", headers=headers)
        assert (answer.status_code, answer.content) == (status, b"")
    assert workflow.state(started.charge_pk) is ChargeState.PAID
    assert client.get(url).status_code == 405
    large = client.post(url, "x" * (512 * 1024 + 1), content_type="text/plain", headers={"firma": "buena"})
    assert large.status_code == 413
    room.gateway.down = True
    room.gateway.calls["evt_down"] = replace(room.gateway.calls[name], event="evt_down", money=None, paid=None)
    down = client.post(url, "evt_down", content_type="text/plain", headers={"firma": "buena"})
    assert down.status_code == 503, "the gateway shall call again"
