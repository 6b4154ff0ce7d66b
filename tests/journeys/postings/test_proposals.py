"""From the ledger through the engine to proposals, and what people make of them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction

from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.models import Allocation, Invoice
from cobranza.ledger.rules import Fixed, refusals
from cobranza.reconciliation.ledger_frames import frames
from cobranza.reconciliation.models import Decision, Proposal
from cobranza.reconciliation.proposals import DecisionError, Link, accept, dismiss, recorded_by_hand, reopen, with_cash
from tests.journeys.ledger.conftest import ANA, ROBOT, document, line

pytestmark = pytest.mark.django_db
D = Decimal


def _state(movement) -> str:
    return Proposal.objects.exclude(state="superseded").get(movement=movement).state


def test_a_named_payment_is_automatic_and_a_stranger_waits(owed, paid, matched) -> None:
    owed(document("2026-03381", "121.00"), document("2026-03382", "80.00"))
    named, stranger, charge = paid(
        line("121.00", "PAGO F-2026-03381"), line("33.21", "GRACIAS"), line("-4", "COMISION")
    )

    stored = matched()

    assert (stored.automatic, stored.review, stored.unrelated) == (1, 1, 1)
    assert [_state(row) for row in (named, stranger, charge)] == ["automatic", "review", "unrelated"]
    proposal = Proposal.objects.get(movement=named)
    assert proposal.explanation
    assert proposal.matches.get().cash == D("121.00")


def test_the_same_round_twice_changes_nothing(owed, paid, matched) -> None:
    owed(document("2026-03381", "121.00"))
    paid(line("121.00", "PAGO F-2026-03381"), line("33.21", "GRACIAS"))
    matched()
    before = list(Proposal.objects.order_by("pk").values_list("pk", "state", "updated_at"))

    again = matched("r2")

    assert (again.kept, again.automatic, again.review) == (2, 0, 0)
    assert before == list(Proposal.objects.order_by("pk").values_list("pk", "state", "updated_at"))


def test_what_changes_is_superseded_not_overwritten(owed, paid, matched) -> None:
    [money] = paid(line("121.00", "PAGO F-2026-03381"))
    matched()
    assert _state(money) == "review"

    owed(document("2026-03381", "121.00"))
    matched("r2")

    assert sorted(Proposal.objects.values_list("state", flat=True)) == ["automatic", "superseded"]


def test_no_run_alters_what_a_person_decided(owed, paid, matched) -> None:
    one, two = owed(document("2026-03381", "121.00"), document("2026-03382", "121.00"))
    first, second = paid(line("121.00", "PAGO F-2026-03381"), line("55", "RARO"))
    matched()
    accept(
        Proposal.objects.get(movement=first).pk,
        person="ana",
        links=[Link(invoice=two.pk, applied=D(121))],
        note="Es la 2",
    )
    dismiss(Proposal.objects.get(movement=second).pk, person="ana")
    before = list(Proposal.objects.exclude(state="superseded").order_by("pk").values())

    told = frames(one.creditor)
    matched("r2", threshold="0.10")

    assert list(Proposal.objects.exclude(state="superseded").order_by("pk").values()) == before
    assert list(told.fixed["invoice_id"]) == [f"F{two.pk:09d}"]
    assert f"M{second.pk:09d}" not in set(told.payments["payment_id"])
    assert list(Decision.objects.order_by("pk").values_list("kind", flat=True)) == ["changed", "dismissed"]


def test_money_allocated_by_a_person_is_taken_as_given(owed, paid, matched) -> None:
    [invoice] = owed(document("2026-03381", "121.00"))
    first, second = paid(line("121.00", "PAGO F-2026-03381"), line("121.00", "PAGO F-2026-03381 OTRA VEZ"))
    allocate(second, [Part(invoice=invoice.pk, applied=D(121))], actor=ANA)

    matched()

    assert _state(first) == "review"  # the invoice is paid: a second payment of it is no certainty
    assert not Proposal.objects.filter(movement=second).exists()


def test_reopening_and_deciding_twice(owed, paid, matched) -> None:
    owed(document("2026-03381", "121.00"))
    [money] = paid(line("121.00", "PAGO F-2026-03381"))
    matched()
    pk = Proposal.objects.get(movement=money).pk
    dismiss(pk, person="ana")

    with pytest.raises(DecisionError):
        accept(pk, person="luis")
    reopen(pk, person="luis")
    assert accept(pk, person="luis").state == "accepted"


def test_an_empty_proposal_cannot_be_accepted(paid, matched) -> None:
    [money] = paid(line("33.21", "GRACIAS"))
    matched()
    with pytest.raises(DecisionError, match="ningún documento"):
        accept(Proposal.objects.get(movement=money).pk, person="ana")


def test_a_netted_payment_recorded_by_hand(owed, paid, matched) -> None:
    one, note = owed(document("2026-03381", "300"), document("2026-03389", "-50"))
    [money] = paid(line("250", "PAGO F-2026-03381 MENOS ABONO F-2026-03389"))
    matched()
    pk = Proposal.objects.exclude(state="superseded").get(movement=money).pk
    links = [Link(invoice=one.pk, applied=D(300)), Link(invoice=note.pk, applied=D(-50))]
    accepted = accept(pk, person="ana", links=links)

    recorded_by_hand(accepted.pk, person="ana")

    assert set(Invoice.objects.values_list("open", flat=True)) == {D(0)}
    assert set(Allocation.objects.values_list("decided_by", "decided_by_name")) == {("person", "ana")}
    assert _state(money) == "posted"


def test_money_in_another_currency_is_shared_out_to_the_cent(owed, paid) -> None:
    one, two = owed(document("1", "100.00", currency="USD"), document("2", "33.33", currency="USD"))
    [money] = paid(line("122.67"))
    links = [Link(invoice=one.pk, applied=D("100")), Link(invoice=two.pk, applied=D("33.33"))]

    shared = with_cash(money, links, {one.pk: "USD", two.pk: "USD"}, D(0))

    assert [link.cash for link in shared] == [D("92.00"), D("30.67")]
    allocate(
        money,
        [Part(invoice=x.invoice, applied=x.applied, cash=x.cash, rate=x.rate) for x in shared],
        actor=ROBOT,
    )
    money.refresh_from_db()
    assert money.remaining == 0


def test_decisions_are_never_rewritten(owed, paid, matched) -> None:
    owed(document("2026-03381", "121.00"))
    [money] = paid(line("121.00", "PAGO F-2026-03381"))
    matched()
    dismiss(Proposal.objects.get(movement=money).pk, person="ana")

    with pytest.raises(Fixed), refusals(), transaction.atomic():
        Decision.objects.update(person="luis")
