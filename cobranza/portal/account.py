"""What a debtor owes as their own page shows it. Reads only.

Every figure is what the ledger says at that second: booked payments are off, what is disputed, what is agreed and what
is being paid stand beside what is open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum

from cobranza.agreements import workflow as keeping
from cobranza.ledger import agreements
from cobranza.ledger.models import Agreement, Cover, Debtor, Hold, Invoice

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One open invoice.

    Attributes:
        disputed: Of `open`, not claimed while somebody looks into it.
        paying: Of `open`, paid at a gateway and not yet seen at the bank.
        planned: Of `open`, part of a running agreement.
        free: Of `open`, none of those: what may be paid or agreed now.
    """

    id: int
    number: str
    issued_on: date
    due_on: date
    currency: str
    gross: Decimal
    open: Decimal
    disputed: Decimal = ZERO
    paying: Decimal = ZERO
    planned: Decimal = ZERO
    free: Decimal = ZERO
    overdue: bool = False

    @property
    def paid(self) -> Decimal:
        """What is off already."""
        return self.gross - self.open


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One dated payment of an agreement, with the money that has come for it: at the bank, or confirmed by a gateway.

    Attributes:
        id: Of its row in the ledger.
    """

    id: int
    number: int
    due_on: date
    amount: Decimal
    paid: Decimal

    @property
    def left(self) -> Decimal:
        """What is still to pay of it."""
        return max(ZERO, self.amount - self.paid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A running agreement and its payments."""

    agreement: Agreement
    payments: tuple[Payment, ...]

    @property
    def next(self) -> Payment | None:
        """The first payment that is not complete."""
        return next((each for each in self.payments if each.left), None)

    @property
    def left(self) -> Decimal:
        """What is still to pay of it."""
        return sum((each.left for each in self.payments), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is owed in one currency.

    Attributes:
        items: Open invoices, oldest due first.
        credit: Left of credit notes, positive: it will come off.
        plans: Running agreements.
    """

    currency: str
    items: tuple[Item, ...]
    credit: Decimal
    plans: tuple[Plan, ...]

    @property
    def open(self) -> Decimal:
        """All that is open, credit notes off, never below zero."""
        return max(ZERO, self._sum("open") - self.credit)

    @property
    def disputed(self) -> Decimal:
        """See `Item.disputed`."""
        return self._sum("disputed")

    @property
    def paying(self) -> Decimal:
        """See `Item.paying`."""
        return self._sum("paying")

    @property
    def planned(self) -> Decimal:
        """See `Item.planned`."""
        return self._sum("planned")

    @property
    def free(self) -> Decimal:
        """What may be paid or agreed now."""
        return max(ZERO, self._sum("free") - self.credit)

    @property
    def overdue(self) -> Decimal:
        """Of `free`, past its day."""
        return min(self.free, sum((each.free for each in self.items if each.overdue), ZERO))

    @property
    def payable(self) -> tuple[Item, ...]:
        """Invoices with something free."""
        return tuple(each for each in self.items if each.free > 0)

    def _sum(self, name: str) -> Decimal:
        return sum((getattr(each, name) for each in self.items), ZERO)


def read(debtor: Debtor, today: date) -> tuple[Account, ...]:
    """Every currency that a debtor owes in, or has an agreement in; by name."""
    rows = Invoice.objects.filter(debtor=debtor, vanished_at=None).exclude(open=0).order_by("due_on", "number", "pk")
    found = list(rows)
    running = agreements.running(debtor)
    currencies = sorted({row.currency for row in found} | {each.currency for each in running})
    held = _held(debtor, found)
    covered = _covered(found)
    return tuple(
        Account(
            currency=currency,
            items=tuple(
                _item(row, held, covered, today) for row in found if row.currency == currency and row.kind == "invoice"
            ),
            credit=-sum((row.open for row in found if row.currency == currency and row.kind != "invoice"), ZERO),
            plans=tuple(_plan(each, today) for each in running if each.currency == currency),
        )
        for currency in currencies
    )


def past(debtor: Debtor, limit: int = 5) -> list[Agreement]:
    """Agreements that ended, the latest first."""
    return list(Agreement.objects.filter(debtor=debtor).exclude(ended_at=None).order_by("-ended_at")[:limit])


def spread(amount: Decimal, items: Iterable[Item]) -> dict[int, Decimal]:
    """Lay an amount on invoices, the oldest due first; what does not fit is left out.

    Returns:
        Invoice's id → part of it; nothing with zero.
    """
    laid: dict[int, Decimal] = {}
    for item in items:
        part = min(amount, item.free)
        if part > 0:
            laid[item.id] = part
            amount -= part
    return laid


def _item(row: Invoice, held: dict[int, tuple[Decimal, Decimal]], covered: dict[int, Decimal], today: date) -> Item:
    disputed, paying = held.get(row.pk, (ZERO, ZERO))
    paying = min(row.open, paying)
    disputed = min(row.open - paying, disputed)
    planned = min(row.open - paying - disputed, max(ZERO, covered.get(row.pk, ZERO) - paying))
    return Item(
        id=row.pk,
        number=row.number,
        issued_on=row.issued_on,
        due_on=row.due_on,
        currency=row.currency,
        gross=row.gross,
        open=row.open,
        disputed=disputed,
        paying=paying,
        planned=planned,
        free=row.open - paying - disputed - planned,
        overdue=row.due_on < today,
    )


def _plan(agreement: Agreement, today: date) -> Plan:
    """With the money as it is at this second: the instalments' own rows follow it only at night."""
    paid = {row.number: row.paid.amount for row in keeping.standing_of(agreement, today).rows}
    return Plan(
        agreement=agreement,
        payments=tuple(
            Payment(id=row.pk, number=row.number, due_on=row.due_on, amount=row.amount, paid=paid.get(row.number, ZERO))
            for row in agreement.instalments.order_by("number")
        ),
    )


def _held(debtor: Debtor, rows: list[Invoice]) -> dict[int, tuple[Decimal, Decimal]]:
    """Of each invoice what is held by anything, and of that what a gateway has been paid."""
    found: dict[int, tuple[Decimal, Decimal]] = {}
    holds = list(Hold.objects.filter(Q(debtor=debtor), released_at=None))
    whole = any(hold.invoice_id is None for hold in holds)
    for row in rows:
        disputed, paying = (row.open if whole else ZERO), ZERO
        for hold in holds:
            if hold.invoice_id != row.pk:
                continue
            part = row.open if hold.amount is None else hold.amount
            if hold.source.startswith("pasarela:"):
                paying += part
            else:
                disputed += part
        found[row.pk] = (disputed, paying)
    return found


def _covered(rows: list[Invoice]) -> dict[int, Decimal]:
    live = Cover.objects.filter(invoice__in=[row.pk for row in rows], agreement__ended_at=None)
    return {row["invoice"]: row["sum"] for row in live.values("invoice").annotate(sum=Sum("amount"))}
