"""The stored outbox: `cobranza.dunning.sending.Outbox` over PostgreSQL, each call one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from cobranza.dunning import delivery, stops
from cobranza.dunning.models import Message, Told
from cobranza.dunning.ports import Delivery, Event, Row
from cobranza.kernel import clock
from cobranza.ledger import conversation
from cobranza.ledger.events import Actor, record

ROBOT = Actor.robot("recordatorios")
_ROW = ("state", "not_before", "token", "leased_until", "tries", "provider_id", "reason", "rules", "unknown_since")
_LEFT = frozenset({Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.BOUNCED})


class StoredOutbox:
    """See `Outbox`.

    Args:
        creditor: Only this one's messages (primary key); None all.
    """

    def __init__(self, creditor: int | None = None) -> None:
        self._creditor = creditor

    def queue(self, row: Row) -> bool:
        """Not used: a message is queued with its debtor, see `workflow.queue`."""
        raise NotImplementedError("messages are queued by workflow.queue")

    def due(self, now: datetime, limit: int) -> list[Row]:
        """See `Outbox.due`."""
        found = self._mine().filter(state=Delivery.QUEUED.value, not_before__lte=now).order_by("not_before", "key")
        return [row_of(message) for message in found[:limit]]

    def stuck(self, now: datetime, limit: int) -> list[Row]:
        """See `Outbox.stuck`."""
        found = self._mine().filter(
            Q(state=Delivery.SENDING.value, leased_until__lte=now)
            | Q(state=Delivery.UNKNOWN.value, not_before__lte=now)
        )
        return [row_of(message) for message in found.order_by("key")[:limit]]

    def claim(self, key: str, token: str, until: datetime, /) -> Row | None:
        """See `Outbox.claim`."""
        with transaction.atomic():
            message = Message.objects.select_for_update(no_key=True).get(key=key)
            if message.state != Delivery.QUEUED.value:
                return None
            message.state, message.token, message.leased_until = Delivery.SENDING.value, token, until
            message.tries += 1
            message.save(update_fields=["state", "token", "leased_until", "tries"])
        return row_of(message)

    def settle(self, key: str, token: str, expect: Delivery, /, **changes: Any) -> bool:
        """See `Outbox.settle`."""
        with transaction.atomic():
            message = Message.objects.select_for_update(no_key=True).get(key=key)
            if message.state != expect.value or message.token != token:
                return False
            before = Delivery(message.state)
            for name, value in changes.items():
                if name not in _ROW:
                    raise TypeError(f"{name} is no column that sending changes")
                plain = value.value if isinstance(value, Delivery) else list(value) if name == "rules" else value
                setattr(message, name, plain)
            self._mark(message, before)
            message.save()
            if changes.get("provider_id"):
                early = Told.objects.select_for_update().filter(provider_id=changes["provider_id"], message=None)
                for told in early.order_by("at", "pk"):
                    told.message = message
                    told.save(update_fields=["message"])
                    _apply(message, told)
        return True

    def hear(self, event: Event) -> Row | None:
        """See `Outbox.hear`."""
        with transaction.atomic():
            told, new = Told.objects.get_or_create(
                event=event.id,
                defaults={
                    "key": event.key,
                    "provider_id": event.provider_id,
                    "state": event.state.value if event.state else "",
                    "reason": event.reason,
                    "permanent": event.permanent,
                    "at": event.at,
                },
            )
            if not new:
                return None
            named = Q(key=event.key) if event.key else Q(provider_id=event.provider_id)
            if not (event.key or event.provider_id):
                return None
            message = Message.objects.select_for_update(no_key=True).filter(named).first()
            if message is None:
                return None
            told.message = message
            told.save(update_fields=["message"])
            if event.stopped:
                stops.stop(message.debtor, message.channel, said=f"{event.id}: {event.reason or 'dicho al proveedor'}")
            return row_of(message) if _apply(message, told) else None

    def _mine(self) -> Any:
        found = Message.objects.all()
        return found if self._creditor is None else found.filter(creditor=self._creditor)

    def _mark(self, message: Message, before: Delivery) -> None:
        state = Delivery(message.state)
        if state in _LEFT and before not in _LEFT:
            left(message)


def left(message: Message) -> None:
    """The message is out: its moment, and the act of collection in the record."""
    message.sent_at = clock.now()
    payload = {
        "channel": message.channel,
        "text": message.subject or message.text[:200],
        "outcome": "enviado",
        "step": message.step,
        "template": message.template,
        "strategy": message.strategy,
        "amount": message.amount,
        "currency": message.currency,
        "rules": message.rules,
        "key": message.key,
    }
    record("contact.sent", message.debtor, payload, ROBOT, creditor=message.creditor_id)
    conversation.note(
        f"dunning:{message.key}",
        channel=message.channel,
        direction="out",
        text=message.text,
        subject=message.subject,
        at=message.sent_at,
        actor=Actor.person(message.author) if message.author else ROBOT,
        debtor=message.debtor,
        address=message.address,
        reference=message.key,
    )


def _apply(message: Message, told: Told) -> bool:
    """Set what the provider told; False when it changes nothing."""
    if not told.state:
        return False
    before = Delivery(message.state)
    state = delivery.after(before, Delivery(told.state))
    if state is before:
        return False
    message.state, message.reason = state.value, told.reason
    message.provider_id = told.provider_id or message.provider_id
    message.token, message.leased_until, message.unknown_since = "", None, None
    if state in _LEFT and message.sent_at is None:
        left(message)
    message.save()
    return True


def row_of(message: Message) -> Row:
    """The row as the sender reads it."""
    return Row(
        key=message.key,
        account=str(message.debtor_id),
        channel=message.channel,
        address=message.address,
        state=Delivery(message.state),
        not_before=message.not_before,
        token=message.token,
        leased_until=message.leased_until,
        tries=message.tries,
        provider_id=message.provider_id,
        reason=message.reason,
        rules=tuple(message.rules),
        unknown_since=message.unknown_since,
        payload={"step": message.step, "template": message.template, "language": message.language},
    )
