"""A person's own choice of documents for a payment: which to offer, how to share the money, how to read the form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from cobranza.kernel import spanish
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Invoice
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.proposals import Link

FIELD = "invoice-"
_OFFERED = 40
ZERO = Decimal(0)


class ChoiceError(BusinessError):
    """Amounts that cannot be what the person means."""

    code = "COB-CON-040"
    remedy = "Escriba en cada factura cuánto se le aplica, por ejemplo 1.234,56, y deje vacías las demás."


@dataclass(frozen=True, slots=True)
class Offer:
    """A document to choose, with the amount that the form starts with."""

    invoice: Invoice
    amount: Decimal | None
    suggested: bool


def offers(proposal: Proposal, query: str, candidate: int | None = None) -> list[Offer]:
    """Open documents that this payment may be for: what was proposed, else the debtor's, else what the search finds.

    Args:
        proposal: With its movement.
        query: Number or customer that the person looks for, "" for none.
        candidate: Position of the candidate to start from; its documents get amounts.
    """
    chosen = _chosen(proposal, candidate)
    named = {pk for entry in proposal.candidates for pk in entry["invoices"]}
    named |= set(proposal.matches.values_list("invoice", flat=True)) | set(chosen)
    rows = Invoice.objects.filter(creditor_id=proposal.creditor_id).exclude(open=0).select_related("debtor")
    if query:
        wanted = rows.filter(
            Q(number__icontains=query) | Q(debtor__name__icontains=query) | Q(debtor__tax_id__icontains=query)
        )
    else:
        debtors = Invoice.objects.filter(pk__in=named).values("debtor")
        wanted = rows.filter(Q(pk__in=named) | Q(debtor__in=debtors))
    found = list(wanted.order_by("due_on", "pk")[:_OFFERED])
    there = {invoice.pk for invoice in found}
    # What is chosen stays on the form while the person looks for more.
    found = [*rows.filter(pk__in=set(chosen) - there).order_by("due_on", "pk"), *found]
    amounts = share_out(proposal.movement.remaining, [row for row in found if row.pk in chosen])
    made = [Offer(row, amounts.get(row.pk), row.pk in named) for row in found]
    return sorted(made, key=lambda offer: (offer.amount is None, not offer.suggested))


def _chosen(proposal: Proposal, candidate: int | None) -> list[int]:
    if candidate is not None and 0 <= candidate < len(proposal.candidates):
        return list(proposal.candidates[candidate]["invoices"])
    return []


def share_out(money: Decimal, invoices: Iterable[Invoice]) -> dict[int, Decimal]:
    """Share `money` among documents, credit notes first (they add to it), then the oldest due."""
    left = money
    amounts: dict[int, Decimal] = {}
    rows = sorted(invoices, key=lambda row: (row.open > 0, row.due_on, row.pk))
    for row in rows:
        amounts[row.pk] = row.open if row.open < 0 else min(row.open, max(left, ZERO))
        left -= amounts[row.pk]
    return {pk: amount for pk, amount in amounts.items() if amount}


def links(posted: Mapping[str, str], person: str) -> list[Link]:
    """Read the form; raises `ChoiceError` or the format's own error."""
    found = []
    for name, text in posted.items():
        if not name.startswith(FIELD) or not text.strip():
            continue
        pk = name.removeprefix(FIELD)
        if not pk.isdigit():
            raise ChoiceError("Esa factura no existe.")
        amount = spanish.amount(text)
        if amount:
            explanation = _("Lo eligió %(person)s a la vista del movimiento.") % {"person": person}
            found.append(Link(invoice=int(pk), applied=amount, explanation=explanation))
    if not found:
        raise ChoiceError("No ha puesto importe en ninguna factura.")
    return found
