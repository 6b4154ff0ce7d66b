"""What a person may say of a filing that waits for one, and what each word does to it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cobranza.kernel.errors import BusinessError
from cobranza.legal.filing import machine
from cobranza.legal.filing.journal import row_of
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.models import CourtFiling, FilingStep

VERDICTS = ("presentado", "no_consta", "otra_vez", "retirar")


class VerdictRefused(BusinessError):
    """A word that does not fit: the filing does not wait for a person, or has gone too far for it."""

    code = "COB-PRE-012"
    remedy = "Mire su historia con «cobranza legal filings» y elija otra respuesta."


def waiting(filing: int) -> CourtFiling:
    """The row of a filing that waits for a person; raises `VerdictRefused`."""
    row = row_of(filing)
    if row.state != State.REVIEW:
        raise VerdictRefused(f"La presentación {filing} está en «{row.get_state_display()}» y no espera a nadie.")
    return row


def settle(row: CourtFiling, verdict: str, *, by: str, now: datetime) -> None:
    """Write down a person's word that needs no look at the portal.

    Raises:
        VerdictRefused: it is none of `VERDICTS`, or does not fit.
    """
    to = {"no_consta": State.NOT_FILED, "otra_vez": State.PREPARED, "retirar": State.WITHDRAWN}.get(verdict)
    if to is None:
        raise VerdictRefused(f"«{verdict}» no es una respuesta; lo son {', '.join(VERDICTS)}.")
    if to is State.PREPARED and row.sends:
        raise VerdictRefused("Ya se envió una vez: diga «no_consta» si es seguro que no se registró.")
    if to is State.NOT_FILED and not (row.sends and row.draft):
        raise VerdictRefused("No se llegó a enviar: diga «otra_vez».")
    with transaction.atomic():
        fresh = CourtFiling.objects.select_for_update().get(pk=row.pk)
        machine.check(State(fresh.state), to)
        fresh.state, fresh.problem_code, fresh.problem = to.value, "", ""
        fresh.due_at, fresh.troubles = None, 0
        changed = ["state", "problem_code", "problem", "due_at", "troubles"]
        if to is State.PREPARED:
            fresh.draft, fresh.drafts_before = "", None
            changed += ["draft", "drafts_before"]
        fresh.save(update_fields=changed)
        FilingStep.objects.create(filing=fresh, state=fresh.state, why=f"Decisión de {by}: {verdict}.", by=by, at=now)
