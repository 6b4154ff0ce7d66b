"""How right a proposal is, measured against a world's truth: the same figures for every peer.

A payment is right when its set of invoices is exactly the true one. Where the text cannot tell two documents apart
(`ambiguous`), another document of that customer and total counts as well, and of a double payment either one may carry
the invoice.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Shares of 1.

    Attributes:
        exact: Of the payments that settle something, those exactly right.
        none_ok: Of the payments that settle nothing, those left alone.
        auto995: Of all payments, the most that could be posted unseen in falling order of confidence at 99.5 % right.
        auto999: The same at 99.9 %.
        ece: Expected calibration error of the confidence, ten bins.
        by_scenario: Right payments by what happened.
    """

    exact: float
    none_ok: float
    auto995: float
    auto999: float
    ece: float
    by_scenario: dict[str, float]


def score(folder: Path, links: pd.DataFrame) -> Score:
    """Score `links` (payment_id, invoice_id, confidence) against the truth in `folder`."""
    payments = _payments(folder, links)
    settles = payments["true"] > 0
    posted = payments[payments["proposed"] > 0]
    return Score(
        exact=float(payments.loc[settles, "right"].mean()),
        none_ok=float(payments.loc[~settles, "right"].mean()),
        auto995=_automatic(posted, len(payments), 0.995),
        auto999=_automatic(posted, len(payments), 0.999),
        ece=_calibration_error(posted),
        by_scenario={str(name): float(part["right"].mean()) for name, part in payments.groupby("scenario")},
    )


def _payments(folder: Path, links: pd.DataFrame) -> pd.DataFrame:
    """One row per payment: scenario, number of true and proposed invoices, confidence, and whether it is right."""
    truth = pd.read_csv(folder / "truth.csv", dtype=str, keep_default_na=False)
    invoices = pd.read_csv(folder / "invoices.csv", dtype=str, keep_default_na=False)
    twin = dict(zip(invoices["invoice_id"], zip(invoices["customer_id"], invoices["gross"], strict=True), strict=True))
    scenario = truth.drop_duplicates("payment_id").set_index("payment_id")["scenario"]
    true = _sets(truth[truth["invoice_id"] != ""])
    proposed = _sets(links)
    doubtful = set(truth.loc[truth["ambiguous"] == "1", "payment_id"])
    confidence = links.groupby("payment_id")["confidence"].min()
    right = {
        key: _same(true.get(key, frozenset()), proposed.get(key, frozenset()), twin if key in doubtful else {})
        for key in scenario.index
    }
    _forgive_double_payments(truth, true, proposed, right)
    keys = scenario.index
    return pd.DataFrame(
        {
            "scenario": scenario.to_numpy(),
            "true": [len(true.get(key, ())) for key in keys],
            "proposed": [len(proposed.get(key, ())) for key in keys],
            "confidence": confidence.reindex(keys).fillna(0).to_numpy(),
            "right": [right[key] for key in keys],
        }
    )


def _sets(links: pd.DataFrame) -> dict[str, frozenset[str]]:
    sets: dict[str, set[str]] = defaultdict(set)
    for payment, invoice in zip(links["payment_id"], links["invoice_id"], strict=True):
        sets[payment].add(invoice)
    return {payment: frozenset(invoices) for payment, invoices in sets.items()}


def _same(true: frozenset[str], proposed: frozenset[str], twin: dict[str, tuple[str, str]]) -> bool:
    if true == proposed:
        return True
    if not twin or len(true) != len(proposed):
        return False
    return sorted(twin[key] for key in true - proposed) == sorted(twin[key] for key in proposed - true)


def _forgive_double_payments(
    truth: pd.DataFrame, true: dict[str, frozenset[str]], proposed: dict[str, frozenset[str]], right: dict[str, bool]
) -> None:
    """Of two payments of one invoice either may carry it, once."""
    alone = {
        next(iter(invoices)): payment
        for payment, invoices in true.items()
        if len(invoices) == 1 and payment not in proposed
    }
    doubles = truth[truth["about"] != ""]
    for payment, invoice in zip(doubles["payment_id"], doubles["about"], strict=True):
        original = alone.get(invoice)
        if original is not None and proposed.get(payment) == frozenset((invoice,)):
            right[payment] = right[original] = True
            del alone[invoice]


def _automatic(posted: pd.DataFrame, count: int, precision: float) -> float:
    """Ties in confidence are taken whole."""
    steps = posted.groupby("confidence")["right"].agg(["sum", "size"]).sort_index(ascending=False).cumsum()
    good = steps[steps["sum"] / steps["size"] >= precision]
    return float(good["size"].max() / count) if len(good) else 0.0


def _calibration_error(posted: pd.DataFrame) -> float:
    said = posted["confidence"].clip(0, 1)
    bins = np.minimum((said * 10).astype(int), 9)
    by_bin = (
        posted.assign(said=said)
        .groupby(bins)
        .agg(said=("said", "mean"), right=("right", "mean"), size=("right", "size"))
    )
    return float(((by_bin["said"] - by_bin["right"]).abs() * by_bin["size"]).sum() / max(1, len(posted)))
