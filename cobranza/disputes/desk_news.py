"""What the ticket desk says: a ticket that is solved frees its hold, one that is open again puts it back."""

from __future__ import annotations

from collections.abc import Mapping

from cobranza.disputes import cases
from cobranza.disputes.models import DeskCursor, Dispute
from cobranza.disputes.ports import Category, Ticket
from cobranza.disputes.settings import read as settings
from cobranza.disputes.shift import Shift, classifier, open_desk
from cobranza.kernel import clock
from cobranza.ledger.events import Actor
from cobranza.runs.persistence import Now


def watch(shift: Shift) -> int:
    """Ask every desk which tickets changed; what was solved frees its hold. Returns how many cases ended."""
    before = shift.tally.closed
    for name, desk in shift.desks.items():
        row, _ = DeskCursor.objects.get_or_create(desk=name, defaults={"read_at": clock.now()})
        changed, cursor = desk.changed_since(row.cursor)
        for ticket in changed:
            shift.tally.closed += ticket_changed(name, ticket, shift.categories)
        DeskCursor.objects.filter(pk=name).update(cursor=cursor, read_at=Now())
    return shift.tally.closed - before


def ticket_changed(desk: str, ticket: Ticket, categories: Mapping[str, Category]) -> bool:
    """Take over what a desk says of one ticket, told by polling or by its webhook; returns whether its case ended."""
    rows = Dispute.objects.filter(desk=desk)
    case = rows.filter(ticket=ticket.id).first() or (rows.filter(key=ticket.key).first() if ticket.key else None)
    if case is None or case.state == Dispute.States.MERGED:
        return False
    was = case.state
    row = cases.ticket_changed(case, ticket, categories.get(case.category), actor=Actor.person(f"mesa {desk}"))
    return row.state == Dispute.States.CLOSED and was != row.state


def webhook(desk: str, headers: Mapping[str, str], raw: bytes) -> bool:
    """Take a desk's call; returns whether it was about a ticket of ours.

    Raises:
        DeskRefused: its signature is wrong or too old.
        NotConnected: there is no such desk.
    """
    ticket = open_desk(desk).event(headers, raw)
    if ticket is None:
        return False
    _, categories = classifier(settings().clasificador)
    ticket_changed(desk, ticket, categories)
    return True
