"""Reading all texts at once finds what reading them one by one finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.reconciliation import columns, files, frames, partitions
from cobranza.reconciliation.mentions import Mentions
from cobranza.reconciliation.records import Document, Payment
from cobranza.reconciliation.references import DocumentIndex, tokens
from tests.bench.worlds import PROFILES, make
from tests.unit.reconciliation.factory import CUSTOMERS, frame, invoice, payment

_NUMBERS = ("FV26/003101", "FV26/003102", "2026/A/03105", "A-20522", "B/2026/0141", "003107", "26-V-3109", "E001-77")
_WORDS = (
    "FRA", "FV26/", "fv26 003102", "3101", "003101", "26/3102", " ", "A", " AL ", "-", ",", ", ", " y ", "/", "105",
    "15 %", "20522", "A-20522", "PO45270898", "po 4527", "RF91026003101", "NOTPROVIDED", "Ñandú", "2026A03105", "\t",
    "000000000000000000012", "E001-77", "77", "007", "3109", "26V3109", "3101 A 3105",
)  # fmt: skip


def _index() -> DocumentIndex:
    people = frames.customers(frame(CUSTOMERS, frames.CUSTOMER_COLUMNS))
    rows = [
        invoice(f"I{place}", number, "10.00", po_number="PO45270898" if place == 2 else "",
                payment_ref="RF91026003101" if place == 0 else "", customer_id=f"C{1 + place % 3}")
        for place, number in enumerate(_NUMBERS)
    ]  # fmt: skip
    return DocumentIndex(frames.documents(frame(rows, frames.INVOICE_COLUMNS), people))


INDEX = _index()


def _agree(payments: list[Payment], index: DocumentIndex) -> int:
    found = Mentions(payments, index)
    for one in payments:
        read = tokens(one)
        assert found.tokens(one) == read
        assert [found.quoted(one, number) for number in range(len(read))] == [
            (token.field, token.digits, token.start) for token in read
        ]
        assert [token for _, token in found.said(one)] == [token for token in read if token.field == "remittance"]
        assert found.of(one) == index.anywhere(read, one)
    return sum(len(found.of(one)) for one in payments)


@given(st.lists(st.tuples(*[st.lists(st.sampled_from(_WORDS), max_size=6).map("".join)] * 3), max_size=6))
@settings(max_examples=200, deadline=None)
def test_any_text_reads_the_same(texts: list[tuple[str, str, str]]) -> None:
    rows = [
        payment(f"P{number}", "10.00", remittance=one, structured_ref=two, end_to_end_id=three)
        for number, (one, two, three) in enumerate(texts)
    ]
    if rows:
        _agree(frames.payments(frame(rows, frames.PAYMENT_COLUMNS)), INDEX)


def test_a_world_reads_the_same(tmp_path: Path) -> None:
    make(tmp_path, payments=400, profile=PROFILES["hard"], seed=5)
    found = 0
    for part in partitions.split(files.read_tables(tmp_path)):
        documents: list[Document] = columns.documents(part.tables.documents)
        found += _agree(columns.payments(part.tables.payments), DocumentIndex(documents))

    assert found > 200


@pytest.mark.parametrize("number", ["F-" + "1" * 19, "LARGASERIESINFIN" + "-0100"], ids=["digits", "series"])
def test_a_number_too_long_for_the_columns_is_read_one_by_one(number: str) -> None:
    people = frames.customers(frame(CUSTOMERS, frames.CUSTOMER_COLUMNS))
    index = DocumentIndex(frames.documents(frame([invoice("I1", number, "10.00")], frames.INVOICE_COLUMNS), people))
    rows = [payment("P1", "10.00", remittance=f"FRA {number}"), payment("P2", "10.00", remittance="nada")]

    assert _agree(frames.payments(frame(rows, frames.PAYMENT_COLUMNS)), index) == 1
