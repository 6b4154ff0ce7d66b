"""Layouts of tables: what is inferred, what is proved, and what is refused because it could be two things."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from cobranza.ledger.statements import Statement, StatementError
from cobranza.reconciliation import statement_files


def _read(text: str, folder: Path, encoding: str = "utf-8") -> Statement:
    path = folder / "extracto.csv"
    path.write_bytes(text.encode(encoding))
    (statement,) = statement_files.read(path).statements
    return statement


def _amounts(statement: Statement) -> list[str]:
    return [str(movement.amount) for movement in statement.movements]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_any_encoding(encoding: str, tmp_path: Path) -> None:
    text = "Fecha;Concepto;Importe;Saldo\n02/03/2026;Peña;10,00;10,00\n03/03/2026;Muñoz;-4,00;6,00\n"

    statement = _read(text, tmp_path, encoding)

    assert [movement.text for movement in statement.movements] == ["Peña", "Muñoz"]
    assert (statement.opening, statement.closing) == (Decimal("0.00"), Decimal("6.00"))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_any_delimiter(mark: str, tmp_path: Path) -> None:
    rows = ["Fecha|Concepto|Importe|Saldo", '02/03/2026|"uno"|10.00|10.00', "03/03/2026|dos|-4.00|6.00"]

    assert _amounts(_read("\n".join(rows).replace("|", mark), tmp_path)) == ["10.00", "-4.00"]


def test_the_balance_tells_thousands_from_decimals(tmp_path: Path) -> None:
    """1.500 and 2.000 alone could be thousands or decimals; the balances hold only as they are written together."""
    text = "Fecha;Concepto;Importe;Saldo\n02/03/2026;a;1.500;1.500,50\n03/03/2026;b;-0,50;1.500\n"

    assert _amounts(_read(text, tmp_path)) == ["1500", "-0.50"]


def test_without_balance_an_ambiguous_amount_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StatementError, match="miles o decimales"):
        _read("Fecha;Concepto;Importe\n02/03/2026;a;1.500\n03/03/2026;b;2.000\n", tmp_path)


def test_a_declared_opening_and_closing_prove_as_well(tmp_path: Path) -> None:
    text = (
        "Saldo inicial:;10,000\nSaldo final:;13,500\nFecha;Concepto;Importe\n02/03/2026;a;1,500\n03/03/2026;b;2,000\n"
    )

    with pytest.raises(StatementError, match="miles o decimales"):  # both readings close
        _read(text, tmp_path)
    assert _amounts(_read(text.replace("10,000", "10,0").replace("13,500", "13,5"), tmp_path)) == ["1.500", "2.000"]


def test_a_declared_closing_that_is_not_reached_is_refused(tmp_path: Path) -> None:
    text = "Saldo inicial:;10,00\nSaldo final:;99,99\nFecha;Concepto;Importe\n02/03/2026;a;1,50\n"

    with pytest.raises(StatementError, match="ninguna lectura"):
        _read(text, tmp_path)


def test_a_broken_balance_names_the_row(tmp_path: Path) -> None:
    text = "Fecha;Concepto;Importe;Saldo\n02/03/2026;a;1,00;1,00\n03/03/2026;b;1,00;2,00\n04/03/2026;c;1,00;9,00\n"

    with pytest.raises(StatementError, match="fila 4"):
        _read(text, tmp_path)


def test_a_missing_row_is_refused(tmp_path: Path) -> None:
    text = "Fecha;Concepto;Importe;Saldo\n02/03/2026;a;1,00;1,00\n04/03/2026;c;3,00;6,00\n"

    with pytest.raises(StatementError, match="ninguna lectura"):
        _read(text, tmp_path)


def test_rows_without_balance_are_bridged(tmp_path: Path) -> None:
    text = (
        "Fecha;Concepto;Cargo;Abono;Saldo\n02/03/2026;a;;10,00;\n02/03/2026;b;3,00;;7,00\n"
        "03/03/2026;c;1,00;;\n03/03/2026;d;1,00;;5,00\n"
    )

    statement = _read(text, tmp_path)

    assert _amounts(statement) == ["10.00", "-3.00", "-1.00", "-1.00"]
    assert (statement.opening, statement.closing) == (Decimal("0.00"), Decimal("5.00"))


@pytest.mark.parametrize("debit", ["3,00", "-3,00"])
def test_a_debit_column_with_or_without_its_minus(debit: str, tmp_path: Path) -> None:
    text = f"Fecha;Concepto;Debe;Haber\n02/03/2026;a;;10,00\n02/03/2026;b;{debit};\n"

    assert _amounts(_read(text, tmp_path)) == ["10.00", "-3.00"]


def test_a_mark_column_gives_the_sign(tmp_path: Path) -> None:
    text = "Fecha;Concepto;Importe;D/H\n02/03/2026;a;10,00;H\n02/03/2026;b;3,00;D\n"

    assert _amounts(_read(text, tmp_path)) == ["10.00", "-3.00"]


def test_equal_amounts_that_hold_both_ways_are_told_apart_by_the_days(tmp_path: Path) -> None:
    """+10, +10 oldest first and -10, -10 newest first print the same balances."""
    text = "Fecha;Concepto;Importe;Saldo\n02/03/2026;a;10,00;10,00\n03/03/2026;b;10,00;20,00\n"
    backwards = "Fecha;Concepto;Importe;Saldo\n03/03/2026;b;10,00;10,00\n02/03/2026;a;10,00;20,00\n"

    assert _amounts(_read(text, tmp_path)) == ["10.00", "10.00"]
    assert _amounts(_read(backwards, tmp_path)) == ["-10.00", "-10.00"]


def test_american_days_are_proved_or_refused(tmp_path: Path) -> None:
    rows = "Date,Description,Amount,Balance\n{},a,10.00,10.00\n{},b,-4.00,6.00\n"

    proved = _read(rows.format("03/13/2026", "03/14/2026"), tmp_path)
    told_by_order = _read(rows.format("03/04/2026", "04/03/2026"), tmp_path)

    assert proved.movements[0].booked_on == date(2026, 3, 13)
    assert told_by_order.movements[0].booked_on == date(2026, 3, 4)
    with pytest.raises(StatementError, match="día/mes y mes/día"):
        _read(rows.format("01/02/2026", "03/04/2026"), tmp_path)


def test_spanish_headers_mean_spanish_days(tmp_path: Path) -> None:
    text = "Fecha;Concepto;Importe;Saldo\n01/02/2026;a;10,00;10,00\n03/04/2026;b;-4,00;6,00\n"

    assert _read(text, tmp_path).movements[0].booked_on == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (";perdido;5,00;11,00", "falta fecha"),
        ("04/03/2026;cortado;;", "no hay importe"),
        ("04/03/2026;cor", "no hay importe"),
        ("4 de nunca;raro;5,00;11,00", "no es una fecha"),
        ("04/03/2026;raro;cinco;11,00", "no es un importe"),
    ],
)
def test_no_row_with_money_is_left_aside(row: str, reason: str, tmp_path: Path) -> None:
    text = f"Fecha;Concepto;Importe;Saldo\n02/03/2026;a;10,00;10,00\n03/03/2026;b;-4,00;6,00\n{row}\n"

    with pytest.raises(StatementError, match=reason):
        _read(text, tmp_path)


def test_titles_totals_and_notes_are_left_aside(tmp_path: Path) -> None:
    text = (
        "Banco Inventado;;;\n\nCuenta:;0049 0001 50 1234567890;;\nFecha;Concepto;Importe;Saldo\n"
        "02/03/2026;a;10,00;10,00\n03/03/2026;b;-4,00;6,00\n;TOTAL;6,00;\nDocumento sin valor contractual;;;\n"
    )

    statement = _read(text, tmp_path)

    assert (statement.account, len(statement.movements)) == ("00490001501234567890", 2)


def test_no_movement_where_some_were_due_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StatementError, match="ningún movimiento"):
        _read("Fecha;Concepto;Importe;Saldo\n", tmp_path)


def test_two_currencies_are_not_one_account(tmp_path: Path) -> None:
    text = "Fecha;Concepto;Importe;Divisa\n02/03/2026;a;10,00;EUR\n03/03/2026;b;4,00;USD\n"

    with pytest.raises(StatementError, match="varias monedas"):
        _read(text, tmp_path)


def test_excel_sums_lose_their_binary_noise(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Movimientos")
    for row in (
        ["Fecha", "Concepto", "Importe", "Saldo"],
        ["02/03/2026", "a", 0.1, 0.1],
        ["03/03/2026", "b", 0.2, 0.1 + 0.2],
    ):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    (tmp_path / "libro.xlsx").write_bytes(buffer.getvalue())

    (statement,) = statement_files.read(tmp_path / "libro.xlsx").statements

    assert statement.closing == Decimal("0.3")


def test_two_sheets_of_movements_are_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet in (book.create_sheet("uno"), book.create_sheet("dos")):
        for row in (["Fecha", "Concepto", "Importe"], ["02/03/2026", "a", -1.5]):
            sheet.append(row)
    book.save(tmp_path / "libro.xlsx")

    with pytest.raises(StatementError, match="más de una tabla"):
        statement_files.read(tmp_path / "libro.xlsx")
