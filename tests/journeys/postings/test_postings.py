"""A payment's way into the ERP: once, whatever is repeated, and never half."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Allocation, Event, Invoice
from cobranza.ledger.receivables import PostedPayment
from cobranza.reconciliation.models import Match, PostingIntent, Proposal
from cobranza.reconciliation.postings import (
    NotPostable,
    PostedNotApplied,
    PostingState,
    intend,
    mark_posted,
    mark_refused,
    mark_submitted,
    mark_unknown,
    order,
    posting_key,
    unfinished,
)
from cobranza.reconciliation.proposals import accept
from tests.journeys.ledger.conftest import ANA, ROBOT, document, line

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def link(owed, paid, matched) -> Match:
    owed(document("2026-03381", "121.00"))
    paid(line("121.00", "PAGO F-2026-03381"))
    matched()
    return Match.objects.get()


def _answer(intent: PostingIntent, before: str = "121", after: str = "0", there: bool = False) -> PostedPayment:
    return PostedPayment(
        key=intent.key, reference="PAY-7", open_before=D(before), open_after=D(after), already_there=there
    )


def test_the_whole_way(link) -> None:
    intent = mark_submitted(intend(link, actor=ROBOT), actor=ROBOT)
    asked = order(intent)
    done = mark_posted(intent, _answer(intent), actor=ROBOT)

    assert (asked.amount, asked.document, asked.number) == (D("121"), "2026-03381", "F-2026-03381")
    assert (done.state, done.reference, done.open_after) == ("posted", "PAY-7", 0)
    assert Invoice.objects.get().open == 0
    assert Proposal.objects.get().state == "posted"
    assert Allocation.objects.get().key == intent.key
    assert Event.objects.filter(kind__startswith="posting.").count() == 3


def test_every_step_twice_changes_nothing(link) -> None:
    first = intend(link, actor=ROBOT)
    assert intend(link, actor=ROBOT).pk == first.pk
    mark_submitted(first, actor=ROBOT)
    mark_submitted(first, actor=ROBOT)
    mark_posted(first, _answer(first), actor=ROBOT)
    mark_posted(first, _answer(first, there=True), actor=ROBOT)

    assert intend(link, actor=ROBOT).state == "posted"
    assert (Allocation.objects.count(), PostingIntent.objects.count()) == (1, 1)
    assert Event.objects.filter(kind="posting.posted").count() == 1


def test_the_key_depends_on_what_is_outside_only(link) -> None:
    intent = intend(link, actor=ROBOT)
    movement, invoice = intent.movement, intent.invoice
    movement.pk, invoice.pk = 99, 98  # a rebuilt database numbers its rows anew

    assert posting_key(movement, invoice) == intent.key
    assert posting_key(movement, invoice, 1) != intent.key


def test_a_crash_leaves_it_to_be_looked_up(link) -> None:
    intent = intend(link, actor=ROBOT)
    mark_submitted(intent, actor=ROBOT)

    assert [row.key for row in unfinished(link.invoice.creditor)] == [intent.key]
    mark_posted(intent, _answer(intent, there=True), actor=ROBOT)
    assert unfinished(link.invoice.creditor) == []


def test_a_run_leaves_alone_what_is_on_its_way(link, matched) -> None:
    intend(link, actor=ROBOT)

    again = matched("r2")

    assert (again.automatic, again.review) == (0, 0)
    assert Proposal.objects.get().state == "automatic"


def test_what_the_erp_refused_is_for_a_person(link, matched) -> None:
    refused = mark_refused(intend(link, actor=ROBOT), "Periodo cerrado", actor=ROBOT)
    assert Proposal.objects.get().state == "refused"

    matched("r2")
    matched("r3")
    live = Proposal.objects.exclude(state="superseded").get()
    assert live.state in ("refused", "review")
    accepted = accept(live.pk, person="ana")
    second = intend(accepted.matches.get(), actor=ROBOT)

    assert second.key != refused.key
    assert (second.decided_by, second.decided_by_name) == ("person", "ana")
    mark_posted(mark_submitted(second, actor=ROBOT), _answer(second), actor=ROBOT)
    assert Allocation.objects.get().decided_by == "person"


def test_posted_in_the_erp_and_no_room_here_asks_a_person(link) -> None:
    intent = mark_submitted(intend(link, actor=ROBOT), actor=ROBOT)
    allocate(intent.movement_id, [Part(invoice=intent.invoice_id, applied=D(50))], actor=ANA)

    with pytest.raises(PostedNotApplied):
        mark_posted(intent, _answer(intent), actor=ROBOT)

    row = PostingIntent.objects.get()
    assert (row.state, row.reference) == ("unknown", "PAY-7")
    assert Allocation.objects.get().applied == 50


def test_the_last_euro_is_promised_once(owed, paid, matched) -> None:
    owed(document("2026-03381", "121.00"))
    paid(line("121.00", "PAGO F-2026-03381"))
    matched()
    [first] = Match.objects.all()
    intend(first, actor=ROBOT)
    [money] = paid(line("121.00", "PAGO F-2026-03381 BIS"))
    other = Proposal.objects.create(creditor=first.invoice.creditor, movement=money, state="automatic")
    second = Match.objects.create(
        proposal=other, invoice=first.invoice, applied=121, cash=121, confidence=1, rule="x", explanation=""
    )

    with pytest.raises(NotPostable, match="libre"):
        intend(second, actor=ROBOT)


def test_withheld_tax_is_not_posted_as_cash(owed, paid) -> None:
    [invoice] = owed(document("2026-03381", "121.00"))
    [money] = paid(line("106.00", "PAGO F-2026-03381"))
    proposal = Proposal.objects.create(creditor=invoice.creditor, movement=money, state="automatic")
    match = Match.objects.create(
        proposal=proposal, invoice=invoice, applied=121, withheld=15, cash=106, confidence=1, rule="x", explanation=""
    )
    intent = intend(match, actor=ROBOT)
    mark_posted(intent, _answer(intent, after="15"), actor=ROBOT)

    invoice.refresh_from_db()
    assert (intent.amount, invoice.open, Allocation.objects.get().in_erp) == (106, 0, 106)


def test_only_proposals_that_stand_are_posted(link) -> None:
    Proposal.objects.update(state="review")
    with pytest.raises(NotPostable, match="Por revisar"):
        intend(link, actor=ROBOT)


def test_an_end_is_an_end(link) -> None:
    intent = intend(link, actor=ROBOT)
    mark_unknown(intent, "Se cortó", actor=ROBOT)
    mark_refused(intent, "No está", actor=Actor.person("ana"))

    with pytest.raises(PostingState):
        mark_posted(intent, _answer(intent), actor=ROBOT)
    with pytest.raises(IntegrityError), transaction.atomic():
        PostingIntent.objects.update(state="intended")
    with pytest.raises(IntegrityError), transaction.atomic():
        PostingIntent.objects.update(amount=1)
