"""What was read of one message: plain data, nothing of it decided yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cobranza.kernel.errors import BusinessError


class Kind(StrEnum):
    """Who or what wrote a message."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    LIST = "list"
    CALENDAR = "calendar"
    OTHER = "other"


class Zone(StrEnum):
    """Which part of a message a span belongs to."""

    NEW = "new"
    QUOTED = "quoted"
    FORWARDED = "forwarded"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the body's text, `start` inclusive, `end` exclusive, in characters; spans cover the body."""

    zone: Zone
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Something that the message names.

    Attributes:
        type: "invoice", "reference", "amount", "date", "tax_id", "iban", "clabe", "cbu", "cci", "uuid".
        text: As written.
        value: Canonical: "1250.40 EUR", "2026-03-07" (or "--03-07" without a year), an account without spaces.
        start: First character, in the subject or in the body as `where` says.
        end: One past the last.
        where: "subject" or "body".
        zone: Of the body; `Zone.NEW` for the subject.
        valid: Its check digits are right, or it has none.
    """

    type: str
    text: str
    value: str
    start: int
    end: int
    where: str
    zone: Zone
    valid: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a message; never opened by an office program.

    Attributes:
        name: As sent, path parts taken off.
        media_type: As declared, lower case.
        sha256: Of `content`, hexadecimal.
        content: The bytes.
    """

    name: str
    media_type: str
    sha256: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a delivery report says (RFC 3464).

    Attributes:
        recipient: Address that could not be reached, lower case.
        status: Enhanced status ("5.1.1"), "" when it gives none.
        permanent: The address must not be written to again.
        diagnostic: As received, first 500 characters.
        original_id: Message-ID of what bounced, "" when not told.
    """

    recipient: str
    status: str
    permanent: bool
    diagnostic: str
    original_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """One message, read: plain data, nothing of it decided yet.

    Attributes:
        key: SHA-256 of the raw bytes, hexadecimal: the message's identity.
        canonical: SHA-256 of sender, date, subject, Message-ID and body text: equal for two deliveries of one mail.
        message_id: With its angle brackets, "" when it has none (or an unusable one).
        references: Message-IDs of In-Reply-To and References, oldest first.
        sender: Address of From, lower case, "" when there is none.
        sender_name: Beside it.
        reply_to: Where to answer, lower case; `sender` when no Reply-To was given.
        to: Addresses of To and Cc, lower case.
        date: Aware; of the Date header, None when it is missing or nonsense.
        subject: Decoded, one line.
        body: The whole text as a person sees it (HTML turned into text), line ends "\\n".
        own_text: What the sender wrote in this message: no quotes, signature or disclaimer; what was forwarded when
            the rest only hands it over. Repaired (shouting, mojibake).
        spans: Zones of `body`.
        kind: Who wrote it.
        kind_reason: Spanish, which header or phrase said so.
        lang: "es", "pt" or "en".
        country: ISO 3166 alpha-2 as far as told by domain, ids, currency, words; "" when unknown.
        entities: What it names, of all zones.
        attachments: Files beside the text.
        bounce: For `Kind.BOUNCE` only, one per recipient.
        notes: Spanish: what was odd (cut at a limit, unknown charset, winmail.dat).
    """

    key: str
    canonical: str
    message_id: str
    references: tuple[str, ...]
    sender: str
    sender_name: str
    reply_to: str
    to: tuple[str, ...]
    date: datetime | None
    subject: str
    body: str
    own_text: str
    spans: tuple[Span, ...]
    kind: Kind
    kind_reason: str
    lang: str
    country: str
    entities: tuple[Entity, ...]
    attachments: tuple[Attachment, ...] = ()
    bounce: tuple[Bounce, ...] = ()
    notes: tuple[str, ...] = ()


class UnreadableMail(BusinessError):
    """The bytes are no message, or break a limit: it goes to quarantine whole."""

    code = "COB-DIS-001"
    remedy = "Revise el mensaje en la cuarentena; si es legítimo, pida al remitente que lo reenvíe más sencillo."
