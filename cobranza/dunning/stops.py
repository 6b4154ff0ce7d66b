"""A channel that a debtor wants no more of: recorded once, what waits there taken back, and confirmed once.

A stop is said in words (any channel), or to the provider, which then refuses our messages; both count the same. The
confirmation goes where it was said, once, as the gate lets it, and only when the provider does not confirm it itself;
it is the last thing that ever leaves on that channel.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from cobranza.dunning.models import Message
from cobranza.dunning.ports import Delivery
from cobranza.gate.acts import Purpose
from cobranza.kernel import clock
from cobranza.ledger import consents, conversation
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Consent, Debtor, OptOut

HEARD = Actor.robot("avisos")
"""Who acts on what providers and debtors tell by themselves."""
CONFIRMS = "baja:"
"""What the source and the key of the wish that confirms a stop begin with."""
NAMES = {"email": "correo", "sms": "SMS", "whatsapp": "WhatsApp", "ivr": "llamadas", "call": "llamadas",
         "letter": "carta"}  # fmt: skip
_TOGETHER = {"ivr": ("ivr", "call"), "call": ("call", "ivr")}
"""Who wants no calls of a machine wants none of a person either: to the debtor both are calls."""
_ANSWERED = frozenset({"sms", "whatsapp"})
"""Where a stop is answered by a message; a call says it aloud, and mails are answered where they are read."""
_WITHIN = timedelta(hours=20)
_TEXT = "Hemos anotado su baja: no le escribiremos más por {channel}. No tiene que hacer nada más."


def stop(debtor: Debtor, channel: str, *, said: str) -> tuple[int, OptOut | None]:
    """The debtor wants no more of `channel`: on record, and what waits to leave on it taken back.

    Returns:
        How many queued messages were taken back, and the stop; None when the channel was stopped already.
    """
    taken, made = 0, None
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        for each in _TOGETHER.get(channel, (channel,)):
            if not stopped(debtor, each):
                out = consents.stop(debtor, each, said=said, actor=HEARD)
                made = made or out
            taken += cancel_queued(debtor, each, reason="El deudor ha pedido que no se use más este canal.")
    return taken, made


def stopped(debtor: Debtor, channel: str) -> bool:
    """A stop of the channel stands, with no leave given since."""
    last = OptOut.objects.filter(debtor=debtor, channel__in=(channel, "")).order_by("-at").first()
    if last is None:
        return False
    return not Consent.objects.filter(debtor=debtor, channel=channel, revoked_at=None, given_at__gt=last.at).exists()


def confirm(debtor: Debtor, channel: str, out: OptOut) -> bool:
    """Ask that the stop be confirmed, once; False where nothing is to be said."""
    if channel not in _ANSWERED:
        return False
    conversation.want(
        debtor,
        f"{CONFIRMS}{out.pk}",
        purpose=Purpose.FAREWELL.value,
        source=f"{CONFIRMS}{out.pk}",
        text=_TEXT.format(channel=NAMES[channel]),
        channel=channel,
        expires_at=clock.now() + _WITHIN,
    )
    return True


def cancel_queued(debtor: Debtor, channel: str, *, reason: str, actor: Actor = HEARD) -> int:
    """Take back what waits to leave to a debtor on a channel; returns how many.

    A message that somebody is sending at this second is not waiting any more: the gate was asked for it before.
    """
    taken = 0
    with transaction.atomic():
        waiting = Message.objects.select_for_update(no_key=True).filter(
            debtor=debtor, channel=channel, state=Delivery.QUEUED.value
        )
        for message in waiting.exclude(purpose=Purpose.FAREWELL.value).order_by("key"):
            message.state, message.reason = Delivery.CANCELLED.value, reason
            message.save(update_fields=["state", "reason"])
            payload = {"key": message.key, "reason": reason}
            record("message.cancelled", debtor, payload, actor, creditor=message.creditor_id)
            taken += 1
    return taken
