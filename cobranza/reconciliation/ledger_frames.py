"""The ledger as the engine wants it: payments, documents and customers as data frames, and what already stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pandas as pd
from django.db.models import Q, QuerySet, Sum

from cobranza.kernel import clock
from cobranza.ledger.models import Allocation, Creditor, Debtor, Invoice, Movement
from cobranza.reconciliation.frames import (
    CUSTOMER_COLUMNS,
    FIXED_COLUMNS,
    FX_COLUMNS,
    INVOICE_COLUMNS,
    PAYMENT_COLUMNS,
    text_frame,
)
from cobranza.reconciliation.models import Match, PostingIntent, Proposal, ReversalIntent
from cobranza.reconciliation.workbench.models import OnAccount

_CHUNK = 5000


@dataclass(frozen=True, kw_only=True)
class LedgerFrames:
    """What `matching.match` takes, with ids that `movement_of` and `invoice_of` turn back into rows' ids.

    Attributes:
        payments: Movements to explain, and those behind `fixed`.
        invoices: Documents open now or touched lately; `open_amount` is before `fixed` is taken off.
        customers: Every debtor of those documents.
        fx: Empty; put the company's reference rates here.
        fixed: What stands and is not to be matched again: allocations, payments on their way into the ERP, and what
            a person accepted.
    """

    payments: pd.DataFrame
    invoices: pd.DataFrame
    customers: pd.DataFrame
    fx: pd.DataFrame
    fixed: pd.DataFrame


def payment_id(movement: int) -> str:
    """A movement's id in the frames; sorts like the number.

    >>> payment_id(7), movement_of(payment_id(7))
    ('M000000007', 7)
    """
    return f"M{movement:09d}"


def invoice_id(invoice: int) -> str:
    """A document's id in the frames."""
    return f"F{invoice:09d}"


def customer_id(debtor: int) -> str:
    """A debtor's id in the frames."""
    return f"D{debtor:09d}"


def movement_of(key: str) -> int:
    """The movement that `payment_id` named."""
    return int(key[1:])


def invoice_of(key: str) -> int:
    """The document that `invoice_id` named."""
    return int(key[1:])


def frames(creditor: Creditor, *, history_days: int = 400) -> LedgerFrames:
    """Everything the engine needs to know about a creditor.

    Movements that a person set aside are left out. One that a person applied in part comes with what is left of it, as
    a payment of that amount: what stands of it is off its documents already. What is kept on account is not offered.
    History is there because a return is explained by the direct debit
    before it, and a double payment by the first one.

    Args:
        creditor: Whose.
        history_days: How far back settled documents and spent movements are shown.
    """
    since = clock.now() - timedelta(days=history_days)
    held = _held(creditor)
    rests = _rests(creditor)
    fixed = [row for row in _fixed(creditor, since) if row[0] not in rests]
    movements = _movements(creditor, {movement for movement, _, _ in fixed})
    there = {movement for movement, _, _ in fixed}
    movements = [row for row in movements if row.pk in there or row.amount < 0 or _offered(row, rests, held) > 0]
    shown = {movement.pk for movement in movements}
    documents = list(
        Invoice.objects.filter(creditor=creditor)
        .filter(
            ~Q(state="settled")
            | Q(touched_at__gte=since)
            | Q(vanished_at__gte=since)
            | Q(pk__in={invoice for _, invoice, _ in fixed})
        )
        .order_by("pk")
    )
    before: dict[int, Decimal] = {}
    posted = set(
        Allocation.objects.filter(invoice__creditor=creditor, reversed_at=None).values_list("movement", "invoice")
    )
    standing = [row for row in fixed if row[0] in shown]
    for movement, invoice, applied in standing:
        if (movement, invoice) in posted:
            before[invoice] = before.get(invoice, Decimal(0)) + applied
    debtors = Debtor.objects.filter(pk__in={row.debtor_id for row in documents}).prefetch_related("payer_accounts")
    return LedgerFrames(
        payments=text_frame(
            PAYMENT_COLUMNS, (_payment_row(row, creditor, _offered(row, rests, held)) for row in movements)
        ),
        invoices=text_frame(
            INVOICE_COLUMNS, (_invoice_row(row, creditor, row.open + before.get(row.pk, 0)) for row in documents)
        ),
        customers=text_frame(CUSTOMER_COLUMNS, (_customer_row(row, creditor) for row in debtors.order_by("pk"))),
        fx=text_frame(FX_COLUMNS, ()),
        fixed=text_frame(
            FIXED_COLUMNS,
            ((payment_id(money), invoice_id(document), _amount(sum_)) for money, document, sum_ in standing),
        ),
    )


