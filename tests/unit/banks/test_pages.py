"""Signs, tables and rows without a browser."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cobranza.reconciliation.ports import PageChanged
from connectors.banks.listing import ChangedWhileReading, Control
from connectors.banks.pages import Seen, Sign, Situation, Table, classify
from connectors.banks.rows import Columns

AMOUNTS = Columns(
    titles={
        "booked_on": ("Fecha", "F. operación"),
        "value_on": ("Valor",),
        "text": ("Concepto",),
        "debit": ("Cargo",),
        "credit": ("Abono",),
        "balance": ("Saldo",),
    }
)
HEADERS = ("Fecha", "Valor", "Concepto", "Cargo", "Abono", "Saldo")
TABLE = Table(
    headers=HEADERS,
    rows=(
        ("21-nov-26", "", "TRANSF. PENDIENTE", "", "50,00 €", "Pendiente"),
        ("20-nov-26", "19-nov-26", "RECIBO LUZ", "12,00-", "", "1.088,00 €"),
        ("20-nov-26", "20-nov-26", "Totales", "", "100,00 €", "1.100,00 €"),
        ("Totales", "", "", "12,00-", "100,00 €", "1.088,00 €"),
    ),
)
CONTROL = Control(count=2, opening=Decimal(1000), closing=Decimal(1088), credits=Decimal(100), debits=Decimal(-12))


def test_first_matching_sign_wins() -> None:
    signs = [
        Sign(means=Situation.WRONG_PASSWORD, heading="^Acceso", alert="incorrectos"),
        Sign(means=Situation.LOGIN, heading="^Acceso"),
        Sign(means=Situation.HOME, control="^Salir$"),
    ]
    assert classify(Seen(headings=("Acceso",), alerts=("Datos incorrectos.",)), signs) is Situation.WRONG_PASSWORD
    assert classify(Seen(headings=("Acceso",)), signs) is Situation.LOGIN
    assert classify(Seen(controls=("Salir",)), signs) is Situation.HOME
    assert classify(Seen(headings=("Promoción",), controls=("Salir ya",)), signs) is None


def test_reads_booked_rows_and_leaves_pending_and_totals_out() -> None:
    read = AMOUNTS.movements(TABLE, "EUR", "página 1")
    assert [(m.amount, m.balance_after, m.text) for m in read] == [
        (Decimal("-12.00"), Decimal("1088.00"), "RECIBO LUZ"),
        (Decimal("100.00"), Decimal("1100.00"), "Totales"),  # what a payer may write
    ]
    assert read[0].position == "página 1 fila 2"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("20-nov-26", "20-nov-26", "X", "", "", "1,00"), "uno de los dos"),
        (("20-nov-26", "20-nov-26", "X", "1,00", "1,00", "1,00"), "uno de los dos"),
        (("ayer", "20-nov-26", "X", "1,00", "", "1,00"), "no es un día"),
        (("20-nov-26", "20-nov-26", "X", "1,00", "", "n/d"), "no es un importe"),
        (("Publicidad", "", "", "", "", ""), "no es un día"),
    ],
)
def test_row_that_is_nothing_known_is_drift(row: tuple[str, ...], why: str) -> None:
    with pytest.raises(PageChanged, match=why):
        AMOUNTS.movements(replace(TABLE, rows=(row,)), "EUR")


def test_missing_column_names_the_nearest_title() -> None:
    with pytest.raises(PageChanged, match=r"«Abono».*«Abonos»"):
        AMOUNTS.movements(replace(TABLE, headers=("Fecha", "Valor", "Concepto", "Cargo", "Abonos", "Saldo")), "EUR")


def test_totals_row_agrees_or_is_newer() -> None:
    AMOUNTS.check_totals(TABLE, CONTROL)
    with pytest.raises(ChangedWhileReading):
        AMOUNTS.check_totals(TABLE, replace(CONTROL, credits=Decimal(101)))
    with pytest.raises(PageChanged, match="0 filas"):
        AMOUNTS.check_totals(replace(TABLE, rows=TABLE.rows[:3]), CONTROL)
