"""What a debtor has told us and how it stands: their cases, as their own page shows them. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from cobranza.disputes import cases as dispute_cases
from cobranza.disputes.models import Dispute
from cobranza.ledger.models import Debtor
from cobranza.portal.context import rules

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: its number, what it is about in the debtor's words, and how it stands."""

    number: int
    about: str
    documents: tuple[str, ...]
    opened_at: datetime
    open: bool


def cases(debtor: Debtor) -> list[Case]:
    """The latest cases of a debtor, whichever way they came; merged ones stand under the one that counts."""
    rows = Dispute.objects.filter(debtor=debtor).exclude(state=Dispute.States.MERGED).order_by("-opened_at")
    return [
        Case(
            number=row.pk,
            about=about(row.category),
            documents=tuple(link.invoice.number for link in dispute_cases.live_links(row)),
            opened_at=row.opened_at,
            open=row.state in Dispute.LIVE,
        )
        for row in rows[:_SHOWN]
    ]


def about(category: str) -> str:
    """A category as a debtor would say it; the office's own names stay inside."""
    reasons = rules().motivos
    return {
        reasons.error: _("Factura con un error"),
        reasons.no_recibido: _("Producto o servicio no recibido"),
        reasons.defectuoso: _("Producto defectuoso o devuelto"),
        reasons.duplicado: _("Cobrado dos veces"),
        reasons.condiciones: _("Precio o condiciones"),
        reasons.no_reconoce: _("Deuda que no reconoce"),
        reasons.trato: _("Queja por el trato"),
        reasons.pagado: _("Pago ya hecho"),
        reasons.datos: _("Datos personales"),
        reasons.pregunta: _("Consulta"),
    }.get(category, _("Su mensaje"))
