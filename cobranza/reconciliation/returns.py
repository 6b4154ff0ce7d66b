"""Collections that the bank took back: the payment leaves the ERP, the invoice is open again, and dunning is told why.

The money did come in and did go out, so nothing is reversed here: the return's movement gets an allocation of its own,
with the opposite sign. In the ERP the payment that it undoes is reversed, one `ReversalIntent` per posted payment, and
only when the ERP says so is the return allocated. The bank's charge stays apart, in the allocation's fee.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations

from django.db import transaction

from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money
from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Allocation, Invoice, Movement
from cobranza.reconciliation import return_reasons, reversal_intents
from cobranza.reconciliation.models import Decision, Match, PostingIntent, Proposal, Reversal, ReversalIntent
from cobranza.reconciliation.postings import NotPostable

ZERO = Decimal(0)
_MOST_PARTS = 3  # a document is rarely paid in more parts than these before one of them comes back


def is_return(link: Match, movement: Movement) -> bool:
    """Money that goes out and reopens an invoice."""
    return bool(movement.amount < 0 and link.applied < 0)


def covering(invoice: int, returned: Decimal) -> list[PostingIntent]:
    """The posted payments of a document that a return of this much takes back; empty when none add up to it.

    One payment of that amount, the latest; else the fewest that make it, latest first.
    """
    rows = PostingIntent.objects.filter(invoice=invoice, state=PostingIntent.States.POSTED)
    free = [row for row in rows.order_by("-paid_on", "-pk") if not _being_undone(row)]
    for size in range(1, _MOST_PARTS + 1):
        for some in combinations(free, size):
            if sum((row.applied for row in some), ZERO) == returned:
                return sorted(some, key=lambda row: row.pk)
    return []


def intend(link: Match | int, *, actor: Actor) -> list[ReversalIntent]:
    """Write down that the payments behind a return are to leave the ERP; returns what exists if it does.

    Raises:
        NotPostable: no posted payments of ours add up to it, or the balances do not allow it.
    """
    pk = link.pk if isinstance(link, Match) else link
    with transaction.atomic():
        found = Match.objects.get(pk=pk)
        wanted = [row.pk for row in covering(found.invoice_id, -found.applied)]
        both = Proposal.objects.filter(matches__intents__in=wanted) | Proposal.objects.filter(pk=found.proposal_id)
        locked = Proposal.objects.filter(pk__in=both.values("pk"))
        proposals = {row.pk: row for row in reversal_intents.lock_proposals(locked)}
        found.proposal = proposals[found.proposal_id]
        there = found.reversals.exclude(state=ReversalIntent.States.REFUSED)
        if there.exists():
            return list(there.order_by("pk"))
        rows = PostingIntent.objects.filter(pk__in=wanted, state=PostingIntent.States.POSTED)
        postings = list(rows.select_for_update(no_key=True).order_by("pk"))
        movement = Movement.objects.select_for_update(no_key=True).get(pk=found.proposal.movement_id)
        _check(found, movement, postings)
        reversal = _reversal(found, movement, actor)
        return [
            reversal_intents.create(reversal, posting, actor=actor, reverse_on=movement.value_on, match=found)
            for posting in postings
        ]


def book(intent: ReversalIntent) -> None:
    """The ERP has undone one of a return's payments: with the last of them the return is allocated and told.

    In the caller's transaction, the intent reversed.
    """
    if intent.match is None:
        raise ValueError("the reversal belongs to no return")
    link = intent.match
    own = [row for row in link.reversals.order_by("pk") if row.state != ReversalIntent.States.REFUSED]
    if any(row.state != ReversalIntent.States.REVERSED for row in own):
        return
    asked = intent.reversal
    decider = Actor.person if asked.asked_by == "person" else Actor.robot
    part = Part(
        invoice=link.invoice_id,
        applied=link.applied,
        withheld=link.withheld,
        fee=link.fee,
        discount=link.discount,
        cash=link.cash,
        rate=link.rate,
        in_erp=max(link.applied, -sum((row.amount for row in own), ZERO)),
        rule=link.rule,
        confidence=link.confidence,
        explanation=link.explanation,
        key=own[0].key,
    )
    actor = decider(asked.asked_by_name)
    [allocation] = allocate(link.proposal.movement_id, [part], actor=actor)
    tell_returned(allocation, actor)
    booked = Allocation.objects.filter(movement=link.proposal.movement_id, reversed_at=None).values("invoice")
    if not Match.objects.filter(proposal=link.proposal_id).exclude(invoice__in=booked).exists():
        Proposal.objects.filter(pk=link.proposal_id).update(state=Proposal.States.POSTED, updated_at=clock.now())


def tell_returned(allocation: Allocation, actor: Actor) -> None:
    """Tell the other rooms, dunning above all, that a document is owed again and why. In the caller's transaction."""
    movement, invoice = allocation.movement, Invoice.objects.get(pk=allocation.invoice_id)
    reason = return_reasons.read(movement, allocation.cash)
    record(
        "receivable.returned",
        invoice,
        {
            "invoice": invoice.pk,
            "number": invoice.number,
            "debtor": invoice.debtor_id,
            "movement": movement.pk,
            "allocation": allocation.pk,
            "returned_on": movement.value_on,
            "amount": -allocation.applied,
            "charge": allocation.fee,
            "currency": invoice.currency,
            "open": invoice.open,
            "reason_code": reason.code if reason else "",
            "reason_text": reason.text if reason else "",
            "category": reason.category if reason else "unknown",
            "may_retry": reason.may_retry if reason else False,
            "advice": reason.advice if reason else "",
            "told_by": reason.told_by if reason else "",
        },
        actor,
        creditor=invoice.creditor_id,
    )


