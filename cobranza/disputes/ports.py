"""What disputes need from the outside world: mailboxes, a way to answer, a ticket desk, and a judge of texts.

Adapters live under `connectors/mail/`, `connectors/ticketing/` and `classifiers/disputes/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self, runtime_checkable

from cobranza.kernel.errors import ApplicationError, BusinessError

# What was read of one message


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


# Judging


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFacts:
    """What the ledger knows about what a message names; all zero when the sender is unknown.

    Attributes:
        debtor_known: The sender is tied to a debtor.
        open: How many of the documents it names are open, and so on.
        paid: Settled.
        paid_twice: Paid more than once, or money of the debtor on account.
        disputed: Already on hold.
        unknown: Numbers that are nobody's.
        others: Numbers that belong to another debtor.
        recent_payment: Days since the debtor's last booked payment, None without one.
        overdue: Documents of the debtor past their due day.
        same_amount: Two open documents of the debtor have the same amount and near dates.
    """

    debtor_known: bool = False
    open: int = 0
    paid: int = 0
    paid_twice: int = 0
    disputed: int = 0
    unknown: int = 0
    others: int = 0
    recent_payment: int | None = None
    overdue: int = 0
    same_amount: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A category and how likely it is, 0 to 1."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a message is about.

    Attributes:
        label: Slug of the likeliest category.
        confidence: Calibrated probability that `label` is right.
        secondary: A second matter that needs work of its own, "" when there is none.
        alternatives: The three likeliest, best first, `label` included.
        abstain: Too unsure for this category: a person decides.
        reasons: Spanish, the strongest first: words, rules, facts of the ledger.
        model: Version that judged.
    """

    label: str
    confidence: float
    secondary: str
    alternatives: tuple[Alternative, ...]
    abstain: bool
    reasons: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One message to judge: the part of `ReadMail` that matters, and the ledger's facts."""

    mail: ReadMail
    facts: LedgerFacts = field(default_factory=LedgerFacts)


class Judge(Protocol):
    """A model of disputes; `classifiers/disputes` gives one as `ADAPTER`."""

    slug: str

    def judge(self, questions: Sequence[Question]) -> list[Judgement]:
        """Judge messages, in their order; batches are cheaper than single ones."""


# Mail in


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


# Mail out


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


# Tickets


class Priority(StrEnum):
    """How soon a ticket has to be looked at."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """A ticket to open.

    Attributes:
        key: Idempotency key, equal for every try; also the ticket's external id.
        requester: E-mail address of who wrote.
        requester_name: Beside it.
        subject: One line.
        text: First comment: the sender's own text.
        note: Internal comment: why this category, linked invoices, suggested answer.
        group: Slug of the department; the connector's settings give the desk's group.
        form: Slug of the form.
        fields: Values by slug of field.
        tags: Lower case.
        priority: From the category's service level.
        due: By when, aware UTC; None without a service level.
        files: The message and its attachments.
    """

    key: str
    requester: str
    requester_name: str
    subject: str
    text: str
    note: str
    group: str
    form: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    due: datetime | None = None
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as the desk holds it; `status` in lower case ("new", "open", "pending", "solved", "closed")."""

    id: str
    key: str
    status: str
    updated: datetime
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComment:
    """A comment to add; `public` ones reach the requester."""

    key: str
    ticket: str
    text: str
    public: bool = False
    author: str = ""
    files: tuple[Attachment, ...] = ()


class DeskError(ApplicationError):
    """The ticket desk is away, slow or limits us; the same call with the same key is safe."""

    code = "COB-TIQ-001"
    remedy = "Se reintentará; si se repite, compruebe la mesa de tickets y la red."


class DeskRefused(BusinessError):
    """The ticket desk refuses what was sent, and would again."""

    code = "COB-TIQ-002"
    remedy = "Lea el motivo que da la mesa de tickets y corrija el campo o la configuración."


class TicketClosed(DeskRefused):
    """The ticket takes no more comments; a follow-up ticket is wanted."""

    code = "COB-TIQ-003"


@runtime_checkable
class TicketDesk(Protocol):
    """A ticket desk. Every writing call is safe to repeat with the same key: it happens once."""

    slug: str

    def open(self, ticket: NewTicket, *, follows: str = "") -> Ticket:
        """Open a ticket, or give the one that this key opened before; `follows` names a closed one it goes on from."""

    def find(self, key: str) -> Ticket | None:
        """The ticket that a key opened; None when surely none."""

    def comment(self, comment: NewComment) -> None:
        """Add a comment, or do nothing where this key added it before. Raises `TicketClosed`."""

    def changed_since(self, cursor: str) -> tuple[Sequence[Ticket], str]:
        """Tickets changed after `cursor` ("" for a day back) and the next cursor; may repeat some."""

    def event(self, headers: Mapping[str, str], raw: bytes) -> Ticket | None:
        """Read a webhook call: its signature is proved first; None when it is not about a ticket of ours.

        Raises:
            DeskRefused: the signature is wrong or too old.
        """


class Desks(Protocol):
    """Opens ticket desks; each folder of `connectors/ticketing` gives one as `ADAPTER`."""

    slug: str

    def open(self, name: str) -> TicketDesk:
        """The desk of an entry of ``config/ticketing.toml``; reads its secrets, calls nobody yet."""

    def names(self) -> Iterator[str]:
        """Entries that this connector serves and that are switched on, in the order of the file."""


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


# Categories


class Hold(StrEnum):
    """What a category of dispute keeps from being collected."""

    NONE = "none"
    DISPUTED_AMOUNT = "disputed_amount"
    NAMED_DOCUMENTS = "named_documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What a message may be about, and how the office handles it; one file of ``classifiers/disputes/categories/``.

    Attributes:
        slug: Name of the file, also `Judgement.label`.
        name: Spanish, for screens.
        description: Spanish: what belongs here and what does not.
        department: Slug of who handles it: `NewTicket.group`.
        form: Slug of the ticket's form.
        sla_hours: Hours until a person must have answered, 0 without a service level.
        priority: Of its tickets.
        acknowledgements: Sentence about what happens next, by language "es", "pt", "en"; empty: nothing is answered.
        hold: What stops being collected.
        never_automatic: Never closed without a person.
        needs_callback: A person must call back on a number known from before (possible fraud): flagged red.
    """

    slug: str
    name: str
    description: str
    department: str
    form: str
    sla_hours: int
    priority: Priority
    acknowledgements: Mapping[str, str]
    hold: Hold
    never_automatic: bool
    needs_callback: bool


class Categories(Protocol):
    """Every category of the suite; the `ADAPTER` of `classifiers/disputes` gives them too."""

    def categories(self) -> Mapping[str, Category]:
        """By slug, in the order of the slugs.

        Raises:
            ConfigError: a file that cannot be used, named with its key.
        """
