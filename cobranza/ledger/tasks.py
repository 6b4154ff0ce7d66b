"""Things that a person has to do about a debtor: opened once per cause, dated, closed with what came of it."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from cobranza.kernel import clock
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Debtor, Task


def open_task(debtor: Debtor, key: str, *, kind: str, due_on: date, why: str, source: str, actor: Actor) -> Task:
    """Ask a person to do something; the same key twice is one task, also after it was done.

    Args:
        kind: One of `Task.Kinds`.
        why: Spanish, what happened and what is expected.
        source: Process and reference, "acuerdo:12".
    """
    Task.Kinds(kind)
    with transaction.atomic():
        task, new = Task.objects.get_or_create(
            key=key,
            defaults={
                "debtor": debtor,
                "kind": kind,
                "due_on": due_on,
                "why": why,
                "source": source,
                "opened_at": clock.now(),
            },
        )
        if new:
            payload = {"key": key, "kind": kind, "due_on": due_on.isoformat(), "why": why}
            record("task.opened", debtor, payload, actor, creditor=debtor.creditor_id, seals=[task])
    return task


def done(task: Task, *, outcome: str, actor: Actor) -> Task:
    """Close a task; twice changes nothing."""
    with transaction.atomic():
        found = Task.objects.select_for_update(no_key=True).select_related("debtor").get(pk=task.pk)
        if found.done_at is not None:
            return found
        found.done_at, found.done_by, found.outcome = clock.now(), actor.name, outcome
        found.save(update_fields=["done_at", "done_by", "outcome"])
        payload = {"key": found.key, "outcome": outcome}
        creditor = found.debtor.creditor_id
        record("task.done", found.debtor, payload, actor, creditor=creditor, seals=[found])
    return found


def waiting(debtor: Debtor | int | None = None) -> QuerySet[Task]:
    """Open tasks, the earliest due first; of one debtor or of all."""
    rows = Task.objects.filter(done_at=None).select_related("debtor").order_by("due_on", "pk")
    return rows if debtor is None else rows.filter(debtor=debtor)
