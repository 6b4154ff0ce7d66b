"""Undoing posted work, and a person's word about postings whose end nobody knows.

A person asks (`request`); what the ERP holds leaves it through one `ReversalIntent` per payment, and only when the ERP
says so is the allocation reversed here: its result, the reversal's end and the events are one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction

from cobranza.kernel import clock
from cobranza.kernel.errors import NeedsPerson
from cobranza.ledger import allocations
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Allocation, Invoice, Movement
from cobranza.ledger.receivables import ReversedPayment
from cobranza.ledger.rules import LedgerError
from cobranza.reconciliation import postings, returns, reversal_intents
from cobranza.reconciliation.models import Decision, Match, PostingIntent, Proposal, Reversal, ReversalIntent
from cobranza.reconciliation.proposals import DecisionError, decide
from cobranza.reconciliation.reversal_intents import expect, locked, mark_submitted, mark_unknown, tell
from cobranza.runs.models import ItemState, WorkItem

__all__ = [
    "ReversedNotApplied",
    "mark_refused",
    "mark_reversed",
    "mark_submitted",
    "mark_unknown",
    "request",
    "settle_unknown",
    "settle_unknown_reversal",
]

_Posting = PostingIntent.States
_States = ReversalIntent.States


class ReversedNotApplied(NeedsPerson):
    """The ERP undid the payment and the ledger cannot follow: somebody used the balance meanwhile."""

    code = "COB-CON-034"
    remedy = "El cobro ya no consta en el ERP. Anule en Cobranza la devolución o la aplicación que sobra."


def request(proposal: int, *, person: str, reason: str) -> Reversal:
    """A person undoes a posted proposal, with everything else that its movement settles.

    Asking again while it is on its way returns what was asked first.

    Nothing is sent here: the next robot that works for the company does it (`robots/deshacer_cobros.robot` at once).
    What a person had recorded by hand is undone here at once, and in the ERP by that person.

    Args:
        proposal: Its id.
        person: User name.
        reason: Why, in Spanish; it is written into the ERP too.

    Raises:
        DecisionError: it is not posted, it is still on its way, or the money came back already.
    """
    if not reason.strip():
        raise DecisionError("Falta el motivo.", remedy="Escriba por qué se deshace el cobro.")
    actor = Actor.person(person)
    with transaction.atomic():
        found = Proposal.objects.select_for_update(no_key=True).get(pk=proposal)
        if found.state == Proposal.States.REVERSING:
            return found.reversals.order_by("-pk")[:1].get()
        if found.state != Proposal.States.POSTED and not _rest_of_posted(found):
            raise DecisionError(f"El cobro está «{found.get_state_display()}»: no hay nada que deshacer.")
        rows = PostingIntent.objects.filter(movement=found.movement_id)
        intents = list(rows.select_for_update(no_key=True).order_by("pk"))
        if found.reversals.filter(cause=Reversal.Causes.RETURN, intents__state=_States.REVERSED).exists():
            raise DecisionError(
                "Es una devolución y su cobro ya se anuló en el ERP.",
                remedy="Registre de nuevo el cobro en el ERP y aplíquelo a mano si la devolución no era tal.",
            )
        if any(intent.state in PostingIntent.LIVE for intent in intents):
            raise DecisionError("Una parte de este cobro está todavía de camino al ERP.")
        posted = [intent for intent in intents if intent.state == _Posting.POSTED]
        if ReversalIntent.objects.filter(posting__in=posted).exclude(state=_States.REFUSED).exists():
            raise DecisionError("El banco devolvió este cobro y ya se está anulando en el ERP.")
        by_hand = _by_hand(found)
        _lock_balances(by_hand)
        if not posted and not by_hand:
            raise DecisionError("De este cobro ya no queda nada registrado.")
        for allocation in [*(intent.allocation for intent in posted), *by_hand]:
            _check_not_returned(allocation)
        reversal = Reversal.objects.create(
            proposal=found,
            cause=Reversal.Causes.UNDO,
            reason=reason.strip(),
            asked_by=actor.kind,
            asked_by_name=person,
            at=clock.now(),
        )
        _tell_asked(reversal, posted, actor)
        decide(found, Decision.Kinds.UNDONE, person, reason.strip())
        for intent in posted:
            reversal_intents.create(reversal, intent, actor=actor, reverse_on=intent.paid_on)
        for allocation in by_hand:
            allocations.reverse(allocation, actor=actor, reason=reason.strip())
        _settle_undone(found)
    return reversal


def mark_reversed(intent: ReversalIntent | int, undone: ReversedPayment, *, actor: Actor) -> ReversalIntent:
    """The ERP has undone it: balance, events and the intent's end in one transaction. Again changes nothing.

    Raises:
        ReversedNotApplied: the ledger cannot follow; the intent is left as unknown with the ERP's reference.
    """
    try:
        with transaction.atomic():
            row = locked(intent)
            if row.state == _States.REVERSED:
                return row
            expect(row, *ReversalIntent.LIVE)
            told = {"already_there": undone.already_there}
            return _finish(row, undone.reference, actor, (undone.open_before, undone.open_after), told)
    except LedgerError as exc:
        reason = f"El ERP lo deshizo ({undone.reference}) y aquí no cabe: {exc.message}"
        row = mark_unknown(intent, reason, actor=actor, reference=undone.reference)
        raise ReversedNotApplied(f"{row.posting.invoice.number}: {reason}") from exc


def mark_refused(intent: ReversalIntent | int, reason: str, *, actor: Actor) -> ReversalIntent:
    """The ERP does not undo it and nothing was changed: it stays posted. Again changes nothing."""
    with transaction.atomic():
        row = locked(intent)
        if row.state == _States.REFUSED:
            return row
        expect(row, *ReversalIntent.LIVE)
        row.state, row.message, row.finished_at = _States.REFUSED, reason, clock.now()
        row.save(update_fields=["state", "message", "finished_at"])
        tell("reversal.refused", row, {"reason": reason}, actor)
        if row.reversal.cause == Reversal.Causes.UNDO:
            _settle_undone(row.reversal.proposal)
        else:
            waits = Proposal.objects.filter(pk=row.reversal.proposal_id)
            waits.update(state=Proposal.States.REFUSED, updated_at=clock.now())
    return row


def settle_unknown(intent: int, *, posted: bool, person: str, note: str) -> PostingIntent:
    """A person who looked in the ERP says whether a posting of unknown end is there. Their word is kept.

    Args:
        intent: Id of the `PostingIntent`.
        posted: It is there: the money is applied here. False: it is not, and the proposal waits for a decision.
        person: User name.
        note: What they saw, for the record; the ERP's own number of the payment if they have it.

    Raises:
        DecisionError: it is not unknown (any more).
        LedgerError: it is there and does not fit here: somebody used the money or the balance meanwhile.
    """
    actor = Actor.person(person)
    with transaction.atomic():
        row = postings.locked(intent)
        if row.state != _Posting.UNKNOWN:
            raise DecisionError(f"El registro está «{row.get_state_display()}»: ya se sabe cómo acabó.")
        if posted:
            row = postings.finish(row, row.reference or note[:200], actor=actor, told={"settled_by": person})
        else:
            row = postings.mark_refused(row, f"{person} comprobó que no está en el ERP. {note}".strip(), actor=actor)
        kind = Decision.Kinds.CONFIRMED if posted else Decision.Kinds.NOT_THERE
        decide(Proposal.objects.get(pk=row.match.proposal_id), kind, person, note)
        _close_question("intent", row.pk, person, note)
    return row


def settle_unknown_reversal(intent: int, *, reversed: bool, person: str, note: str) -> ReversalIntent:
    """As `settle_unknown`, for a `ReversalIntent`: whether the payment is undone in the ERP."""
    actor = Actor.person(person)
    with transaction.atomic():
        row = locked(intent)
        if row.state != _States.UNKNOWN:
            raise DecisionError(f"La anulación está «{row.get_state_display()}»: ya se sabe cómo acabó.")
        if reversed:
            row = _finish(row, row.reference or note[:200], actor, None, {"settled_by": person})
        else:
            row = mark_refused(row, f"{person} comprobó que no está deshecho en el ERP. {note}".strip(), actor=actor)
        kind = Decision.Kinds.CONFIRMED if reversed else Decision.Kinds.NOT_THERE
        decide(Proposal.objects.get(pk=row.reversal.proposal_id), kind, person, note)
        _close_question("reversal", row.pk, person, note)
    return row


def _finish(
    row: ReversalIntent,
    reference: str,
    actor: Actor,
    open_: tuple[Decimal, Decimal] | None,
    told: Mapping[str, object],
) -> ReversalIntent:
    asked = row.reversal
    row.posting.state = _Posting.REVERSED
    row.posting.save(update_fields=["state"])
    row.state, row.reference, row.finished_at = _States.REVERSED, reference, clock.now()
    row.open_before, row.open_after = open_ or (None, None)
    row.save(update_fields=["state", "reference", "open_before", "open_after", "finished_at"])
    if asked.cause == Reversal.Causes.RETURN:
        returns.book(row)
    else:
        _free(row, asked)
        _settle_undone(asked.proposal)
    tell("reversal.reversed", row, {"reference": reference, "open": [*(open_ or ())], **told}, actor)
    return row


def _free(row: ReversalIntent, asked: Reversal) -> None:
    """Give the money back to its movement and the balance to its document."""
    if row.posting.allocation is None:  # the database does not let a posted intent be without
        raise DecisionError(f"El registro {row.posting.key} no tiene aplicación.")
    decider = Actor.person if asked.asked_by == "person" else Actor.robot
    allocations.reverse(row.posting.allocation, actor=decider(asked.asked_by_name), reason=asked.reason)


def _settle_undone(proposal: Proposal) -> None:
    """Where an undone proposal stands, from what became of its postings."""
    going = ReversalIntent.objects.filter(reversal__proposal=proposal, state__in=ReversalIntent.LIVE)
    kept = PostingIntent.objects.filter(movement=proposal.movement_id, state=_Posting.POSTED)
    state = Proposal.States.REVERSED
    if going.exists():
        state = Proposal.States.REVERSING
    elif kept.exists():
        state = Proposal.States.POSTED
    Proposal.objects.filter(pk=proposal.pk).update(state=state, updated_at=clock.now())


def _rest_of_posted(proposal: Proposal) -> bool:
    """Whether it is the rest of a payment whose other part is posted, and waits for a decision."""
    there = Allocation.objects.filter(movement=proposal.movement_id, reversed_at=None)
    return proposal.state in Proposal.REPLACEABLE and there.exists()


def _by_hand(proposal: Proposal) -> list[Allocation]:
    """What a person had recorded in the ERP themselves: no posting of ours stands behind it."""
    rows = Allocation.objects.filter(
        movement=proposal.movement_id,
        invoice__in=Match.objects.filter(proposal__movement=proposal.movement_id).values("invoice"),
        reversed_at=None,
        intent=None,
    )
    return list(rows.order_by("pk"))


def _lock_balances(rows: list[Allocation]) -> None:
    """Before the first event: the chain comes last in the order of locks."""
    money = Movement.objects.filter(pk__in={row.movement_id for row in rows})
    documents = Invoice.objects.filter(pk__in={row.invoice_id for row in rows})
    for table in (money, documents):
        list(table.select_for_update(no_key=True).order_by("pk"))


def _check_not_returned(allocation: Allocation | None) -> None:
    """Undoing what the bank took back already would make the document owe more than its total."""
    if allocation is None:
        return
    document = Invoice.objects.get(pk=allocation.invoice_id)
    if abs(document.open + allocation.applied) > abs(document.gross):
        raise DecisionError(
            f"{document.number} ya se reabrió por una devolución o por otra vía.",
            remedy="Mire los movimientos de la factura: el dinero de este cobro ya salió.",
        )


def _tell_asked(reversal: Reversal, posted: list[PostingIntent], actor: Actor) -> None:
    payload = {"reason": reversal.reason, "payments": [intent.key for intent in posted]}
    record("reversal.asked", reversal, payload, actor, creditor=reversal.proposal.creditor_id, seals=[reversal])


def _close_question(name: str, pk: int, person: str, note: str) -> None:
    """The work item that waits for this answer has it; no robot need come back to it."""
    WorkItem.objects.filter(state=ItemState.NEEDS_PERSON, **{f"payload__{name}": pk}).update(
        state=ItemState.DONE,
        answer=note,
        answered_by=person,
        answered_at=clock.now(),
        updated_at=clock.now(),
        ended_at=clock.now(),
    )
