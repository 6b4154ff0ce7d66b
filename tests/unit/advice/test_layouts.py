"""Advices of many payers in many files: what is composed is what is read, and the reading is proved by its total."""

from __future__ import annotations

from datetime import date

import pytest

from cobranza.reconciliation.advice import reading
from tests.unit.advice.builders import CARRIERS, WORDINGS, D, Item, Told, fits

TOLD = Told(
    (
        Item("F-2026/00123", date(2026, 1, 31), D("1210.00"), D("150.00"), D("10.60")),
        Item("F-2026/00130", date(2026, 2, 3), D("605.50")),
        Item("F-2026/00131", date(2026, 2, 3), D("12345.67"), D("0.00"), D("123.46")),
        Item("AB-2026/0007", date(2026, 2, 14), D("-100.00")),
        Item("F-2026/00140", date(2026, 2, 20), D("9.05")),
        Item("F-2026/00141", date(2026, 2, 21), D("2420.00"), D("300.00")),
    )
)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("wording", WORDINGS)
def test_what_is_written_is_what_is_read(wording: str, carrier: str) -> None:
    manner = WORDINGS[wording]
    told = fits(TOLD, manner)
    name, write = CARRIERS[carrier]

    [advice] = reading.read(write(told, manner), name)

    assert advice.objections == ()
    assert advice.total_stated
    assert advice.total == told.total
    assert [line.document for line in advice.lines] == [item.document for item in told.items]
    assert [line.paid for line in advice.lines] == [item.paid for item in told.items]
    if "gross" in manner.columns:
        assert [line.gross for line in advice.lines] == [item.gross for item in told.items]
        assert [line.short for line in advice.lines] == [D(0)] * len(told.items)
    assert [line.withheld for line in advice.lines] == [item.withheld for item in told.items]
    assert [line.discount for line in advice.lines] == [item.discount for item in told.items]
    assert [line.issued_on for line in advice.lines] == [item.issued for item in told.items]
    assert advice.payer_name == told.payer
    assert advice.payer_tax_id == told.tax_id
    assert advice.paid_on == told.paid_on
    assert advice.reference == told.reference
