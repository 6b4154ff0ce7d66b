"""The steps of this room as robots start them; repeating one repeats nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from cobranza.kernel import clock
from cobranza.kernel.config import ConfigError
from cobranza.ledger.models import Creditor, Debtor
from cobranza.risk import aftercare, judging, listening, reach, scoring, settings, sources, warning, worklist

ACTIONS = 200
"""Next actions that are worked out overnight; the others when somebody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A robot's view of the room."""

    creditor: Creditor


def open_shift(company: str) -> Shift:
    """What a robot works with.

    Raises:
        ConfigError: the settings are wrong, there is no such judge, or no such creditor is in the ledger.
    """
    judging.judge_in_use(settings.risk_settings())
    creditor = Creditor.objects.filter(key=company).first()
    if creditor is None:
        raise ConfigError(f"El registro no tiene ningún acreedor «{company}».")
    return Shift(creditor=creditor)


def ask_sources(shift: Shift) -> dict[str, int]:
    """See `sources.refresh`: about whoever owes something."""
    owing = Debtor.objects.filter(creditor=shift.creditor, invoices__open__gt=0, invoices__vanished_at=None)
    return sources.refresh(owing.select_related("creditor").distinct().order_by("pk"))


def score(shift: Shift) -> dict[str, Any]:
    """See `scoring.score_creditor`."""
    return asdict(scoring.score_creditor(shift.creditor, actor=listening.ROBOT))


def debtors(shift: Shift) -> int:
    """How many would be scored."""
    return Debtor.objects.filter(creditor=shift.creditor).count()


def look_out(shift: Shift) -> Counter[str]:
    """What came of the early warnings, and the new ones."""
    told = warning.follow(shift.creditor, actor=listening.ROBOT)
    told["opened"] = len(warning.look_out(shift.creditor, actor=listening.ROBOT))
    return told


def after(shift: Shift) -> int:
    """See `aftercare.ask_all`."""
    return aftercare.ask_all(shift.creditor)


def prepare_list(shift: Shift) -> int:
    """Work out the next actions of whoever is worth most, so that the list opens at once in the morning."""
    now = clock.now()
    entry = settings.risk_settings().lista
    counts = reach.house(shift.creditor, now, memory=entry.memoria_dias, answer_days=entry.respuesta_dias)
    made = 0
    for currency in worklist.currencies(shift.creditor):
        rows, _ = worklist.rows(shift.creditor, currency, limit=ACTIONS)
        made += len([worklist.next_action(row, counts, now=now) for row in rows])
    return made
