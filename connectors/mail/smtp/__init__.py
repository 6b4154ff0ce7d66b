"""The way out of answers: a mail server that is spoken to with SMTP.

Source: RFC 5321, 3207 (STARTTLS), 4954 (AUTH), 6531 (SMTPUTF8); observed with aiosmtpd 1.4.6 in November 2026.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from connectors.mail.settings import account as entry_of
from connectors.mail.settings import way_out
from connectors.mail.smtp.sender import SmtpSender
from connectors.mail.smtp.settings import SmtpSettings
from connectors.mail.tokens import Tokens


class Smtp:
    """Opens ways out; see `Outbox`."""

    slug = "smtp"
    Settings = SmtpSettings

    def sender(self, account: str) -> AbstractContextManager[SmtpSender]:
        """See `Outbox.sender`."""
        way = way_out(account, SmtpSettings)
        tokens = Tokens(way.oauth, way.user()) if way.oauth else None
        return SmtpSender(way, self.address(account).rpartition("@")[2], tokens)

    def address(self, account: str) -> str:
        """See `Outbox.address`."""
        return entry_of(account).direccion


ADAPTER = Smtp()
