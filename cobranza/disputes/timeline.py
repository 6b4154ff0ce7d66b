"""What happened to a case, from the record: by whom, when, and with which event of the chain it is proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from cobranza.disputes.models import Dispute
from cobranza.ledger.models import Event

_UNTOLD = ("answer.planned", "answer.sending", "mail.received")
_ICONS = {
    "dispute.opened": "inbox", "dispute.ticket": "link", "dispute.decided": "check", "dispute.closed": "archive",
    "dispute.reopened": "refresh", "dispute.merged": "copy", "dispute.solved": "clock", "dispute.taken_over": "person",
    "dispute.said": "log", "dispute.grown": "copy", "mail.received": "inbox",
    "mail.erased": "x", "dispute.desk_told": "link", "dispute.desk_refused": "alert",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    what: str
    detail: str
    who: str
    person: bool
    icon: str
    event: int


def of(case: Dispute, names: Mapping[str, str]) -> list[Entry]:
    """Everything about a case and its answers, oldest first."""
    subjects = [f"disputes.dispute:{case.pk}"]
    for mail in case.mails.select_related("acknowledgement"):
        subjects.append(f"disputes.mail:{mail.pk}")
        if hasattr(mail, "acknowledgement"):
            subjects.append(f"disputes.outgoing:{mail.acknowledgement.pk}")
    rows = Event.objects.filter(subject__in=subjects).exclude(kind__in=_UNTOLD)
    notes = {row.pk: row.note for row in case.decisions.all()}
    said = iter(sorted(notes.items()))
    found = []
    for row in rows.order_by("at", "pk"):
        payload = dict(row.payload)
        detail = _detail(row.kind, payload, names)
        if row.kind == "dispute.said":
            detail = next(said, (0, ""))[1]
            if not detail:
                continue  # what was decided stands beside it
        found.append(
            Entry(
                at=row.at,
                what=_what(row.kind, payload),
                detail=detail,
                who=row.actor_name,
                person=row.actor_kind == "person",
                icon=_ICONS.get(row.kind, "info"),
                event=row.seq,
            )
        )
    return found


def _what(kind: str, payload: dict[str, object]) -> str:
    known = {
        "dispute.opened": _("Se abre el caso"),
        "dispute.ticket": _("Ticket abierto en la mesa"),
        "dispute.decided": _("Una persona lo decide"),
        "dispute.said": _("Anotado"),
        "dispute.solved": _("La mesa lo da por resuelto"),
        "dispute.closed": _("Cerrado: sus facturas se vuelven a reclamar"),
        "dispute.reopened": _("Abierto de nuevo: vuelve a retener"),
        "dispute.merged": _("Unido a otro caso"),
        "dispute.grown": _("Recibe otro caso"),
        "mail.erased": _("Borrado lo que decía el correo"),
        "dispute.desk_told": _("La mesa lo sabe"),
        "dispute.desk_refused": _("La mesa no lo admite"),
        "dispute.taken_over": _("Supervisión toma el relevo"),
        "answer.sent": _("Acuse enviado"),
        "answer.refused": _("Acuse rechazado"),
        "answer.omitted": _("No se contesta"),
    }
    return known.get(kind, kind)


def _detail(kind: str, payload: dict[str, object], names: Mapping[str, str]) -> str:
    if kind == "dispute.opened":
        documents = payload.get("documents")
        return ", ".join(str(one) for one in documents) if isinstance(documents, list) else ""
    if kind == "dispute.ticket":
        return f"{payload.get('desk', '')} {payload.get('ticket', '')}".strip()
    if kind == "dispute.decided":
        before, after = (names.get(str(payload.get(one)), str(payload.get(one, ""))) for one in ("before", "after"))
        return after if before == after else f"{before} → {after}"
    if kind == "mail.erased":
        return str(payload.get("why", ""))
    if kind == "dispute.desk_told":
        moved = ", ".join(str(payload[one]) for one in ("group", "form", "priority") if payload.get(one))
        solved = {"solved": _("ticket resuelto"), "open": _("ticket abierto")}.get(str(payload.get("status")), "")
        return " · ".join(filter(None, (moved, solved)))
    if kind in ("answer.sent", "answer.refused", "answer.omitted"):
        return f"{payload.get('to', '')} {payload.get('reason', '')}".strip()
    if kind in ("dispute.merged", "dispute.grown"):
        return _("caso %(case)s") % {"case": payload.get("into", payload.get("from", ""))}
    return str(payload.get("reason", ""))
