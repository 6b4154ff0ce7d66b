"""What a triage did and what waits, for a run's evidence, the home page and the console."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet

from cobranza.disputes.models import Dispute, Mail
from cobranza.disputes.shift import Shift
from cobranza.ledger.models import Creditor

STUCK = (Mail.States.QUARANTINE, Mail.States.NEEDS_PERSON)


def waiting_cases(creditor: Creditor | None = None) -> QuerySet[Dispute]:
    """Cases that a person has to look at, the gravest and oldest first."""
    rows = Dispute.objects.filter(review=Dispute.Reviews.WAITING, state__in=Dispute.LIVE)
    rows = rows if creditor is None else rows.filter(creditor=creditor)
    return rows.order_by("-alert", "opened_at", "pk")


def stuck_mails(creditor: Creditor | None = None) -> QuerySet[Mail]:
    """Mails in quarantine that nobody has sent back, and those that failed for good."""
    rows = Mail.objects.filter(state__in=STUCK, erased_at=None)
    rows = rows if creditor is None else rows.filter(creditor=creditor)
    return rows.order_by("received_at", "pk")


def waiting_lines(creditor: Creditor) -> list[str]:
    """What waits for a person, one Spanish line each."""
    lines = [
        f"{'¡ATENCIÓN! ' if case.alert else ''}{case.subject or case.category}: {'; '.join(case.review_reasons)}"
        for case in waiting_cases(creditor)
    ]
    lines += [
        f"Correo {mail.pk} «{mail.subject[:80]}», {mail.get_state_display().lower()}: {mail.problem.get('message', '')}"
        for mail in stuck_mails(creditor)
    ]
    return lines


def of_shift(shift: Shift) -> dict[str, Any]:
    """What a run did, as JSON."""
    return {
        "empresa": shift.creditor.key,
        "buzones": sorted(shift.boxes),
        **asdict(shift.tally),
        "por_revisar": waiting_cases(shift.creditor).count(),
        "apartados": stuck_mails(shift.creditor).count(),
    }
