"""What every judge of payers does with its numbers: which outcomes apply to whom, order in time, and the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cobranza.risk.ports import OUTCOMES, REASONS

Floats = NDArray[np.float64]

EXPLAINED: Final = "pay_60"
"""The outcome whose log odds the reasons add up to."""

PROBABILITIES: Final = ("pay_30", "pay_60", "pay_90", "recovery", "first_miss", "relapse")
"""Outcomes between 0 and 1, judged as log odds; the remaining one is days."""

MOST_DAYS: Final = 365.0
_LEAST: Final = 1e-4
_SMALL: Final = 1e-9


def sigmoid(z: Floats) -> Floats:
    """Log odds as probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -30, 30))))


def logit(p: Floats) -> Floats:
    """Probabilities as log odds, kept off 0 and 1."""
    kept = np.clip(p, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(kept / (1 - kept)))


def in_arrears(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Who owes something past due: no first miss and no relapse is expected of them."""
    return np.asarray(table["overdue_count"].to_numpy(np.float64) > 0)


def recovered(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Who settled a long delay and owes nothing past due now."""
    return np.asarray(~in_arrears(table) & ~np.isnan(table["cured_days_ago"].to_numpy(np.float64)))


def judged(
    table: pd.DataFrame, outcomes: dict[str, Floats], names: Sequence[str], contributions: Floats
) -> pd.DataFrame:
    """The answer of a judge; see `cobranza.risk.ports.Judge.judge`.

    Args:
        table: What was judged.
        outcomes: Every one of `OUTCOMES`, shape (n,): probabilities, and days.
        names: Of the features in the columns of `contributions`.
        contributions: To the log odds of `EXPLAINED` against the average debtor, shape (n, len(names)).
    """
    found = {name: np.clip(outcomes[name], _LEAST, 1 - _LEAST) for name in PROBABILITIES}
    found["pay_60"] = np.maximum(found["pay_60"], found["pay_30"])
    found["pay_90"] = np.maximum(found["pay_90"], found["pay_60"])
    found["days_late"] = np.clip(outcomes["days_late"], 0, MOST_DAYS)
    found["first_miss"] = np.where(in_arrears(table), np.nan, found["first_miss"])
    found["relapse"] = np.where(recovered(table), found["relapse"], np.nan)
    answer = pd.DataFrame({name: found[name] for name in OUTCOMES}, index=table.index)
    told, points = reasons(names, contributions)
    for k in range(REASONS):
        answer[f"reason_{k + 1}"] = told[k]
        answer[f"points_{k + 1}"] = points[k]
    return answer


def reasons(names: Sequence[str], contributions: Floats) -> tuple[list[NDArray[np.object_]], list[Floats]]:
    """The `REASONS` largest contributions of each row, by size: names ("" for none) and points."""
    many, wide = contributions.shape
    labels = np.array([*names, ""], dtype=object)
    rest = np.abs(contributions)
    row = np.arange(many)
    told, points = [], []
    for _ in range(min(REASONS, wide)):
        best = rest.argmax(axis=1) if many else np.zeros(0, dtype=np.intp)
        there = rest[row, best] > _SMALL
        told.append(labels[np.where(there, best, wide)])
        points.append(np.where(there, contributions[row, best], 0.0))
        rest[row, best] = 0
    for _ in range(REASONS - len(told)):
        told.append(np.full(many, "", dtype=object))
        points.append(np.zeros(many))
    return told, points
