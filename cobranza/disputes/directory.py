"""What the ledger of one creditor knows, as `linking` asks it; read-only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Func, Max, Q, QuerySet, Value, When
from django.db.models.functions import Lower, Upper

from cobranza.disputes.linking import Document, Party, domain_of, flat
from cobranza.ledger.models import (
    Allocation,
    BankAccount,
    Contact,
    Creditor,
    Debtor,
    Hold,
    Invoice,
    Movement,
    PayerAccount,
)

ZERO = Decimal(0)
_MOST_DOCUMENTS = 2000
_MOST_FOUND = 50
_SETTLED_DAYS = 730


class LedgerDirectory:
    """See `linking.Directory`."""

    def __init__(self, creditor: Creditor, today: date) -> None:
        self._creditor = creditor
        self._today = today

    def by_address(self, address: str) -> Sequence[Party]:
        """See `linking.Directory.by_address`."""
        return self._with_contact(Q(flat=address.lower()))

    def by_domain(self, domain: str) -> Sequence[Party]:
        """See `linking.Directory.by_domain`."""
        return self._with_contact(Q(flat__endswith=f"@{domain.lower()}"))

    def by_tax_id(self, tax_ids: Sequence[str]) -> Sequence[Party]:
        """See `linking.Directory.by_tax_id`."""
        rows = Debtor.objects.filter(creditor=self._creditor).annotate(flat=_flat("tax_id"))
        return _parties(rows.filter(flat__in=[one for one in tax_ids if one]))

    def documents(self, debtor: int) -> Sequence[Document]:
        """See `linking.Directory.documents`."""
        since = self._today - timedelta(days=_SETTLED_DAYS)
        rows = Invoice.objects.filter(debtor=debtor).filter(~Q(state="settled") | Q(issued_on__gte=since))
        first_open = Case(When(state="settled", then=Value(1)), default=Value(0))
        chosen = list(rows.order_by(first_open, "-due_on", "pk")[:_MOST_DOCUMENTS])
        return sorted(documents_of(chosen), key=lambda row: (row.due_on, row.id))

    def by_number(self, flats: Sequence[str]) -> Sequence[Document]:
        """See `linking.Directory.by_number`."""
        wanted = [one for one in flats if one]
        if not wanted:
            return []
        rows = Invoice.objects.filter(creditor=self._creditor).annotate(flat=_flat("number")).filter(flat__in=wanted)
        return documents_of(rows.order_by("pk")[:_MOST_FOUND])

    def last_payment(self, debtor: int) -> date | None:
        """See `linking.Directory.last_payment`."""
        rows = Allocation.objects.filter(invoice__debtor=debtor, reversed_at=None, applied__gt=0)
        found: date | None = rows.aggregate(last=Max("movement__booked_on"))["last"]
        return found

    def loose_money(self, debtor: int) -> Sequence[Decimal]:
        """See `linking.Directory.loose_money`."""
        row = Debtor.objects.get(pk=debtor)
        accounts = list(PayerAccount.objects.filter(debtor=debtor).values_list("number", flat=True))
        theirs = Q(counterparty_account__in=accounts)
        if row.tax_id:
            theirs |= Q(counterparty_tax_id=row.tax_id)
        rows = Movement.objects.filter(theirs, account__creditor=self._creditor, remaining__gt=0, amount__gt=0)
        return list(rows.order_by("-booked_on").values_list("remaining", flat=True)[:_MOST_FOUND])

    def accounts(self, debtor: int | None) -> list[str]:
        """Bank accounts that a message may name without being news: ours, and those that the debtor has paid from."""
        ours = BankAccount.objects.filter(creditor=self._creditor).values_list("iban", "number")
        known = [number for pair in ours for number in pair if number]
        if debtor is not None:
            known += PayerAccount.objects.filter(debtor=debtor).values_list("number", flat=True)
        return known

    def _with_contact(self, which: Q) -> list[Party]:
        contacts = Contact.objects.filter(kind=Contact.Kinds.EMAIL).annotate(flat=Lower("value")).filter(which)
        ids = contacts.values("debtor")
        return _parties(Debtor.objects.filter(creditor=self._creditor, pk__in=ids))


def documents_of(rows: Iterable[Invoice]) -> list[Document]:
    """Rows as the pure modules take them, with how much of each is held."""
    found = list(rows)
    held = holds_on(found)
    return [
        Document(
            id=row.pk,
            debtor=row.debtor_id,
            number=row.number,
            currency=row.currency,
            gross=row.gross,
            open=row.open,
            held=held[row.pk],
            issued_on=row.issued_on,
            due_on=row.due_on,
        )
        for row in found
    ]


def holds_on(rows: Sequence[Invoice]) -> dict[int, Decimal]:
    """How much of each invoice is not to be claimed now; as `ledger.holds.held`, for many at once."""
    debtors = {row.debtor_id for row in rows}
    live = Hold.objects.filter(debtor__in=debtors, released_at=None)
    whole = {hold.debtor_id for hold in live if hold.invoice_id is None}
    parts: dict[int, list[Decimal | None]] = {}
    for hold in live:
        if hold.invoice_id is not None:
            parts.setdefault(hold.invoice_id, []).append(hold.amount)
    found = {}
    for row in rows:
        amounts = parts.get(row.pk, [])
        if row.debtor_id in whole or None in amounts:
            found[row.pk] = max(row.open, ZERO)
        else:
            found[row.pk] = max(min(row.open, sum((one for one in amounts if one is not None), ZERO)), ZERO)
    return found


def contacts_of(debtor: int | None) -> set[str]:
    """E-mail addresses of a debtor, lower case."""
    if debtor is None:
        return set()
    rows = Contact.objects.filter(debtor=debtor, kind=Contact.Kinds.EMAIL).values_list("value", flat=True)
    return {value.lower() for value in rows}


def country_of(creditor: Creditor, address: str) -> str:
    """Country of the debtors who have an address, or one of its company's; "" when none has or they are of several."""
    wanted = [Q(flat=address.lower())] if address else []
    wanted += [Q(flat__endswith=f"@{domain}")] if (domain := domain_of(address)) else []
    for which in wanted:
        contacts = Contact.objects.filter(kind=Contact.Kinds.EMAIL).annotate(flat=Lower("value")).filter(which)
        rows = Debtor.objects.filter(creditor=creditor, pk__in=contacts.values("debtor")).exclude(country="")
        found = set(rows.values_list("country", flat=True).distinct()[:2])
        if found:
            return found.pop() if len(found) == 1 else ""
    return ""


def _parties(rows: QuerySet[Debtor]) -> list[Party]:
    return [Party(row.pk, row.name, row.tax_id) for row in rows.order_by("name", "pk")[:_MOST_FOUND]]


def _flat(column: str) -> Any:
    """As `linking.flat` writes it; the index of `migrations/0002_guards.py` is on this very expression."""
    return Func(Upper(F(column)), Value("[^A-Z0-9]"), Value(""), Value("g"), function="regexp_replace")


__all__ = ["LedgerDirectory", "contacts_of", "country_of", "documents_of", "flat", "holds_on"]
