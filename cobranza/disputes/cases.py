"""Cases: opened once with their documents and holds, closed when the desk says so, taken up again by a later mail.

Every change and its event are one transaction. What a case holds is found by `Dispute.source`, so a case that opens
again after a crash finds its own holds and puts none twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from cobranza.disputes import policy
from cobranza.disputes.models import Dispute, Link, Mail
from cobranza.disputes.ports import Category, Ticket
from cobranza.disputes.storing import MailState
from cobranza.kernel import clock
from cobranza.ledger import canonical, holds
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Debtor, Hold, Invoice

SOLVED = frozenset({"solved", "closed", "deleted"})
_States = Dispute.States


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """A document to link, and how much of it to hold.

    Attributes:
        invoice: Its row.
        amount: What is disputed; None for all that is open.
        held: It is not to be claimed.
        reason: Spanish, why this document.
    """

    invoice: int
    amount: Decimal | None
    held: bool
    reason: str


def key_of(mail: Mail) -> str:
    """The idempotency key of the ticket that a mail opens: the same for the same mail, even in a rebuilt database."""
    return hashlib.sha256(f"{mail.creditor.key}:{mail.key}".encode()).hexdigest()


def open_case(
    mail: Mail,
    *,
    values: dict[str, Any],
    links: Sequence[LinkPlan],
    actor: Actor,
    expected: tuple[str, ...] = (Mail.States.READ,),
) -> Dispute:
    """Open the case of a mail: its row, its documents, its holds and the ticket to ask for, in one transaction.

    Args:
        mail: Read, and without a case (or with one whose ticket takes no more comments).
        values: Columns of `Dispute`.
        links: Documents.
        actor: The robot.
        expected: States of the mail from which it may be opened.

    Returns:
        The case; the one that the mail opened before when it did.
    """
    with transaction.atomic():
        row = Mail.objects.select_for_update(no_key=True).select_related("creditor").get(pk=mail.pk)
        there = Dispute.objects.filter(key=key_of(row)).first()
        if there is not None:
            return there
        if row.state not in expected:
            raise MailState(f"El correo {row.pk} está «{row.get_state_display()}».")
        clean = {name: _clean(value) for name, value in values.items()}
        case = Dispute.objects.create(key=key_of(row), creditor=row.creditor, opened_at=clock.now(), **clean)
        made = [_link(case, one, actor) for one in links]
        row.dispute, row.opens, row.state = case, True, Mail.States.CREATING
        row.save(update_fields=["dispute", "opens", "state"])
        put_holds(case, actor=actor)
        payload = {
            "mail": row.key,
            "category": case.category,
            "confidence": case.confidence,
            "documents": [link.invoice.number for link in made],
            "review": list(case.review_reasons),
        }
        tell("dispute.opened", case, payload, actor, links=made)
    return case


def set_ticket(case: Dispute, ticket: Ticket, *, desk: str, actor: Actor) -> Dispute:
    """The desk holds the ticket; again changes nothing."""
    with transaction.atomic():
        row = locked(case)
        if row.ticket:
            return row
        row.desk, row.ticket, row.ticket_url = desk, ticket.id, ticket.url[:500]
        row.ticket_status, row.ticket_updated_at = ticket.status[:30], ticket.updated
        row.save(update_fields=["desk", "ticket", "ticket_url", "ticket_status", "ticket_updated_at"])
        tell("dispute.ticket", row, {"desk": desk, "ticket": ticket.id}, actor)
    return row


def ticket_changed(case: Dispute, ticket: Ticket, entry: Category | None, *, actor: Actor) -> Dispute:
    """Take over what the desk says: solved lifts the hold, open again puts it back. Old news change nothing.

    Args:
        case: Whose ticket it is.
        ticket: As the desk holds it.
        entry: The category of the case, None when its file is gone.
        actor: The desk: its people solve tickets, so what a person held here they may release.
    """
    with transaction.atomic():
        row = locked(case)
        if row.ticket_updated_at is not None and ticket.updated < row.ticket_updated_at:
            return row
        before = row.ticket_status
        row.ticket_status, row.ticket_updated_at = ticket.status[:30], ticket.updated
        row.save(update_fields=["ticket_status", "ticket_updated_at"])
        solved = ticket.status in SOLVED
        if solved and row.state == _States.OPEN:
            if policy.closes_by_itself(entry):
                return close(row, reason=f"Ticket {ticket.id}: {ticket.status}", actor=actor)
            row.state = _States.TO_CLOSE
            if row.review != Dispute.Reviews.WAITING:
                row.review = Dispute.Reviews.WAITING
                row.review_reasons = ["La mesa la da por resuelta: esta clase de caso la cierra una persona"]
            row.save(update_fields=["state", "review", "review_reasons"])
            tell("dispute.solved", row, {"ticket": ticket.id, "status": ticket.status}, actor)
        elif not solved and row.state in (_States.CLOSED, _States.TO_CLOSE) and before in SOLVED:
            return reopen(row, reason=f"Ticket {ticket.id}: {ticket.status}", actor=actor)
    return row


def close(case: Dispute, *, reason: str, actor: Actor) -> Dispute:
    """End a case: what it held may be claimed again. Again changes nothing."""
    with transaction.atomic():
        row = locked(case)
        if row.state not in Dispute.LIVE:
            return row
        lift_holds(row, reason=reason, actor=actor)
        row.state, row.closed_at, row.closed_reason = _States.CLOSED, clock.now(), reason
        if row.review == Dispute.Reviews.WAITING:
            row.review = Dispute.Reviews.DONE
        row.save(update_fields=["state", "closed_at", "closed_reason", "review"])
        # Whoever sends reminders listens for this: nothing of this case keeps them from going on.
        tell("dispute.closed", row, {"reason": reason, "documents": _numbers(row)}, actor)
    return row


def reopen(case: Dispute, *, reason: str, actor: Actor) -> Dispute:
    """Take a closed case up again, with its holds; one that is open changes nothing."""
    with transaction.atomic():
        row = locked(case)
        if row.state not in (_States.CLOSED, _States.TO_CLOSE):
            return row
        row.state, row.closed_at, row.closed_reason = _States.OPEN, None, ""
        row.save(update_fields=["state", "closed_at", "closed_reason"])
        put_holds(row, actor=actor)
        tell("dispute.reopened", row, {"reason": reason, "documents": _numbers(row)}, actor)
    return row


def merged(case: Dispute) -> Dispute:
    """The case that counts: the one that this was merged into, and so on."""
    seen = {case.pk}
    while case.merged_into is not None and case.merged_into_id not in seen:
        case = case.merged_into
        seen.add(case.pk)
    return case


# ---- documents and holds


def live_links(case: Dispute) -> list[Link]:
    """The documents of a case, as they stand."""
    rows = case.links.filter(removed_at=None).select_related("invoice__debtor")
    return list(rows.order_by("invoice__due_on", "pk"))


def set_links(case: Dispute, wanted: Iterable[LinkPlan], *, actor: Actor) -> list[Link]:
    """Leave exactly these documents on a case, and hold what they say; returns the rows that changed."""
    plans = {one.invoice: one for one in wanted}
    changed = []
    for row in live_links(case):
        plan = plans.pop(row.invoice_id, None)
        if plan is not None and (row.amount, row.held) == (plan.amount, plan.held):
            continue
        if plan is not None:
            row.amount, row.held = plan.amount, plan.held
            row.save(update_fields=["amount", "held"])
        else:
            row.removed_at, row.removed_by_name = clock.now(), actor.name
            row.save(update_fields=["removed_at", "removed_by_name"])
        changed.append(row)
    changed += [_link(case, plan, actor) for plan in plans.values()]
    put_holds(case, actor=actor)
    return changed


def put_holds(case: Dispute, *, actor: Actor) -> None:
    """Make the ledger hold what the case says, no more and no less."""
    wanted: dict[int | None, Decimal | None] = {
        link.invoice_id: _at_most_open(link) for link in live_links(case) if link.held and link.invoice.open > 0
    }
    if case.whole_debtor and case.debtor_id is not None:
        wanted[None] = None
    if case.state not in Dispute.LIVE:
        wanted = {}
    for hold in live_holds(case):
        if hold.invoice_id in wanted and hold.amount == wanted[hold.invoice_id]:
            del wanted[hold.invoice_id]
        else:
            holds.release(hold, reason="Lo discutido ha cambiado", actor=_who_may(hold, actor))
    reason = f"Disputa {case.pk}: {case.subject or case.category}"[:300]
    for invoice, amount in sorted(wanted.items(), key=lambda pair: (pair[0] is None, pair[0] or 0)):
        target: Invoice | Debtor
        if invoice is not None:
            target = Invoice.objects.get(pk=invoice)
        elif case.debtor is not None:
            target = case.debtor
        holds.put(target, source=case.source, reason=reason, actor=actor, amount=amount)


def lift_holds(case: Dispute, *, reason: str, actor: Actor) -> int:
    """Let everything that a case held be claimed again; returns how many holds there were."""
    rows = live_holds(case)
    for hold in rows:
        holds.release(hold, reason=reason, actor=_who_may(hold, actor))
    return len(rows)


def live_holds(case: Dispute) -> list[Hold]:
    """The holds of a case that stand."""
    return list(Hold.objects.filter(source=case.source, released_at=None).order_by("pk"))


def _who_may(hold: Hold, actor: Actor) -> Actor:
    """A hold of this room's is this room's to release: the robot that closes a case does so on somebody's word."""
    return actor if actor.kind == "person" or hold.opened_by == "robot" else Actor.person(f"{actor.name} (mesa)")


