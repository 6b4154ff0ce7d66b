"""What the gate is asked about, what it is told, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from cobranza.kernel.errors import BusinessError
from cobranza.regimes.contact import CHANNELS, DEBTOR_TYPES, RECIPIENTS, ContactLaw


class ActError(BusinessError):
    """A question that the gate cannot answer: an instant without zone, a channel that does not exist."""

    code = "COB-GATE-001"
    remedy = "Corrija el acto o el estado que se pasa a la compuerta."


class Purpose(StrEnum):
    """Why one writes."""

    CLAIM = "claim"
    """Asks for money, before or after it is due."""
    INSTALMENT = "instalment"
    """Reminds the next instalment of a plan in good standing, or the day of a promise."""
    ANSWER = "answer"
    """Answers what the debtor has just written on the same channel."""
    FAREWELL = "farewell"
    """Confirms, once, a stop that the debtor has just said on that channel: the last thing that leaves there."""
    SERVICE = "service"
    """Asks for no money (how it went, after all was paid): hours, caps, consents and stops hold, no balance is read."""


class Verdict(StrEnum):
    """What the gate answers."""

    ALLOW = "allow"
    DEFER = "defer"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing we want to send or do, at the second we want to do it.

    Attributes:
        country: Whose law, ISO 3166 alpha-2.
        debtor_type: "consumer" or "business".
        channel: One of `cobranza.regimes.contact.CHANNELS`.
        at: Aware instant of sending.
        purpose: Why.
        recipient: Who gets it, one of `RECIPIENTS`.
        address: Where it goes (number, e-mail); empty when not yet chosen, and then no consent is tied to it.
        amount: What is asked for; None when the text takes `Decision.claimable`.
        reference: Identity of the message: its own row in the history does not count against it.
        forms: How it looks or comes ("court_look", "hidden_number" …).
        topics: What it speaks of ("reason_for_non_payment" …).
        identifies: Whom the text names ("sender", "creditor"); None when that is checked elsewhere.
        overdue_days: Days since it was due; negative before; None when not known.
        unattended: No person looks at it before it leaves.
    """

    country: str
    debtor_type: str
    channel: str
    at: datetime
    purpose: Purpose = Purpose.CLAIM
    recipient: str = "debtor"
    address: str = ""
    amount: Decimal | None = None
    reference: str = ""
    forms: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    identifies: frozenset[str] | None = None
    overdue_days: int | None = None
    unattended: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be judged."""
        object.__setattr__(self, "at", in_utc(self.at, "at"))
        for value, known in ((self.debtor_type, DEBTOR_TYPES), (self.channel, CHANNELS), (self.recipient, RECIPIENTS)):
            if value not in known:
                raise ActError(f"«{value}» no es ninguno de {', '.join(known)}.")
        if self.amount is not None and not (self.amount.is_finite() and self.amount > 0):
            raise ActError(f"No se puede reclamar {self.amount}.")


class Told:
    """What comes from outside as JSON too (`cobranza.gate.statefile`): a key that is not known is refused."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    INSTANTS: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        """Hold every instant in UTC: Python adds and subtracts within one local zone by the wall clock."""
        for name in self.INSTANTS:
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, in_utc(value, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance(Told):
    """What the debtor owes, as read at one instant.

    Attributes:
        open: Unpaid, in major units; booked payments are off.
        disputed: Part of `open` that is held by disputes.
        read_at: When the bank feed and the ledger were last read.
    """

    INSTANTS: ClassVar = ("read_at",)

    open: Decimal
    disputed: Decimal = Decimal(0)
    read_at: datetime

    def __post_init__(self) -> None:
        """See `Told.__post_init__`; amounts are numbers."""
        Told.__post_init__(self)
        if not (self.open.is_finite() and self.disputed.is_finite()):
            raise ActError("El saldo no es un número.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Told):
    """Leave to use a channel.

    Attributes:
        address: Only this one; empty is any on the channel.
        proof: Where the proof is kept; without one it does not count.
        other_hours: Proof of a separate instrument that allows other hours; empty when there is none.
    """

    INSTANTS: ClassVar = ("given_at", "revoked_at")

    channel: str
    given_at: datetime
    proof: str
    address: str = ""
    revoked_at: datetime | None = None
    other_hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut(Told):
    """The debtor said stop; an empty channel is all of them. Only a later consent lifts it."""

    INSTANTS: ClassVar = ("at",)

    at: datetime
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences(Told):
    """What the debtor chose: channels (none is no choice), days of the week (Monday 0) and hours of their clock."""

    channels: frozenset[str] = frozenset()
    weekdays: frozenset[int] = frozenset()
    start: time | None = None
    end: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Told):
    """A plan or a promise.

    Attributes:
        kind: "plan" or "promise".
        good: In good standing: neither broken nor revoked.
        covers: What of the open balance it is about; None all.
        due: A promise's day.
    """

    kind: str
    good: bool = True
    covers: Decimal | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastContact(Told):
    """A contact that was made, or is queued and will be.

    Attributes:
        recipient: Kind of person, as in `Act`.
        address: Where it went.
        reached: False only when it is known that nobody was reached (bounced, not answered).
        reference: Identity of the message, see `Act.reference`.
    """

    INSTANTS: ClassVar = ("at",)

    at: datetime
    channel: str
    recipient: str = "debtor"
    address: str = ""
    reached: bool = True
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Told):
    """A court's word, an insolvency, a hold on all of the debtor: from `since` to `until` (excluded) or for good."""

    INSTANTS: ClassVar = ("since", "until")

    kind: str
    reason: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Told):
    """Something after which one waits: "payment", "dispute_closed" …"""

    INSTANTS: ClassVar = ("at",)

    event: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound(Told):
    """The debtor wrote to us on a channel."""

    INSTANTS: ClassVar = ("at",)

    channel: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class State(Told):
    """All that is known of the debtor at that second. What is recorded counts, whatever instant it bears.

    Attributes:
        balance: None when it has not been read, and then a claim waits for it.
        zone: IANA zone of the debtor; empty when not known, and then an hour must be allowed in all of the country's.
        region: For regional holidays, ISO 3166-2 part ("CT", "MD").
        local_holidays: Further days, of the debtor's town.
        given_addresses: Addresses that the debtor gave.
        inbound: What the debtor wrote, the last on each channel is enough.
    """

    balance: Balance | None = None
    zone: str = ""
    region: str = ""
    local_holidays: frozenset[date] = frozenset()
    consents: tuple[Consent, ...] = ()
    opt_outs: tuple[OptOut, ...] = ()
    preferences: Preferences = Preferences()
    given_addresses: frozenset[str] = frozenset()
    agreements: tuple[Agreement, ...] = ()
    contacts: tuple[PastContact, ...] = ()
    blocks: tuple[Block, ...] = ()
    happened: tuple[Happened, ...] = ()
    inbound: tuple[Inbound, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the gate answered; stored with the message.

    Attributes:
        verdict: allow, defer or deny.
        at: Instant that was judged.
        until: For defer, first second that every rule of time permits; None when it waits for a fact (a fresh balance).
        rules: Ids that decided: those that stop it, or, when it is allowed, those of time and frequency that let it.
        reasons: In Spanish, for staff, in the order of `rules` when it is stopped.
        warnings: In Spanish.
        claimable: The most that may be claimed now; None when the balance is not known.
    """

    verdict: Verdict
    at: datetime
    until: datetime | None = None
    rules: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    claimable: Decimal | None = None

    @property
    def allowed(self) -> bool:
        """Whether it may be done at `at`."""
        return self.verdict is Verdict.ALLOW

    def as_dict(self, law: ContactLaw) -> dict[str, Any]:
        """As the command prints it and a message stores it: instants in ISO 8601, amounts as strings."""
        return {
            "decision": self.verdict.value,
            "at": self.at.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "rules": [
                {"id": name, "text": law.by_id[name].text, "source": law.by_id[name].source} for name in self.rules
            ],
            "reasons": list(self.reasons),
            "warnings": list(self.warnings),
            "claimable": None if self.claimable is None else f"{self.claimable:f}",
        }


def in_utc(at: datetime, name: str) -> datetime:
    """`at` in UTC; raises `ActError` when it does not say its zone or no calendar holds it."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise ActError(f"«{name}» no dice su zona horaria.")
    try:
        return at.astimezone(UTC)
    except OverflowError as exc:
        raise ActError(f"«{name}» no cabe en el calendario.") from exc


def whole_second(at: datetime) -> datetime:
    """`at`, or the next whole second when it has a fraction."""
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)
