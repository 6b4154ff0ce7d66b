"""Payments on their way into the ERP: written down before, looked up after a crash, finished in one transaction.

The order is always the same: `intend` (committed) → `mark_submitted` (committed) → the ERP → `mark_posted`,
`mark_refused` or `mark_unknown`. Whoever starts again first asks the ERP for the keys of `unfinished`.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError, NeedsPerson
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money
from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor, Invoice, Movement
from cobranza.ledger.receivables import PaymentOrder, PostedPayment
from cobranza.ledger.rules import LedgerError
from cobranza.reconciliation.models import Decision, Match, PostingIntent, Proposal

ZERO = Decimal(0)
_States = PostingIntent.States


class NotPostable(BusinessError):
    """No ERP port takes this: a return, a credit note, another currency, or money that is not free any more."""

    code = "COB-CON-030"
    remedy = "Regístrelo a mano en el ERP y confírmelo en la bandeja de revisión."


class PostingState(BusinessError):
    """The posting is not where this step expects it."""

    code = "COB-CON-031"
    remedy = "Vuelva a cargar la página: otro proceso ha terminado este registro."


class PostedNotApplied(NeedsPerson):
    """The ERP holds the payment and the ledger cannot take it: somebody used the money or the invoice meanwhile."""

    code = "COB-CON-032"
    remedy = "El cobro consta en el ERP. Anule en Cobranza la aplicación que sobra o el cobro en el ERP."


def posting_key(movement: Movement, invoice: Invoice, attempt: int = 0) -> str:
    """The idempotency key: the same money and document always give the same one, even in a rebuilt database.

    It is made of what identifies them outside (account, movement's fingerprint and occurrence, the ERP's document),
    never of our row numbers: those start again when an instance is set up anew, and the ERP remembers.

    Args:
        movement: With its account.
        invoice: The document.
        attempt: How many times it was tried before: the ERP refused it, or it was undone.
    """
    parts = (
        movement.account.iban,
        movement.fingerprint,
        str(movement.occurrence),
        invoice.erp,
        invoice.erp_key,
        str(attempt),
    )
    return f"COB{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:24].upper()}"


def intend(match: Match | int, *, actor: Actor) -> PostingIntent:
    """Write down that a match is going to be posted; returns the one that exists if it does.

    The money and the document's balance are checked against what is allocated *and* what is on its way, so two
    processes cannot both send the last euro.

    Raises:
        NotPostable: the link is no plain payment, or there is not enough left.
    """
    pk = match.pk if isinstance(match, Match) else match
    with transaction.atomic():
        link = Match.objects.get(pk=pk)
        link.proposal = Proposal.objects.select_for_update(no_key=True).get(pk=link.proposal_id)
        movement = Movement.objects.select_for_update(no_key=True).get(pk=link.proposal.movement_id)
        invoice = Invoice.objects.select_for_update(no_key=True).get(pk=link.invoice_id)
        before = PostingIntent.objects.filter(movement=movement, invoice=invoice)
        there = (
            before.filter(match=link).exclude(state__in=(_States.REFUSED, _States.REVERSED)).first()
            or before.filter(state__in=PostingIntent.LIVE).first()
        )
        if there is not None:
            return there
        _check_postable(link, movement, invoice)
        decider = _decider(link.proposal, actor)
        intent = PostingIntent.objects.create(
            key=posting_key(movement, invoice, before.count()),
            match=link,
            movement=movement,
            invoice=invoice,
            erp=invoice.erp,
            document=invoice.erp_key,
            amount=link.to_post,
            applied=link.applied,
            cash=link.cash,
            currency=invoice.currency,
            paid_on=movement.value_on,
            decided_by=decider.kind,
            decided_by_name=decider.name,
        )
        tell("posting.intended", intent, {"amount": intent.amount, "document": invoice.number}, actor)
    return intent


def order(intent: PostingIntent) -> PaymentOrder:
    """The intent as an ERP port takes it."""
    return PaymentOrder(
        key=intent.key,
        document=intent.document,
        number=intent.invoice.number,
        amount=Money(intent.currency, intent.amount).rounded().amount,  # the column holds more places than ERPs take
        currency=intent.currency,
        paid_on=intent.paid_on,
        text=f"Cobro del banco {intent.movement.booked_on:%d/%m/%Y}: {intent.movement.text}"[:200],
    )


def unfinished(creditor: Creditor, *, erp: str | None = None) -> list[PostingIntent]:
    """Every posting whose end is not known, oldest first: ask the ERP for their keys before anything is sent."""
    rows = PostingIntent.objects.filter(invoice__creditor=creditor, state__in=PostingIntent.LIVE)
    if erp is not None:
        rows = rows.filter(erp=erp)
    return list(rows.select_related("invoice", "movement").order_by("pk"))


def mark_submitted(intent: PostingIntent | int, *, actor: Actor) -> PostingIntent:
    """About to be sent: from here on only the ERP knows. Calling it again changes nothing."""
    with transaction.atomic():
        row = locked(intent)
        if row.state == _States.SUBMITTED:
            return row
        expect(row, _States.INTENDED, _States.UNKNOWN)
        row.state = _States.SUBMITTED
        row.submitted_at = clock.now()
        row.save(update_fields=["state", "submitted_at"])
        tell("posting.submitted", row, {}, actor)
    return row


def mark_posted(intent: PostingIntent | int, posted: PostedPayment, *, actor: Actor) -> PostingIntent:
    """The ERP holds it: allocation, event and the intent's end in one transaction. Again changes nothing.

    Raises:
        PostedNotApplied: the ledger cannot take it; the intent is left as unknown with the ERP's reference.
    """
    try:
        with transaction.atomic():
            row = locked(intent)
            if row.state in (_States.POSTED, _States.REVERSED):
                return row
            expect(row, *PostingIntent.LIVE)
            return finish(
                row,
                posted.reference,
                actor=actor,
                open_=(posted.open_before, posted.open_after),
                told={"already_there": posted.already_there},
            )
    except LedgerError as exc:
        reason = f"El ERP lo registró ({posted.reference}) y aquí no cabe: {exc.message}"
        row = mark_unknown(intent, reason, actor=actor, reference=posted.reference)
        raise PostedNotApplied(f"{row.invoice.number}: {reason}") from exc


def mark_refused(intent: PostingIntent | int, reason: str, *, actor: Actor) -> PostingIntent:
    """The ERP does not take it and nothing was posted. The proposal waits for a person. Again changes nothing."""
    with transaction.atomic():
        row = locked(intent)
        if row.state == _States.REFUSED:
            return row
        expect(row, *PostingIntent.LIVE)
        row.state, row.message, row.finished_at = _States.REFUSED, reason, clock.now()
        row.save(update_fields=["state", "message", "finished_at"])
        Proposal.objects.filter(pk=row.match.proposal_id).update(state=Proposal.States.REFUSED, updated_at=clock.now())
        tell("posting.refused", row, {"reason": reason}, actor)
    return row


def mark_unknown(intent: PostingIntent | int, reason: str, *, actor: Actor, reference: str = "") -> PostingIntent:
    """Neither the ERP's answer nor reading it again tells: a person has to look. Again changes only the reason."""
    with transaction.atomic():
        row = locked(intent)
        expect(row, *PostingIntent.LIVE)
        if row.state == _States.UNKNOWN and row.message == reason:
            return row
        row.state, row.message, row.reference = _States.UNKNOWN, reason, reference or row.reference
        row.save(update_fields=["state", "message", "reference"])
        tell("posting.unknown", row, {"reason": reason, "reference": row.reference}, actor)
    return row