def _at_most_open(link: Link) -> Decimal | None:
    amount: Decimal | None = link.amount
    return None if amount is None or amount >= link.invoice.open else amount


def _link(case: Dispute, plan: LinkPlan, actor: Actor) -> Link:
    return Link.objects.create(
        dispute=case,
        invoice_id=plan.invoice,
        amount=plan.amount,
        held=plan.held,
        reason=plan.reason,
        linked_by=actor.kind,
        linked_by_name=actor.name,
        linked_at=clock.now(),
    )


# ---- the record


def locked(case: Dispute) -> Dispute:
    """The row, locked until the end of the transaction, and its debtor's.

    The debtor comes before any event is appended: whoever puts a hold locks the debtor first and the chain after it.
    """
    rows = Dispute.objects.select_for_update(no_key=True, of=("self",)).select_related("creditor", "debtor")
    row = rows.get(pk=case.pk)
    if row.debtor_id is not None:
        Debtor.objects.select_for_update(no_key=True).get(pk=row.debtor_id)
    return row


def tell(kind: str, case: Dispute, payload: dict[str, Any], actor: Actor, *, links: Sequence[Link] = ()) -> None:
    """Append an event about a case; it seals the case and the documents that changed."""
    facts = payload | {"debtor": case.debtor_id}
    record(kind, case, facts, actor, creditor=case.creditor_id, seals=[case, *links])


def _numbers(case: Dispute) -> list[str]:
    return [link.invoice.number for link in live_links(case)]


def _clean(value: Any) -> Any:
    """PostgreSQL holds neither NUL nor lone surrogates; the rest of a row stays as it is."""
    return canonical.plain(value) if isinstance(value, str | dict | list) and not isinstance(value, datetime) else value
