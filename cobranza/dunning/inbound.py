"""What a debtor says on SMS, WhatsApp or the telephone: into the one conversation, and a "stop" into effect at once.

Whoever calls is known by address or number alone. An unknown sender, or one that several debtors share, is noted for a
person and answered nothing: not even that there is a debt. A stop from a shared number counts for all who share it,
because silence tells nobody anything and a message after a stop would be against the law.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db import transaction

from cobranza import suite
from cobranza.dunning import delivery, stops
from cobranza.dunning.config import DunningSettings
from cobranza.dunning.models import Message, Told
from cobranza.dunning.ports import Delivery, Event
from cobranza.dunning.stops import HEARD
from cobranza.kernel.config import load
from cobranza.ledger import conversation
from cobranza.ledger.models import Creditor, Debtor, Word

_LONGEST = 10_000
_CLOCKS = timedelta(minutes=1)


def hear(event: Event, *, channel: str, slug: str) -> Word | None:
    """Put what a debtor said on record and obey a stop; None when it was heard before.

    Args:
        event: With `sender` and `text`, its `id` unique among all providers.
        channel: As the gate names it.
        slug: Connector that brought it; tells whose number was written to when one company alone uses it.
    """
    with transaction.atomic():
        _, new = Told.objects.get_or_create(
            event=event.id, defaults={"key": event.key, "provider_id": event.provider_id, "at": event.at}
        )
        if not new:
            return None
        company = _company(slug)
        everybody = conversation.known(channel, event.sender, company)
        debtor = Debtor.objects.get(pk=next(iter(everybody))) if len(everybody) == 1 else None
        word = conversation.note(
            f"{channel}:{event.id}"[:200],
            channel=channel,
            direction="in",
            text=event.text[:_LONGEST],
            at=event.at,
            actor=HEARD,
            debtor=debtor,
            address=event.sender[:300],
            reference=event.key[:200],
        )
        if event.stopped or delivery.stops(event.text):
            for each in Debtor.objects.filter(pk__in=everybody).order_by("pk"):
                _, out = stops.stop(each, channel, said=f"{word.key}: «{event.text[:200]}»")
                # Several who share a number cannot be told apart: silence tells nobody that there is a debt.
                if out is not None and debtor is not None and not event.stopped:
                    stops.confirm(each, channel, out)
            conversation.handled(word, by=HEARD.name)
        if debtor is not None:
            _answered(debtor, channel, event)
    return word


def _answered(debtor: Debtor, channel: str, event: Event) -> None:
    """What was said last on that channel has had its answer: an account that answers keeps its channels."""
    told = event.at + _CLOCKS  # providers tell whole seconds, of clocks of their own
    left = Message.objects.filter(debtor=debtor, channel=channel, sent_at__lte=told, answered_at=None)
    last = left.exclude(state=Delivery.BOUNCED.value).order_by("-sent_at").first()
    if last is not None:
        Message.objects.filter(pk=last.pk, answered_at=None).update(answered_at=event.at)


def _company(slug: str) -> Creditor | None:
    """Whose connector it is, None when several companies share it."""
    entries = load(suite.root() / "config" / DunningSettings.FILE, DunningSettings).empresas
    using = [key for key, entry in entries.items() if slug in entry.canales.values()]
    return Creditor.objects.filter(key=using[0]).first() if len(using) == 1 else None


def named(event: Event, slug: str) -> Event:
    """`event` with an id that no other provider gives."""
    return replace(event, id=f"{slug}:{event.id}"[:200])
