"""The chain of events: what happened, who did it, and the proof that nobody changed it afterwards.

Each creditor has a chain of its own (the house has one more), so companies never wait for each other. An event's hash
covers its own content and the hash before it; the chain's head row holds the last one and is locked while an event is
appended, until the caller's transaction ends. So append last, shortly before committing.

An event also *seals* the rows it created or changed: the digest of each row is kept in `Seal`, and the digest of all
of them is inside the event. `verification.verify` recomputes both, and so finds an altered row of any sealed table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import models, transaction
from django.dispatch import Signal

from cobranza.kernel import clock
from cobranza.ledger import canonical
from cobranza.ledger.models import Chain, Creditor, Event, Seal

HOUSE = "casa"
told = Signal()
"""Sent with `event` (as stored) once its transaction is committed. Who listens must be quick and may be late: the chain
is the truth, so a listener also reads on from the last event that it knows. What it raises is logged by Django."""
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        kind: "person" outranks "robot": what a person decided, no robot undoes.
        name: User name, or the robot's name.
    """

    kind: Literal["robot", "person"]
    name: str

    @classmethod
    def robot(cls, name: str) -> Actor:
        """A robot or a scheduled process."""
        return cls("robot", name)

    @classmethod
    def person(cls, name: str) -> Actor:
        """Somebody with a name."""
        return cls("person", name)


def record(
    kind: str,
    subject: models.Model | str,
    payload: Mapping[str, Any],
    actor: Actor,
    *,
    creditor: Creditor | int | None = None,
    seals: Iterable[models.Model] = (),
) -> Event:
    """Append an event to the creditor's chain (the house's when there is none), in the caller's transaction.

    Args:
        kind: What happened, "room.verb": "allocation.made".
        subject: The row it is about, or "table:id".
        payload: What a reader needs to know; amounts as Decimal. The keys "seals" and "sealed" are ours.
        actor: Who did it.
        creditor: Whose chain.
        seals: Rows that this event created or changed; their models name the sealed columns in `SEALED`.

    Returns:
        The event as stored.
    """
    rows = sorted(seals, key=lambda row: (table_of(row), row.pk))
    with transaction.atomic():
        head = _head(_chain_name(creditor))
        digests = [(table_of(row), int(row.pk), row_digest(row)) for row in rows]
        content = canonical.plain(dict(payload))
        if digests:
            content |= {"sealed": len(digests), "seals": seals_digest(digests)}
        event = Event(
            chain=head,
            seq=head.seq + 1,
            at=clock.now(),
            kind=kind,
            actor_kind=actor.kind,
            actor_name=canonical.plain(actor.name),
            subject=subject if isinstance(subject, str) else f"{table_of(subject)}:{subject.pk}",
            payload=content,
            prev_hash=head.hash,
        )
        event.hash = event_hash(event)
        event.save(force_insert=True)
        Seal.objects.bulk_create(
            (Seal(event=event, table=table, row=row, digest=digest) for table, row, digest in digests),
            batch_size=_BATCH,
        )
        transaction.on_commit(lambda: told.send_robust(sender=Event, event=event))
    return event


def is_sealed(row: models.Model) -> bool:
    """Tell whether any event has recorded this row yet."""
    return Seal.objects.filter(table=table_of(row), row=row.pk).exists()


def genesis(chain: str) -> str:
    """The hash before the first event of a chain; different in each, so that events cannot move between chains."""
    return hashlib.sha256(f"cobranza:{chain}".encode()).hexdigest()


def event_hash(event: Event) -> str:
    """SHA-256 over the event's canonical content and the hash before it."""
    return canonical.digest(
        {
            "chain": event.chain_id,
            "seq": event.seq,
            "at": event.at,
            "kind": event.kind,
            "actor": [event.actor_kind, event.actor_name],
            "subject": event.subject,
            "payload": event.payload,
            "prev": event.prev_hash,
        }
    )


def row_digest(row: models.Model) -> str:
    """SHA-256 over the sealed columns of a row, the same before saving and after reading it back."""
    content: dict[str, Any] = {}
    for name in sealed_columns(type(row)):
        field: Any = row._meta.get_field(name)
        field = field.target_field if field.is_relation else field
        value = getattr(row, name)
        content[name] = value if isinstance(value, datetime) else field.to_python(value)
    return canonical.digest([table_of(row), row.pk, content])


def seals_digest(digests: Iterable[tuple[str, int, str]]) -> str:
    """SHA-256 over (table, row, digest) in order of table and row."""
    whole = hashlib.sha256()
    for table, row, digest in digests:
        whole.update(f"{table}:{row}:{digest}\n".encode())
    return whole.hexdigest()


def sealed_columns(model: type[models.Model]) -> tuple[str, ...]:
    """The columns that a model declares as evidence."""
    columns: tuple[str, ...] = getattr(model, "SEALED", ())
    if not columns:
        raise TypeError(f"{model.__name__} declares no SEALED columns")
    return columns


def table_of(row: models.Model | type[models.Model]) -> str:
    """The short name of a row's table in subjects and seals: "invoice"; "reconciliation.match" in other rooms."""
    meta = row._meta
    return str(meta.model_name) if meta.app_label == "ledger" else f"{meta.app_label}.{meta.model_name}"


def _chain_name(creditor: Creditor | int | None) -> str:
    if creditor is None:
        return HOUSE
    return f"acreedor:{creditor.pk if isinstance(creditor, Creditor) else creditor}"


def _head(name: str) -> Chain:
    found = Chain.objects.select_for_update(no_key=True).filter(name=name).first()
    if found is None:
        Chain.objects.bulk_create([Chain(name=name, seq=0, hash=genesis(name))], ignore_conflicts=True)
        found = Chain.objects.select_for_update(no_key=True).get(name=name)
    return found
