"""Rules: what is said, what is denied, and in which tense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.disputes import flags
from classifiers.disputes.text import counted, fold, subject
from tests.unit.disputes_judge.factory import example


@pytest.mark.parametrize(
    ("text", "raised", "not_raised"),
    [
        ("Ya pagué la factura el lunes.", "paid", "will_pay"),
        ("Pagaré la factura el lunes sin falta.", "will_pay", "paid"),
        ("El boleto já foi pago ontem.", "paid", "will_pay"),
        ("We paid this invoice on Monday.", "paid", "will_pay"),
        ("We will pay this invoice on Monday.", "will_pay", "paid"),
        ("No estoy pidiendo plazos.", "plan:denied", "plan"),
        ("No discuto el precio, pero quiero pagar a plazos.", "plan", "plan:denied"),
        ("Nunca llegó el pedido.", "not_received", "defect"),
        ("Me cobraron dos veces.", "twice", "paid"),
    ],
)
def test_a_rule_tells_tense_and_denial(text: str, raised: str, not_raised: str) -> None:
    found = flags.raised(example(text))

    assert raised in found
    assert not_raised not in found


def test_files_and_accounts_are_seen() -> None:
    found = flags.raised(example("Adjunto.", attachments=("Comprobante.PDF",), entities=("iban", "amount")))

    assert {"file_proof", "has_account", "has_amount", "short"} <= found


@given(st.text(max_size=300))
def test_any_text_has_flags_of_known_names_and_every_flag_its_words(text: str) -> None:
    found = flags.raised(example(text))

    assert found <= set(flags.names())
    assert flags.matrix([example(text)]).sum() == len(found)


def test_every_flag_can_be_told_to_people() -> None:
    assert {name.split(":main")[0].split(":last")[0] for name in flags.names()} <= set(flags.reasons())


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_numbers_and_addresses_count_as_such() -> None:
    assert counted("Factura 118, 1.250,40 € a a@x.example") == "factura 0, 0 € a @"


@pytest.mark.parametrize(
    ("text", "bare"), [("RE: RV: Aviso", "Aviso"), ("Res: cobrança", "cobrança"), ("Hola", "Hola")]
)
def test_a_subject_loses_its_prefixes(text: str, bare: str) -> None:
    assert subject(text) == (bare, bare != text)
