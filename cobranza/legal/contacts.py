"""What was done to collect, as the hash-chained record proves it: the rows of the *acta de gestiones*."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db.models import Q

from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor, Debtor, Event, Invoice
from cobranza.legal.case import Contact

ATTEMPTS = ("contact.made", "contact.sent", "contact.delivered", "contact.answered")
"""Kinds of event that are an act of collection; payload: channel, text, outcome (Spanish), `invoices` if any."""
_ANSWERS = ("dispute.opened",)
_CHANNELS = {"dispute.opened": "correo electrónico"}


class EmptyContact(BusinessError):
    """An act of collection that says nothing."""

    code = "COB-EXP-027"
    remedy = "Escriba por qué medio fue y qué se dijo."


def note(debtor: Debtor, *, channel: str, text: str, outcome: str, actor: Actor, invoices: Iterable[str] = ()) -> Event:
    """Record an act of collection that a person (or a room) did; it stands in the acta of every later case."""
    if not (channel.strip() and text.strip()):
        raise EmptyContact("La gestión no dice su medio o su contenido.")
    payload = {"channel": channel, "text": text, "outcome": outcome, "invoices": sorted(invoices)}
    return record("contact.made", debtor, payload, actor, creditor=debtor.creditor_id)


def of(debtor: Debtor, numbers: Iterable[str]) -> tuple[Contact, ...]:
    """The acts about a debtor or its invoices, oldest first, each with the event that proves it."""
    wanted = sorted(set(numbers))
    ids = Invoice.objects.filter(debtor=debtor, number__in=wanted).values_list("pk", flat=True)
    subjects = [f"debtor:{debtor.pk}", *(f"invoice:{pk}" for pk in ids)]
    named = Q()
    for number in wanted:
        named |= Q(payload__documents__contains=number)
    rows = Event.objects.filter(chain_id=f"acreedor:{debtor.creditor_id}").filter(
        Q(kind__in=ATTEMPTS, subject__in=subjects) | Q(kind__in=_ANSWERS) & (named or Q(pk=None))
    )
    return tuple(_contact(row) for row in rows.order_by("at", "pk"))


def attempts(creditor: Creditor) -> Counter[int]:
    """How many attempts of contact there are for each debtor (by its key) of a creditor."""
    rows = Event.objects.filter(chain_id=f"acreedor:{creditor.pk}", kind__in=ATTEMPTS)
    found: Counter[int] = Counter()
    invoices: Counter[int] = Counter()
    for subject in rows.values_list("subject", flat=True):
        table, _, pk = subject.partition(":")
        if table == "debtor":
            found[int(pk)] += 1
        elif table == "invoice":
            invoices[int(pk)] += 1
    for invoice, debtor in Invoice.objects.filter(pk__in=list(invoices)).values_list("pk", "debtor_id"):
        found[debtor] += invoices[invoice]
    return found


def _contact(row: Event) -> Contact:
    payload = dict(row.payload)
    text = str(payload.get("text", ""))
    if row.kind == "dispute.opened":
        text = f"El deudor escribe sobre {', '.join(payload.get('documents', []))}"
    return Contact(
        at=row.at.isoformat(timespec="seconds"),
        channel=str(payload.get("channel", "")) or _CHANNELS.get(row.kind, ""),
        text=text,
        outcome=str(payload.get("outcome", "")),
        event=f"{row.chain_id}#{row.seq}",
        hash=row.hash,
    )
