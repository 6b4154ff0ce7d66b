"""Posted payments on their way out of the ERP again: the same shape as `postings`, in the other direction.

`create` (committed) → `mark_submitted` (committed) → the ERP → `reversals.mark_reversed`, `mark_refused` or
`mark_unknown`. Whoever starts again first asks the ERP for the keys of `unfinished`.
"""

from __future__ import annotations

import hashlib
from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor
from cobranza.ledger.receivables import ReversalOrder
from cobranza.reconciliation.models import Match, PostingIntent, Proposal, Reversal, ReversalIntent
from cobranza.reconciliation.postings import PostingState

_States = ReversalIntent.States


def reversal_key(posting: PostingIntent, attempt: int) -> str:
    """The reversal's idempotency key; like the payment's it is made of what identifies it outside.

    Args:
        posting: The posted payment.
        attempt: How many times the ERP has refused to undo it before.
    """
    return f"REV{hashlib.sha256(f'{posting.key}|{attempt}'.encode()).hexdigest()[:24].upper()}"


def create(
    reversal: Reversal, posting: PostingIntent, *, actor: Actor, reverse_on: date, match: Match | None = None
) -> ReversalIntent:
    """Write down that a posted payment is going to be undone. In the caller's transaction, the posting locked."""
    attempt = ReversalIntent.objects.filter(posting=posting).count()
    intent = ReversalIntent.objects.create(
        key=reversal_key(posting, attempt),
        reversal=reversal,
        posting=posting,
        match=match,
        erp=posting.erp,
        document=posting.document,
        payment_key=posting.key,
        payment_reference=posting.reference,
        amount=posting.amount,
        currency=posting.currency,
        reverse_on=reverse_on,
    )
    tell("reversal.intended", intent, {"amount": intent.amount, "document": posting.invoice.number}, actor)
    return intent


def order(intent: ReversalIntent) -> ReversalOrder:
    """The intent as an ERP port takes it."""
    returned = intent.reversal.cause == Reversal.Causes.RETURN
    why = f"Devolución del banco: {intent.reversal.reason}" if returned else f"Anulado: {intent.reversal.reason}"
    return ReversalOrder(
        key=intent.key,
        payment=intent.payment_key,
        reference=intent.payment_reference,
        document=intent.document,
        number=intent.posting.invoice.number,
        amount=Money(intent.currency, intent.amount).rounded().amount,
        currency=intent.currency,
        reverse_on=intent.reverse_on,
        text=why.replace(intent.payment_key, "")[:200],
    )


def unfinished(creditor: Creditor, *, erp: str | None = None) -> list[ReversalIntent]:
    """Every reversal whose end is not known, oldest first."""
    rows = ReversalIntent.objects.filter(posting__invoice__creditor=creditor, state__in=ReversalIntent.LIVE)
    if erp is not None:
        rows = rows.filter(erp=erp)
    return list(rows.select_related("reversal", "posting__invoice").order_by("pk"))


def mark_submitted(intent: ReversalIntent | int, *, actor: Actor) -> ReversalIntent:
    """About to be sent: from here on only the ERP knows. Calling it again changes nothing."""
    with transaction.atomic():
        row = locked(intent)
        if row.state == _States.SUBMITTED:
            return row
        expect(row, _States.INTENDED, _States.UNKNOWN)
        row.state, row.submitted_at = _States.SUBMITTED, clock.now()
        row.save(update_fields=["state", "submitted_at"])
        tell("reversal.submitted", row, {}, actor)
    return row


def mark_unknown(intent: ReversalIntent | int, reason: str, *, actor: Actor, reference: str = "") -> ReversalIntent:
    """Neither the ERP's answer nor reading it again tells: a person has to look. Again changes only the reason."""
    with transaction.atomic():
        row = locked(intent)
        expect(row, *ReversalIntent.LIVE)
        if row.state == _States.UNKNOWN and row.message == reason:
            return row
        row.state, row.message, row.reference = _States.UNKNOWN, reason, reference or row.reference
        row.save(update_fields=["state", "message", "reference"])
        tell("reversal.unknown", row, {"reason": reason, "reference": row.reference}, actor)
    return row


def locked(intent: ReversalIntent | int) -> ReversalIntent:
    """The intent; before it, both proposals it touches, then its posting: the order of locks of decision 0003."""
    pk = intent.pk if isinstance(intent, ReversalIntent) else intent
    found = ReversalIntent.objects.select_related("posting__match", "reversal").get(pk=pk)
    lock_proposals(Proposal.objects.filter(pk__in={found.posting.match.proposal_id, found.reversal.proposal_id}))
    PostingIntent.objects.select_for_update(no_key=True).get(pk=found.posting_id)
    return ReversalIntent.objects.select_for_update(no_key=True).get(pk=pk)


def lock_proposals(rows: QuerySet[Proposal]) -> list[Proposal]:
    """The proposals, locked by ascending id."""
    return list(rows.select_for_update(no_key=True).order_by("pk"))


def expect(row: ReversalIntent, *states: str) -> None:
    """Refuse a step that the intent is not ready for."""
    if row.state not in states:
        raise PostingState(f"La anulación {row.key} está «{row.get_state_display()}».")


def tell(kind: str, row: ReversalIntent, payload: dict[str, object], actor: Actor) -> None:
    """Record what happened to it and to the posting that it undoes."""
    content = {"key": row.key, "payment": row.payment_key, **payload}
    record(kind, row, content, actor, creditor=row.posting.invoice.creditor_id, seals=[row, row.posting])
