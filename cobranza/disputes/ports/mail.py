"""Mailboxes, and a way to answer. Adapters live under `connectors/mail/`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self, runtime_checkable

from cobranza.kernel.errors import ApplicationError, BusinessError


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPosition:
    """Where a message lies now; may change, never its identity."""

    account: str
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMail:
    """A message of the inbox that was not moved yet; `size` in octets as the server says."""

    position: MailPosition
    size: int


class MailboxError(ApplicationError):
    """The mail server is away, slow or answered against its protocol; later may work."""

    code = "COB-COR-001"
    remedy = "Se reintentará; si se repite, compruebe el servidor de correo y la red."


class MailboxRefused(BusinessError):
    """The server refused the login; never retried with the same secret."""

    code = "COB-COR-002"
    blocks_credential = True
    remedy = "Compruebe la clave o el permiso OAuth del buzón en «cobranza credentials»."


class MailGone(MailboxError):
    """Nothing lies at this position any more: moved by another, or the folder was rebuilt. The line is sound."""

    code = "COB-COR-003"
    remedy = "No hay que hacer nada: el buzón se vuelve a listar y cada correo se reconoce por su contenido."


class Mailbox(Protocol):
    """An open connection to one mailbox. One thread. Nothing is ever marked read nor deleted."""

    account: str

    def waiting(self) -> list[WaitingMail]:
        """Messages of the inbox, oldest first; more than a bounded number are left for the next time."""

    def fetch(self, position: MailPosition, limit: int) -> bytes:
        """The raw message, at most `limit` octets (`UnreadableMail` beyond); flags stay as they are.

        Raises:
            MailGone: it lies there no more: list again.
            MailboxError: the line broke; a `Mailbox` of ours opens a new one by itself, within limits.
        """

    def move(self, position: MailPosition, folder: str) -> None:
        """Put a message into `folder` ("Procesados", "Errores"); no error when it is there no more.

        Raises:
            MailGone: the inbox was rebuilt: its numbers mean other messages now, list again.
            MailboxError: it may or may not have been moved; `waiting` tells.
        """

    def wait(self, seconds: float) -> None:
        """Return when something may have arrived, at the latest after `seconds`. A hint: always search after it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


@runtime_checkable
class Inspected(Protocol):
    """A `Mailbox` that can say whether it is set up; for `cobranza doctor`."""

    def missing(self) -> list[str]:
        """Names of our own folders that are not there; they are made when first needed. Changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """One message to send.

    Attributes:
        message_id: Ours, made once and stored before sending: sending it again is the same message.
        sender: Address of From.
        to: One address.
        subject: One line.
        text: Plain text, UTF-8.
        in_reply_to: Message-ID that it answers, "" when none.
        references: Of the thread.
        automatic: Marked Auto-Submitted: auto-replied, with a null envelope sender (RFC 3834).
    """

    message_id: str
    sender: str
    to: str
    subject: str
    text: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    automatic: bool = True


class Accepted(StrEnum):
    """What became of sending."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for good: no such address
    DEFERRED = "deferred"  # surely not taken: try later
    UNKNOWN = "unknown"  # the line broke after the data: it may have been taken


class Sender(Protocol):
    """Hands a message to a mail server."""

    def send(self, mail: OutgoingMail) -> Accepted:
        """Send once; never repeats by itself."""


@runtime_checkable
class Inbox(Protocol):
    """Opens mailboxes; `connectors/mail/imap` and `connectors/mail/folder` give one each as `ADAPTER`."""

    slug: str

    def open(self, account: str) -> Mailbox:
        """Connect to an entry of ``config/mail.toml``."""

    def accounts(self) -> Iterator[str]:
        """Entries that are switched on and that this connector serves, in the order of the file."""


@runtime_checkable
class Outbox(Protocol):
    """Opens ways out for answers; `connectors/mail/smtp` gives one as `ADAPTER`."""

    slug: str

    def sender(self, account: str) -> AbstractContextManager[Sender]:
        """The way out of a mailbox of ``config/mail.toml``; connects at the first message, one line for many.

        Its `send` tells by `Accepted` what became of a message. It raises `MailboxRefused` (login) or `MailboxError`
        (certificate, no encryption) only when the message was surely not taken.

        Raises:
            ConfigError: the mailbox names no way out.
        """

    def address(self, account: str) -> str:
        """The mailbox's own address, lower case: the From of its answers."""
