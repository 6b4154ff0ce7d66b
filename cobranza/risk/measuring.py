"""How good a judge was on debtors whose outcome is known: order, error, and whether its percentages were true."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cobranza.risk.learning import Examples
from cobranza.risk.ports import OUTCOMES

Floats = NDArray[np.float64]

DAYS: Final = "days_late"
SHARES: Final = ("recovery",)
FEW: Final = 30
_GROUPS: Final = 10


def figures(judged: pd.DataFrame, examples: Examples) -> dict[str, dict[str, Any]]:
    """By outcome with at least `FEW` known cases: how many, base, auc, brier, ece, table (deciles); mae for days."""
    found: dict[str, dict[str, Any]] = {}
    for outcome in OUTCOMES:
        said, happened = judged[outcome].to_numpy(np.float64), examples.outcomes[outcome].to_numpy(np.float64)
        there = ~np.isnan(said) & ~np.isnan(happened)
        if there.sum() < FEW:
            continue
        said, happened = said[there], happened[there]
        entry: dict[str, Any] = {"count": len(said), "base": float(happened.mean())}
        if outcome == DAYS:
            entry["mae"] = float(np.abs(said - happened).mean())
        else:
            rows = deciles(said, happened)
            entry |= {
                "brier": float(((said - happened) ** 2).mean()),
                "ece": sum(row["count"] * abs(row["said"] - row["found"]) for row in rows) / len(said),
                "worst_decile": max(abs(row["said"] - row["found"]) for row in rows),
                "deciles": rows,
            }
            if outcome not in SHARES:
                entry["auc"] = auc(said, happened)
        found[outcome] = entry
    return found


def auc(said: Floats, happened: Floats) -> float:
    """Chance that a case was given more than a non-case, ties by halves; 0.5 when there is only one kind.

    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([0.0, 0.0, 1.0, 1.0]))
    0.875
    """
    yes = float(happened.sum())
    no = len(happened) - yes
    if not yes or not no:
        return 0.5
    ranks = pd.Series(said).rank().to_numpy(np.float64)
    return float((ranks[happened == 1].sum() - yes * (yes + 1) / 2) / (yes * no))


def deciles(said: Floats, happened: Floats) -> list[dict[str, Any]]:
    """Ten groups of equal size by what was said: count, said and found (means)."""
    order = np.argsort(said, kind="stable")
    return [
        {"count": len(group), "said": float(said[group].mean()), "found": float(happened[group].mean())}
        for group in np.array_split(order, _GROUPS)
        if len(group)
    ]


def by_group(judged: pd.DataFrame, examples: Examples, outcome: str) -> list[dict[str, Any]]:
    """Whether a judge is as true for small customers as for large ones, and in every country.

    Groups are those that the law lets a creditor look at: size (thirds of what was billed in a year) and country.
    Nothing protected is known here, and nothing of it is guessed from names.
    """
    said, happened = judged[outcome].to_numpy(np.float64), examples.outcomes[outcome].to_numpy(np.float64)
    billed = examples.table["billed_year"].to_numpy(np.float64)
    low, high = np.nanquantile(billed, [1 / 3, 2 / 3]) if len(billed) else (0.0, 0.0)
    size = np.where(billed <= low, "pequeño", np.where(billed <= high, "mediano", "grande"))
    rows = []
    for kind, keys in (("tamaño", size), ("país", examples.country.astype(str))):
        for key in sorted(set(keys)):
            mine = (keys == key) & ~np.isnan(said) & ~np.isnan(happened)
            if mine.sum() < FEW:
                continue
            rows.append(
                {
                    "kind": kind,
                    "group": str(key),
                    "count": int(mine.sum()),
                    "said": float(said[mine].mean()),
                    "found": float(happened[mine].mean()),
                    "auc": auc(said[mine], happened[mine]),
                    "brier": float(((said[mine] - happened[mine]) ** 2).mean()),
                }
            )
    return rows


WORSE: Final = {"brier": 0.003, "ece": 0.02, "auc": 0.01}
"""How much worse a new judge may be on the frozen check set, by figure: what chance alone moves."""


def worse(now: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    """In what a new judge is worse than the one in use, Spanish; empty when in nothing."""
    said = []
    for outcome in ("pay_30", "pay_60", "pay_90"):
        if outcome not in now or outcome not in new:
            continue
        old, fresh = now[outcome], new[outcome]
        if fresh["brier"] > old["brier"] + WORSE["brier"]:
            said.append(
                f"{outcome}: se equivoca más (Brier {fresh['brier']:.4f}; el que está en uso, {old['brier']:.4f})"
            )
        if fresh["auc"] < old["auc"] - WORSE["auc"]:
            said.append(f"{outcome}: ordena peor (AUC {fresh['auc']:.3f}; el que está en uso, {old['auc']:.3f})")
        if fresh["ece"] > old["ece"] + WORSE["ece"]:
            said.append(f"{outcome}: sus porcentajes engañan más (ECE {fresh['ece']:.3f}; ahora, {old['ece']:.3f})")
    return tuple(said)
