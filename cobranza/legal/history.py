"""What happened to a case, from the record: by whom, when, and with which event of the chain it is proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cobranza.kernel.spanish import write_amount, write_day
from cobranza.ledger.models import Event
from cobranza.legal.models import PRIOR_KINDS, CaseDocument, LegalCase
from cobranza.screens.navigation import Text

_ICONS = {
    "legal.alerted": "bell", "legal.stage": "right", "legal.document_added": "file", "legal.document_reviewed": "eye",
    "legal.signed": "check", "legal.revoked": "x", "legal.voided": "alert", "legal.prior_added": "log",
    "legal.court_news": "inbox", "legal.deadline_set": "clock", "legal.deadline_done": "check",
    "legal.prepare_failed": "alert", "legal.frozen": "lock", "legal.claim_decided": "coins",
}  # fmt: skip
_WHAT: dict[str, Text] = {
    "legal.alerted": gettext_lazy("Pasa un umbral: se avisa al abogado"),
    "legal.frozen": gettext_lazy("Se congela lo que debe"),
    "legal.prepare_failed": gettext_lazy("No se ha podido preparar"),
    "legal.document_added": gettext_lazy("Documento nuevo"),
    "legal.document_confidential": gettext_lazy("Confidencialidad de un documento"),
    "legal.prior_added": gettext_lazy("Reclamación previa anotada"),
    "legal.prior_removed": gettext_lazy("Reclamación previa quitada"),
    "legal.item_dropped": gettext_lazy("Una factura sale del expediente"),
    "legal.defendant_changed": gettext_lazy("Datos del demandado"),
    "legal.words_changed": gettext_lazy("Escrito cambiado"),
    "legal.assigned": gettext_lazy("Lo lleva otra persona"),
    "legal.signed": gettext_lazy("Visto bueno"),
    "legal.revoked": gettext_lazy("Visto bueno revocado"),
    "legal.voided": gettext_lazy("Visto bueno anulado"),
    "legal.deadline_set": gettext_lazy("Plazo"),
    "legal.deadline_done": gettext_lazy("Plazo cumplido"),
    "legal.mail_planned": gettext_lazy("Aviso por correo, previsto"),
    "legal.mail_sent": gettext_lazy("Aviso enviado por correo"),
    "legal.mail_refused": gettext_lazy("El aviso por correo no se pudo entregar"),
}


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


def of(row: LegalCase) -> list[Entry]:
    """Everything about a case, newest first."""
    rows = Event.objects.filter(subject=f"legal.legalcase:{row.pk}").order_by("-at", "-pk")
    return [
        Entry(
            at=each.at,
            what=_what(each.kind, each.payload),
            detail=_detail(each.kind, each.payload),
            who=each.actor_name,
            person=each.actor_kind == "person",
            icon=_ICONS.get(each.kind, "info"),
            event=each.seq,
        )
        for each in rows
    ]


def _what(kind: str, payload: Mapping[str, Any]) -> str:
    if kind == "legal.stage":
        return _stage(str(payload.get("to", "")))
    if kind == "legal.document_reviewed":
        names = dict(CaseDocument.States.choices)
        return _("Documento %(state)s") % {"state": str(names.get(str(payload.get("state", "")), "")).lower()}
    if kind == "legal.claim_decided":
        return _("Renuncia") if payload.get("waived") else _("Se vuelve a reclamar")
    if kind == "legal.court_news":
        return str(payload.get("title", ""))
    return str(_WHAT.get(kind, kind))


def _stage(value: str) -> str:
    return str(dict(LegalCase.Stages.choices).get(value, value))


def _detail(kind: str, payload: Mapping[str, Any]) -> str:
    tell: Callable[[Mapping[str, Any]], str] | None = _DETAILS.get(kind)
    if tell is not None:
        return tell(payload)
    parts = [payload.get(name) for name in ("title", "text", "invoice", "message", "comment", "detail", "why")]
    return " · ".join(str(part) for part in parts if part)


def _day(value: Any) -> str:
    """A day of the record as people write it."""
    try:
        return write_day(date.fromisoformat(str(value)))
    except ValueError:
        return str(value or "")


def _amount(value: Any) -> str:
    """An amount of the record as people write it."""
    try:
        return write_amount(Decimal(str(value)))
    except InvalidOperation:
        return str(value)


_KINDS = dict(PRIOR_KINDS)
_DETAILS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "legal.alerted": lambda payload: "; ".join(payload.get("reasons", [])),
    "legal.frozen": lambda payload: ", ".join(
        f"{key}: {_amount(value)}" for key, value in payload.get("invoices", {}).items()
    ),
    "legal.signed": lambda payload: f"{payload.get('package', '')[:16]}…",
    "legal.voided": lambda payload: f"{payload.get('person', '')}: {payload.get('why', '')}",
    "legal.revoked": lambda payload: f"{payload.get('person', '')}: {payload.get('why', '')}",
    "legal.deadline_set": lambda payload: f"{payload.get('text', '')} · {_day(payload.get('last_day'))}",
    "legal.prior_added": lambda payload: f"{_KINDS.get(payload.get('kind', ''), '')} · {_day(payload.get('sent_on'))}",
    "legal.assigned": lambda payload: f"{payload.get('from', '') or '—'} → {payload.get('to', '')}",
    "legal.defendant_changed": lambda payload: ", ".join(payload.get("changed", {})),
    "legal.words_changed": lambda payload: ", ".join(payload.get("changed", [])),
    "legal.court_news": lambda payload: str(payload.get("detail", "")),
    **dict.fromkeys(
        ("legal.mail_planned", "legal.mail_sent", "legal.mail_refused"),
        lambda payload: " · ".join(filter(None, (payload.get("to", ""), payload.get("why", "")))),
    ),
}
