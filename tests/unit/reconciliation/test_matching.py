"""The engine as a whole: a small company read by a person, and what must hold whatever the data."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cobranza.reconciliation import ruleset
from cobranza.reconciliation.frames import FIXED_COLUMNS, TableError, text_frame
from cobranza.reconciliation.matching import Result, match
from cobranza.reconciliation.policy import Policy
from tests.unit.reconciliation.factory import CUSTOMERS, customer, frame, invoice, links, payment, run

INVOICES = [
    invoice("I1", "F2026-00101", "1210.00", net="1000.00", tax="210.00", series="F2026-"),
    invoice("I2", "F2026-00102", "302.50", net="250.00", tax="52.50", series="F2026-"),
    invoice("I3", "F2026-00103", "84.70", net="70.00", tax="14.70", series="F2026-"),
    invoice("I4", "F2026-00104", "500.00", series="F2026-", customer="C2"),
    invoice("I5", "F2026-00105", "77.33", series="F2026-", customer="C2"),
    invoice("I6", "R26-00007", "-40.00", series="R26-", customer="C2"),
    invoice("I7", "E001-000801", "1560.32", series="E001-", customer="C4", country="PE", currency="PEN"),
    invoice("I8", "F2026-00110", "99.99", series="F2026-", remesa_id="REM2600004"),
    invoice("I9", "F2026-00111", "200.01", series="F2026-", customer="C3", remesa_id="REM2600004"),
]


def only(result: Result, key: str) -> tuple[dict[str, tuple[str, ...]], str]:
    rows = result.links[result.links["payment_id"] == key]
    texts = rows["explanation"].tolist()
    return {invoice_id: value for (payment_id, invoice_id), value in links(result).items() if payment_id == key}, (
        texts[0] if texts else ""
    )


def test_the_small_company() -> None:
    """Golden: read and accepted by a person."""
    result = run(
        [
            payment("P1", "1060.00", payer_name="TALLERES ALDONZA SL", remittance="PAGO FRA F2026-00101"),
            payment("P2", "387.20", payer_account="ES001", remittance="FRAS 102/103"),
            payment("P3", "537.33", payer_name="BODEGAS QUINTANAR", remittance="F2026-00104 Y F2026-00105 MENOS ABONO"),
            payment("P4", "1498.32", payer_account="PE004", remittance="FACT E001-801", country="PE", currency="PEN"),
            payment("P5", "62.00", "2026-03-12", payer_name="BANCO DE LA NACION", remittance="DETRACCION 4%",
                    country="PE", currency="PEN"),
            payment("P6", "300.00", "2026-03-05", remittance="ABONO REMESA 00004"),
            payment("P7", "-103.49", "2026-03-15", remittance="DEVOLUCION RECIBO F2026-00110 MS02"),
            payment("P8", "103.49", "2026-03-20", payer_account="ES001", remittance="F2026-00110"),
            payment("P9", "812.44", remittance="DEVOLUCION AEAT"),
        ],
        INVOICES,
    )  # fmt: skip

    assert links(result) == {
        ("P1", "I1"): ("1210.00", "150.00", "0.00", "0.00", "withholding/referencia"),
        ("P2", "I2"): ("302.50", "0.00", "0.00", "0.00", "equal+varias/referencia"),
        ("P2", "I3"): ("84.70", "0.00", "0.00", "0.00", "equal+varias/referencia"),
        ("P3", "I4"): ("500.00", "0.00", "0.00", "0.00", "netted/referencia_incompleta"),
        ("P3", "I5"): ("77.33", "0.00", "0.00", "0.00", "netted/referencia_incompleta"),
        ("P3", "I6"): ("-40.00", "0.00", "0.00", "0.00", "netted/referencia_incompleta"),
        ("P4", "I7"): ("1498.32", "0.00", "0.00", "0.00", "deposit/referencia"),
        ("P5", "I7"): ("62.00", "0.00", "0.00", "0.00", "deposit/sin_referencia"),
        ("P6", "I8"): ("99.99", "0.00", "0.00", "0.00", "batch/referencia"),
        ("P6", "I9"): ("200.01", "0.00", "0.00", "0.00", "batch/referencia"),
        ("P7", "I8"): ("-99.99", "0.00", "3.50", "0.00", "return/referencia"),
        ("P8", "I8"): ("99.99", "0.00", "-3.50", "0.00", "charge/referencia"),
    }
    assert only(result, "P1")[1] == (
        "Retención. «00101» (concepto, posición 16, número completo) → F2026-00101. "
        "1.210,00 − 150,00 (IRPF 15 % s/ 1.000,00) = 1.060,00. "
        "Cliente Talleres Aldonza S.L. por nombre «TALLERES ALDONZA SL» (razón social). "
        f"{ruleset.current(Policy())}."
    )
    assert "500,00 + 77,33 − 40,00 = 537,33" in only(result, "P3")[1]
    assert "Remesa REM2600004 completa, 2 recibos" in only(result, "P6")[1]
    assert "−99,99 − 3,50 de gastos = −103,49" in only(result, "P7")[1]
    assert dict(zip(result.unmatched["payment_id"], result.unmatched["reason"], strict=True)) == {
        "P9": "El concepto indica un movimiento que no paga facturas."
    }


def test_never_on_the_amount_alone() -> None:
    result = run([payment("P1", "1210.00", remittance="TRANSFERENCIA")], INVOICES)

    assert links(result) == {}
    assert result.unmatched["reason"].tolist() == ["No se reconoce al ordenante ni ningún número de documento."]


def test_a_second_payment_of_the_same_invoice_is_not_posted() -> None:
    twice = [
        payment(f"P{n}", "302.50", f"2026-03-1{n}", payer_account="ES001", remittance="F2026-00102") for n in (1, 2)
    ]

    result = run(twice, INVOICES)

    assert set(links(result)) == {("P1", "I2")}
    assert result.unmatched["reason"].tolist() == ["Nombra F2026-00102, que ya está cobrada: posible pago duplicado."]


def test_equal_documents_of_one_customer_are_for_a_person() -> None:
    twins = [invoice(f"T{n}", f"F2026-0020{n}", "150.00", due_date=f"2026-02-0{n}") for n in (1, 2, 3)]

    result = run([payment("P1", "150.00", payer_account="ES001")], twins)

    assert set(links(result)) == {("P1", "T1")}
    assert Decimal(result.links["confidence"][0]) < Decimal("0.95")
    assert "Hay 3 documentos iguales" in result.links["explanation"][0]


def test_two_sets_that_add_up_are_for_a_person() -> None:
    amounts = ["100.00", "200.00", "110.00", "190.00"]
    rows = [invoice(f"S{n}", f"F2026-0030{n}", amount) for n, amount in enumerate(amounts)]

    result = run([payment("P1", "300.00", payer_account="ES001")], rows)

    assert all(Decimal(value) < Decimal("0.95") for value in result.links["confidence"].tolist())


def test_another_number_vetoes_an_equal_amount() -> None:
    result = run([payment("P1", "84.70", payer_account="ES001", remittance="PAGO FACTURA F2026-00101")], INVOICES)

    chosen, _ = only(result, "P1")
    assert "I3" not in chosen


def test_the_group_pays_for_its_member() -> None:
    result = run([payment("P1", "500.00", payer_account="ES003", remittance="F2026-00104")], INVOICES)

    chosen, text = only(result, "P1")
    assert set(chosen) == {"I4"}
    assert "otra empresa del grupo" in text


def test_a_partial_payment_leaves_the_rest_open_for_the_next() -> None:
    result = run(
        [
            payment("P1", "400.00", "2026-03-10", payer_account="ES001", remittance="F2026-00101 A CUENTA"),
            payment("P2", "810.00", "2026-04-10", payer_account="ES001", remittance="F2026-00101 RESTO"),
        ],
        INVOICES,
    )

    assert links(result)["P1", "I1"][0] == "400.00"
    assert links(result)["P2", "I1"][0] == "810.00"


def test_an_overpayment_is_kept_apart() -> None:
    result = run([payment("P1", "310.00", payer_account="ES001", remittance="F2026-00102")], INVOICES)

    assert links(result)["P1", "I2"][0] == "302.50"
    assert result.unapplied.values.tolist() == [["P1", "EUR", "7.50"]]


def test_another_currency_at_the_days_rate() -> None:
    dollar = invoice("U1", "F2026-00400", "1000.00", currency="USD", customer="C4", country="PE")
    paid = payment("P1", "3761.00", payer_account="PE004", country="PE", currency="PEN", remittance="F2026-00400")

    result = run([paid], [dollar], fx=(("2026-03-09", "PEN", "3.75"),))

    assert links(result)["P1", "U1"][0] == "1000.00"
    assert links(run([paid], [dollar], fx=(("2026-03-09", "PEN", "3.40"),))) == {}


def test_candidates_are_explained() -> None:
    result = run([payment("P1", "84.70", payer_account="ES001", remittance="PAGO FACTURA F2026-00101")], INVOICES)
    if len(result.unmatched):
        for candidate in json.loads(result.unmatched["candidates"][0]):
            assert set(candidate) == {"invoices", "confidence", "explanation"}
            assert candidate["explanation"].endswith(".")
    else:
        assert "F2026-00101" in result.links["explanation"][0]


def test_what_a_person_allocated_stays() -> None:
    fixed = text_frame(FIXED_COLUMNS, [["P1", "I2", "302.50"]])
    rows = [
        payment("P1", "302.50", payer_account="ES001", remittance="F2026-00101"),
        payment("P2", "302.50", payer_account="ES001", remittance="F2026-00102"),
    ]

    result = run(rows, INVOICES, fixed=fixed)

    assert links(result) == {}
    assert result.unmatched["payment_id"].tolist() == ["P2"]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("amount", "12,50", "payments, línea 2, columna «amount»: «12,50» no es un importe."),
        ("amount", "1.005", "payments, línea 2, columna «amount»: «1.005» no es un importe."),
        ("booking_date", "10/03/2026", "payments, línea 2, columna «booking_date»: «10/03/2026» no es un día."),
        ("payment_id", "", "payments, línea 2, columna «payment_id»: «» falta."),
    ],
)
def test_a_bad_cell_is_named(column: str, value: str, message: str) -> None:
    row = {**payment("P1", "1.00"), column: value}

    with pytest.raises(TableError) as caught:
        run([row], INVOICES)

    assert caught.value.message == message


def test_floats_are_refused() -> None:
    from cobranza.reconciliation.frames import CUSTOMER_COLUMNS, FX_COLUMNS, INVOICE_COLUMNS, PAYMENT_COLUMNS

    rows = frame([payment("P1", "1.00")], PAYMENT_COLUMNS)
    rows["amount"] = pd.Series([1.0])

    with pytest.raises(TableError, match="coma flotante"):
        match(rows, frame(INVOICES, INVOICE_COLUMNS), frame(CUSTOMERS, CUSTOMER_COLUMNS), text_frame(FX_COLUMNS, []))


def _world(seed: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """A random little ledger with every kind of payment, true and senseless."""
    random_ = random.Random(seed)
    rows = []
    for number in range(24):
        cents = random_.choice([12100, 5000, random_.randint(500, 90000)])
        if number % 9 == 8:
            cents = -cents // 4
        gross = f"{cents / 100:.2f}"
        rows.append(
            invoice(
                f"I{number:02}",
                f"F2026-00{500 + number}",
                gross,
                customer=random_.choice(["C1", "C2", "C3"]),
                series="F2026-",
                issue_date=f"2026-01-{1 + number:02}",
                due_date=f"2026-02-{1 + number:02}",
            )
        )
    paid: list[dict[str, str]] = []
    for number in range(30):
        chosen = random_.sample(rows, random_.choice([1, 1, 1, 2, 3]))
        total = sum((Decimal(row["gross"]) for row in chosen), Decimal(0))
        kind = random_.random()
        if kind < 0.15:
            total = (total / 2).quantize(Decimal("0.01"))
        elif kind < 0.3:
            total += random_.choice([Decimal("-3.5"), Decimal("0.05"), Decimal("25")])
        elif kind < 0.4:
            total = -total
        text = random_.choice(
            ["", "PAGO", " ".join(row["number"] for row in chosen), "DEVOLUCION " + chosen[0]["number"]]
        )
        paid.append(
            payment(
                f"P{number:02}",
                f"{total:.2f}",
                f"2026-03-{1 + random_.randrange(28):02}",
                remittance=text,
                payer_account=random_.choice(["", "ES001", "ES002", "ES003"]),
            )
        )
    return paid, rows


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6))
@example(237)  # two returns of one collection, the later one accepted first
def test_money_is_conserved(seed: int) -> None:
    paid, rows = _world(seed)

    result = run(paid, rows)

    amount = {row["payment_id"]: Decimal(row["amount"]) for row in paid}
    rest = {key: Decimal(value) for key, _, value in result.unapplied.to_numpy().tolist()}
    cash: dict[str, Decimal] = defaultdict(Decimal)
    per_document: dict[str, list[tuple[str, str, Decimal]]] = defaultdict(list)
    day = {row["payment_id"]: row["booking_date"] for row in paid}
    for (payment_id, invoice_id), (applied, withheld, fee, discount, _) in links(result).items():
        cash[payment_id] += Decimal(applied) - Decimal(withheld) - Decimal(fee) - Decimal(discount)
        per_document[invoice_id].append((day[payment_id], payment_id, Decimal(applied)))
    for payment_id, used in cash.items():
        assert used + rest.get(payment_id, Decimal(0)) == amount[payment_id]
    open_amount = {row["invoice_id"]: Decimal(row["open_amount"]) for row in rows}
    for invoice_id, moves in per_document.items():
        running = open_amount[invoice_id]
        for _, _, moved in sorted(moves):
            running -= moved
            assert min(Decimal(0), open_amount[invoice_id]) <= running <= max(Decimal(0), open_amount[invoice_id])
    assert set(cash) | set(result.unmatched["payment_id"].tolist()) == set(amount)
    assert not set(cash) & set(result.unmatched["payment_id"].tolist())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    paid, rows = _world(seed)
    people: list[Any] = list(CUSTOMERS)
    first = run(paid, rows)
    for bag in (paid, rows, people):
        random.Random(seed + 1).shuffle(bag)

    second = run(paid, rows, customers=tuple(people))

    pd.testing.assert_frame_equal(first.links, second.links)
    pd.testing.assert_frame_equal(first.unmatched, second.unmatched)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_fixed_allocations_are_never_touched(seed: int) -> None:
    paid, rows = _world(seed)
    target = next(row for row in rows if not row["gross"].startswith("-"))
    fixed = text_frame(FIXED_COLUMNS, [[paid[0]["payment_id"], target["invoice_id"], target["gross"]]])

    result = run(paid, rows, fixed=fixed)

    assert paid[0]["payment_id"] not in set(result.links["payment_id"]) | set(result.unmatched["payment_id"])
    later = [
        Decimal(value[0]) for (_, invoice_id), value in links(result).items() if invoice_id == target["invoice_id"]
    ]
    assert sum(later, Decimal(0)) <= 0


def test_an_empty_day() -> None:
    result = run([], INVOICES)

    assert result.links.empty
    assert result.unmatched.empty


def test_homonyms_are_told_apart_by_nothing_but_evidence() -> None:
    twins = (customer("H1", "Norte Vivo S.L."), customer("H2", "Norte Vivo S.A."))
    rows = [invoice("N1", "A-1", "70.00", customer="H1"), invoice("N2", "A-2", "70.00", customer="H2")]

    result = run([payment("P1", "70.00", payer_name="NORTE VIVO")], rows, customers=twins)

    assert all(Decimal(value) < Decimal("0.95") for value in result.links["confidence"].tolist())
