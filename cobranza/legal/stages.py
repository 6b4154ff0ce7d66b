"""How a case moves: every step is a row of the record with who took it and why; nothing moves by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.legal.models import LegalCase

Stages = LegalCase.Stages


class WrongStage(BusinessError):
    """A step that the case cannot take from where it stands."""

    code = "COB-EXP-020"
    remedy = "Mire en qué fase está el expediente: puede que otra persona lo haya movido."


class NoSuchCase(BusinessError):
    """No case of that number."""

    code = "COB-EXP-021"
    remedy = "Elija uno de «cobranza legal cases»."


class NeedsReason(BusinessError):
    """A step that has to say why."""

    code = "COB-EXP-022"
    remedy = "Escriba el motivo: queda en la historia del expediente."


def find(number: str) -> LegalCase:
    """The case called `number`; raises `NoSuchCase`."""
    found = LegalCase.objects.select_related("creditor", "debtor").filter(number=number.strip().upper()).first()
    if found is None:
        raise NoSuchCase(f"No hay un expediente «{number}».")
    return found


def locked(row: LegalCase | int) -> LegalCase:
    """The row, locked until the caller's transaction ends."""
    pk = row.pk if isinstance(row, LegalCase) else row
    return (
        LegalCase.objects.select_for_update(no_key=True, of=("self",)).select_related("creditor", "debtor").get(pk=pk)
    )


def require(row: LegalCase, *stages: str) -> None:
    """Raise `WrongStage` unless the case stands at one of `stages`."""
    if row.stage not in stages:
        raise WrongStage(f"{row.number} está «{row.get_stage_display()}».")


def reason(text: str) -> str:
    """A reason that says something; raises `NeedsReason`."""
    clean = " ".join(text.replace("\x00", "").split())
    if len(clean) < 3:
        raise NeedsReason("Falta el motivo.")
    return clean[:1000]


def move(
    row: LegalCase,
    stage: str,
    *,
    actor: Actor,
    why: str = "",
    told: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    seals: Iterable[models.Model] = (),
) -> None:
    """Set a locked case to `stage` together with other columns, and record it.

    Args:
        row: Locked.
        stage: Where it goes.
        actor: Who.
        why: For people, in Spanish.
        told: What else the record says of it.
        changes: Other columns, name → value.
        seals: Other rows that were created or changed.
    """
    before, row.stage = row.stage, stage
    at = clock.now()
    if before != stage:
        row.stage_at = at
    for name, value in (changes or {}).items():
        setattr(row, name, value)
    row.changed_at = at
    row.save()
    payload = {"from": before, "to": stage, "why": why, **(told or {})}
    record("legal.stage", row, payload, actor, creditor=row.creditor_id, seals=[row, *seals])


def tell(
    kind: str, row: LegalCase, payload: Mapping[str, Any], actor: Actor, seals: Iterable[models.Model] = ()
) -> None:
    """Record something about a case, in the caller's transaction."""
    record(f"legal.{kind}", row, payload, actor, creditor=row.creditor_id, seals=seals)


def touch(row: LegalCase) -> None:
    """Note that what the case says has changed: its package is made from the new content next time."""
    row.changed_at = clock.now()
    row.save(update_fields=["changed_at"])