def finish(
    row: PostingIntent,
    reference: str,
    *,
    actor: Actor,
    open_: tuple[Decimal, Decimal] | None = None,
    told: dict[str, object] | None = None,
) -> PostingIntent:
    """The ERP holds it: allocate, and end the intent. In the caller's transaction, the intent locked.

    Args:
        row: A live intent.
        reference: The ERP's own id of the payment, "" when nobody knows it.
        actor: Who says so.
        open_: The document's open amount in the ERP before and after, None when a person only looked.
        told: More for the event.
    """
    link = row.match
    part = Part(
        invoice=row.invoice_id,
        applied=row.applied,
        withheld=link.withheld,
        fee=link.fee,
        discount=link.discount,
        cash=row.cash,
        rate=link.rate,
        in_erp=row.amount,
        rule=link.rule,
        confidence=link.confidence,
        explanation=link.explanation,
        key=row.key,
    )
    decider = Actor.person if row.decided_by == "person" else Actor.robot
    [allocation] = allocate(row.movement_id, [part], actor=decider(row.decided_by_name))
    row.state = _States.POSTED
    row.allocation = allocation
    row.reference = reference
    row.open_before, row.open_after = open_ or (None, None)
    row.finished_at = clock.now()
    row.save(update_fields=["state", "allocation", "reference", "open_before", "open_after", "finished_at"])
    done = {"reference": reference, "open": [row.open_before, row.open_after]}
    tell("posting.posted", row, done | (told or {}), actor)
    left = Match.objects.filter(proposal=link.proposal_id).exclude(intents__state=_States.POSTED)
    if not left.exists():
        Proposal.objects.filter(pk=link.proposal_id).update(state=Proposal.States.POSTED, updated_at=clock.now())
    return row


