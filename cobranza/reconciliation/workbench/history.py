"""Who did what with a movement and when, from the day it came in to the last word, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cobranza.ledger.models import Allocation, Event, Movement
from cobranza.reconciliation.models import PostingIntent, Proposal
from cobranza.screens.navigation import Text

_MOST = 200
_SAYS: dict[str, tuple[Text, str]] = {
    "statement.read": (gettext_lazy("Llegó con un extracto"), "download"),
    "reconciliation.accepted": (gettext_lazy("Aceptado como se proponía"), "check"),
    "reconciliation.changed": (gettext_lazy("Aceptado con otro reparto"), "check"),
    "reconciliation.dismissed": (gettext_lazy("Sacado de la bandeja"), "x"),
    "reconciliation.reopened": (gettext_lazy("Vuelto a la bandeja"), "refresh"),
    "reconciliation.noted": (gettext_lazy("Nota"), "log"),
    "reconciliation.on_account": (gettext_lazy("Dejado a cuenta"), "coins"),
    "reconciliation.on_account_released": (gettext_lazy("Ya no está a cuenta"), "coins"),
    "reconciliation.rest_offered": (gettext_lazy("Se ofrece el resto"), "coins"),
    "reconciliation.taken_over": (gettext_lazy("Relevo de supervisión"), "person"),
    "posting.intended": (gettext_lazy("Previsto para el ERP"), "clock"),
    "posting.submitted": (gettext_lazy("Enviado al ERP"), "right"),
    "posting.posted": (gettext_lazy("Registrado en el ERP"), "check"),
    "posting.refused": (gettext_lazy("Rechazado por el ERP"), "x"),
    "posting.unknown": (gettext_lazy("Sin saber si el ERP lo registró"), "alert"),
    "allocation.made": (gettext_lazy("Aplicado a sus facturas"), "check"),
    "allocation.reversed": (gettext_lazy("Aplicación anulada"), "refresh"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes:
        person: Whether a person did it.
        who: Their name, or the robot's.
        event: Number of the event in its chain, 0 for what is no event.
    """

    at: datetime
    what: str
    icon: str
    who: str
    person: bool
    detail: str = ""
    event: int = 0


def of(movement: Movement) -> list[Entry]:
    """Everything the record has about a movement, newest first."""
    rows = Proposal.objects.filter(movement=movement).order_by("pk")
    entries = [
        Entry(
            at=row.created_at,
            what=_("Propuesta de la conciliación"),
            icon="spark",
            who=_("ejecución %(run)s") % {"run": row.run} if row.run else "",
            person=False,
            detail=Truncator(row.explanation.split("\n")[0]).chars(200),
        )
        for row in rows
        if row.rule != "persona"
    ]
    intents = PostingIntent.objects.filter(movement=movement).values_list("pk", flat=True)
    allocations = Allocation.objects.filter(movement=movement).values_list("pk", flat=True)
    subjects = [
        f"movement:{movement.pk}",
        *(f"reconciliation.postingintent:{pk}" for pk in intents),
        *(f"reconciliation.proposal:{pk}" for pk in rows.values_list("pk", flat=True)),
        *(f"allocation:{pk}" for pk in allocations),
    ]
    events = Event.objects.filter(subject__in=subjects).order_by("-pk")[:_MOST]
    entries += [_entry(event) for event in events]
    entries.append(
        Entry(
            at=movement.created_at,
            what=str(_SAYS["statement.read"][0]),
            icon="download",
            who="",
            person=False,
            detail=f"{movement.statement.file_name or movement.statement.source} {movement.position}".strip(),
        )
    )
    return sorted(entries, key=lambda entry: (entry.at, entry.event), reverse=True)


def _entry(event: Event) -> Entry:
    what, icon = _SAYS.get(event.kind, (event.kind, "info"))
    return Entry(
        at=event.at,
        what=str(what),
        icon=icon,
        who=event.actor_name,
        person=event.actor_kind == "person",
        detail=_detail(event.payload),
        event=event.seq,
    )


def _detail(payload: Mapping[str, Any]) -> str:
    parts = [str(payload[name]) for name in ("note", "text", "reason", "reference", "name") if payload.get(name)]
    if payload.get("from"):
        parts.append(_("lo tenía %(person)s") % {"person": payload["from"]})
    return ". ".join(parts)[:400]
