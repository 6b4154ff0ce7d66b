"""What disputes need from the outside world: mailboxes, a way to answer, a ticket desk, and a judge of texts.

Adapters live under `connectors/mail/`, `connectors/ticketing/` and `classifiers/disputes/`; they import from here.
"""

from __future__ import annotations

from cobranza.disputes.ports.judging import (
    Alternative,
    Categories,
    Category,
    Hold,
    Judge,
    Judgement,
    LedgerFacts,
    Question,
)
from cobranza.disputes.ports.mail import (
    Accepted,
    Inbox,
    Inspected,
    Mailbox,
    MailboxError,
    MailboxRefused,
    MailGone,
    MailPosition,
    Outbox,
    OutgoingMail,
    Sender,
    WaitingMail,
)
from cobranza.disputes.ports.reading import Attachment, Bounce, Entity, Kind, ReadMail, Span, UnreadableMail, Zone
from cobranza.disputes.ports.tickets import (
    DeskError,
    DeskRefused,
    Desks,
    InspectedDesk,
    NewComment,
    NewTicket,
    Priority,
    Route,
    Ticket,
    TicketClosed,
    TicketDesk,
)

__all__ = [
    "Accepted",
    "Alternative",
    "Attachment",
    "Bounce",
    "Categories",
    "Category",
    "DeskError",
    "DeskRefused",
    "Desks",
    "Entity",
    "Hold",
    "Inbox",
    "Inspected",
    "InspectedDesk",
    "Judge",
    "Judgement",
    "Kind",
    "LedgerFacts",
    "MailGone",
    "MailPosition",
    "Mailbox",
    "MailboxError",
    "MailboxRefused",
    "NewComment",
    "NewTicket",
    "Outbox",
    "OutgoingMail",
    "Priority",
    "Question",
    "ReadMail",
    "Route",
    "Sender",
    "Span",
    "Ticket",
    "TicketClosed",
    "TicketDesk",
    "UnreadableMail",
    "WaitingMail",
    "Zone",
]