def _fixed(creditor: Creditor, since: object) -> list[tuple[int, int, Decimal]]:
    """(movement, document, applied) of all that stands, each pair once."""
    rows: dict[tuple[int, int], Decimal] = {}
    accepted = Match.objects.filter(proposal__creditor=creditor, proposal__state=Proposal.States.ACCEPTED)
    live = PostingIntent.objects.filter(invoice__creditor=creditor, state__in=PostingIntent.LIVE)
    leaving = Match.objects.filter(proposal__creditor=creditor, reversals__state__in=ReversalIntent.LIVE)
    done = Allocation.objects.filter(invoice__creditor=creditor, reversed_at=None).filter(
        Q(decided_at__gte=since) | ~Q(movement__remaining=0)
    )
    for found in (
        accepted.values_list("proposal__movement", "invoice", "applied"),
        live.values_list("movement", "invoice", "applied"),
        leaving.values_list("proposal__movement", "invoice", "applied"),
        done.values_list("movement", "invoice", "applied"),
    ):
        for movement, invoice, applied in found:
            rows[movement, invoice] = applied
    return sorted((movement, invoice, applied) for (movement, invoice), applied in rows.items())


def _rests(creditor: Creditor) -> set[int]:
    """Movements that a person applied in part, with nothing on its way in or out of the ERP."""
    rows = Movement.objects.filter(account__creditor=creditor, amount__gt=0, remaining__gt=0).exclude(used=0)
    going = PostingIntent.objects.filter(state__in=PostingIntent.LIVE)
    leaving = ReversalIntent.objects.filter(state__in=ReversalIntent.LIVE)
    live = Proposal.objects.filter(state__in=(Proposal.States.POSTED, Proposal.States.REVIEW))
    by_person = Allocation.objects.filter(decided_by="person", reversed_at=None)
    rows = rows.filter(pk__in=live.values("movement")).filter(pk__in=by_person.values("movement"))
    rows = rows.exclude(pk__in=going.values("movement")).exclude(pk__in=leaving.values("posting__movement"))
    return set(rows.values_list("pk", flat=True))


def _held(creditor: Creditor) -> dict[int, Decimal]:
    """What people keep on account, by movement."""
    rows = OnAccount.objects.filter(creditor=creditor, released_at=None).order_by().values("movement")
    return dict(rows.annotate(total=Sum("amount")).values_list("movement", "total"))


def _offered(row: Movement, rests: set[int], held: Mapping[int, Decimal]) -> Decimal:
    """What the engine sees of a movement: all of it, or what a person left of it, without what is kept on account."""
    whole: Decimal = row.remaining if row.pk in rests else row.amount
    return whole - held.get(row.pk, Decimal(0))


def _movements(creditor: Creditor, fixed: set[int]) -> list[Movement]:
    set_aside = Proposal.objects.filter(creditor=creditor, state=Proposal.States.DISMISSED).values("movement")
    rows: QuerySet[Movement] = (
        Movement.objects.filter(account__creditor=creditor)
        .filter(~Q(remaining=0) | Q(pk__in=fixed))
        .exclude(pk__in=set_aside)
        .select_related("statement")
        .order_by("pk")
    )
    return list(rows.iterator(chunk_size=_CHUNK))


def _payment_row(row: Movement, creditor: Creditor, amount: Decimal) -> Sequence[str]:
    details = row.details if isinstance(row.details, list) else []
    single = details[0] if len(details) == 1 else {}
    structured = [text for detail in details for text in detail.get("creditor_reference") or ()]
    return (
        payment_id(row.pk),
        str(row.statement_id),
        creditor.country,
        row.booked_on.isoformat(),
        row.value_on.isoformat(),
        _amount(amount),
        row.currency,
        row.counterparty_name or single.get("party") or "",
        row.counterparty_account or single.get("account") or "",
        row.counterparty_tax_id,
        row.text,
        " ".join(structured) or row.reference,
        single.get("end_to_end") or "",
        row.bank_code,
        row.statement.source,
    )


def _invoice_row(row: Invoice, creditor: Creditor, open_amount: Decimal) -> Sequence[str]:
    return (
        invoice_id(row.pk),
        customer_id(row.debtor_id),
        creditor.country,
        "",
        row.number,
        row.kind,
        row.issued_on.isoformat(),
        row.due_on.isoformat(),
        row.currency,
        _amount(row.net),
        _amount(row.tax),
        _amount(row.gross),
        _amount(open_amount),
        row.payment_reference,
        row.mandate,
        row.remittance,
        row.customer_reference,
    )


def _customer_row(row: Debtor, creditor: Creditor) -> Sequence[str]:
    return (
        customer_id(row.pk),
        row.country or creditor.country,
        row.name,
        row.trade_name,
        row.tax_id,
        " ".join(account.number for account in row.payer_accounts.all()),
        row.group_key,
        "",
        "",
    )


def _amount(value: Decimal) -> str:
    """With two decimals, or as many as it really has."""
    two = value.quantize(Decimal("0.01"))
    return f"{two if two == value else value.normalize():f}"
