"""What a tied advice does to open documents: applied line by line, lawful or explained, else left to a person."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.reconciliation.advice.advised import DOUBTFUL, Advised, Tied, advised
from cobranza.reconciliation.advice.records import RemittanceAdvice, RemittanceLine
from cobranza.reconciliation.frames import (
    CUSTOMER_COLUMNS,
    FIXED_COLUMNS,
    FX_COLUMNS,
    INVOICE_COLUMNS,
    PAYMENT_COLUMNS,
    text_frame,
)
from cobranza.reconciliation.matching import match
from tests.unit.reconciliation.factory import CUSTOMERS, frame, invoice, payment

D = Decimal
INVOICES = (
    invoice("I1", "F2026-03381", "121.00"),
    invoice("I2", "F2026-03382", "242.00"),
    invoice("I3", "F2026-03383", "60.50"),
    invoice("N1", "AB2026-00017", "-21.00"),
    invoice("Q1", "F2026-04410", "99.00", customer="C2"),
    invoice("P1", "F001-00007860", "1180.00", customer="C4", country="PE", net="1000.00", tax="180.00", currency="PEN"),
)


def line(document: str, paid: str, row: int = 5, **figures: Any) -> RemittanceLine:
    return RemittanceLine(document=document, paid=D(paid), page="página 1", row=row, **figures)


def advice(*lines: RemittanceLine, **told: Any) -> RemittanceAdvice:
    base: dict[str, Any] = {
        "currency": "EUR",
        "total": sum((each.paid for each in lines), D(0)),
        "total_stated": True,
        "file_name": "remesa.pdf",
        "sha256": "ab" * 32,
    }
    return RemittanceAdvice(lines=lines, **(base | told))


def go(
    told: RemittanceAdvice, amount: str | None = None, *, fixed: tuple[tuple[str, str, str], ...] = (), **fields: str
) -> Advised:
    fields = {"payer_name": "Talleres Aldonza SL", **fields}
    money = payment("M1", amount or f"{told.total:.2f}", **fields)
    return advised(
        frame([money], PAYMENT_COLUMNS),
        frame(INVOICES, INVOICE_COLUMNS),
        frame(CUSTOMERS, CUSTOMER_COLUMNS),
        [Tied(payment_id="M1", advice=told, evidence="Mismo importe.")],
        fixed=text_frame(FIXED_COLUMNS, fixed),
    )


def links(found: Advised) -> dict[str, tuple[str, ...]]:
    columns = ["invoice_id", "applied", "withheld", "fee", "discount"]
    return {row[0]: tuple(row[1:]) for row in found.links[columns].to_numpy().tolist()}


def confidence(found: Advised) -> float:
    return float(found.links["confidence"].iloc[0])


def explanation(found: Advised) -> str:
    return " ".join(found.links["explanation"].tolist() + found.unmatched["reason"].tolist())


def test_every_line_finds_its_document_however_it_is_written() -> None:
    found = go(advice(line("F2026-03381", "121.00"), line("3382", "242.00", 6), line("F2026/3383", "60.50", 7)))

    assert links(found) == {
        "I1": ("121.00", "0.00", "0.00", "0.00"),
        "I2": ("242.00", "0.00", "0.00", "0.00"),
        "I3": ("60.50", "0.00", "0.00", "0.00"),
    }
    assert confidence(found) > 0.99
    assert len(found.unapplied) == 0
    first = found.links["explanation"].iloc[0]
    assert first == (
        "Aviso de pago «remesa.pdf» (SHA-256 abababab…), página 1, fila 5: «F2026-03381» → F2026-03381. "
        "121,00 = 121,00. Las 3 líneas suman 423,50 = lo abonado el 10/03/2026. "
        "Cliente Talleres Aldonza S.L. por nombre «TALLERES ALDONZA SL» (razón social). Mismo importe."
    )


def test_a_credit_note_is_netted() -> None:
    found = go(advice(line("F2026-03381", "121.00"), line("AB2026-00017", "-21.00")))

    assert links(found)["N1"] == ("-21.00", "0.00", "0.00", "0.00")
    assert confidence(found) > 0.99


def test_a_lawful_withholding_settles_the_document() -> None:
    told = advice(line("F001-7860", "1144.60", gross=D("1180.00"), withheld=D("35.40")), currency="PEN")
    found = go(told, currency="PEN", country="PE", payer_name="MINERA HUASCARAN SAC")

    assert links(found) == {"P1": ("1180.00", "35.40", "0.00", "0.00")}
    assert confidence(found) > 0.99
    assert "1.180,00 − 35,40 de retención = 1.144,60" in explanation(found)


def test_a_withholding_that_no_norm_knows_is_left_to_a_person() -> None:
    told = advice(line("F001-7860", "980.00", gross=D("1180.00"), withheld=D("200.00")), currency="PEN")
    found = go(told, currency="PEN", country="PE", payer_name="MINERA HUASCARAN SAC")

    assert len(found.links) == 0
    assert "la retención de 200,00 no corresponde" in explanation(found)


def test_a_deposit_paid_apart_stays_open_until_it_arrives() -> None:
    told = advice(line("F001-7860", "1062.00", gross=D("1180.00"), deposited=D("118.00")), currency="PEN")
    found = go(told, currency="PEN", country="PE", payer_name="MINERA HUASCARAN SAC")

    assert links(found) == {"P1": ("1062.00", "0.00", "0.00", "0.00")}
    assert "quedan 118,00, que llegan aparte por la detracción" in explanation(found).lower()
    assert confidence(found) > 0.99


def test_a_part_payment_that_the_advice_shows() -> None:
    found = go(advice(line("F2026-03382", "42.00", gross=D("242.00")), line("F2026-03381", "121.00")))

    assert links(found)["I2"] == ("42.00", "0.00", "0.00", "0.00")
    assert "quedan 200,00 de F2026-03382" in explanation(found)
    assert confidence(found) > 0.95


def test_less_than_is_open_without_a_word_is_for_a_person() -> None:
    found = go(advice(line("F2026-03382", "42.00")))

    assert confidence(found) < 0.95


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (line("F2026-99999", "50.00"), "no hay ningún documento con ese número"),
        (line("", "50.00", text="Rappel"), "la línea no nombra ningún documento"),
        (line("F2026-04410", "50.00"), "F2026-04410 es de otro cliente"),
        (line("AB2026-00017", "21.00"), "paga un abono"),
        (line("F2026-03382", "-42.00"), "descuenta de una factura"),
        (line("F2026-03383", "90.00"), "de F2026-03383 solo quedan 60,50"),
        (
            line("AB2026-00017", "-1.00", withheld=D("2.00")),
            "las deducciones de AB2026-00017 llevan el signo contrario",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_line_that_does_not_resolve_sends_the_whole_to_a_person(bad: RemittanceLine, says: str) -> None:
    found = go(advice(line("F2026-03381", "121.00"), bad))

    assert says in explanation(found)
    if len(found.links):
        assert confidence(found) <= DOUBTFUL
        assert found.links["invoice_id"].tolist() == ["I1"]
    else:
        assert json.loads(found.unmatched["candidates"].iloc[0])[0]["invoices"] == ["I1"]


def test_what_is_settled_already_is_not_paid_twice() -> None:
    found = go(advice(line("F2026-03381", "121.00")), fixed=(("M0", "I1", "121.00"),))

    assert len(found.links) == 0
    assert "posible pago duplicado" in explanation(found)


def test_a_payment_that_a_person_decided_is_left_alone() -> None:
    found = go(advice(line("F2026-03381", "121.00")), fixed=(("M1", "I2", "121.00"),))

    assert len(found.links) == len(found.unmatched) == len(found.reserved) == 0


def test_a_payer_that_the_bank_proves_to_be_another_is_for_a_person() -> None:
    found = go(advice(line("F2026-03381", "121.00")), payer_name="", payer_account="ES002")

    assert len(found.links) == 0 or confidence(found) <= DOUBTFUL
    assert "cliente" in explanation(found)


def test_a_member_of_the_group_may_pay() -> None:
    found = go(advice(line("F2026-04410", "99.00")), payer_name="QUINTANAR DISTRIBUCION SL")

    assert confidence(found) > 0.95


def test_an_advice_with_objections_never_reaches_the_threshold() -> None:
    found = go(advice(line("F2026-03381", "121.00"), objections=("las líneas suman otra cosa",)))

    assert confidence(found) <= DOUBTFUL
    assert "Las líneas suman otra cosa" in explanation(found)


def test_the_engine_leaves_alone_what_the_advice_decided() -> None:
    told = advice(line("F2026-03381", "121.00"))
    money = [
        payment("M1", "121.00", payer_name="Talleres Aldonza SL"),
        payment("M2", "121.00", remittance="F2026-03381"),
    ]
    tables = (
        frame(money, PAYMENT_COLUMNS),
        frame(INVOICES, INVOICE_COLUMNS),
        frame(CUSTOMERS, CUSTOMER_COLUMNS),
    )
    fixed = text_frame(FIXED_COLUMNS, ())
    found = advised(*tables, [Tied(payment_id="M1", advice=told)], fixed=fixed)

    whole = found.merged(match(*tables, text_frame(FX_COLUMNS, ()), fixed=found.fixed_with(fixed)))

    assert whole.links[["payment_id", "invoice_id"]].to_numpy().tolist() == [["M1", "I1"]]
    assert whole.unmatched["payment_id"].tolist() == ["M2"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([row["number"] for row in INVOICES] + ["F2026-00000", "", "3381", "03382"]),
            st.integers(-5_000, 30_000),
            st.integers(-3_000, 3_000),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 60_000),
)
def test_money_is_conserved_whatever_the_advice_says(rows: list[tuple[str, int, int]], cents: int) -> None:
    lines = [line(number, str(D(paid) / 100), withheld=D(kept) / 100) for number, paid, kept in rows]
    found = go(advice(*lines), str(D(cents) / 100))

    parts = {
        column: [D(value) for value in found.links[column]] for column in ("applied", "withheld", "fee", "discount")
    }
    cash = sum(parts["applied"]) - sum(parts["withheld"]) - sum(parts["fee"]) - sum(parts["discount"])
    rest = sum((D(value) for value in found.unapplied["amount"]), D(0))
    if len(found.links):
        assert cash + rest == D(cents) / 100
        assert rest >= 0
    for row in found.links.to_dict("records"):
        open_amount = next(D(each["open_amount"]) for each in INVOICES if each["invoice_id"] == row["invoice_id"])
        assert min(D(0), open_amount) <= D(row["applied"]) <= max(D(0), open_amount)
    assert pd.concat([found.links["payment_id"], found.unmatched["payment_id"]]).nunique() == 1
