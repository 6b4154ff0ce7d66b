"""After a kept agreement: one short question how it went, and a recommendation for whoever recovered with low risk.

The question is asked once per agreement, by a wish that the outbox takes up and the gate decides on. What a crash lost
is found again by looking for kept agreements without a question, so nothing has to be remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from cobranza.gate.acts import Purpose
from cobranza.kernel import clock
from cobranza.ledger import conversation, ratings
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Creditor, Event, Rating, Survey
from cobranza.risk.judging import RECOVERED, has_arrears, today
from cobranza.risk.settings import risk_settings

ROBOT: Final = Actor.robot("encuestas")
KEPT: Final = "cumplido"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What to offer somebody who recovered.

    Attributes:
        text: Spanish, from the settings.
        relapse: Probability of falling back; None when the model does not say.
    """

    text: str
    relapse: float | None


def hear(event: Event) -> None:
    """Ask about the agreement that an event tells was kept."""
    row = Agreement.objects.select_related("debtor").filter(key=str(event.payload.get("key", ""))).first()
    if row is not None:
        ask(row)


def ask_all(creditor: Creditor) -> int:
    """Ask about every agreement kept lately that nobody asked about; returns how many."""
    since = clock.now() - timedelta(days=risk_settings().despues.encuesta_caduca_dias)
    asked = Survey.objects.filter(agreement=OuterRef("pk"))
    rows = Agreement.objects.filter(creditor=creditor, standing=KEPT, ended_at__gte=since).exclude(Exists(asked))
    return sum(ask(row) is not None for row in rows.select_related("debtor").order_by("pk"))


def ask(agreement: Agreement) -> Survey | None:
    """Ask how an agreement went that was kept to its end; once. None when it was not kept, or too long ago."""
    entry = risk_settings().despues
    if agreement.standing != KEPT or agreement.ended_at is None:
        return None
    expires = agreement.ended_at + timedelta(days=entry.encuesta_caduca_dias)
    if clock.now() >= expires:
        return None
    key = f"acuerdo:{agreement.pk}:encuesta"
    with transaction.atomic():
        survey = ratings.ask_survey(agreement.debtor, key, agreement=agreement.pk, actor=ROBOT)
        conversation.want(
            agreement.debtor,
            key,
            purpose=Purpose.SERVICE.value,
            source=f"encuesta:{survey.pk}",
            template=entry.encuesta_plantilla,
            not_before=agreement.ended_at + timedelta(days=entry.encuesta_dias),
            expires_at=expires,
        )
    return survey


def recommendation(rating: Rating | None) -> Recommendation | None:
    """What to offer: only while the score's tag says so and nothing has fallen overdue since."""
    if rating is None or RECOVERED not in rating.tags or has_arrears(rating.debtor_id, today()):
        return None
    return Recommendation(
        text=risk_settings().despues.domiciliacion, relapse=None if rating.relapse is None else float(rating.relapse)
    )
