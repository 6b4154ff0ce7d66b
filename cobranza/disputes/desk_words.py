"""What the desk is told of a case: planned with the decision, carried out by the robot, once, in the order of words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction

from cobranza.disputes import cases, ticketing
from cobranza.disputes.models import DeskNote, Dispute
from cobranza.disputes.ports import DeskRefused, NewComment, TicketClosed, TicketDesk
from cobranza.disputes.shift import queue_of
from cobranza.kernel import clock
from cobranza.ledger.events import Actor
from cobranza.runs import items
from cobranza.runs.items import HeldItem
from cobranza.runs.models import ItemState, WorkItem

_WAIT = timedelta(seconds=5)
_ALIVE = (ItemState.NEW, ItemState.IN_PROGRESS)
_States = DeskNote.States
NOT_MOVED = "La mesa no ha admitido el cambio de ticket: muévalo allí a mano"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What to tell.

    Attributes:
        text: The internal comment.
        route: Where the ticket belongs, see `ticketing.route`; empty leaves it.
        status: "open" or "solved" from now on, "" leaves it.
    """

    text: str
    route: Mapping[str, Any]
    status: str = ""


def plan(case: Dispute, word: Word, *, seed: str) -> DeskNote:
    """Plan a word to the desk, and its work item, in the caller's transaction; `seed` makes its key its own."""
    row = DeskNote.objects.create(
        key=hashlib.sha256(f"{case.key}:{seed}".encode()).hexdigest(),
        dispute=case,
        text=word.text,
        route=dict(word.route),
        status=word.status,
        created_at=clock.now(),
    )
    items.add(queue_of(case.creditor.key), _reference(row), {"note": row.pk}, max_attempts=20)
    return row


def carry_out(desk_of: Any, item: HeldItem, *, actor: Actor) -> None:
    """Tell the desk one word. What it refuses is said without its change, and a person is told to make it.

    Args:
        desk_of: Gives the `TicketDesk` of a case.
        item: The work item of the word.
        actor: The robot.
    """
    row = DeskNote.objects.select_related("dispute__creditor").get(pk=item.payload["note"])
    if row.state != _States.PLANNED:
        return
    case = row.dispute
    if not case.ticket or _earlier_waits(row):
        item.defer(clock.now() + _WAIT)
        return
    desk: TicketDesk = desk_of(case)
    # A later word was quicker, its own try having failed for long: what it says stands, this one only speaks.
    overtaken = DeskNote.objects.filter(dispute=case, pk__gt=row.pk, state=_States.DONE).exclude(route={}).exists()
    route = None if overtaken or not row.route else ticketing.of_route(row.route)
    whole = NewComment(
        key=row.key, ticket=case.ticket, text=row.text, route=route, status="" if overtaken else row.status
    )
    item.guard()
    try:
        desk.comment(whole)
    except TicketClosed as exc:
        told(row, actor, refused=exc.message)
    except DeskRefused as exc:
        if exc.blocks_credential or (whole.route is None and not whole.status):
            raise
        text = f"{row.text}\n\n{NOT_MOVED} ({exc.message})"
        desk.comment(NewComment(key=f"{row.key}:solo", ticket=case.ticket, text=text))
        told(row, actor, refused=exc.message)
    else:
        told(row, actor)


def told(note: DeskNote, actor: Actor, *, refused: str = "") -> None:
    """The desk knows, and its ticket has changed; or it refused, with the reason, and a person looks. Once."""
    with transaction.atomic():
        case = cases.locked(note.dispute)
        row = DeskNote.objects.select_for_update().get(pk=note.pk)
        if row.state != _States.PLANNED:
            return
        row.state = _States.REFUSED if refused else _States.DONE
        row.reason, row.ended_at = refused, clock.now()
        row.save(update_fields=["state", "reason", "ended_at"])
        moved = {name: row.route[name] for name in ("group", "form", "priority") if row.route.get(name)}
        facts = {"ticket": case.ticket, "status": row.status, "reason": refused, **moved}
        if refused and row.route and case.state in Dispute.LIVE:
            case.review = Dispute.Reviews.WAITING
            case.review_reasons = [*case.review_reasons, f"{NOT_MOVED} ({refused})"]
            case.save(update_fields=["review", "review_reasons"])
        cases.tell("dispute.desk_refused" if refused else "dispute.desk_told", case, facts, actor)


def planned(cases_of: Sequence[int]) -> list[DeskNote]:
    """Words that the desk has not heard yet."""
    return list(DeskNote.objects.filter(dispute__in=cases_of, state=_States.PLANNED).order_by("pk"))


def _earlier_waits(row: DeskNote) -> bool:
    """Whether an earlier word about the case is still on its way; one that was given up holds nobody up."""
    before = DeskNote.objects.filter(dispute=row.dispute_id, pk__lt=row.pk, state=_States.PLANNED)
    names = [_reference(one) for one in before]
    queue = queue_of(row.dispute.creditor.key)
    return WorkItem.objects.filter(queue=queue, reference__in=names, state__in=_ALIVE).exists()


def _reference(row: DeskNote) -> str:
    return f"aviso {row.pk} · {row.key[:12]}"
