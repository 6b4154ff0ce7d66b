"""Figures worked out elsewhere: the research's oracles, and examples whose arithmetic can be read beside them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.kernel.money import Money
from cobranza.legal.interest import Line, Statement, calculate
from cobranza.regimes.interest import book

ORACLES = Path(__file__).resolve().parents[4] / "shared" / "data" / "legal" / "tasas" / "oraculos_interes.json"
REGIMES = {"ley3_2004": "es-ley3-2004", "interes_legal": "es-legal", "lec576_legal_mas_2": "es-lec576"}


def euros(text: str) -> Money:
    return Money("EUR", Decimal(text))


def shown(lines: tuple[Line, ...]) -> list[tuple[str, str, int, str, str]]:
    return [
        (line.first.isoformat(), line.last.isoformat(), line.days, f"{line.percent:.2f}", f"{line.money.amount:f}")
        for line in lines
    ]


def foots(found: Statement) -> bool:
    return found.total.amount == sum((line.money.amount for line in found.lines), Decimal(0))


def test_every_oracle_of_the_research_to_the_cent() -> None:
    if not ORACLES.is_file():
        pytest.skip("the research's oracles are not beside this checkout")
    cases = json.loads(ORACLES.read_text(encoding="utf-8"))["casos"]
    assert len(cases) == 6
    for case in cases:
        found = calculate(
            book(),
            REGIMES[case["tipo"]],
            euros(case["principal"]),
            date.fromisoformat(case["desde"]),
            date.fromisoformat(case["hasta"]),
            base="365" if case["base"] == 365 else "actual",
        )
        expected = [
            (part["desde"], part["hasta"], part["dias"], part["tasa"], part["importe"]) for part in case["tramos"]
        ]
        assert shown(found.lines) == expected, case["id"]
        assert f"{found.rounded_once.amount:f}" == case["total_sin_redondeo_intermedio"], case["id"]
        assert f"{found.total.amount:f}" == case["total_suma_de_tramos_redondeados"], case["id"]


def test_the_rate_that_changed_within_a_semester() -> None:
    found = calculate(book(), "es-ley3-2004", euros("1000.00"), date(2013, 1, 1), date(2013, 6, 30))
    assert shown(found.lines) == [
        ("2013-01-01", "2013-02-23", 54, "7.75", "11.47"),  # 1000 x 0.0775 x 54 / 365 = 11.4657…
        ("2013-02-24", "2013-06-30", 127, "8.75", "30.45"),  # 1000 x 0.0875 x 127 / 365 = 30.4452…
    ]
    # The exact sum is 41.9109…: the research says 41.91, a table that foots says what its two lines add up to.
    assert (found.total, found.rounded_once) == (euros("41.92"), euros("41.91"))


def test_what_is_shown_adds_up_even_where_the_exact_sum_rounds_elsewhere() -> None:
    found = calculate(book(), "es-ley3-2004", euros("2095.50"), date(2023, 3, 4), date(2025, 12, 14))
    assert foots(found)
    assert (found.total, found.rounded_once) == (euros("671.67"), euros("671.69"))


def test_a_carried_over_rate_is_one_line_and_a_new_publication_another() -> None:
    legal = calculate(book(), "es-legal", euros("5000.00"), date(2024, 2, 1), date(2025, 1, 31))
    assert [line.days for line in legal.lines] == [366]
    late = calculate(book(), "es-ley3-2004", euros("5000.00"), date(2025, 12, 31), date(2026, 1, 1))
    assert [line.percent for line in late.lines] == [Decimal("10.15"), Decimal("10.15")]


def test_the_real_year_cuts_a_line_where_its_base_changes() -> None:
    found = calculate(book(), "es-lec576", euros("5000.00"), date(2024, 2, 1), date(2025, 1, 31), base="actual")
    assert [(line.days, line.base) for line in found.lines] == [(335, 366), (31, 365)]
    assert found.total == euros("262.56")  # 240.2664… + 22.2945…, each rounded


def test_the_real_year_leaves_a_line_whole_where_its_base_stays() -> None:
    found = calculate(book(), "es-legal", euros("5000.00"), date(2025, 12, 1), date(2026, 1, 31), base="actual")
    assert [(line.days, line.base) for line in found.lines] == [(62, 365)]


def test_one_day_on_both_sides_of_the_leap_day() -> None:
    found = calculate(book(), "es-legal", euros("365.00"), date(2024, 2, 28), date(2024, 3, 1))
    assert found.lines[0].days == 3


def test_colombias_effective_rate_compounds_within_its_month() -> None:
    found = calculate(book(), "co-ibc", Money("COP", Decimal(10_000_000)), date(2026, 3, 1), date(2026, 3, 31))
    assert [line.percent for line in found.lines] == [Decimal("25.52")]
    assert found.total == Money("COP", Decimal("194920.37"))


def test_colombias_months_bear_nothing_on_each_other() -> None:
    debt = Money("COP", Decimal(10_000_000))
    both = calculate(book(), "co-ibc", debt, date(2026, 2, 1), date(2026, 3, 31))
    apart = [
        calculate(book(), "co-ibc", debt, date(2026, 2, 1), date(2026, 2, 28)),
        calculate(book(), "co-ibc", debt, date(2026, 3, 1), date(2026, 3, 31)),
    ]
    assert both.total == apart[0].total + apart[1].total


def test_mexicos_six_per_cent() -> None:
    found = calculate(book(), "mx-ccom362", Money("MXN", Decimal(36_500)), date(2025, 1, 1), date(2025, 1, 10))
    assert found.total == Money("MXN", Decimal("60.00"))
