from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.kernel import spanish


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,56 €", "1234.56"),
        ("-12,00", "-12.00"),
        ("12,00-", "-12.00"),
        ("(12,00)", "-12.00"),
        ("+12,00 €", "12.00"),
        ("\u221212,00", "-12.00"),
        ("US$ 1'234.50", "1234.50"),
        ("1.234.567", "1234567"),
        (",50", "0.50"),
        ("0", "0"),
    ],
)
def test_reads_the_amounts_that_portals_print(text: str, value: str) -> None:
    assert spanish.amount(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "abc", "1.2.3,4,5", "12,34.56,7", "1.23.456,00", "NaN", "1e5", "--5", "1.234"])
def test_refuses_what_is_no_amount_or_could_be_two(text: str) -> None:
    with pytest.raises(spanish.FormatError):
        spanish.amount(text)


def test_a_declared_decimal_sign_settles_the_ambiguous_one() -> None:
    assert spanish.amount("1.234", decimal=",") == Decimal(1234)
    assert spanish.amount("1.234", decimal=".") == Decimal("1.234")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_what_is_written_reads_back(value: Decimal) -> None:
    assert spanish.amount(spanish.write_amount(value)) == value


@pytest.mark.parametrize(
    "text", ["02/03/2026", "2-3-26", "02-mar-26", "2 de marzo de 2026", "2026-03-02", "20260302", "2026-03-02T23:30:00"]
)
def test_reads_the_days_that_portals_print(text: str) -> None:
    assert spanish.day(text) == date(2026, 3, 2)


@pytest.mark.parametrize("text", ["31/02/2026", "2026-13-01", "mañana", "1-xyz-26", "29/02/2025"])
def test_refuses_what_is_no_day(text: str) -> None:
    with pytest.raises(spanish.FormatError):
        spanish.day(text)


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2069, 12, 31)))
def test_a_written_day_reads_back(value: date) -> None:
    assert spanish.day(spanish.write_day(value)) == value
    assert spanish.day(value.strftime("%d/%m/%y")) == value