def _check(link: Match, movement: Movement, postings: Sequence[PostingIntent]) -> None:
    invoice = Invoice.objects.get(pk=link.invoice_id)
    if link.proposal.state not in (Proposal.States.AUTOMATIC, Proposal.States.ACCEPTED):
        raise NotPostable(f"{invoice.number}: la propuesta está «{link.proposal.get_state_display()}».")
    if not is_return(link, movement) or invoice.kind != "invoice":
        raise NotPostable(f"{invoice.number}: no es una devolución (aplica {link.applied}).")
    if sum((row.applied for row in postings), ZERO) != -link.applied:
        raise NotPostable(
            f"{invoice.number}: los cobros que constan como nuestros no suman los "
            f"{write_money(Money(invoice.currency, -link.applied))} devueltos."
        )
    if movement.remaining - link.cash > 0:
        raise NotPostable(
            f"{invoice.number}: a la devolución le queda {write_money(Money(movement.currency, movement.remaining))}."
        )
    if invoice.open - link.applied > invoice.gross:
        raise NotPostable(f"{invoice.number} ya está abierta por todo su importe.")


def _reversal(link: Match, movement: Movement, actor: Actor) -> Reversal:
    """The proposal's return, made with its first link; a new one after the ERP refused."""
    before = link.proposal.reversals.filter(cause=Reversal.Causes.RETURN).order_by("-pk").first()
    if before is not None and not before.intents.filter(state=ReversalIntent.States.REFUSED).exists():
        return before
    reason = return_reasons.read(movement, link.cash)
    decider = actor
    if link.proposal.state == Proposal.States.ACCEPTED:
        kinds = (Decision.Kinds.ACCEPTED, Decision.Kinds.CHANGED)
        decision = link.proposal.decisions.filter(kind__in=kinds).order_by("-pk").first()
        decider = Actor.person(decision.person) if decision is not None else actor
    reversal = Reversal.objects.create(
        proposal=link.proposal,
        cause=Reversal.Causes.RETURN,
        reason=(reason.text if reason is not None else movement.text)[:500],
        reason_code=(reason.code if reason is not None else "")[:16],
        asked_by=decider.kind,
        asked_by_name=decider.name,
        at=clock.now(),
    )
    payload = {"reason": reversal.reason, "reason_code": reversal.reason_code}
    record("reversal.asked", reversal, payload, decider, creditor=link.proposal.creditor_id, seals=[reversal])
    return reversal


def _being_undone(posting: PostingIntent) -> bool:
    return posting.reversals.exclude(state=ReversalIntent.States.REFUSED).exists()
