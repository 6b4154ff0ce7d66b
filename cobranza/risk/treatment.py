"""From what is expected of debtors to how they are treated. Pure; the same for one debtor and for a million.

Two views are kept apart: the *band* tells the risk to whoever lends or delivers, the *segment* tells the strategies and
the advisers how to go about it. A model never makes anybody a case for the court: it proposes it, and then the segment
stays "negociacion" and a person has to lead until one of them decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

LOW, MEDIUM, HIGH = "bajo", "medio", "alto"
REMINDER, NEGOTIATION, LEGAL = "recordatorio", "negociacion", "caso_legal"
PROPOSED_LEGAL: Final = "propuesto como caso legal"
"""Why a person leads where the figures alone would go to court."""
LONGEST: Final = 200
"""Characters that the reason for a person may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Thresholds, all between 0 and 1; see `settings.TreatmentEntry` for what each does."""

    low: float = 0.80
    high: float = 0.45
    high_recovery: float = 0.35
    medium_miss: float = 0.20
    high_miss: float = 0.50
    reminder: float = 0.70
    legal_pay: float = 0.12
    legal_recovery: float = 0.25


def treat(judged: pd.DataFrame, people: Mapping[int, str], rules: Rules) -> pd.DataFrame:
    """Band, segment, what the figures alone propose, and why a person has to lead.

    Args:
        judged: As `Judge.judge` gives it; a `first_miss` that is missing means that something is overdue.
        people: Debtor's id → why a person has to lead whatever the score (a high amount, special care).

    Returns:
        The same index; columns band, segment, proposed, to_person.
    """
    pay_60, pay_90 = _column(judged, "pay_60"), _column(judged, "pay_90")
    recovery, miss = _column(judged, "recovery"), _column(judged, "first_miss")
    overdue = np.isnan(miss)
    # Who owes nothing overdue is judged by the first miss that is expected; the rest by what they will pay.
    high = np.where(overdue, (pay_60 < rules.high) | (recovery < rules.high_recovery), miss >= rules.high_miss)
    low = np.where(overdue, pay_60 >= rules.low, miss < rules.medium_miss) & ~high
    legal = overdue & (pay_90 < rules.legal_pay) & (recovery < rules.legal_recovery)
    remind = np.where(overdue, pay_60 >= rules.reminder, miss < rules.high_miss)
    proposed = np.where(legal, LEGAL, np.where(remind, REMINDER, NEGOTIATION))
    ids = judged.index.to_numpy()
    to_person = np.full(len(ids), "", dtype=object)
    to_person[legal] = PROPOSED_LEGAL
    if people:
        where = pd.Series(np.arange(len(ids)), index=judged.index)
        for debtor, place in where[where.index.isin(list(people))].items():
            told = [people[int(str(debtor))], *([PROPOSED_LEGAL] if legal[place] else [])]
            to_person[place] = "; ".join(told)[:LONGEST]
    return pd.DataFrame(
        {
            "band": np.where(high, HIGH, np.where(low, LOW, MEDIUM)),
            "segment": np.where(legal, NEGOTIATION, proposed),
            "proposed": proposed,
            "to_person": to_person,
        },
        index=judged.index,
    )


def on_worklist(segment: str, to_person: str) -> bool:
    """Whether an adviser has this debtor on the list: always, but for those whom a reminder is enough."""
    return segment != REMINDER or bool(to_person)


def _column(judged: pd.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = judged[name].to_numpy(dtype=np.float64)
    return found
