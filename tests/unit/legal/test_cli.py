"""`cobranza legal interest` and `rates`, as programs and people call them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cobranza.cli import main


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


def interest(capsys: pytest.CaptureFixture[str], *more: str, slug: str = "es-ley3-2004") -> tuple[int, Any, str]:
    code, out, err = call(capsys, "legal", "interest", "--regime", slug, "--principal", "10000.00", *more, "--json")
    return code, json.loads(out), err


def test_the_segments_and_their_sum(capsys: pytest.CaptureFixture[str]) -> None:
    code, told, _ = interest(capsys, "--from", "2024-01-01", "--to", "2024-12-31")
    assert code == 0
    keys = ("from", "to", "days", "rate", "amount")
    assert [[part[key] for key in keys] for part in told["segments"]] == [
        ["2024-01-01", "2024-06-30", 182, "12.50", "623.29"],
        ["2024-07-01", "2024-12-31", 184, "12.25", "617.53"],
    ]
    assert told["total"] == "1240.82"
    assert told["verified"] is False


def test_the_real_year(capsys: pytest.CaptureFixture[str]) -> None:
    _, told, _ = interest(capsys, "--from", "2024-01-01", "--to", "2024-12-31", "--base", "actual")
    assert told["total"] == "1237.43"


def test_payments_in_any_order(capsys: pytest.CaptureFixture[str]) -> None:
    period = ("--from", "01/01/2024", "--to", "31/12/2024")
    early, later = ("--payment", "2024-03-01:500.00"), ("--payment", "30/06/2024:1.250,50")
    _, one, _ = interest(capsys, *period, *early, *later)
    _, other, _ = interest(capsys, *period, *later, *early)
    assert one == other
    assert [each["amount"] for each in one["payments"]] == ["500.00", "1250.50"]
    assert len(one["segments"]) == 3


def test_a_missing_semester_ends_with_three_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    code, told, err = interest(capsys, "--from", "2026-06-01", "--to", "2026-07-31")
    assert code == 3
    assert told["error"]["code"] == "COB-REG-004"
    assert "01/07/2026" in told["error"]["message"]
    assert "2026-S2" in err


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "ayer", "--to", "2024-12-31"),
        ("--from", "2024-01-01", "--to", "2024-12-31", "--payment", "2024-02-01"),
        ("--from", "2024-01-01", "--to", "2024-12-31", "--payment", "2024-02-01:mucho"),
        ("--from", "2024-01-01", "--to", "2024-12-31", "--base", "360"),
        ("--from", "2024-01-01", "--to", "2024-12-31", "--agreed-source", "Contrato"),
    ],
)
def test_an_order_that_makes_no_sense_ends_with_two(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    assert interest(capsys, *words)[0] == 2


def test_a_regime_that_is_not_there_ends_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    code, told, _ = interest(capsys, "--from", "2024-01-01", "--to", "2024-12-31", slug="es-nada")
    assert (code, told["error"]["code"]) == (2, "COB-REG-002")


def test_only_verified_rates(capsys: pytest.CaptureFixture[str]) -> None:
    code, told, _ = interest(capsys, "--from", "2024-01-01", "--to", "2024-12-31", "--verified-only")
    assert (code, told["error"]["code"]) == (3, "COB-REG-005")
    assert interest(capsys, "--from", "2025-01-01", "--to", "2025-06-30", "--verified-only")[0] == 0


def test_a_consumer_and_an_agreed_rate(capsys: pytest.CaptureFixture[str]) -> None:
    period = ("--from", "2024-01-01", "--to", "2024-12-31")
    code, told, _ = interest(capsys, *period, "--consumer")
    assert (code, told["error"]["code"]) == (3, "COB-LEG-001")
    code, told, _ = interest(capsys, *period, "--agreed", "7.3", "--agreed-source", "Contrato 7, cláusula 3")
    assert (code, told["total"]) == (0, "732.00")
    assert told["segments"][0]["sources"] == ["Contrato 7, cláusula 3"]


def test_people_read_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(
        capsys, "legal", "interest", "--regime", "es-ley3-2004", "--principal", "2.095,50",
        "--from", "04/03/2023", "--to", "14/12/2025", "--payment", "2025-12-14:9000",
    )  # fmt: skip
    assert code == 0
    for words in ("126,76", "671,67", "671,69", "sin verificar", "Sobran"):
        assert words in out


def test_rates_with_source_and_day_of_verification(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "legal", "rates", "--json")
    regimes = {each["regime"]: each for each in json.loads(out)["regimes"]}
    assert code == 0
    assert regimes["es-ley3-2004"]["recovery"]["amount"] == "40.00"
    assert regimes["es-ley3-2004"]["covered_to"] == "2026-06-30"
    assert regimes["cl-corriente"]["rates"] == []
    march = next(rate for rate in regimes["co-ibc"]["rates"] if rate["from"] == "2026-03-01")
    assert (march["published"], march["rate"], march["verified_on"]) == ("17.01", "25.52", "2026-11-21")
    assert all(rate["source"] for each in regimes.values() for rate in each["rates"])


def test_rates_of_one_regime_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "legal", "rates", "--regime", "es-lec576")
    assert code == 0
    assert "5,25" in out
    assert "sin tipos con fuente" in call(capsys, "legal", "rates", "--regime", "pe-legal")[1]
