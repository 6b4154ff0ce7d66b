"""What follows when an address turns out to be no good: a person corrects it, and the message takes the next way.

- A bounce, or a refusal because of the address, opens one task about the contact data.
- The same proposal goes out once more, on the next channel that the debtor can be reached on and the gate does not
  deny; a message that is itself such a second way has no third.
- Hard bounces of e-mails come back as mails: whoever reads the mailbox records them in the ledger
  (`contact.suppressed`), and here they reach the message that bounced.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Concat

from cobranza import suite
from cobranza.dunning import config, facts
from cobranza.dunning.asking import act
from cobranza.dunning.models import Message, Told
from cobranza.dunning.ports import Certifies, ChannelDown, Delivery, Event
from cobranza.dunning.settings import strategy
from cobranza.dunning.stops import HEARD, stop
from cobranza.dunning.store import StoredOutbox
from cobranza.dunning.strategy import Step
from cobranza.gate.acts import Purpose, Verdict
from cobranza.gate.decision import decide
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger import tasks as ledger_tasks
from cobranza.ledger.events import record
from cobranza.ledger.models import Contact, Creditor, Debtor, Task
from cobranza.ledger.models import Event as Recorded

SECOND_WAY = "~"
"""In the key of a message that takes the next channel, before its channel."""
_TASK = "contacto:"
_ORDER = ("email", "whatsapp", "sms", "ivr", "letter")
"""Channels for what no strategy proposed."""
_WITHIN = timedelta(days=1)
"""A day to put the contact data right."""
_BOUNCES_WITHIN = timedelta(days=7)
"""A delivery report that comes later than this is about no message of ours that still matters."""
_LOOKS_BACK = timedelta(days=30)
_CHUNK = 500
_SHARE = 20
"""So many debtors who share an address get a task each."""
_LISTED = re.compile(r"(?i)\b(?:unsubscrib|opt(?:ed)?[ -]?out|spam complaint|suppression list|blocked by recipient)")
"""How mail providers say that the addressee, by them, asked for no more of us."""
_LISTED_SAID = "El proveedor de correo tiene la dirección en su lista de bajas."
_CERTIFIED = "message.certified"
_ENDED = [state.value for state in (Delivery.DELIVERED, Delivery.READ, Delivery.BOUNCED)]
_WAS_ON_ITS_WAY = [state.value for state in (Delivery.ACCEPTED, Delivery.SENT, Delivery.UNKNOWN)]


def run(creditor: Creditor, now: datetime | None = None) -> Counter[str]:
    """Nightly, and after each reading of the mailbox: bounced mails reach their messages, bounced messages go on.

    Returns:
        "rebotes" that reached a message, "tareas" opened and "otra_via" queued.
    """
    at = now or clock.now()
    done = Counter(rebotes=read_bounces(creditor, at), tareas=0, otra_via=0)
    for key in list(_open(creditor, at)):
        task, second = follow_up(key, at)
        done["tareas"] += task is not None
        done["otra_via"] += second is not None
    return done


def read_bounces(creditor: Creditor, now: datetime) -> int:
    """Let the addresses that the mailbox said are no good reach the last message that went there.

    Returns:
        How many messages bounced by that.
    """
    found = 0
    said = Recorded.objects.filter(kind="contact.suppressed", at__gte=now - _LOOKS_BACK).order_by("pk")
    for event in said.iterator(_CHUNK):  # whoever's mailbox it came to: an address is no good for everybody
        address = str(event.payload.get("address", ""))
        if not address:
            continue
        status, why = str(event.payload.get("status", "")), str(event.payload.get("why", ""))
        stopped = bool(_LISTED.search(why))
        last = _bounced(event, creditor, address)
        told = Event(
            id=f"rebote:{event.pk}:{creditor.pk}",
            key=last.key if last is not None else "",
            state=Delivery.REFUSED if stopped else Delivery.BOUNCED,
            permanent=not stopped,
            stopped=stopped,
            at=event.at,
            reason=_LISTED_SAID
            if stopped
            else f"El servidor del destinatario lo devuelve{f' ({status})' if status else ''}.",
        )
        if last is not None:
            found += StoredOutbox().hear(told) is not None
        else:
            _nobodys(told, creditor, address)
    return found


def _bounced(event: Recorded, creditor: Creditor, address: str) -> Message | None:
    """The message that came back: the one whose Message-ID the report names, else the last that went there."""
    mails = Message.objects.filter(creditor=creditor, channel="email", queued_at__lte=event.at)
    named = str(event.payload.get("original", ""))
    if named and (one := mails.filter(provider_id=named).first()) is not None:
        return one
    went = mails.filter(address__iexact=address, state__in=_WAS_ON_ITS_WAY)
    sent = Q(sent_at=None) | Q(sent_at__lte=event.at, sent_at__gte=event.at - _BOUNCES_WITHIN)
    return went.filter(sent).order_by("-sent_at", "-pk").first()


def _nobodys(told: Event, creditor: Creditor, address: str) -> None:
    """A report about no message of ours that is on its way: whoever has that address gets a task, once."""
    with transaction.atomic():
        new = Told.objects.get_or_create(event=told.id, defaults={"reason": told.reason, "at": told.at})[1]
        if not new:
            return
        for debtor in Debtor.objects.filter(
            creditor=creditor, contacts__kind=Contact.Kinds.EMAIL, contacts__value__iexact=address
        ).distinct().order_by("pk")[:_SHARE]:  # fmt: skip
            if told.stopped:
                stop(debtor, "email", said=f"{told.id}: {told.reason}")
            ledger_tasks.open_task(
                debtor,
                f"{told.id}:{debtor.pk}",
                kind=Task.Kinds.CONTACT_DATA.value,
                due_on=(told.at + _WITHIN).date(),
                why=f"Ha rebotado un correo a {address} que no es de ningún mensaje en camino: {told.reason}",
                source=told.id,
                actor=HEARD,
            )


def certificates(creditor: Creditor, limit: int = 200) -> int:
    """Fetch the certificates of letters that have ended: kept in the output folder, their digest in the ledger.

    Returns:
        How many are new. A provider that is away is asked again next time.
    """
    channel = suite.adapters("connectors.channels").get(config.company(creditor.key).canales.get("letter", ""))
    if not isinstance(channel, Certifies):
        return 0
    certified = Recorded.objects.annotate(about=KT("payload__key")).filter(kind=_CERTIFIED, about=OuterRef("key"))
    ended = Message.objects.filter(creditor=creditor, channel="letter", state__in=_ENDED).exclude(provider_id="")
    new = 0
    for message in ended.exclude(Exists(certified)).select_related("debtor").order_by("pk")[:limit]:
        try:
            content = channel.certificate(message.provider_id)
        except ChannelDown:
            break
        if content is None:
            continue
        digest = hashlib.sha256(content).hexdigest()
        file = suite.output_folder() / "certificados" / f"{message.pk}-{digest[:12]}.pdf"
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(content)
        part.replace(file)
        payload = {"key": message.key, "file": f"certificados/{file.name}", "sha256": digest}
        record(_CERTIFIED, message.debtor, payload, HEARD, creditor=creditor)
        new += 1
    return new


def follow_up(key: str, now: datetime | None = None) -> tuple[Task | None, Message | None]:
    """Open the task about the contact data and queue the second way; each once, however often it is called."""
    at = now or clock.now()
    with transaction.atomic():
        message = (
            Message.objects.select_for_update(no_key=True, of=("self",)).select_related("debtor__creditor").get(key=key)
        )
        if not _failed(message) or Task.objects.filter(key=f"{_TASK}{key}").exists():
            return None, None
        task = ledger_tasks.open_task(
            message.debtor,
            f"{_TASK}{key}",
            kind=Task.Kinds.CONTACT_DATA.value,
            due_on=(at + _WITHIN).date(),
            why=f"No se llega a {message.address} por {message.channel}: {message.reason or 'dirección rechazada'}.",
            source=f"recordatorio:{key}"[:120],
            actor=HEARD,
        )
        return task, _second_way(message, at)


def _open(creditor: Creditor, now: datetime) -> Iterator[str]:
    """Messages whose address failed and that nobody went on with."""
    task = Task.objects.filter(key=Concat(Value(_TASK), OuterRef("key")))
    no_good = Told.objects.filter(message=OuterRef("pk"), permanent=True)
    rows = Message.objects.filter(creditor=creditor, queued_at__gte=now - _LOOKS_BACK).filter(
        Q(state=Delivery.BOUNCED.value) | Q(Exists(no_good), state=Delivery.REFUSED.value)
    )
    yield from rows.exclude(Exists(task)).order_by("pk").values_list("key", flat=True).iterator(_CHUNK)


def _failed(message: Message) -> bool:
    if message.state == Delivery.BOUNCED.value:
        return True
    return message.state == Delivery.REFUSED.value and message.told.filter(permanent=True).exists()


def _second_way(message: Message, now: datetime) -> Message | None:
    if SECOND_WAY in message.key:
        return None
    known = facts.read(message.debtor, message.currency, now)
    law = facts.law(known.country)
    for channel, template in _ways(message):
        address = known.addresses.get(channel, "")
        if not address:
            continue
        key = f"{message.key}{SECOND_WAY}{channel}"
        question = act(known, channel, address, now, key, Purpose(message.purpose), message.anchor)
        decision = decide(question, known.state, law)
        if decision.verdict is Verdict.DENY:
            continue
        second, new = Message.objects.get_or_create(
            key=key,
            defaults={
                "creditor": message.creditor,
                "debtor": message.debtor,
                "currency": message.currency,
                "purpose": message.purpose,
                "wanted": message.wanted,
                "author": message.author,
                "strategy": message.strategy,
                "arm": message.arm,
                "step": message.step,
                "anchor": message.anchor,
                "channel": channel,
                "address": address,
                "template": template,
                "language": message.language,
                "not_before": decision.until or now,
                "reason": f"Por {message.channel} no se llegó.",
                "rules": list(decision.rules),
                "decisions": [decision.as_dict(law)],
            },
        )
        if new:
            payload = {"key": key, "step": message.step, "channel": channel, "strategy": message.strategy}
            record("message.queued", message.debtor, payload, HEARD, creditor=message.creditor_id)
        return second if new else None
    return None


def _ways(message: Message) -> Iterator[tuple[str, str]]:
    """The other channels of the step, with a template that is written for each; the same one where it is."""
    step = _step(message)
    if step is None:
        yield from ((channel, message.template) for channel in _ORDER if channel != message.channel)
        return
    for channel in step.channels:
        written = [name for name, channels in step.templates.items() if channel in channels]
        if channel != message.channel and written:
            yield channel, message.template if message.template in written else written[0]


def _step(message: Message) -> Step | None:
    if message.wanted is not None:
        return None
    try:
        steps = strategy(message.strategy.partition("@")[0]).steps
    except BusinessError:  # a strategy that is gone: its messages still have a second way
        return None
    return next((step for step in steps if step.id == message.step), None)
