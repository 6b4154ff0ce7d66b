from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.kernel.money import CurrencyError, Money

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


@given(amounts, amounts)
def test_adding_and_taking_away_is_exact(a: Decimal, b: Decimal) -> None:
    assert (Money("EUR", a) + Money("EUR", b)) - Money("EUR", b) == Money("EUR", a)


def test_two_currencies_never_mix() -> None:
    with pytest.raises(CurrencyError, match="EUR y MXN"):
        Money("EUR", Decimal(1)) + Money("MXN", Decimal(1))


@pytest.mark.parametrize("code", ["eur", "EURO", "", "€"])
def test_refuses_what_is_no_currency_code(code: str) -> None:
    with pytest.raises(CurrencyError):
        Money(code, Decimal(1))


def test_refuses_floats_and_infinities() -> None:
    with pytest.raises(TypeError):
        Money("EUR", 1.5)  # type: ignore[arg-type]
    with pytest.raises(CurrencyError):
        Money("EUR", Decimal("NaN"))


@pytest.mark.parametrize(
    ("code", "raw", "rounded"), [("EUR", "1.005", "1.00"), ("CLP", "10.5", "10"), ("KWD", "1.0005", "1.000")]
)
def test_rounds_to_what_the_currency_has(code: str, raw: str, rounded: str) -> None:
    assert Money(code, Decimal(raw)).rounded().amount == Decimal(rounded)
