"""What every labelled world must hold, or a score measured on it means nothing."""

from __future__ import annotations

import csv
import runpy
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from stdnum import iban
from stdnum.es import nif

from tests.bench.worlds import PROFILES, make

SCORER = Path(__file__).parents[4] / "shared" / "tools" / "score_reconciliation.py"
SCENARIOS = {
    *("exact", "multi", "withholding", "partial", "unrelated", "fee", "discount", "netted", "rounding", "detraccion"),
    *("return", "fx", "over", "duplicate", "repay", "batch"),
}
Rows = list[dict[str, str]]


@pytest.fixture(scope="module", params=[("real", 7), ("hard", 1), ("clean", 23)], ids=lambda param: param[0])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    profile, seed = request.param
    folder = tmp_path_factory.mktemp(profile)
    make(folder, payments=1_800, profile=PROFILES[profile], seed=seed)
    return folder


def rows(folder: Path, name: str) -> Rows:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def links_by_payment(folder: Path) -> dict[str, Rows]:
    links: dict[str, Rows] = defaultdict(list)
    for row in rows(folder, "truth"):
        links[row["payment_id"]].append(row)
    return links


def test_truth_adds_up_to_the_cent(world: Path) -> None:
    currency = {row["invoice_id"]: row["currency"] for row in rows(world, "invoices")}
    links = links_by_payment(world)
    for payment in rows(world, "payments"):
        truth = links[payment["payment_id"]]
        scenario = truth[0]["scenario"]
        explained = sum(
            Decimal(row["applied"]) - Decimal(row["withheld"]) - Decimal(row["fee"]) - Decimal(row["discount"])
            for row in truth
        )
        if scenario in ("unrelated", "duplicate"):
            assert [row["invoice_id"] for row in truth] == [""]
            assert explained == 0
        elif scenario == "fx":
            assert {currency[row["invoice_id"]] for row in truth} == {"USD"}
        else:
            assert {currency[row["invoice_id"]] for row in truth} == {payment["currency"]}
            if scenario == "over":
                assert explained < Decimal(payment["amount"])
            else:
                assert explained == Decimal(payment["amount"])


def test_nothing_is_applied_beyond_what_is_open_nor_before_its_issue(world: Path) -> None:
    invoices = {row["invoice_id"]: row for row in rows(world, "invoices")}
    links = links_by_payment(world)
    applied: dict[str, Decimal] = defaultdict(Decimal)
    by_day: dict[str, Rows] = defaultdict(list)
    for payment in rows(world, "payments"):
        by_day[payment["booking_date"]] += links[payment["payment_id"]]
    for day in sorted(by_day):
        touched = set()
        for row in by_day[day]:
            if row["invoice_id"]:
                applied[row["invoice_id"]] += Decimal(row["applied"])
                touched.add(row["invoice_id"])
        for key in touched:
            gross = Decimal(invoices[key]["gross"])
            assert min(gross, Decimal(0)) <= applied[key] <= max(gross, Decimal(0))
            assert invoices[key]["issue_date"] <= day


def test_every_scenario_and_kind_of_document_is_there(world: Path) -> None:
    truth = rows(world, "truth")
    assert {row["scenario"] for row in truth} == SCENARIOS
    assert {row["ambiguous"] for row in truth} == {"0", "1"}
    invoices = rows(world, "invoices")
    assert {row["type"] for row in invoices} == {"invoice", "credit_note"}
    assert {row["country"] for row in invoices} == {"ES", "MX", "CO", "PE"}


def test_keys_and_numbers_are_unique_and_totals_are_base_and_tax(world: Path) -> None:
    invoices = rows(world, "invoices")
    for column in ("invoice_id", "number"):
        assert len({row[column] for row in invoices}) == len(invoices)
    for row in invoices:
        assert Decimal(row["net"]) + Decimal(row["tax"]) == Decimal(row["gross"]) == Decimal(row["open_amount"])
    payments = rows(world, "payments")
    assert [row["payment_id"] for row in payments] == [f"P{place:08d}" for place in range(len(payments))]
    days = [row["booking_date"] for row in payments]
    assert days == sorted(days)


def test_spanish_tax_numbers_and_accounts_have_right_check_digits(world: Path) -> None:
    spanish = [row for row in rows(world, "customers") if row["country"] == "ES"]
    assert spanish
    assert all(nif.is_valid(row["tax_id"]) and iban.is_valid(row["account"]) for row in spanish)


def test_a_double_payment_names_the_document_already_settled(world: Path) -> None:
    settled: set[str] = set()
    for payment, truth in links_by_payment(world).items():
        assert payment
        settled |= {row["invoice_id"] for row in truth}
    doubles = [row for row in rows(world, "truth") if row["scenario"] == "duplicate"]
    assert doubles
    assert all(row["about"] in settled for row in doubles)


def test_same_seed_same_bytes_and_another_seed_another_world(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        make(tmp_path / name, payments=600, profile=PROFILES["real"], seed=seed)
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert files == ["customers.csv", "fx.csv", "invoices.csv", "meta.json", "payments.csv", "truth.csv"]
    for file in files:
        first = (tmp_path / "one" / file).read_bytes()
        assert first == (tmp_path / "two" / file).read_bytes()
        assert first != (tmp_path / "three" / file).read_bytes()


def test_harder_profiles_name_fewer_documents(tmp_path: Path) -> None:
    named = {}
    for profile in PROFILES.values():
        folder = tmp_path / profile.name
        make(folder, payments=800, profile=profile, seed=3)
        numbers = {row["invoice_id"]: row["number"] for row in rows(folder, "invoices")}
        text = {row["payment_id"]: row["remittance"] for row in rows(folder, "payments")}
        exact = [row for row in rows(folder, "truth") if row["scenario"] == "exact"]
        named[profile.name] = sum(numbers[row["invoice_id"]] in text[row["payment_id"]] for row in exact) / len(exact)
    assert named["clean"] > named["real"] > named["hard"] > 0.1


def test_the_truth_scores_one_with_the_shared_scorer(world: Path) -> None:
    if not SCORER.is_file():
        pytest.skip("the shared scorer is not beside this checkout")
    scorer = runpy.run_path(str(SCORER))
    truth = pd.read_csv(world / "truth.csv", dtype={"payment_id": str, "invoice_id": str})

    score = scorer["score"](str(world), truth)

    assert {score[name] for name in ("pair_precision", "pair_recall", "exact", "amount_recall", "none_ok")} == {1.0}
