"""Names, accounts and habits from confirmed payments, and how they reach the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.reconciliation.frames import (
    CUSTOMER_COLUMNS,
    FIXED_COLUMNS,
    FX_COLUMNS,
    INVOICE_COLUMNS,
    PAYMENT_COLUMNS,
    text_frame,
)
from cobranza.reconciliation.learning.calibration import IDENTITY, fit
from cobranza.reconciliation.learning.facts import ACCOUNT, ALIAS, HABIT, Confirmation, Debtor, Fact, PaidLine, learn
from cobranza.reconciliation.learning.teaching import calibrated, explained, taught
from cobranza.reconciliation.ledger_frames import LedgerFrames
from cobranza.reconciliation.matching import match
from tests.unit.reconciliation.factory import customer, frame, invoice, payment

D = Decimal
DAY = date(2026, 3, 2)
IBAN = "ES7921000813610123456789"
DEBTORS = {
    1: Debtor(names=("Talleres Aldonza, S.L.", "Aldomotor"), accounts=frozenset({"ES001122334455"})),
    2: Debtor(names=("Bodegas Quintanar, S.A.",), group="G1"),
    3: Debtor(names=("Quintanar Distribución, S.L.",), group="G1"),
}


def paid(number: str = "F-2026-0101", **money: str) -> PaidLine:
    fields = {"applied": "100", "withheld": "0", "fee": "0", "discount": "0"} | money
    return PaidLine(number=number, due_on=DAY, **{key: D(value) for key, value in fields.items()})


def said(movement: int, who: int | None = 1, **fields) -> Confirmation:
    base = Confirmation(
        movement=movement,
        decision=movement + 100,
        on=DAY + timedelta(days=movement),
        name="PPA INVERSIONES 2010",
        account=IBAN,
        text="TRANSFERENCIA",
        customer=who,
        lines=(paid(),),
    )
    return replace(base, **fields)


def facts(rows, kind: str = "", least: int = 2, habits_from: int = 5) -> list[Fact]:
    found = learn(rows, DEBTORS, least=least, consistency=D("0.95"), habits_from=habits_from)
    return [fact for fact in found if not kind or fact.kind == kind]


def test_a_name_and_an_account_that_two_payments_confirm() -> None:
    alias, account = sorted(facts([said(1), said(2)]), key=lambda fact: fact.kind, reverse=True)

    assert (alias.kind, alias.value, alias.usable, alias.confirmations) == (ALIAS, "PPA INVERSIONES 2010", True, 2)
    assert (account.kind, account.value, account.usable) == (ACCOUNT, IBAN, True)
    assert (alias.first_on, alias.last_on) == (DAY + timedelta(days=1), DAY + timedelta(days=2))
    assert alias.decisions == (102, 101)


def test_one_payment_is_told_and_not_used() -> None:
    assert {(fact.usable, fact.why) for fact in facts([said(1)])} == {(False, "Lo confirman 1 cobros y hacen falta 2.")}


def test_what_is_known_already_is_not_learned() -> None:
    rows = [said(number, name="TALLERES ALDONZA SL", account="ES00 1122 3344 55") for number in (1, 2, 3)]

    assert facts(rows) == []


@pytest.mark.parametrize("name", ["", "SL", "   "])
def test_a_name_that_says_nothing_is_not_learned(name: str) -> None:
    assert facts([said(1, name=name), said(2, name=name)], ALIAS) == []


@pytest.mark.parametrize("account", ["", "****1332", "1234"])
def test_a_masked_or_short_account_is_not_learned(account: str) -> None:
    assert facts([said(1, account=account), said(2, account=account)], ACCOUNT) == []


def test_who_pays_for_several_is_not_used() -> None:
    rows = [said(number, who=1 + number % 2) for number in range(10)]

    assert not any(fact.usable for fact in facts(rows, ALIAS) + facts(rows, ACCOUNT))


def test_customers_of_one_group_do_not_contradict_each_other() -> None:
    rows = [said(number, who=2 + number % 2) for number in range(10)]

    assert all(fact.usable and not fact.contradictions for fact in facts(rows, ACCOUNT))


def test_a_proposal_that_was_denied_counts_against() -> None:
    rows = [said(1), said(2), said(3, who=None, denied=(1,), lines=()), said(4, who=None, denied=(1,), lines=())]

    assert {(fact.contradictions, fact.usable) for fact in facts(rows, ALIAS)} == {(2, False)}


def test_habits_are_counted() -> None:
    rows = [said(n, lines=(paid(withheld="15"), paid(number="F-2026-0102", withheld="2"))) for n in range(1, 9)]
    rows += [said(9, text="PAGO FRA 101"), said(10, text="PAGO F-2026-0101")]

    found = {fact.value: fact for fact in facts(rows, HABIT)}

    assert found["withholding"].shown == "paga neto de retención (8 de 10 cobros)"
    assert (found["withholding"].usable, found["batch"].confirmations) == (True, 8)
    assert (found["number_cut"].confirmations, found["number_cut"].usable) == (1, False)
    assert found["unnamed"].confirmations == 8
    assert found["delay"].shown.startswith("paga a 5 días del vencimiento")


def test_few_payments_show_no_habit() -> None:
    assert facts([said(number) for number in range(4)], HABIT) == []


@settings(max_examples=50, deadline=None)
@given(st.permutations([said(n, who=1 + (n == 3), name=("UNO DOS" if n < 4 else "TRES CUATRO")) for n in range(8)]))
def test_the_order_of_the_confirmations_does_not_matter(rows) -> None:
    assert facts(rows) == facts(sorted(rows, key=lambda row: row.movement))


# ---- into the engine


def _frames(payments, invoices, customers) -> LedgerFrames:
    return LedgerFrames(
        payments=frame(payments, PAYMENT_COLUMNS),
        invoices=frame(invoices, INVOICE_COLUMNS),
        customers=frame(customers, CUSTOMER_COLUMNS),
        fx=text_frame(FX_COLUMNS, ()),
        fixed=text_frame(FIXED_COLUMNS, ()),
    )


WORLD = _frames(
    [payment("M1", "345.67", payer_name="PPA INVERSIONES 2010"), payment("M2", "99.10", payer_account=IBAN)],
    [
        invoice("F1", "A-2026-0777", "345.67", customer="D000000001"),
        invoice("F2", "A-2026-0778", "99.10", customer="D000000001"),
        invoice("F3", "A-2026-0779", "640.00", customer="D000000002"),
    ],
    [
        customer("D000000001", "Talleres Aldonza, S.L."),
        customer("D000000002", "Bodegas Quintanar, S.A.", account="ES99"),
    ],
)


def _run(frames: LedgerFrames):
    return match(frames.payments, frames.invoices, frames.customers, frames.fx, fixed=frames.fixed)


def _pairs(result) -> set[tuple[str, str]]:
    return set(zip(result.links["payment_id"], result.links["invoice_id"], strict=True))


def test_what_was_learned_finds_what_nobody_could_know() -> None:
    frames, notes = taught(WORLD, facts([said(1), said(2)]))
    owners = dict(zip(frames.invoices["invoice_id"], frames.invoices["customer_id"], strict=True))

    result = explained(_run(frames), notes, owners)

    assert _pairs(_run(WORLD)) == set()
    assert _pairs(result) == {("M1", "F1"), ("M2", "F2")}
    told = dict(zip(result.links["payment_id"], result.links["explanation"], strict=True))
    assert (
        "«PPA INVERSIONES 2010» es Talleres Aldonza, S.L. (2 cobros confirmados, el último el 04/03/2026)" in told["M1"]
    )
    assert "la cuenta …6789 es suya" in told["M2"]


def test_what_is_not_usable_changes_nothing() -> None:
    frames, notes = taught(WORLD, facts([said(1)]))

    assert frames.payments.equals(WORLD.payments)
    assert frames.customers.equals(WORLD.customers)
    assert not any(notes.payments.values())


def test_an_alias_never_takes_the_name_of_another_customer() -> None:
    stolen = [said(number, name="BODEGAS QUINTANAR SA", account="") for number in (1, 2, 3)]
    world = replace(
        WORLD, payments=frame([payment("M3", "640.00", payer_name="BODEGAS QUINTANAR SA")], PAYMENT_COLUMNS)
    )

    frames, _ = taught(world, facts(stolen))

    assert frames.payments["payer_name"].tolist() == ["BODEGAS QUINTANAR SA"]


def test_calibration_changes_the_confidence_and_nothing_else() -> None:
    result = _run(taught(WORLD, facts([said(1), said(2)]))[0])
    doubt = fit([0.9] * 400, [True, False] * 200)

    judged = calibrated(result, doubt)

    assert calibrated(result, IDENTITY) is result
    assert judged.links.drop(columns="confidence").equals(result.links.drop(columns="confidence"))
    assert judged.links.dtypes.equals(result.links.dtypes)
    before, after = result.links["confidence"].astype(float), judged.links["confidence"].astype(float)
    assert (after < before).all()
