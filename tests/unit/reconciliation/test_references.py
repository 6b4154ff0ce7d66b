"""How payers write document numbers."""

from __future__ import annotations

import pytest

from cobranza.reconciliation import frames
from cobranza.reconciliation.references import DocumentIndex, Quality, tokens
from tests.unit.reconciliation.factory import CUSTOMERS, frame, invoice, payment

NUMBERS = {
    "I1": ("FV26/003101", "FV26/", {"payment_ref": "RF91026003101"}),
    "I2": ("FV26/003102", "FV26/", {}),
    "I3": ("FV26/003105", "FV26/", {"po_number": "PO45270898"}),
    "I4": ("2026/A/03105", "2026/A/", {"customer_id": "C2"}),
    "I5": ("A-20522", "A-", {"customer_id": "C3"}),
    "I6": ("FV26/003103", "FV26/", {}),
}


@pytest.fixture(scope="module")
def index() -> DocumentIndex:
    people = frames.customers(frame(CUSTOMERS, frames.CUSTOMER_COLUMNS))
    rows = [invoice(key, number, "10.00", series=series, **more) for key, (number, series, more) in NUMBERS.items()]
    return DocumentIndex(frames.documents(frame(rows, frames.INVOICE_COLUMNS), people))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"remittance": "PAGO FV26/003101"}, {("I1", Quality.FULL)}),
        ({"remittance": "Pago fra. fv26 003102 gracias"}, {("I2", Quality.FULL)}),
        ({"remittance": "FRA 26/3102"}, {("I2", Quality.STRIPPED)}),
        ({"remittance": "FRA 26003102"}, {("I2", Quality.FULL)}),
        ({"remittance": "FACT 3102"}, {("I2", Quality.TAIL)}),
        ({"remittance": "FACT.0003102"}, {("I2", Quality.TAIL)}),
        ({"remittance": "FACTURA 3105"}, {("I3", Quality.TAIL), ("I4", Quality.TAIL)}),
        ({"remittance": "FACTURA 2026/A/03105"}, {("I4", Quality.FULL)}),
        ({"remittance": "FACTURA FV26/003105"}, {("I3", Quality.FULL)}),
        ({"remittance": "FRAS 3101/3102/20522"}, {("I1", Quality.TAIL), ("I2", Quality.TAIL), ("I5", Quality.TAIL)}),
        ({"remittance": "FRAS FV26/003101 A 003103"},
         {("I1", Quality.FULL), ("I2", Quality.FULL), ("I6", Quality.TAIL)}),
        ({"remittance": "FV26/0031 02"}, {("I2", Quality.FULL)}),
        ({"structured_ref": "RF91 0260 0310 1"}, {("I1", Quality.STRUCTURED)}),
        ({"remittance": "S/REF PO45270898"}, {("I3", Quality.STRUCTURED)}),
        ({"end_to_end_id": "FV26/003102"}, {("I2", Quality.FULL)}),
        ({"remittance": "PAGO A-20522"}, {("I5", Quality.FULL)}),
        ({"remittance": "TRANSFERENCIA 15 %"}, set()),
        ({"remittance": "SU PEDIDO 99887755"}, set()),
    ],
    ids=lambda value: str(next(iter(value.values()))) if isinstance(value, dict) else "",
)  # fmt: skip
def test_names(index: DocumentIndex, fields: dict[str, str], expected: set[tuple[str, Quality]]) -> None:
    row = frames.payments(frame([payment("P1", "10.00", **fields)], frames.PAYMENT_COLUMNS))[0]
    best: dict[str, Quality] = {}
    for mention in index.anywhere(tokens(row), row):
        key = index.documents[mention.doc].id
        best[key] = max(mention.quality, best.get(key, mention.quality))

    assert set(best.items()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FV26/003101,102,105", {("I2", Quality.SUFFIX), ("I3", Quality.SUFFIX)}),
        ("FRA 3012", {("I2", Quality.SLIP)}),
        ("FRAS FV26/003101 FV26/00310", {("I2", Quality.CUT), ("I3", Quality.CUT), ("I6", Quality.CUT)}),
    ],
)
def test_weaker_readings_inside_one_customer(
    index: DocumentIndex, text: str, expected: set[tuple[str, Quality]]
) -> None:
    row = frames.payments(frame([payment("P1", "10.00", remittance=text)], frames.PAYMENT_COLUMNS))[0]
    found = tokens(row)
    taken = frozenset(
        mention.token for mention in index.anywhere(found, row) if index.documents[mention.doc].customer == 0
    )
    own = [doc for doc in index.of_customer(0) if index.documents[doc].id != "I1"]

    assert {
        (index.documents[mention.doc].id, mention.quality) for mention in index.within(found, own, taken)
    } == expected


def test_a_document_issued_after_the_payment_is_not_meant(index: DocumentIndex) -> None:
    row = frames.payments(
        frame([payment("P1", "10.00", "2026-01-02", remittance="FV26/003101")], frames.PAYMENT_COLUMNS)
    )[0]

    assert index.anywhere(tokens(row), row) == []
