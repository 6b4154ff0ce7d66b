"""Collections that the bank takes back: the payment leaves the ERP, the invoice is owed again, dunning hears why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cobranza.ledger.models import Allocation, Event, Invoice, Movement
from cobranza.ledger.verification import verify
from cobranza.reconciliation import reversals, workflow
from cobranza.reconciliation.models import PostingIntent, Proposal, Reversal, ReversalIntent
from cobranza.reconciliation.ports import PostingRefused
from cobranza.reconciliation.proposals import DecisionError, Link, accept, recorded_by_hand
from cobranza.reconciliation.workflow import Night
from tests.journeys.ledger.conftest import document, line
from tests.journeys.postings.test_undoing import Books, night

__all__ = ["night"]
pytestmark = pytest.mark.django_db
D = Decimal
RETURN = "DEVOLUCION RECIBO F-2026-03381 FERRETERIA PEPA MOTIVO AM04"


@pytest.fixture
def books(owed, paid, matched, night) -> Books:
    """An invoice collected and posted."""
    owed(document("2026-03381", "121.00"), document("2026-03382", "80.00"))
    paid(line("121.00", "FERRETERIA PEPA PAGO F-2026-03381"))
    matched()
    erp = Books({"2026-03381": D(121), "2026-03382": D(80)})
    assert workflow.post_certain(night(erp)) == 1
    return erp


def _live(movement: Movement) -> Proposal:
    return Proposal.objects.exclude(state="superseded").get(movement=movement)


def _told() -> dict[str, object]:
    event = Event.objects.get(kind="receivable.returned")
    return {name: value for name, value in event.payload.items() if name not in ("seals", "sealed")}


def _accepted(movement: Movement, applied: str = "-121") -> Proposal:
    invoice = Invoice.objects.get(number="F-2026-03381")
    fee = D(applied) - movement.amount
    return accept(_live(movement).pk, person="ana", links=[Link(invoice=invoice.pk, applied=D(applied), fee=fee)])


def test_a_return_that_names_its_invoice_is_undone_alone_and_told_with_its_reason(books, paid, matched, night) -> None:
    [back] = paid(line("-121.00", RETURN))
    assert matched("r2").automatic == 1
    run: Night = night(books)
    workflow.post_certain(run)

    assert run.tally.undone == 1
    assert books.open("2026-03381") == 121
    invoice = Invoice.objects.get(number="F-2026-03381")
    assert (invoice.open, invoice.state) == (121, "open")
    allocation = Allocation.objects.get(movement=back)
    assert (allocation.applied, allocation.in_erp, allocation.fee) == (-121, -121, 0)
    assert Allocation.objects.filter(reversed_at=None).count() == 2  # the money came in and went out
    assert set(Movement.objects.values_list("remaining", flat=True)) == {D(0)}
    assert (_live(back).state, PostingIntent.objects.get().state) == ("posted", "reversed")
    told = _told()
    assert told | {"movement": 0, "allocation": 0, "debtor": 0, "returned_on": ""} == {
        "invoice": invoice.pk, "number": "F-2026-03381", "debtor": 0, "movement": 0, "allocation": 0,
        "returned_on": "", "amount": "121", "charge": "0", "currency": "EUR", "open": "121",
        "reason_code": "AM04", "reason_text": "Saldo insuficiente", "category": "no_funds", "may_retry": True,
        "advice": "Acuerde con el cliente cuándo volver a pasar el recibo.", "told_by": "text",
    }  # fmt: skip
    documents = workflow.bring_documents(night(books))
    assert documents.issues == ()
    assert Invoice.objects.get(number="F-2026-03381").elsewhere == 0
    assert verify().ok


def test_the_banks_charge_stays_apart(books, paid, matched, night) -> None:
    [back] = paid(line("-124.50", RETURN))
    matched("r2")
    _accepted(back)
    workflow.post_certain(night(books))

    assert Allocation.objects.get(movement=back).fee == D("3.50")
    assert (_told()["amount"], _told()["charge"]) == ("121", "3.5")
    assert Invoice.objects.get(number="F-2026-03381").open == 121
    assert books.open("2026-03381") == 121


def test_without_a_word_of_return_a_person_is_asked(books, paid, matched) -> None:
    [out] = paid(line("-121.00", "TRANSFERENCIA A FERRETERIA PEPA F-2026-03381"))
    matched("r2")
    assert _live(out).state in ("review", "unrelated")


def test_the_same_night_twice_undoes_nothing_twice(books, paid, matched, night) -> None:
    paid(line("-121.00", RETURN))
    for run in ("r2", "r3"):
        matched(run)
        workflow.post_certain(night(books))

    assert (len(books.reversals), ReversalIntent.objects.count(), Reversal.objects.count()) == (1, 1, 1)
    assert Event.objects.filter(kind="receivable.returned").count() == 1


def test_a_return_on_its_way_is_left_alone_by_the_next_run(books, paid, matched, night) -> None:
    from cobranza.reconciliation import returns
    from tests.journeys.ledger.conftest import ROBOT

    [back] = paid(line("-121.00", RETURN))
    matched("r2")
    [intent] = returns.intend(_live(back).matches.get(), actor=ROBOT)
    before = _live(back).pk

    again = matched("r3")

    assert (_live(back).pk, again.automatic, again.review) == (before, 0, 0)
    assert returns.intend(_live(back).matches.get(), actor=ROBOT) == [intent]
    with pytest.raises(DecisionError, match="de camino"):
        accept(before, person="ana")
    with pytest.raises(DecisionError, match="ya se está anulando"):
        reversals.request(intent.posting.match.proposal_id, person="ana", reason="Error")


def test_what_the_erp_refuses_waits_for_a_person_who_may_do_it_by_hand(books, paid, matched, night) -> None:
    [back] = paid(line("-121.00", RETURN))
    matched("r2")
    books.instead = [PostingRefused("Periodo cerrado")]
    workflow.post_certain(night(books))
    assert _live(back).state == "refused"
    assert Invoice.objects.get(number="F-2026-03381").open == 0

    recorded_by_hand(_live(back).pk, person="ana")

    assert Invoice.objects.get(number="F-2026-03381").open == 121
    assert _told()["reason_code"] == "AM04"


def test_what_was_never_posted_by_us_is_for_a_person(owed, paid, matched, night) -> None:
    from cobranza.ledger.allocations import Part, allocate
    from tests.journeys.ledger.conftest import ANA

    [invoice] = owed(document("2026-03381", "121.00"))
    [came] = paid(line("121.00", "FERRETERIA PEPA PAGO F-2026-03381"))
    allocate(came, [Part(invoice=invoice.pk, applied=D(121))], actor=ANA)
    [back] = paid(line("-121.00", RETURN))
    matched()
    assert _live(back).state == "review"
    _accepted(back)
    run: Night = night(Books({"2026-03381": D(121)}))
    workflow.post_certain(run)

    assert ReversalIntent.objects.count() == 0
    assert any("no suman" in note for note in run.tally.notes)


def test_two_part_payments_that_come_back_together(owed, paid, matched, night) -> None:
    owed(document("2026-03381", "121.00"))
    erp = Books({"2026-03381": D(121)})
    for number, amount in enumerate(("50.00", "71.00")):
        [money] = paid(line(amount, f"FERRETERIA PEPA A CUENTA F-2026-03381 ({number})"))
        matched(f"r{number}")
        _accepted_payment(money, amount)
        workflow.post_certain(night(erp))
    assert erp.open("2026-03381") == 0
    [back] = paid(line("-121.00", RETURN))
    matched("r9")
    _accepted(back)
    workflow.post_certain(night(erp))

    assert (erp.open("2026-03381"), len(erp.reversals)) == (121, 2)
    assert Allocation.objects.get(movement=back).applied == -121
    assert Event.objects.filter(kind="receivable.returned").count() == 1


def _accepted_payment(money: Movement, amount: str) -> None:
    invoice = Invoice.objects.get(number="F-2026-03381")
    accept(_live(money).pk, person="ana", links=[Link(invoice=invoice.pk, applied=D(amount))])


def test_presented_again_it_is_collected_again(books, paid, matched, night) -> None:
    paid(line("-121.00", RETURN))
    matched("r2")
    workflow.post_certain(night(books))
    again = replace(line("121.00", "FERRETERIA PEPA PAGO F-2026-03381 SEGUNDA PRESENTACION"))
    [money] = paid(again)
    matched("r3")
    _accepted_payment(money, "121")
    workflow.post_certain(night(books))

    assert books.open("2026-03381") == 0
    assert Invoice.objects.get(number="F-2026-03381").open == 0
    assert verify().ok


def test_a_confirmed_return_is_not_undone_as_if_it_were_a_payment(books, paid, matched, night) -> None:
    [back] = paid(line("-121.00", RETURN))
    matched("r2")
    workflow.post_certain(night(books))
    with pytest.raises(DecisionError, match="devolución"):
        reversals.request(_live(back).pk, person="ana", reason="No lo era")
    with pytest.raises(DecisionError, match="nada registrado"):
        reversals.request(_live(Movement.objects.order_by("pk")[0]).pk, person="ana", reason="Error")
