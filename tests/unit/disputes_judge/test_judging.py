"""The judge: the shipped model, what stands above it, and what it says of itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.disputes import operating, store
from classifiers.disputes.evidence import names_new_account, of_ledger
from classifiers.disputes.example import Example
from classifiers.disputes.judging import Bench
from cobranza.disputes.ports import Judgement, Kind, LedgerFacts
from tests.unit.disputes_judge.factory import SAID, example


@cache
def bench() -> Bench:
    """The shipped model without its encoder, as on a machine where none was built."""
    return Bench(store.load(operating.SHIPPED), None)


def judged(made: Example) -> Judgement:
    (found,) = bench().judge([made])
    return found


@pytest.mark.parametrize(("label", "text"), SAID.items(), ids=SAID)
def test_a_clear_message_is_understood_without_an_encoder(label: str, text: str) -> None:
    found = judged(example(text))

    assert found.label == label
    assert found.reasons


def test_a_judgement_says_how_sure_it_is_and_what_else_it_may_be() -> None:
    found = judged(example("Hola, una cosa sobre la factura."))

    assert found.alternatives[0].label == found.label
    assert len({other.label for other in found.alternatives}) == 3
    sure = [other.confidence for other in found.alternatives]
    assert sure == sorted(sure, reverse=True) and sum(sure) <= 1.0 + 1e-3
    assert found.confidence == sure[0]
    assert found.model.endswith("-plain")  # says that it judged without vectors


@pytest.mark.parametrize(("least", "abstains"), [(0.0, False), (1.0, True)])
def test_below_its_categorys_threshold_a_judgement_goes_to_a_person(least: float, abstains: bool) -> None:
    model = bench().model
    way = replace(model.ways["plain"], thresholds=dict.fromkeys(model.labels, least))
    (found,) = Bench(replace(model, ways={"plain": way}), None).judge([example("Hola, una cosa sobre la factura.")])

    assert found.abstain is abstains


@given(
    st.sampled_from(sorted(SAID.values())),
    st.sampled_from(["Paguen desde ahora en", "Nuestra nueva cuenta es", "A partir de mayo domicilien en"]),
    st.sampled_from(["iban", "clabe", "cbu", "cci"]),
    st.sampled_from(list(Kind)),
)
@settings(max_examples=40, deadline=None)
def test_a_new_account_number_is_always_a_change_of_bank_details(said: str, asks: str, kind: str, who: Kind) -> None:
    found = judged(example(f"{said} {asks} ES91 2100 0418 4502 0005 1332.", entities=(kind,), kind=who))

    if who is not Kind.BOUNCE:
        assert found.label == "cambio_datos_bancarios"
        assert not found.abstain and found.confidence > 0.9
        assert any("número de cuenta" in reason for reason in found.reasons)


def test_an_account_that_was_paid_to_is_no_change() -> None:
    assert not names_new_account(example("Ya lo pagué a su cuenta ES91 2100.", entities=("iban",)))
    assert names_new_account(example("ES91 2100.", entities=("iban",)))  # in doubt it is one
    assert not names_new_account(example("Paguen en la nueva cuenta.", entities=()))


@pytest.mark.parametrize("kind", [Kind.AUTO_REPLY, Kind.BOUNCE, Kind.LIST, Kind.CALENDAR])
def test_machine_mail_needs_no_answer(kind: Kind) -> None:
    found = judged(example(SAID["queja_por_trato"], kind=kind, kind_reason="cabecera Auto-Submitted"))

    assert (found.label, found.secondary, found.abstain) == ("no_accionable", "", False)
    assert found.reasons == ("cabecera Auto-Submitted",)


def test_the_ledger_has_a_say_but_not_the_last_word() -> None:
    unclear = example("Hola, revisen la F-118 por favor, creo que esto ya no corresponde.")
    paid = Example(
        subject="", text=unclear.text, facts=LedgerFacts(debtor_known=True, paid=1, recent_payment=3, overdue=0)
    )
    chance = {one.label: one.confidence for one in judged(unclear).alternatives}.get("pago_ya_realizado", 0.0)
    told = {one.label: one.confidence for one in judged(paid).alternatives}.get("pago_ya_realizado", 0.0)
    assert told > chance
    strong = Example(subject="", text=SAID["queja_por_trato"], facts=paid.facts)
    assert judged(strong).label == "queja_por_trato"


def test_an_unknown_sender_adds_nothing() -> None:
    assert of_ledger(LedgerFacts()) == {}


@given(st.lists(st.text(max_size=120), max_size=5))
@settings(max_examples=25, deadline=None)
def test_any_text_is_judged_and_a_batch_judges_as_one_by_one(texts: list[str]) -> None:
    messages = [example(text) for text in texts]
    together = bench().judge(messages)

    assert len(together) == len(messages)
    for made, found in zip(messages, together, strict=True):
        assert 0.0 < found.confidence <= 1.0
        assert judged(made).label == found.label


def test_a_stored_model_judges_the_same_and_a_damaged_one_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    saved = store.save(bench().model, tmp_path)
    again = Bench(store.load(tmp_path), None)

    assert saved.version == again.model.version
    messages = [example(text) for text in SAID.values()]
    assert [found.label for found in again.judge(messages)] == list(SAID)
    (tmp_path / "model.npz").write_bytes(b"PK")
    with pytest.raises(store.ModelError, match="dañado"):
        store.load(tmp_path)
    with pytest.raises(store.ModelError, match="ningún modelo"):
        store.load(tmp_path / "none")
