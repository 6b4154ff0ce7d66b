"""Ticket desks. Adapters live under `connectors/ticketing/`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from cobranza.disputes.ports.reading import Attachment
from cobranza.kernel.errors import ApplicationError, BusinessError


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
class Route:
    """Where a ticket belongs once a person has said what it is about.

    Attributes:
        group: Slug of the department, "" leaves the ticket's.
        form: Slug of the form, "" leaves the ticket's.
        fields: Values by slug of field; the others stay.
        tags: To add, lower case.
        untags: To take off; the tags of anybody else stay.
        priority: From the category's service level, None leaves the ticket's.
        due: By when, aware UTC; None leaves the ticket's.
    """

    group: str = ""
    form: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    untags: tuple[str, ...] = ()
    priority: Priority | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComment:
    """A comment to add, and what changes with it.

    Attributes:
        key: Idempotency key, equal for every try: comment and change happen once, together.
        ticket: Id.
        text: What is said.
        public: It reaches the requester.
        author: Address of who said it, "" for us.
        files: With it.
        route: Where the ticket belongs from now on, None leaves it where it is.
        status: "open" or "solved" from now on, "" leaves it.
    """

    key: str
    ticket: str
    text: str
    public: bool = False
    author: str = ""
    files: tuple[Attachment, ...] = ()
    route: Route | None = None
    status: str = ""


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
        """Add a comment with what changes with it, or do nothing where this key did so before.

        Raises:
            TicketClosed: the ticket takes no more.
            DeskRefused: a group, form or value that the desk does not have; nothing was done.
        """

    def changed_since(self, cursor: str) -> tuple[Sequence[Ticket], str]:
        """Tickets changed after `cursor` ("" for a day back) and the next cursor; may repeat some."""

    def event(self, headers: Mapping[str, str], raw: bytes) -> Ticket | None:
        """Read a webhook call: its signature is proved first; None when it is not about a ticket of ours.

        Raises:
            DeskRefused: the signature is wrong or too old.
        """


@runtime_checkable
class InspectedDesk(Protocol):
    """A `TicketDesk` that can say whether it is set up; for `cobranza doctor`."""

    def problems(self, groups: Collection[str], forms: Collection[str]) -> list[str]:
        """What is missing, in Spanish, a sentence each: of the settings or at the desk itself. Only reads.

        Args:
            groups: Slugs of the departments that categories name.
            forms: Slugs of their forms.

        Raises:
            DeskError: it does not answer.
            DeskRefused: it does not accept the key.
        """


class Desks(Protocol):
    """Opens ticket desks; each folder of `connectors/ticketing` gives one as `ADAPTER`."""

    slug: str

    def open(self, name: str) -> TicketDesk:
        """The desk of an entry of ``config/ticketing.toml``; reads its secrets, calls nobody yet."""

    def names(self) -> Iterator[str]:
        """Entries that this connector serves and that are switched on, in the order of the file."""
