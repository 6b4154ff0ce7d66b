"""Reminders by e-mail, over a way out of `config/mail.toml`.

A mail server cannot be asked later whether it took a message (RFC 5321 §4.5.3 leaves that window open), so a message
whose fate is unknown is a person's. Its Message-ID is made of our key: whoever does send it again sends the same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

from cobranza import suite
from cobranza.disputes.ports import Accepted, OutgoingMail
from cobranza.dunning.ports import Caps, ChannelDown, Event, ForgedEvent, Outcome, Outgoing, SendResult, Status
from cobranza.kernel.config import Strict, load


class EmailSettings(Strict):
    """`[email]` of ``config/channels.toml``.

    Attributes:
        buzon: Mailbox of ``config/mail.toml`` whose way out and address are used.
    """

    FILE: ClassVar[str] = "channels.toml"
    TABLE: ClassVar[str] = "email"

    buzon: str = "demo"


class ChannelsFile(Strict):
    """The whole file.

    Attributes:
        email: Reminders by e-mail.
    """

    FILE: ClassVar[str] = "channels.toml"

    email: EmailSettings = EmailSettings()


class Email:
    """See `cobranza.dunning.ports.Channel`."""

    slug = "email"
    channel = "email"

    def capabilities(self) -> Caps:
        """No receipts of its own (bounces come as mails), and nothing to look up."""
        return Caps(receipts=False, lookup=False)

    def send(self, message: Outgoing) -> SendResult:
        """See `Channel.send`."""
        account = load(suite.root() / "config" / ChannelsFile.FILE, ChannelsFile).email.buzon
        way = suite.adapters("connectors.mail")["smtp"]
        sender = way.address(account)  # type: ignore[attr-defined]
        mail = OutgoingMail(
            message_id=message_id(message.key, sender),
            sender=sender,
            to=message.to,
            subject=message.subject,
            text=message.text,
            automatic=False,
        )
        with way.sender(account) as out:  # type: ignore[attr-defined]
            accepted = out.send(mail)
        if accepted is Accepted.DEFERRED:
            raise ChannelDown("El servidor de correo no lo admite ahora.")
        if accepted is Accepted.ACCEPTED:
            return SendResult(outcome=Outcome.ACCEPTED, provider_id=mail.message_id)
        if accepted is Accepted.REFUSED:
            return SendResult(outcome=Outcome.REFUSED, reason="El servidor de correo lo rechaza.", permanent=True)
        return SendResult(outcome=Outcome.UNKNOWN, provider_id=mail.message_id)

    def lookup(self, key: str, provider_id: str) -> Status | None:
        """Never asked: see `capabilities`."""
        raise NotImplementedError("a mail server cannot be asked")

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Event]:
        """Nobody calls: bounces arrive in the mailbox."""
        raise ForgedEvent("El correo no tiene webhook.")


def message_id(key: str, sender: str) -> str:
    """Message-ID of the message `key`: the same for every try.

    >>> message_id("12:EUR:recordatorio:2026-11-18:1", "cobros@example.com")
    '<r.c9e72d18859c6dacfde5ffdf08ca6012@example.com>'
    """
    name = hashlib.sha256(key.encode("utf-8")).hexdigest()[:32]
    return f"<r.{name}@{sender.rpartition('@')[2]}>"


ADAPTER = Email()
