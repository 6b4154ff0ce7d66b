"""Writing on the page: the debtor says something, and the assistant answers there, at once.

The words stand in the debtor's one conversation, with those of every other channel. An answer on a page that the
debtor has open is no message: nothing leaves, so there is nothing for the gate to decide. Who leads the conversation
is not interrupted: then a person answers, and their words stand here too.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from cobranza.agreements import talking
from cobranza.agreements.settings import agreement_settings
from cobranza.ledger import conversation, tasks
from cobranza.ledger.models import Word
from cobranza.portal.models import Submission
from cobranza.portal.settings import PortalSettings
from cobranza.portal.visit import ROBOT, Visit
from cobranza.portal.workflow import CHANNEL, once

LONGEST = 1000
SAID = "portal:charla:"
_SHOWN = 40


def say(visit: Visit, number: str, text: str, *, rules: PortalSettings) -> Submission:
    """Put what the debtor wrote on record and answer it, once, in one transaction.

    Raises:
        StaleForm: the form has no number.
        TooOften: too much in an hour.
    """

    def act(made: Submission) -> dict[str, Any]:
        word = conversation.note(
            f"{SAID}{made.key}",
            channel=CHANNEL,
            direction="in",
            text=text,
            at=made.made_at,
            actor=ROBOT,
            debtor=visit.debtor,
            reference=f"envio:{made.pk}",
        )
        if CHANNEL in agreement_settings().asistente_canales:
            talking.attend(word, language=visit.language)
        return {"word": word.pk}

    return once(visit, "hablar", number, {"text": text}, act, rules=rules)


def shown(visit: Visit) -> list[Word]:
    """What was said on this page, oldest first; nothing of other channels, whose words are not for this screen."""
    ours = Q(key__startswith=SAID) | Q(key__startswith=talking.ANSWER) | Q(key__startswith=conversation.ON_PAGE)
    return list(conversation.thread(visit.debtor).filter(ours, channel=CHANNEL).order_by("-at", "-pk")[:_SHOWN])[::-1]


def with_person(visit: Visit, words: list[Word]) -> bool:
    """Whether a person has to answer, or leads the conversation."""
    if conversation.leader(visit.debtor):
        return True
    said = [word for word in words if word.direction == "in"]
    sources = [f"conversacion:{word.pk}" for word in said]
    return (
        any(word.handled_at is None for word in said) or tasks.waiting(visit.debtor).filter(source__in=sources).exists()
    )
