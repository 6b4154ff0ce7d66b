"""Calls by Twilio that read a text aloud and take a key as an answer.

A call keeps nothing of ours that could be asked for later: when the answer to an order was lost and no webhook told,
whatever call left from our number to that number since then is taken to be the one. Two debtors who share a telephone
may so get one call instead of two, and nobody ever gets two instead of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from xml.sax.saxutils import escape, quoteattr

from cobranza.dunning.ports import Caps, Delivery, Event, Outgoing, SendResult, Status
from cobranza.kernel import clock
from connectors.channels import twilio
from connectors.channels.settings import FILE, settings
from connectors.channels.twilio import TwilioSettings

_LONGEST = 3000
_LANGUAGES = {"es": "es-ES", "en": "en-GB", "pt": "pt-BR"}
_STATES = {
    "queued": Delivery.ACCEPTED,
    "initiated": Delivery.ACCEPTED,
    "ringing": Delivery.ACCEPTED,
    "in-progress": Delivery.SENT,
    "busy": Delivery.SENT,
    "no-answer": Delivery.SENT,
    "completed": Delivery.DELIVERED,
    "failed": Delivery.BOUNCED,
}
_WHY = {"busy": "Comunicaba.", "no-answer": "No contestó.", "failed": "El número no existe o no se puede llamar."}
_KEYS = {"1": "Ha pulsado 1: pide que le llame una persona.", "9": "BAJA"}


class VoiceSettings(TwilioSettings):
    """See `TwilioSettings`.

    Attributes:
        menu: Read after the text when keys can be answered: 1 asks for a person, 9 stops the calls.
        gracias: Said after a key.
    """

    FILE: ClassVar[str] = FILE
    TABLE: ClassVar[str] = "canales.voice"

    menu: str = "Para que le llame una persona, pulse 1. Para no recibir más llamadas, pulse 9."
    gracias: str = "Gracias. Hemos tomado nota."


class Voice:
    """See `cobranza.dunning.ports.Channel`."""

    slug = "voice"
    channel = "ivr"

    def capabilities(self) -> Caps:
        """A call that is being made shows in the list at once; the wait allows for the list itself."""
        return Caps(receipts=True, lookup=True, settle_seconds=600, longest=_LONGEST)

    def send(self, message: Outgoing) -> SendResult:
        """See `Channel.send`."""
        table = settings(self.slug, VoiceSettings)
        account = twilio.Account(table, "Calls")
        told = twilio.callback(self.slug, message.key)
        form = {"To": message.to, "From": account.number, "Twiml": twiml(message, told, table.menu)}
        return account.order(form | ({"StatusCallback": told} if told else {}))

    def lookup(self, key: str, provider_id: str, *, to: str = "", since: datetime | None = None) -> Status | None:
        """See `Channel.lookup`."""
        account = twilio.Account(settings(self.slug, VoiceSettings), "Calls")
        if provider_id:
            row = account.one(provider_id)
            return _status(row) if row else None
        return next((_status(row) for row in account.went_to(to, since)), None)

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Event]:
        """See `Channel.events`. A key that was pressed is what the debtor says."""
        key, form = twilio.proved(settings(self.slug, VoiceSettings), self.slug, headers, body, url)
        sid, state, digits = form.get("CallSid", ""), form.get("CallStatus", ""), form.get("Digits", "")
        if sid and digits:
            text = _KEYS.get(digits, f"Ha pulsado {digits[:10]}.")
            name = f"{sid}:tecla:{digits[:10]}"
            return (Event(id=name, at=clock.now(), key=key, sender=form.get("To", ""), text=text),)
        if not sid or state not in _STATES:
            return ()
        event = Event(
            id=f"{sid}:{state}",
            at=clock.now(),
            provider_id=sid,
            key=key,
            state=_STATES[state],
            reason=_WHY.get(state, ""),
            permanent=state == "failed",
        )
        return (event,)

    def reply(self, events: Sequence[Event]) -> tuple[str, str]:
        """What the call says next."""
        if not any(event.text for event in events):
            return "text/xml", "<Response/>"
        thanks = settings(self.slug, VoiceSettings).gracias
        return "text/xml", f'<Response><Say language="es-ES">{escape(thanks)}</Say></Response>'


def twiml(message: Outgoing, action: str, menu: str) -> str:
    """What the call says, twice, and the keys that it takes when there is an `action` to tell them to.

    >>> twiml(Outgoing(key="k", to="+34600000001", text="Debe 1 € a «A & B»."), "", "Pulse 9.")
    '<Response><Say language="es-ES" loop="2">Debe 1 € a «A &amp; B».</Say></Response>'
    """
    language = quoteattr(_LANGUAGES.get(message.language, _LANGUAGES["es"]))
    spoken = "".join(letter if letter.isprintable() else " " for letter in message.text)
    said = f'<Say language={language} loop="2">{escape(spoken)}</Say>'
    if not action:
        return f"<Response>{said}</Response>"
    keys = f"<Say language={language}>{escape(menu)}</Say>" if message.language == "es" else ""
    where = quoteattr(action)
    return f'<Response><Gather numDigits="1" timeout="6" method="POST" action={where}>{said}{keys}</Gather></Response>'


def _status(row: Mapping[str, object]) -> Status:
    told = str(row.get("status"))
    state = _STATES.get(told, Delivery.ACCEPTED)
    return Status(provider_id=str(row["sid"]), state=state, at=clock.now(), reason=_WHY.get(told, ""))


ADAPTER = Voice()
