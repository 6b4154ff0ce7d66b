"""What staged contact needs from the outside world: a channel that takes a message and tells what became of it.

Adapters live under `connectors/channels/`. A channel never repeats by itself and never decides whether something may be
sent: that is the gate's, asked twice, and the outbox's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from cobranza.kernel.errors import ApplicationError, BusinessError


class ChannelDown(ApplicationError):
    """The provider is away and surely took nothing: a connection refused, a 503 before the message was handed over."""

    code = "COB-CAN-001"
    remedy = "Se reintentará; si se repite, compruebe el proveedor y la red."


class ChannelRefused(BusinessError):
    """The provider refuses our account: key, funds, sender. Nothing is sent on this channel until a person acts."""

    code = "COB-CAN-002"
    blocks_credential = True
    remedy = "Compruebe la cuenta del proveedor y su clave en «cobranza credentials»."


class ForgedEvent(BusinessError):
    """A call to our webhook whose signature is wrong, or too old: nothing of it is read."""

    code = "COB-CAN-003"
    remedy = "No hay que hacer nada; si se repite, cambie el secreto del webhook."


class Delivery(StrEnum):
    """What became of a message. The values are what is stored and shown."""

    QUEUED = "en_cola"
    SENDING = "enviando"
    UNKNOWN = "desconocido"
    ACCEPTED = "aceptado"
    SENT = "enviado"
    BOUNCED = "rebotado"
    DELIVERED = "entregado"
    READ = "leido"
    REFUSED = "rechazado"
    SUPPRESSED = "retenido"
    CANCELLED = "anulado"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message as it leaves.

    Attributes:
        key: Idempotency key, the same for every try of the same message.
        to: Address, number in E.164, or a postal address on lines.
        subject: Mails and letters.
        text: Plain, filled.
        language: "es", "en" or "pt".
        template: Ours, of ``config/templates``, when only what the provider approved may leave (WhatsApp, later than a
            day after the debtor's last word); "" when free text may.
        values: What it is filled with, in the order of its fields.
    """

    key: str
    to: str
    text: str
    subject: str = ""
    language: str = "es"
    template: str = ""
    values: tuple[str, ...] = ()


class Outcome(StrEnum):
    """What the provider answered."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """Attributes:
    outcome: Unknown when the line broke after the message was handed over.
    provider_id: The provider's name for it, "" when it gave none.
    reason: For a refusal.
    permanent: The address is no good: it must not be written to again.
    stopped: The provider refuses because the addressee asked it for no more of us: a stop like any other.
    """

    outcome: Outcome
    provider_id: str = ""
    reason: str = ""
    permanent: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the provider knows of a message that it has."""

    provider_id: str
    state: Delivery
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something the provider told by itself.

    Attributes:
        id: The provider's own, unique: a second delivery of it changes nothing.
        provider_id: Message that it is about, "" for one from the debtor.
        key: Our key where the provider gives it back.
        state: What became of the message, None for one from the debtor.
        at: Aware.
        reason: Of a bounce or refusal.
        permanent: See `SendResult`.
        stopped: See `SendResult`; of a message from the debtor: the provider took it for a stop and answered it itself.
        sender: Of a message from the debtor.
        text: Of a message from the debtor.
    """

    id: str
    at: datetime
    provider_id: str = ""
    key: str = ""
    state: Delivery | None = None
    reason: str = ""
    permanent: bool = False
    stopped: bool = False
    sender: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What a channel can do.

    Attributes:
        receipts: It tells of deliveries.
        lookup: It can be asked about a message by our key: only then may an unknown one ever be sent again.
        settle_seconds: After so long a message that it took can surely be found by `lookup`.
        longest: Most characters, 0 for any.
        adds: Characters that it adds to the text (a reference by which it finds the message again).
    """

    receipts: bool
    lookup: bool
    settle_seconds: int = 300
    longest: int = 0
    adds: int = 0


class Channel(Protocol):
    """A way to reach a debtor; `connectors/channels/<slug>` gives one as `ADAPTER`. One thread."""

    slug: str
    channel: str

    def capabilities(self) -> Caps:
        """See `Caps`."""

    def send(self, message: Outgoing) -> SendResult:
        """Hand over once.

        Raises:
            ChannelDown: surely nothing was taken.
            ChannelRefused: our account is refused.
        """

    def lookup(self, key: str, provider_id: str, *, to: str = "", since: datetime | None = None) -> Status | None:
        """What the provider has under our key (or its own id); None when it surely has nothing.

        Args:
            key: Ours.
            provider_id: "" while it is not known.
            to: Where it went: a provider that keeps no key of ours lists what went there.
            since: It cannot have left earlier.

        Raises:
            ChannelDown: it cannot be asked now.
        """

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Event]:
        """Read one call to our webhook, signature first.

        Raises:
            ForgedEvent: wrong or too old.
        """


@runtime_checkable
class Greets(Protocol):
    """A channel whose provider first asks whether a webhook is ours (WhatsApp)."""

    def greet(self, query: Mapping[str, str]) -> str | None:
        """What to answer to a GET of the webhook, None when it is not for us."""


@runtime_checkable
class Replies(Protocol):
    """A channel whose provider reads our answer to a webhook call (a call in progress wants to be told what to say)."""

    def reply(self, events: Sequence[Event]) -> tuple[str, str]:
        """Content type and body of the answer to the call that `events` were read from."""


@runtime_checkable
class Certifies(Protocol):
    """A channel whose provider proves what it did (burofax)."""

    def certificate(self, provider_id: str) -> bytes | None:
        """The certificate as a PDF, None while there is none.

        Raises:
            ChannelDown: it cannot be asked now.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A message of the outbox, as stored.

    Attributes:
        key: "account:step:anchor:number": unique.
        account: Debtor.
        channel: As the gate names it.
        address: Where it goes.
        state: See `Delivery`.
        not_before: It is not looked at earlier.
        token: Of who is sending it, "" when nobody is; an old one cannot settle anything.
        leased_until: Until when that one may.
        tries: Times that it was handed over.
        provider_id: "" until it is known.
        reason: Spanish: why it was held back, refused, or is unknown.
        rules: Ids of the rules that decided last.
        unknown_since: When it became unknown.
        payload: What a template needs to be filled at the second of sending (step, template, items).
    """

    key: str
    account: str
    channel: str
    address: str
    state: Delivery = Delivery.QUEUED
    not_before: datetime
    token: str = ""
    leased_until: datetime | None = None
    tries: int = 0
    provider_id: str = ""
    reason: str = ""
    rules: tuple[str, ...] = ()
    unknown_since: datetime | None = None
    payload: Mapping[str, str] = field(default_factory=dict)
