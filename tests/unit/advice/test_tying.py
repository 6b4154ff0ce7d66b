"""An advice and its movement find each other; whatever leaves a doubt is asked, and an amount alone ties nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.reconciliation.advice.records import RemittanceAdvice, RemittanceLine
from cobranza.reconciliation.advice.tying import Arrival, Strength, Tying, Waiting, tie

D = Decimal
DAY = date(2026, 3, 2)


def waiting(key: int = 1, total: str = "150.00", **told: Any) -> Waiting:
    customers = told.pop("customers", frozenset())
    base = RemittanceAdvice(
        payer_name="Áridos Zubizarreta, S.L.",
        paid_on=DAY,
        currency="EUR",
        total=D(total),
        total_stated=True,
        lines=(RemittanceLine(document=f"F-{key}", paid=D(total)),),
        sha256=f"{key:064d}",
    )
    return Waiting(key=key, advice=replace(base, **told), received_on=DAY, customers=customers)


def arrival(key: int = 10, amount: str = "150.00", **told: Any) -> Arrival:
    base = Arrival(key=key, amount=D(amount), currency="EUR", booked_on=DAY, name="ARIDOS ZUBIZARRETA SL")
    return replace(base, **told)


def _tied(found: Tying) -> list[tuple[int, int]]:
    return [(pair.advice, pair.movement) for pair in found.tied]


def test_the_only_pair_is_tied_with_its_evidence() -> None:
    found = tie([waiting()], [arrival(), arrival(11, "150.01")])

    assert _tied(found) == [(1, 10)]
    assert found.tied[0].told == (
        "Mismo importe, 150,00 EUR; pagado el 02/03/2026 y abonado el 02/03/2026; "
        "el ordenante es «ARIDOS ZUBIZARRETA SL»."
    )


def test_two_equal_movements_are_asked() -> None:
    found = tie([waiting()], [arrival(10), arrival(11)])

    assert found.tied == ()
    assert [pair.movement for pair in found.asked[1]] == [10, 11]


def test_two_advices_of_one_movement_are_asked() -> None:
    found = tie([waiting(1), waiting(2)], [arrival()])

    assert found.tied == ()
    assert set(found.asked) == {1, 2}


def test_the_reference_of_the_payment_tells_equal_movements_apart() -> None:
    found = tie([waiting(reference="2000-012345")], [arrival(10), arrival(11, text="PAGO 2000012345", name="")])

    assert found.tied == ()  # the other one names the payer: both speak for themselves

    found = tie(
        [waiting(reference="2000-012345")], [arrival(10, name="OTRA COSA"), arrival(11, text="PAGO 2000012345")]
    )

    assert _tied(found) == [(1, 11)]


def test_an_amount_alone_ties_nothing() -> None:
    found = tie([waiting()], [arrival(name="HORMIGONES DEL TAJO SA")])

    assert found.tied == ()
    assert found.asked[1][0].strength is Strength.UNKNOWN


def test_a_silent_movement_is_tied_when_the_day_is_written() -> None:
    assert _tied(tie([waiting()], [arrival(name="")])) == [(1, 10)]
    assert tie([waiting(paid_on=None)], [arrival(name="")]).tied == ()


def test_a_go_between_is_neither_for_nor_against() -> None:
    assert _tied(tie([waiting()], [arrival(name="CAIXA CONFIRMING EFC")])) == [(1, 10)]


def test_two_silent_movements_are_asked() -> None:
    assert tie([waiting()], [arrival(10, name=""), arrival(11, name="")]).tied == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "USD"},
        {"amount": D("-150.00")},
        {"booked_on": date(2026, 2, 26)},
        {"booked_on": date(2026, 3, 10)},
        {"customers": frozenset({"C2"}), "identified": True},
    ],
    ids=str,
)
def test_what_contradicts_is_no_candidate(wrong: dict[str, Any]) -> None:
    found = tie([waiting(customers=frozenset({"C1"}))], [arrival(**wrong)])

    assert found.tied == ()
    assert found.asked == {}


def test_an_advice_without_a_currency_takes_the_movement_s() -> None:
    assert _tied(tie([waiting(currency="")], [arrival(currency="PEN")])) == [(1, 10)]


def test_the_customer_of_the_documents_stands_for_a_payer_that_is_not_written() -> None:
    mine = waiting(payer_name="", customers=frozenset({"C1"}))

    assert _tied(tie([mine], [arrival(name="cualquiera", customers=frozenset({"C1"}))])) == [(1, 10)]


def test_an_advice_with_objections_is_only_asked() -> None:
    found = tie([waiting(objections=("no cuadra",))], [arrival()])

    assert found.tied == ()
    assert [pair.movement for pair in found.asked[1]] == [10]


ADVICES = st.builds(
    lambda key, cents, day, name: waiting(key, str(D(cents) / 100), paid_on=date(2026, 3, day), payer_name=name),
    st.integers(1, 6),
    st.sampled_from([10_000, 15_000]),
    st.integers(1, 9),
    st.sampled_from(["", "Áridos Zubizarreta, S.L.", "Bodegas Quintanar, S.A."]),
)
ARRIVALS = st.builds(
    lambda key, cents, day, name: arrival(key, str(D(cents) / 100), booked_on=date(2026, 3, day), name=name),
    st.integers(10, 16),
    st.sampled_from([10_000, 15_000]),
    st.integers(1, 9),
    st.sampled_from(["", "ARIDOS ZUBIZARRETA SL", "BODEGAS QUINTANAR"]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(ADVICES, max_size=5, unique_by=lambda each: each.key),
    st.lists(ARRIVALS, max_size=5, unique_by=lambda each: each.key),
    st.randoms(use_true_random=False),
)
def test_ties_are_one_to_one_and_do_not_depend_on_the_order(advices: Any, arrivals: Any, chance: Any) -> None:
    first = tie(advices, arrivals)
    mixed, moved = list(advices), list(arrivals)
    chance.shuffle(mixed)
    chance.shuffle(moved)

    assert tie(mixed, moved) == first
    assert len({pair.advice for pair in first.tied}) == len(first.tied) == len({pair.movement for pair in first.tied})
    totals = {each.key: each.advice.total for each in advices}
    amounts = {each.key: each.amount for each in arrivals}
    assert all(totals[pair.advice] == amounts[pair.movement] for pair in first.tied)
