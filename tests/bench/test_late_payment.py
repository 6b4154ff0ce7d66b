"""Late payment of public invoices, judged on the day of issue: order, error and whether the percentages were true.

The last 30 % of 2,466 invoices by day of issue are judged; each with what was known before its own day, so no
settlement, dispute or due date that had not happened. Run with ``-m bench``.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifiers.payers import lateness
from cobranza.risk.features.history import number
from cobranza.risk.measuring import auc, deciles

pytestmark = pytest.mark.bench
FILE = Path(__file__).parents[3] / "shared/data/receivables/WA_Fn-UseC_-Accounts-Receivable.csv"
TARGET_AUC, TARGET_BRIER, TARGET_DECILE = 0.89, 0.13, 0.05


def _day(text: str) -> int:
    month, day, year = (int(part) for part in text.split("/"))
    return number(date(year, month, day))


@pytest.fixture(scope="module")
def bills() -> pd.DataFrame:
    if not FILE.is_file():
        pytest.skip("the receivables data set is not here")
    with FILE.open(newline="") as lines:
        rows = [
            {
                "customer": row["customerID"],
                "issued": _day(row["InvoiceDate"]),
                "due": _day(row["DueDate"]),
                "settled": _day(row["SettledDate"]),
                "amount": float(row["InvoiceAmount"]),
                "disputed": float(row["Disputed"] == "Yes"),
                "electronic": float(_day(row["PaperlessDate"]) <= _day(row["InvoiceDate"])),
            }
            for row in csv.DictReader(lines)
        ]
    return pd.DataFrame(rows).sort_values("issued", kind="stable").reset_index(drop=True)


def test_late_payment(bills: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    found = lateness.walk(bills, ["electronic"])
    test = slice(int(0.7 * len(bills)), len(bills))
    happened = np.asarray(bills["settled"] > bills["due"], dtype=np.float64)[test]
    said = found["late"].to_numpy(np.float64)[test]

    order, error = auc(said, happened), float(((said - happened) ** 2).mean())
    rows = deciles(said, happened)
    with capsys.disabled():
        print(f"\n{len(said)} invoices: AUC {order:.4f}, Brier {error:.4f}")
        for row in rows:
            chance = 1.96 * (row["said"] * (1 - row["said"]) / row["count"]) ** 0.5
            print(
                f"  said {row['said']:.3f}, found {row['found']:.3f} of {row['count']}: "
                f"{100 * (row['found'] - row['said']):+.1f} points (chance alone: ±{100 * chance:.1f})"
            )
        worst = max(abs(row["found"] - row["said"]) for row in rows)
        usual, most = _chance(said)
        print(f"  worst decile {100 * worst:.1f} points; were the percentages exactly true, chance alone would make it")
        print(
            f"  {100 * usual:.1f} points in half of all samples of this size, more than {100 * most:.1f} in one of 20"
        )
    assert order >= TARGET_AUC
    assert error <= TARGET_BRIER
    assert worst <= max(most, TARGET_DECILE)  # seventy invoices a group cannot show less


def _chance(said: np.ndarray) -> tuple[float, float]:
    """The worst decile of percentages that are exactly true: median and 95 % of samples of this size."""
    dice = np.random.default_rng(1)
    worst = [
        max(abs(row["found"] - row["said"]) for row in deciles(said, (dice.random(len(said)) < said).astype(float)))
        for _ in range(500)
    ]
    return float(np.median(worst)), float(np.quantile(worst, 0.95))


def test_nothing_that_came_later_is_used(bills: pd.DataFrame) -> None:
    """Everything that happened from a day on is made up anew: what is said of the invoices of before must not move."""
    dice = np.random.default_rng(1)
    day = int(bills["issued"].quantile(0.8))
    later = bills["settled"] >= day
    turned = bills.assign(
        settled=bills["settled"].where(~later, day + dice.integers(0, 90, len(bills))),
        disputed=bills["disputed"].where(~later, 1 - bills["disputed"]),
    )
    before = bills["issued"] <= day

    one, other = (lateness.walk(each, ["electronic"])[before] for each in (bills, turned))

    pd.testing.assert_frame_equal(one, other)
    assert (lateness.walk(turned, ["electronic"])[~before] != lateness.walk(bills, ["electronic"])[~before]).any(
        axis=None
    )
