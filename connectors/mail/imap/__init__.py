"""Mailboxes on IMAP servers, through imaplib2.

Source: RFC 3501 (IMAP4rev1), 2177 (IDLE), 4315 (UIDPLUS), 6851 (MOVE), 2342 (NAMESPACE), 7628 and Google's XOAUTH2;
observed with Dovecot 2.3.19 and imaplib2 3.6 in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from cobranza.disputes.ports import Mailbox
from connectors.mail.imap.mailbox import ImapMailbox
from connectors.mail.imap.settings import ImapSettings
from connectors.mail.settings import account as entry_of
from connectors.mail.settings import accounts
from connectors.mail.steady import SteadyMailbox
from connectors.mail.tokens import Tokens


class Imap:
    """Opens mailboxes on IMAP servers; see `Inbox`."""

    slug = "imap"
    Settings = ImapSettings

    def open(self, account: str) -> Mailbox:
        """See `Inbox.open`; a broken line is mended within `limites`, with growing pauses."""
        entry = cast(ImapSettings, entry_of(account))
        tokens = Tokens(entry.oauth, entry.user()) if entry.oauth else None
        limits = entry.limites
        return SteadyMailbox(
            account,
            lambda: ImapMailbox(account, entry, tokens),
            forget=tokens.forget if tokens else None,
            retries=limits.reintentos,
            pause=limits.pausa_segundos,
        )

    def accounts(self) -> Iterator[str]:
        """See `Inbox.accounts`."""
        return (name for name, entry in accounts().items() if entry.activo and entry.conector == self.slug)


ADAPTER = Imap()
