"""Scores move at once: with a booked payment, a broken promise, a dispute. What was missed is read from the chain.

`hear` is called after each commit and may fail or be too late: `catch_up` reads every event since the last one that the
scores have taken in, so that a crash in between loses nothing. Debtors of a company never scored are left alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import Final

from django.db import transaction

from cobranza.ledger.events import Actor
from cobranza.ledger.models import Chain, Creditor, Debtor, Event, Invoice
from cobranza.risk import scoring
from cobranza.risk.hearing import KINDS
from cobranza.risk.models import Cursor

ROBOT: Final = Actor.robot("valoracion_de_riesgo")
BURST: Final = 50
"""Events in ten seconds after which the rest is left to the catch-up."""
AT_ONCE: Final = 2000
"""Debtors that a catch-up scores together."""
_SECONDS: Final = 10.0
_heard: deque[float] = deque(maxlen=BURST)


def hear(event: Event) -> None:
    """Look again at whom an event of `hearing.KINDS` is about."""
    now = time.monotonic()
    if len(_heard) == BURST and now - _heard[0] < _SECONDS:
        return
    _heard.append(now)
    creditor = int(event.chain_id.partition(":")[2])
    with scoring.unless_swept(creditor) as free:
        if free:
            scoring.score(sorted(debtors_of([event])), actor=ROBOT)


def catch_up(creditor: Creditor | int) -> int:
    """Look again at every debtor of whom something happened since the last event that was taken in.

    Returns:
        How many debtors; 0 too while a sweep runs, which takes it all in.
    """
    pk = creditor.pk if isinstance(creditor, Creditor) else creditor
    name = f"acreedor:{pk}"
    head = Chain.objects.filter(name=name).values_list("seq", flat=True).first() or 0
    known = Cursor.objects.filter(chain=name).values_list("seq", flat=True).first()
    if known is None or known >= head:
        return 0
    with transaction.atomic():
        cursor = Cursor.objects.select_for_update().get(chain=name)
        with scoring.unless_swept(pk) as free:
            if not free or cursor.seq >= head:
                return 0
            since = Event.objects.filter(chain=name, seq__gt=cursor.seq, seq__lte=head, kind__in=KINDS).order_by("seq")
            wanted = sorted(debtors_of(since.iterator(chunk_size=2000)))
            for start in range(0, len(wanted), AT_ONCE):
                scoring.score(wanted[start : start + AT_ONCE], actor=ROBOT)
            cursor.seq = head
            cursor.save(update_fields=["seq"])
    return len(wanted)


def catch_up_all() -> int:
    """`catch_up` for every company that was ever scored; before a screen shows a list."""
    chains = Cursor.objects.values_list("chain", flat=True)
    return sum(catch_up(int(name.partition(":")[2])) for name in list(chains))


def debtors_of(events: Iterable[Event]) -> set[int]:
    """Whom some events are about."""
    debtors: set[int] = set()
    invoices: set[int] = set()
    for event in events:
        table, _, number = event.subject.partition(":")
        if table == "debtor":
            debtors.add(int(number))
        elif table == "invoice":
            invoices.add(int(number))
        parts = event.payload.get("parts") or [event.payload.get("part") or {}]
        invoices |= {int(part["invoice"]) for part in parts if isinstance(part, dict) and "invoice" in part}
    if invoices:
        debtors |= set(Invoice.objects.filter(pk__in=invoices).values_list("debtor", flat=True))
    return set(Debtor.objects.filter(pk__in=debtors).values_list("pk", flat=True))