def _check_postable(link: Match, movement: Movement, invoice: Invoice) -> None:
    going = PostingIntent.objects.filter(state__in=PostingIntent.LIVE)
    if link.proposal.state not in (Proposal.States.AUTOMATIC, Proposal.States.ACCEPTED):
        raise NotPostable(f"{invoice.number}: la propuesta está «{link.proposal.get_state_display()}».")
    if invoice.kind != "invoice" or link.applied <= 0 or link.to_post <= 0 or movement.amount <= 0:
        raise NotPostable(f"{invoice.number}: no es un cobro simple (aplica {link.applied}).")
    money = movement.remaining - (going.filter(movement=movement).aggregate(total=Sum("cash"))["total"] or ZERO)
    if link.cash > money:
        raise NotPostable(
            f"{invoice.number}: al movimiento le queda libre {write_money(Money(movement.currency, money))} y se "
            f"usaría {write_money(Money(movement.currency, link.cash))}."
        )
    due = invoice.open - (going.filter(invoice=invoice).aggregate(total=Sum("applied"))["total"] or ZERO)
    if link.applied > due:
        raise NotPostable(
            f"{invoice.number} tiene libre {write_money(Money(invoice.currency, due))} y se aplicaría "
            f"{write_money(Money(invoice.currency, link.applied))}."
        )


def _decider(proposal: Proposal, actor: Actor) -> Actor:
    """The person who accepted the proposal, else who posts it."""
    if proposal.state != Proposal.States.ACCEPTED:
        return actor
    accepted = proposal.decisions.filter(kind__in=[Decision.Kinds.ACCEPTED, Decision.Kinds.CHANGED])
    decision = accepted.order_by("-pk").first()
    return Actor.person(decision.person) if decision is not None else actor


def locked(intent: PostingIntent | int) -> PostingIntent:
    """The intent and, before it, its proposal: everybody locks proposal, intent, movement, document, chain."""
    pk = intent.pk if isinstance(intent, PostingIntent) else intent
    match = Match.objects.get(intents=pk)
    Proposal.objects.select_for_update(no_key=True).get(pk=match.proposal_id)
    return PostingIntent.objects.select_for_update(no_key=True).get(pk=pk)


def expect(row: PostingIntent, *states: str) -> None:
    """Refuse a step that the intent is not ready for."""
    if row.state not in states:
        raise PostingState(f"El registro {row.key} está «{row.get_state_display()}».")


def tell(kind: str, row: PostingIntent, payload: dict[str, object], actor: Actor) -> None:
    """Record what happened to an intent."""
    record(kind, row, {"key": row.key, **payload}, actor, creditor=row.invoice.creditor_id, seals=[row])
