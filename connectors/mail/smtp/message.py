"""The octets of an outgoing message. Nothing that a stranger wrote can add a header, a recipient or a line.

Source: RFC 5322 (threads: section 3.6.4), RFC 3834 (automatic answers), MS-OXCMAIL 2.1.3.2.19
(``X-Auto-Response-Suppress``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from cobranza.disputes.ports import OutgoingMail

_ID = re.compile(r"<[!-;=?-~]{1,900}>")  # printable ASCII without "<" and ">"
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*")
_MOST_REFERENCES = 20
_MOST_SUBJECT = 250


class BadAddress(ValueError):
    """Nobody can be written to there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message as it goes over the line.

    Attributes:
        sender: Of the envelope, "" for the null sender.
        to: Of the envelope; its domain in ASCII.
        data: The message, CRLF line ends, no line over 998 octets.
        international: Needs a server with SMTPUTF8.
    """

    sender: str
    to: str
    data: bytes
    international: bool


def envelope(mail: OutgoingMail, *, now: datetime, null_sender: bool = True) -> Envelope:
    """Make a message ready to send.

    Args:
        mail: What to send. Subject and text may hold anything; unusable ids in its thread are left out.
        now: For its Date.
        null_sender: Automatic mail leaves with an empty envelope sender.

    Raises:
        BadAddress: of sender or recipient.
        ValueError: its own `message_id` is not one.
    """
    if not _ID.fullmatch(mail.message_id):
        raise ValueError(f"not a Message-ID: {mail.message_id!r}")
    sender, to = address(mail.sender), address(mail.to)
    international = not (sender + to).isascii()
    message = EmailMessage(policy=SMTPUTF8 if international else SMTP)
    message["From"] = _shown(sender)
    message["To"] = _shown(to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(now)
    if mail.automatic:
        message["Auto-Submitted"] = "auto-replied" if mail.in_reply_to else "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
    message.set_content(_lines(mail.text), subtype="plain", charset="utf-8", cte="quoted-printable")
    return Envelope(
        sender="" if mail.automatic and null_sender else sender,
        to=to,
        # by hand: the library would encode long ids as words, and they would name nothing any more
        data=_thread(mail).encode("ascii") + message.as_bytes(),
        international=international,
    )


def address(text: str) -> str:
    """An address fit for a command line: checked, the domain in ASCII.

    Raises:
        BadAddress: it is none, or of a kind that only a quoted form can express.

    >>> address("ana@muñoz.example")
    'ana@xn--muoz-hqa.example'
    """
    local, at, domain = text.rpartition("@")
    try:
        plain = domain.encode("idna").decode("ascii")
    except UnicodeError as exc:
        raise BadAddress(text) from exc
    if not at or not _LOCAL.fullmatch(local) or not local.isprintable() or not _DOMAIN.fullmatch(plain):
        raise BadAddress(text)
    if local[0] == "." or local[-1] == "." or ".." in local:
        raise BadAddress(text)
    return f"{local}@{plain}"


def one_line(text: str) -> str:
    """`text` without line ends and other invisible characters, at most 250 characters.

    >>> one_line("Re: hola\\r\\nBcc: otro@x.example")
    'Re: hola Bcc: otro@x.example'
    """
    visible = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(visible.split())[:_MOST_SUBJECT]


def _shown(spec: str) -> Address:
    local, _, domain = spec.rpartition("@")
    return Address(username=local, domain=domain)


def _lines(text: str) -> str:
    whole = "\n".join(text.encode("utf-8", "replace").decode("utf-8").splitlines())
    return "".join(character for character in whole if character.isprintable() or character in "\n\t") + "\n"


def _thread(mail: OutgoingMail) -> str:
    known = list(_usable((*mail.references, mail.in_reply_to)))
    lines = [f"Message-ID: {mail.message_id}\r\n"]
    if _ID.fullmatch(mail.in_reply_to):
        lines.append(f"In-Reply-To: {mail.in_reply_to}\r\n")
    if known:
        # the first names the thread, the last ones the place in it
        kept = known if len(known) <= _MOST_REFERENCES else [known[0], *known[1 - _MOST_REFERENCES :]]
        lines.append("References: " + "\r\n ".join(kept) + "\r\n")
    return "".join(lines)


def _usable(ids: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(one for one in ids if _ID.fullmatch(one))
