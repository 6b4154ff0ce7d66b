"""Reminders by e-mail, over a way out of `config/mail.toml`.

A mail server cannot be asked later whether it took a message (RFC 5321 §4.5.3 leaves that window open), so a message
whose fate is unknown is a person's. Its Message-ID is made of our key: whoever does send it again sends the same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from cobranza import suite
from cobranza.disputes.ports import Accepted, MailboxError, MailboxRefused, OutgoingMail
from cobranza.dunning.ports import (
    Caps,
    ChannelDown,
    ChannelRefused,
    Event,
    ForgedEvent,
    Outcome,
    Outgoing,
    SendResult,
    Status,
)
from cobranza.kernel.config import Strict
from connectors.channels.ready import configured
from connectors.channels.settings import FILE, settings


class EmailSettings(Strict):
    """`[canales.email]`.

    Attributes:
        buzon: Mailbox of ``config/mail.toml`` whose way out and address are used.
    """

    FILE: ClassVar[str] = FILE
    TABLE: ClassVar[str] = "canales.email"

    buzon: str = "demo"


class Email:
    """See `cobranza.dunning.ports.Channel`."""

    slug = "email"
    channel = "email"

    def capabilities(self) -> Caps:
        """No receipts of its own (bounces come as mails), and nothing to look up."""
        return Caps(receipts=False, lookup=False)

    def send(self, message: Outgoing) -> SendResult:
        """See `Channel.send`."""
        with configured():
            account = settings(self.slug, EmailSettings).buzon
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
        try:
            with configured(), way.sender(account) as out:  # type: ignore[attr-defined]
                accepted = out.send(mail)
        except MailboxRefused as exc:
            raise ChannelRefused(exc.message) from exc
        except MailboxError as exc:  # no encryption, a wrong certificate: not a word of the message was said
            raise ChannelDown(exc.message) from exc
        if accepted is Accepted.DEFERRED:
            raise ChannelDown("El servidor de correo no lo admite ahora.")
        if accepted is Accepted.ACCEPTED:
            return SendResult(outcome=Outcome.ACCEPTED, provider_id=mail.message_id)
        if accepted is Accepted.REFUSED:
            return SendResult(outcome=Outcome.REFUSED, reason="El servidor de correo lo rechaza.", permanent=True)
        return SendResult(outcome=Outcome.UNKNOWN, provider_id=mail.message_id)

    def lookup(self, key: str, provider_id: str, *, to: str = "", since: datetime | None = None) -> Status | None:
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
