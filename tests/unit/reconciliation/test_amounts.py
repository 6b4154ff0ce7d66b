"""Each explanation of an amount, with the sum an accountant would write."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.reconciliation.amounts import Owed, explain, explain_charge, explain_fx
from cobranza.reconciliation.hundredths import share_out
from cobranza.reconciliation.policy import Policy

DAY = date(2026, 3, 10).toordinal()
POLICY = Policy()


def owed(gross: int, net: int | None = None, *, open_: int | None = None, due: int = DAY) -> Owed:
    base = gross if net is None else net
    return Owed(open=gross if open_ is None else open_, net=base, tax=gross - base, gross=gross, due=due)


@pytest.mark.parametrize(
    ("country", "document", "cash", "hints", "rule", "parts", "arithmetic"),
    [
        ("ES", owed(121000, 100000), 121000, (), "equal", (121000, 0, 0, 0), "1.210,00 = 1.210,00"),
        ("ES", owed(121000, 100000), 106000, (), "withholding", (121000, 15000, 0, 0),
         "1.210,00 − 150,00 (IRPF 15 % s/ 1.000,00) = 1.060,00"),
        ("MX", owed(116000, 100000), 95333, (), "withholding", (116000, 20667, 0, 0),
         "1.160,00 − 206,67 (ISR 10 % + IVA dos terceras partes s/ 1.000,00 y 160,00) = 953,33"),
        ("CO", owed(13560000, 11394958), 12950400, (), "withholding", (13560000, 609600, 0, 0),
         "135.600,00 − 6.096,00 (ReteFuente 2,5 % compras + ReteIVA 15 % s/ 113.949,58 y 21.650,42) = 129.504,00"),
        ("PE", owed(156032), 149832, (), "deposit", (149832, 0, 0, 0),
         "1.560,32 − 62,00 (detracción 4 %, llega aparte) = 1.498,32"),
        ("PE", owed(34893), 4200, ("deposit",), "deposit", (4200, 0, 0, 0), "Detracción 12 % s/ 348,93 = 42,00"),
        ("ES", owed(100000), 98000, ("discount",), "discount", (100000, 0, 0, 2000),
         "1.000,00 − 2 % pronto pago (20,00) = 980,00"),
        ("ES", owed(100000), 98500, (), "fee", (100000, 0, 1500, 0), "1.000,00 − 15,00 de gastos bancarios = 985,00"),
        ("ES", owed(34297), 34302, (), "rounding", (34297, 0, -5, 0), "342,97 + 0,05 de redondeo = 343,02"),
        ("ES", owed(90000), 45000, (), "partial", (45000, 0, 0, 0),
         "450,00 a cuenta de 900,00 (la mitad); quedan 450,00"),
        ("ES", owed(80420), 81000, (), "over", (80420, 0, 0, 0), "810,00 − 804,20 = 5,80 de más, a favor del cliente"),
    ],
)  # fmt: skip
def test_explains(
    country: str, document: Owed, cash: int, hints: tuple[str, ...], rule: str, parts: tuple[int, ...], arithmetic: str
) -> None:
    best = explain(document, cash, country, DAY, frozenset(hints), POLICY)[0]

    assert best.rule == rule
    assert (best.applied, best.withheld, best.fee, best.discount) == parts
    assert best.arithmetic == arithmetic


def test_no_withholding_on_a_document_already_paid_in_part() -> None:
    rules = {
        reading.rule for reading in explain(owed(121000, 100000, open_=60000), 45000, "ES", DAY, frozenset(), POLICY)
    }

    assert "withholding" not in rules


def test_no_discount_long_after_the_due_day() -> None:
    late = owed(1_000_000, due=DAY - 30)

    assert "discount" not in {reading.rule for reading in explain(late, 980_000, "ES", DAY, frozenset(), POLICY)}


def test_a_rate_counts_only_while_in_force() -> None:
    document = owed(1_000_000)
    in_force = date(2026, 6, 1).toordinal(), 847_500
    before = date(2025, 6, 1).toordinal(), 847_500

    assert explain(document, in_force[1], "CL", in_force[0], frozenset(), POLICY)[0].rule == "withholding"
    assert explain(document, before[1], "CL", before[0], frozenset(), POLICY)[0].rule != "withholding"


def test_a_fee_stops_at_the_countrys_cap() -> None:
    rules = {reading.rule for reading in explain(owed(1_000_000), 995_000, "ES", DAY, frozenset(), POLICY)}

    assert "fee" not in rules


def test_strict_reading_offers_neither_partial_nor_overpayment() -> None:
    assert explain(owed(90000), 45000, "ES", DAY, frozenset(), POLICY, loose=False) == []
    assert explain(owed(90000), 99000, "ES", DAY, frozenset(), POLICY, loose=False) == []


def test_another_currency_within_the_band_only() -> None:
    rate = Fraction("17.30")
    near = explain_fx(100000, "USD", 1_729_000, "MXN", rate, POLICY)

    assert near is not None
    assert near.applied == 100000
    assert "diferencia 0,06 %" in near.arithmetic
    assert explain_fx(100000, "USD", 1_900_000, "MXN", rate, POLICY) is None


def test_the_charge_of_a_return_comes_back_with_the_document() -> None:
    reading = explain_charge(owed(14276), 15486, 1210, "ES")

    assert reading is not None
    assert (reading.applied, reading.fee) == (14276, -1210)
    unknown = explain_charge(owed(14276), 15486, 0, "ES")
    assert unknown is not None
    assert unknown.fee == -1210
    assert unknown.weight < reading.weight
    assert explain_charge(owed(14276), 14276 + 4001, 0, "ES") is None
    assert explain_charge(owed(14276), 15486, 0, "CO") is None


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=12))
def test_shares_add_up(total: int, parts: list[int]) -> None:
    assert sum(share_out(total, parts)) == total


@given(st.integers(100, 10**8), st.integers(1, 2 * 10**8), st.sampled_from(["ES", "MX", "CO", "PE", "XX"]))
def test_every_reading_accounts_for_the_cash(gross: int, cash: int, country: str) -> None:
    for reading in explain(owed(gross, gross * 100 // 121), cash, country, DAY, frozenset(), POLICY):
        used = reading.applied - reading.withheld - reading.fee - reading.discount
        assert reading.applied <= gross
        assert used == cash if reading.rule != "over" else used < cash
