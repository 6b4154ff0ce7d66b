"""Text messages by Twilio.

A short reference of our key ends the text: by it the message is found in the list of what went to a number when the
answer to our order was lost, and a debtor who calls can name it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from cobranza.dunning.ports import Caps, Delivery, Event, Outgoing, SendResult, Status
from cobranza.kernel import clock
from connectors.channels import twilio
from connectors.channels.ready import reference
from connectors.channels.settings import FILE, settings
from connectors.channels.twilio import TwilioSettings

_ENDING = "\nRef. "
_STATES = {
    "accepted": Delivery.ACCEPTED,
    "scheduled": Delivery.ACCEPTED,
    "queued": Delivery.ACCEPTED,
    "sending": Delivery.ACCEPTED,
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    "undelivered": Delivery.BOUNCED,
    "failed": Delivery.BOUNCED,
}


class SmsSettings(TwilioSettings):
    """See `TwilioSettings`."""

    FILE: ClassVar[str] = FILE
    TABLE: ClassVar[str] = "canales.sms"


class Sms:
    """See `cobranza.dunning.ports.Channel`."""

    slug = "sms"
    channel = "sms"

    def capabilities(self) -> Caps:
        """Ten parts of a text message at most, the reference included."""
        return Caps(receipts=True, lookup=True, longest=1600, adds=len(_ending("")))

    def send(self, message: Outgoing) -> SendResult:
        """See `Channel.send`."""
        account = twilio.Account(settings(self.slug, SmsSettings), "Messages")
        form = {"To": message.to, "From": account.number, "Body": message.text + _ending(message.key)}
        told = twilio.callback(self.slug, message.key)
        return account.order(form | ({"StatusCallback": told} if told else {}))

    def lookup(self, key: str, provider_id: str, *, to: str = "", since: datetime | None = None) -> Status | None:
        """See `Channel.lookup`."""
        account = twilio.Account(settings(self.slug, SmsSettings), "Messages")
        if provider_id:
            row = account.one(provider_id)
            return _status(row) if row else None
        for row in account.went_to(to, since):
            if str(row.get("body", "")).endswith(_ending(key)):
                return _status(row)
        return None

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Event]:
        """See `Channel.events`."""
        key, form = twilio.proved(settings(self.slug, SmsSettings), self.slug, headers, body, url)
        sid, now = form.get("MessageSid") or form.get("SmsSid", ""), clock.now()
        state = form.get("MessageStatus") or form.get("SmsStatus", "")
        if state == "received":
            words = form.get("Body", "")
            choice = form.get("OptOutType", "")  # the vendor knew the word, and has answered it in our name
            text = words if words.strip() or not choice else choice
            stopped = choice.upper() == "STOP"
            return (Event(id=f"{sid}:dice", at=now, sender=form.get("From", ""), text=text, stopped=stopped),)
        if not sid or state not in _STATES:
            return ()
        code = twilio.number_of(form.get("ErrorCode"))
        stopped = code == twilio.STOPPED
        return (
            Event(
                id=f"{sid}:{state}",
                at=now,
                provider_id=sid,
                key=key,
                state=Delivery.REFUSED if stopped else _STATES[state],
                reason=twilio.why(code),
                permanent=twilio.permanent(code),
                stopped=stopped,
            ),
        )

    def reply(self, events: Sequence[Event]) -> tuple[str, str]:
        """Nothing is answered in the vendor's name."""
        return "text/xml", "<Response/>"


def _ending(key: str) -> str:
    return _ENDING + reference(key)


def _status(row: Mapping[str, object]) -> Status:
    code = twilio.number_of(row.get("error_code"))
    state = _STATES.get(str(row.get("status")), Delivery.ACCEPTED)
    return Status(provider_id=str(row["sid"]), state=state, at=clock.now(), reason=twilio.why(code))


ADAPTER = Sms()
