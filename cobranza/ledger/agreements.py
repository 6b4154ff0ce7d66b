"""What was agreed with a debtor, for all to see: concluded once, no invoice covered twice, ended with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger import holds
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Agreement, Cover, Debtor, Instalment, Invoice

RUNNING = ("al_corriente", "vencida_en_gracia", "impago")
GOOD = ("al_corriente", "vencida_en_gracia")
"""A plan of these standings is not to be disturbed by reminders of the debt itself."""
ENDED = ("incumplido", "cumplido", "anulado")


class AgreementConflict(BusinessError):
    """An agreement on what is settled, held, agreed already, or that does not add up."""

    code = "COB-LIB-050"
    remedy = "Revise qué facturas cubre el acuerdo y cuánto queda libre de cada una."


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One dated payment of an agreement and what it pays, in major units of the agreement's currency."""

    due: date
    amount: Decimal
    principal: Decimal
    interest: Decimal = Decimal(0)
    costs: Decimal = Decimal(0)
    deferral: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is concluded.

    Attributes:
        key: Idempotency key: the same terms under the same key are the same agreement.
        kind: "full", "part", "promise" or "instalments".
        payments: In order of their days; their principal and the waived one sum to `covers`.
        covers: Invoice's id → part of its open balance.
        waived_principal: Given up when the agreement is kept to the end; so are interest and costs.
        channel: Where the debtor accepted it.
        proof: How that is on record.
        accepted_at: Aware.
        approved_by: The person, or the rule that allowed it.
    """

    key: str
    currency: str
    kind: str
    payments: tuple[Payment, ...]
    covers: Mapping[int, Decimal]
    channel: str
    proof: str
    accepted_at: datetime
    approved_by: str
    waived_principal: Decimal = Decimal(0)
    waived_interest: Decimal = Decimal(0)
    waived_costs: Decimal = Decimal(0)


def conclude(debtor: Debtor, terms: Terms, *, actor: Actor) -> Agreement:
    """Put an agreement on record; the same key twice is one agreement.

    Raises:
        AgreementConflict: an invoice is another debtor's, in another currency, covered by a running agreement, or has
            less left than is covered (held amounts are not free); or the figures do not add up.
    """
    with transaction.atomic():
        locked = Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        there = Agreement.objects.filter(key=terms.key).first()
        if there is not None:
            return there
        _check(locked, terms)
        agreement = Agreement.objects.create(
            key=terms.key,
            creditor_id=locked.creditor_id,
            debtor=locked,
            currency=terms.currency,
            kind=terms.kind,
            total=sum((each.amount for each in terms.payments), Decimal(0)),
            waived_principal=terms.waived_principal,
            waived_interest=terms.waived_interest,
            waived_costs=terms.waived_costs,
            deferral=sum((each.deferral for each in terms.payments), Decimal(0)),
            channel=terms.channel,
            proof=terms.proof,
            accepted_at=terms.accepted_at,
            approved_by=terms.approved_by,
        )
        rows = [Cover(agreement=agreement, invoice_id=pk, amount=amount) for pk, amount in sorted(terms.covers.items())]
        Cover.objects.bulk_create(rows)
        parts = [
            Instalment(
                agreement=agreement,
                number=number,
                due_on=each.due,
                amount=each.amount,
                principal=each.principal,
                interest=each.interest,
                costs=each.costs,
                deferral=each.deferral,
            )
            for number, each in enumerate(terms.payments, start=1)
        ]
        Instalment.objects.bulk_create(parts)
        payload = {
            "key": terms.key, "kind": terms.kind, "total": agreement.total, "payments": len(parts),
            "channel": terms.channel, "approved_by": terms.approved_by,
        }  # fmt: skip
        record(
            "agreement.concluded", locked, payload, actor, creditor=locked.creditor_id, seals=[agreement, *rows, *parts]
        )
    return agreement


def stand(agreement: Agreement, standing: str, *, reason: str, actor: Actor) -> Agreement:
    """Record how an agreement stands now; an ended one stays as it ended, and the same standing twice is one.

    Args:
        standing: Of `RUNNING` or `ENDED`.
        reason: Spanish.
    """
    if standing not in RUNNING + ENDED:
        raise AgreementConflict(f"Un acuerdo no puede estar «{standing}».")
    with transaction.atomic():
        found = Agreement.objects.select_for_update(no_key=True).get(pk=agreement.pk)
        if found.ended_at is not None or found.standing == standing:
            return found
        before, found.standing = found.standing, standing
        if standing in ENDED:
            found.ended_at, found.ended_reason = clock.now(), reason
        found.save(update_fields=["standing", "ended_at", "ended_reason"])
        payload = {"key": found.key, "before": before, "standing": standing, "reason": reason}
        subject = f"debtor:{found.debtor_id}"
        record("agreement.standing", subject, payload, actor, creditor=found.creditor_id, seals=[found])
    return found


def running(debtor: Debtor | int, currency: str = "") -> list[Agreement]:
    """Agreements of a debtor that have not ended, oldest first; of one currency or, with "", of all."""
    found = Agreement.objects.filter(debtor=debtor, ended_at=None).order_by("accepted_at", "pk")
    return list(found.filter(currency=currency) if currency else found)


def covered(agreement: Agreement) -> Decimal:
    """What of its invoices' open balances a running agreement is still about, in its currency."""
    rows = agreement.covers.select_related("invoice")
    return sum((max(Decimal(0), min(row.amount, row.invoice.open)) for row in rows), Decimal(0))


def _check(debtor: Debtor, terms: Terms) -> None:
    invoices = Invoice.objects.select_for_update(no_key=True).in_bulk(list(terms.covers))
    for pk, amount in terms.covers.items():
        invoice = invoices.get(pk)
        if invoice is None or invoice.debtor_id != debtor.pk or invoice.currency != terms.currency:
            raise AgreementConflict(f"La factura {pk} no es de {debtor.name} en {terms.currency}.")
        taken = Cover.objects.filter(invoice=invoice, agreement__ended_at=None).aggregate(sum=Sum("amount"))["sum"]
        if taken:
            raise AgreementConflict(f"La factura {invoice.number} ya está en otro acuerdo vivo.")
        free = invoice.open - holds.held(invoice)
        if not 0 < amount <= free:
            raise AgreementConflict(f"De la factura {invoice.number} quedan {free} libres y el acuerdo cubre {amount}.")
    days = [each.due for each in terms.payments]
    if not days or days != sorted(days):
        raise AgreementConflict("Los pagos del acuerdo faltan o no están en orden.")
    for each in terms.payments:
        if each.amount <= 0 or each.amount != each.principal + each.interest + each.costs + each.deferral:
            raise AgreementConflict(f"El pago de {each.amount} no suma sus partes.")
    principal = sum((each.principal for each in terms.payments), Decimal(0)) + terms.waived_principal
    if principal != sum(terms.covers.values(), Decimal(0)):
        raise AgreementConflict("El principal de los pagos y lo perdonado no suman lo que cubre el acuerdo.")
