"""A creditor's figures in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from cobranza.ledger.canonical import amount
from cobranza.ledger.models import Invoice, Movement

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What a creditor is owed in one currency.

    Attributes:
        creditor: Its key.
        currency: ISO 4217.
        documents: Invoices and credit notes that are not settled.
        open: Left of the invoices.
        credit: Left of the credit notes, negative.
        unapplied: Money received that settles nothing yet.
    """

    creditor: str
    currency: str
    documents: int = 0
    open: Decimal = ZERO
    credit: Decimal = ZERO
    unapplied: Decimal = ZERO

    def as_dict(self) -> dict[str, str | int]:
        """Stable keys, amounts as strings."""
        return {
            "creditor": self.creditor,
            "currency": self.currency,
            "documents": self.documents,
            "open": amount(self.open),
            "credit": amount(self.credit),
            "unapplied": amount(self.unapplied),
        }


def balances() -> list[Balance]:
    """Every creditor and currency, in order."""
    owed = (
        Invoice.objects.exclude(state="settled")
        .values_list("creditor__key", "currency")
        .annotate(
            n=Count("pk"), debt=Sum("open", filter=Q(kind="invoice")), credit=Sum("open", filter=Q(kind="credit_note"))
        )
    )
    money = (
        Movement.objects.filter(remaining__gt=0)
        .values_list("account__creditor__key", "currency")
        .annotate(total=Sum("remaining"))
    )
    debts = {(key, currency): (n, debt or ZERO, credit or ZERO) for key, currency, n, debt, credit in owed}
    free = {(key, currency): total for key, currency, total in money}
    return [
        Balance(
            creditor=key[0],
            currency=key[1],
            documents=debts.get(key, (0, ZERO, ZERO))[0],
            open=debts.get(key, (0, ZERO, ZERO))[1],
            credit=debts.get(key, (0, ZERO, ZERO))[2],
            unapplied=free.get(key, ZERO),
        )
        for key in sorted({*debts, *free})
    ]
