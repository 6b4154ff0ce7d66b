"""The received text, marked: what is named is found however it is written, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.reconciliation.workbench.words import legend, mark, sentences


@pytest.mark.parametrize(
    ("text", "number", "said"),
    [
        ("PAGO FRA FV-26-0101", "FV-26-0101", ["FV-26-0101"]),
        ("pago fv 26 0101 gracias", "FV-26-0101", ["fv 26 0101"]),
        ("FRAS FV260101/102", "FV-26-0101", ["FV260101"]),
        ("factura 26/0101", "FV-26-0101", ["26/0101"]),
        ("FRA 0101", "FV-26-0101", ["0101"]),
        ("FRA 381 Y 382", "F2026-00381", ["381"]),
        ("FRA 13812", "F2026-00381", []),
        ("PEDIDO 1", "F2026-00001", []),
        ("EXP. AB", "AB", ["AB"]),
        ("LABOR", "AB", []),
    ],
)
def test_a_number_is_found_as_people_write_it(text: str, number: str, said: list[str]) -> None:
    assert legend(mark(text, [number], [])).get(number, []) == said


def test_a_customer_is_found_without_accents_and_not_by_its_legal_form() -> None:
    pieces = mark("TRANSF DE BODEGAS MIÑO SOCIEDAD LIMITADA", [], ["Bodegas Miño, Sociedad Limitada"])

    assert [piece.text for piece in pieces if piece.kind == "customer"] == ["BODEGAS", "MIÑO"]


@given(st.text(max_size=80), st.lists(st.text(max_size=12), max_size=4), st.lists(st.text(max_size=20), max_size=3))
def test_marking_never_changes_the_text(text: str, numbers: list[str], names: list[str]) -> None:
    assert "".join(piece.text for piece in mark(text, numbers, names)) == text


def test_an_explanation_is_read_as_statements() -> None:
    told = (
        "Retención. «0113» (concepto, posición 49) → FV-26-0113. 1.815,00 − 225,00 = 1.590,00. "
        "Cliente Peña, S.L. por NIF."
    )

    assert sentences(told) == [
        "Retención",
        "«0113» (concepto, posición 49) → FV-26-0113",
        "1.815,00 − 225,00 = 1.590,00",
        "Cliente Peña, S.L. por NIF",
    ]
