"""A posted payment undone: by a person's word, once, and never half; and what a person says of unknown ends."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.models import Allocation, Event, Invoice, Movement
from cobranza.ledger.receivables import PostedPayment, ReversedPayment
from cobranza.ledger.rules import Fixed, refusals
from cobranza.ledger.verification import verify
from cobranza.reconciliation import reversal_intents
from cobranza.reconciliation.models import Decision, Match, PostingIntent, Proposal, Reversal, ReversalIntent
from cobranza.reconciliation.postings import PostingState, intend, mark_posted, mark_submitted, mark_unknown
from cobranza.reconciliation.proposals import DecisionError, Link, accept, recorded_by_hand
from cobranza.reconciliation.reversals import (
    ReversedNotApplied,
    mark_refused,
    mark_reversed,
    request,
    settle_unknown,
    settle_unknown_reversal,
)
from cobranza.reconciliation.reversals import mark_submitted as submit_reversal
from cobranza.reconciliation.reversals import mark_unknown as lose_reversal
from tests.journeys.ledger.conftest import ANA, ROBOT, document, line

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def link(owed, paid, matched) -> Match:
    owed(document("2026-03381", "121.00"))
    paid(line("121.00", "PAGO F-2026-03381"))
    matched()
    return Match.objects.get()


@pytest.fixture
def posted(link) -> Proposal:
    _post(link)
    return Proposal.objects.get()


def _post(link: Match, actor=ROBOT) -> PostingIntent:
    intent = mark_submitted(intend(link, actor=actor), actor=actor)
    before, after = link.invoice.open, link.invoice.open - link.applied
    answer = PostedPayment(key=intent.key, reference="PAY-7", open_before=before, open_after=after)
    return mark_posted(intent, answer, actor=actor)


def _answer(intent: ReversalIntent, before: str = "0", after: str = "121", there: bool = False) -> ReversedPayment:
    return ReversedPayment(
        key=intent.key, reference="ANU-1", open_before=D(before), open_after=D(after), already_there=there
    )


def test_the_whole_way_back(posted) -> None:
    asked = request(posted.pk, person="ana", reason="Era de otro cliente")
    assert (asked.state, Proposal.objects.get().state, Invoice.objects.get().open) == ("intended", "reversing", 0)
    intent = submit_reversal(asked.intents.get(), actor=ROBOT)
    order = reversal_intents.order(intent)
    done = mark_reversed(intent, _answer(intent), actor=ROBOT)

    assert (order.payment, order.reference, order.amount, order.number) == (
        PostingIntent.objects.get().key, "PAY-7", D("121"), "F-2026-03381"
    )  # fmt: skip
    assert (done.state, done.reference, done.open_after) == ("reversed", "ANU-1", 121)
    assert (Invoice.objects.get().open, Movement.objects.get().remaining) == (121, 121)
    allocation = Allocation.objects.get()
    assert (allocation.reversed_by, allocation.reversed_by_name) == ("person", "ana")
    assert PostingIntent.objects.get().state == "reversed"
    assert Proposal.objects.get().state == "reversed"
    assert Decision.objects.get().kind == "undone"
    assert Reversal.objects.get().state == "reversed"
    assert verify().ok


def test_every_step_twice_changes_nothing(posted) -> None:
    asked = request(posted.pk, person="ana", reason="Error")
    assert request(posted.pk, person="luis", reason="Otra vez").pk == asked.pk
    intent = asked.intents.get()
    submit_reversal(intent, actor=ROBOT)
    submit_reversal(intent, actor=ROBOT)
    mark_reversed(intent, _answer(intent), actor=ROBOT)
    mark_reversed(intent, _answer(intent, there=True), actor=ROBOT)

    assert (Reversal.objects.count(), ReversalIntent.objects.count()) == (1, 1)
    assert Event.objects.filter(kind="allocation.reversed").count() == 1
    with pytest.raises(DecisionError, match="nada que deshacer"):
        request(posted.pk, person="ana", reason="Otra vez")


def test_the_key_depends_on_what_is_outside_only(posted) -> None:
    intent = request(posted.pk, person="ana", reason="Error").intents.get()
    other = PostingIntent(key=intent.posting.key)

    assert intent.key == reversal_intents.reversal_key(other, 0) != reversal_intents.reversal_key(other, 1)
    assert intent.posting.key not in reversal_intents.order(intent).text


def test_what_a_person_undid_no_run_posts_again_and_a_person_may(posted, matched) -> None:
    intent = request(posted.pk, person="ana", reason="Era de otro").intents.get()
    mark_reversed(submit_reversal(intent, actor=ROBOT), _answer(intent), actor=ROBOT)

    matched("r2")
    matched("r3")
    live = Proposal.objects.exclude(state="superseded").get()
    assert live.state in ("reversed", "review")
    first = PostingIntent.objects.get()

    accepted = accept(live.pk, person="luis", note="Sí lo era")
    second = _post(accepted.matches.get())
    assert second.key != first.key
    assert (second.state, Invoice.objects.get().open) == ("posted", 0)
    assert Proposal.objects.exclude(state="superseded").get().state == "posted"
    assert verify().ok


def test_a_robots_new_idea_with_the_undone_document_asks_and_says_who(posted, matched, owed) -> None:
    intent = request(posted.pk, person="ana", reason="Era de otro").intents.get()
    mark_reversed(submit_reversal(intent, actor=ROBOT), _answer(intent), actor=ROBOT)
    Proposal.objects.update(state="superseded")

    matched("r2")

    live = Proposal.objects.exclude(state="superseded").get()
    assert live.state == "review"
    assert live.explanation.startswith("ana lo deshizo una vez: Era de otro")


def test_what_the_erp_does_not_undo_stays_posted_and_can_be_asked_again(posted) -> None:
    intent = request(posted.pk, person="ana", reason="Error").intents.get()
    mark_refused(intent, "Periodo cerrado", actor=ROBOT)

    assert Proposal.objects.get().state == "posted"
    assert Invoice.objects.get().open == 0
    again = request(posted.pk, person="ana", reason="Ya está abierto").intents.get()
    assert again.key != intent.key


def test_a_payment_of_two_invoices_is_undone_as_a_whole(owed, paid, matched) -> None:
    owed(document("2026-03381", "121.00"), document("2026-03382", "80.00"))
    paid(line("201.00", "PAGO F-2026-03381 Y F-2026-03382"))
    matched()
    for link in Match.objects.order_by("pk"):
        _post(link)
    proposal = Proposal.objects.get()
    assert proposal.state == "posted"

    first, second = request(proposal.pk, person="ana", reason="Error").intents.order_by("pk")
    mark_reversed(submit_reversal(first, actor=ROBOT), _answer(first), actor=ROBOT)
    proposal.refresh_from_db()
    assert proposal.state == "reversing"
    mark_reversed(submit_reversal(second, actor=ROBOT), _answer(second, after="80"), actor=ROBOT)

    proposal.refresh_from_db()
    assert proposal.state == "reversed"
    assert sorted(Invoice.objects.values_list("open", flat=True)) == [80, 121]


def test_what_is_recorded_by_hand_is_undone_here_at_once(owed, paid, matched) -> None:
    one, note = owed(document("2026-03381", "300"), document("2026-03389", "-50"))
    [money] = paid(line("250", "PAGO F-2026-03381 MENOS ABONO F-2026-03389"))
    matched()
    pk = Proposal.objects.exclude(state="superseded").get(movement=money).pk
    links = [Link(invoice=one.pk, applied=D(300)), Link(invoice=note.pk, applied=D(-50))]
    recorded = recorded_by_hand(accept(pk, person="ana", links=links).pk, person="ana")

    asked = request(recorded.pk, person="ana", reason="Eran otras")

    assert (asked.state, asked.intents.count()) == ("reversed", 0)
    assert sorted(Invoice.objects.values_list("open", flat=True)) == [-50, 300]
    assert Movement.objects.get().remaining == 250


def test_what_the_bank_took_back_is_not_undone_twice(posted, paid) -> None:
    [back] = paid(line("-121.00", "DEVOLUCION RECIBO F-2026-03381"))
    allocate(back, [Part(invoice=Invoice.objects.get().pk, applied=D(-121))], actor=ANA)

    with pytest.raises(DecisionError, match="ya se reabrió"):
        request(posted.pk, person="ana", reason="Error")


def test_undone_in_the_erp_and_no_room_here_asks_a_person(posted, paid) -> None:
    intent = submit_reversal(request(posted.pk, person="ana", reason="Error").intents.get(), actor=ROBOT)
    [back] = paid(line("-121.00", "DEVOLUCION RECIBO F-2026-03381"))
    allocate(back, [Part(invoice=Invoice.objects.get().pk, applied=D(-121))], actor=ANA)

    with pytest.raises(ReversedNotApplied):
        mark_reversed(intent, _answer(intent), actor=ROBOT)
    row = ReversalIntent.objects.get()
    assert (row.state, row.reference) == ("unknown", "ANU-1")
    assert PostingIntent.objects.get().state == "posted"


@pytest.mark.parametrize("there", [True, False])
def test_a_person_settles_a_posting_of_unknown_end(link, there: bool) -> None:
    intent = mark_submitted(intend(link, actor=ROBOT), actor=ROBOT)
    with pytest.raises(DecisionError, match="Enviada"):
        settle_unknown(intent.pk, posted=there, person="ana", note="Mirado")
    mark_unknown(intent, "Se cortó", actor=ROBOT)

    done = settle_unknown(intent.pk, posted=there, person="ana", note="Apunte 77")

    if there:
        assert (done.state, done.reference, Invoice.objects.get().open) == ("posted", "Apunte 77", 0)
        assert Proposal.objects.get().state == "posted"
    else:
        assert (done.state, Invoice.objects.get().open) == ("refused", 121)
        assert Proposal.objects.get().state == "refused"
    assert Decision.objects.get().kind == ("confirmed" if there else "not_there")
    with pytest.raises(DecisionError):
        settle_unknown(intent.pk, posted=not there, person="luis", note="")
    assert verify().ok


@pytest.mark.parametrize("gone", [True, False])
def test_a_person_settles_a_reversal_of_unknown_end(posted, gone: bool) -> None:
    intent = submit_reversal(request(posted.pk, person="ana", reason="Error").intents.get(), actor=ROBOT)
    lose_reversal(intent, "Se cortó", actor=ROBOT)

    settle_unknown_reversal(intent.pk, reversed=gone, person="ana", note="Mirado")

    assert Proposal.objects.get().state == ("reversed" if gone else "posted")
    assert Invoice.objects.get().open == (121 if gone else 0)
    assert verify().ok


def test_an_end_is_an_end_and_evidence_stays(posted) -> None:
    intent = request(posted.pk, person="ana", reason="Error").intents.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        PostingIntent.objects.update(state="reversed", reference="otra")
    mark_reversed(intent, _answer(intent), actor=ROBOT)

    with pytest.raises(PostingState):
        mark_refused(intent, "No", actor=ROBOT)
    for change in ({"state": "intended"}, {"amount": 1}, {"state": "refused"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ReversalIntent.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        PostingIntent.objects.update(state="posted")
    with pytest.raises(Fixed), refusals(), transaction.atomic():
        Reversal.objects.update(asked_by_name="luis")
    with pytest.raises(Fixed), refusals(), transaction.atomic():
        ReversalIntent.objects.all()._raw_delete("default")
