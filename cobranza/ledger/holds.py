"""What stops collection: a dispute, a plan, a court's word. Put once per source, released by whoever may."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from cobranza.kernel import clock
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Debtor, Hold, Invoice
from cobranza.ledger.rules import BadAmount, PersonDecided


def put(target: Invoice | Debtor, *, source: str, reason: str, actor: Actor, amount: Decimal | None = None) -> Hold:
    """Stop collection of an invoice, or of all that a debtor owes. The same source on the same target holds once.

    Args:
        target: What is not to be claimed.
        source: Process and reference, "disputa:123"; it finds the hold again.
        reason: For people, in Spanish.
        actor: Who puts it.
        amount: Only this much is held (a dispute about 200 of 1,000); all of it by default.

    Raises:
        BadAmount: not positive, or on a debtor, whose documents may be in several currencies.
    """
    invoice = target if isinstance(target, Invoice) else None
    if amount is not None and (amount <= 0 or invoice is None):
        raise BadAmount("Una retención parcial es de una factura y de un importe positivo.")
    debtor_id = target.debtor_id if isinstance(target, Invoice) else target.pk
    with transaction.atomic():
        debtor = Debtor.objects.select_for_update(no_key=True).get(pk=debtor_id)
        there = Hold.objects.filter(debtor=debtor, invoice=invoice, source=source, released_at=None).first()
        if there is not None:
            return there
        hold = Hold.objects.create(
            debtor=debtor,
            invoice=invoice,
            amount=amount,
            reason=reason,
            source=source,
            opened_at=clock.now(),
            opened_by=actor.kind,
            opened_by_name=actor.name,
        )
        payload = {"amount": amount, "reason": reason, "source": source}
        record("hold.put", target, payload, actor, creditor=debtor.creditor_id, seals=[hold])
    return hold


def release(hold: Hold | int, *, reason: str, actor: Actor) -> Hold:
    """Let collection go on; twice changes nothing.

    Raises:
        PersonDecided: a robot releases what a person put.
    """
    pk = hold.pk if isinstance(hold, Hold) else hold
    with transaction.atomic():
        found = Hold.objects.select_for_update(no_key=True).select_related("debtor").get(pk=pk)
        if found.released_at is not None:
            return found
        if found.opened_by == "person" and actor.kind != "person":
            raise PersonDecided(f"La retención la puso {found.opened_by_name}: {actor.name} no la levanta.")
        found.released_at = clock.now()
        found.released_by, found.released_by_name, found.released_reason = actor.kind, actor.name, reason
        found.save(update_fields=["released_at", "released_by", "released_by_name", "released_reason"])
        subject = f"invoice:{found.invoice_id}" if found.invoice_id else f"debtor:{found.debtor_id}"
        payload = {"hold": found.pk, "reason": reason}
        record("hold.released", subject, payload, actor, creditor=found.debtor.creditor_id, seals=[found])
    return found


def held(invoice: Invoice) -> Decimal:
    """How much of the invoice's open balance is not to be claimed now, between zero and all of it."""
    holds = Hold.objects.filter(released_at=None).filter(Q(invoice=invoice) | Q(debtor=invoice.debtor_id, invoice=None))
    amounts = list(holds.values_list("amount", flat=True))
    open_: Decimal = invoice.open
    if any(amount is None for amount in amounts):
        return open_
    return min(open_, sum(amounts, Decimal(0)))
