"""The forecast of cash: coverage of its interval and error against naive ones, walk-forward; real invoices where there.

python -m pytest tests/bench/test_forecast.py -m bench -s
"""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from cobranza.insight.forecast import Forecast, History, forecast
from tests.unit.insight_forecast.worlds import TODAY, company, history

pytestmark = pytest.mark.bench
SEEDS = int(os.environ.get("COBRANZA_BENCH_SEEDS", "20"))
FILE = Path(__file__).resolve().parents[3] / "shared/data/receivables/WA_Fn-UseC_-Accounts-Receivable.csv"
LEVEL = 0.8


def _told(name: str, found: Forecast) -> None:
    tested = found.tested
    assert tested is not None and tested.coverage is not None
    print(
        f"{name}: {tested.origins} origins, {tested.weeks} weeks; inside {tested.coverage:.1%} (wanted {LEVEL:.0%}, "
        f"bare {tested.bare:.1%}); WAPE {tested.wape:.1%}, last four weeks {tested.naive_recent:.1%}, due days "
        f"{tested.naive_due:.1%}; bias {tested.bias:+.1%}"
    )


def test_invented_companies() -> None:
    inside, better, began = [], 0, time.process_time()
    for seed in range(SEEDS):
        found = forecast(company(seed), TODAY, level=LEVEL)
        _told(f"company {seed}", found)
        assert found.tested is not None and found.tested.coverage is not None
        inside.append(found.tested.coverage)
        better += found.tested.wape < min(found.tested.naive_recent, found.tested.naive_due)
    mean = sum(inside) / len(inside)
    print(f"mean coverage {mean:.1%}; better than both naive ones in {better} of {SEEDS}; "
          f"{(time.process_time() - began) / SEEDS:.2f} s CPU each")  # fmt: skip

    assert abs(mean - LEVEL) <= 0.05
    assert better >= 0.9 * SEEDS


def test_real_invoices() -> None:
    if not FILE.is_file():
        pytest.skip("../shared/data/receivables is not there")
    rows = pd.read_csv(FILE)
    for name in ("InvoiceDate", "DueDate", "SettledDate"):
        rows[name] = pd.to_datetime(rows[name], format="%m/%d/%Y").map(lambda day: day.toordinal())
    rows = rows.sort_values("InvoiceDate", kind="stable").reset_index(drop=True)
    plain = history([], [])
    world = History(
        documents=pd.DataFrame(
            {
                "payer": rows["customerID"], "issued": rows["InvoiceDate"], "due": rows["DueDate"],
                "amount": rows["InvoiceAmount"],
            }
        ),
        payments=pd.DataFrame({"document": rows.index, "on": rows["SettledDate"], "amount": rows["InvoiceAmount"]}),
        plans=plain.plans,
        covers=plain.covers,
        holds=plain.holds,
    )  # fmt: skip
    last = date.fromordinal(int(rows["InvoiceDate"].max()))

    found = forecast(world, last, origins=52, level=LEVEL)

    _told("2,466 invoices of 100 payers", found)
    assert found.tested is not None and found.tested.coverage is not None
    assert found.tested.wape < min(found.tested.naive_recent, found.tested.naive_due)
    assert abs(found.tested.coverage - LEVEL) <= 0.1


def test_a_hundred_thousand_open_invoices() -> None:
    began = time.process_time()
    world = company(1, payers=8000, days=200)
    made = time.process_time()
    found = forecast(world, TODAY, origins=8)
    print(
        f"{len(world.documents)} invoices, {found.open} open: {time.process_time() - made:.1f} s CPU with 8 origins "
        f"({made - began:.0f} s to invent them)"
    )

    assert found.tested is not None
