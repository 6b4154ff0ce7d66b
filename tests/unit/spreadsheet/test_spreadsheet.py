"""The team's Excel or CSV file as an ERP."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cobranza.kernel import config
from cobranza.kernel.config import ConfigError
from cobranza.ledger.receivables import PaymentOrder, ReversalOrder
from cobranza.reconciliation.ports import Erp, ErpUnavailable, PostingRefused, PostingUnknown
from connectors.erps.spreadsheet import ADAPTER
from connectors.erps.spreadsheet.receipts import SHEET
from connectors.erps.spreadsheet.table import LedgerFileError

HEADINGS = ["Nº factura", "Cliente", "NIF", "Emitida", "Vence", "Base", "IVA", "Total", "Pendiente"]
COLUMNS = {
    "numero": "nº factura", "cliente": "Cliente", "nif": "NIF", "emision": "Emitida", "vencimiento": "Vence",
    "base": "Base", "impuesto": "IVA", "total": "Total", "pendiente": "Pendiente",
}  # fmt: skip
GOOD: list[list[Any]] = [
    ["F-1", "Talleres Aldonza S.L.", "B1", date(2026, 1, 15), date(2026, 2, 15), 1000.1, 210.02, 1210.12, 1210.12],
    ["F-2", "Talleres Aldonza S.L.", "B1", "15/01/2026", "15/02/2026", "100,00", "21,00", "121,00 €", "60,50"],
    ["A-1", "Bodegas Quintanar", "A2", date(2026, 1, 20), date(2026, 1, 20), -50, -10.5, -60.5, -60.5],
    ["F-3", "Bodegas Quintanar", "A2", date(2026, 1, 20), date(2026, 3, 20), 10, 2.1, 12.1, 0],
]


def write(file: Path, rows: list[list[Any]], before: int = 0) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Deudores"
    for _ in range(before):
        sheet.append(["Listado de facturas"])
    for row in [HEADINGS, *rows]:
        sheet.append(row)
    book.save(file)
    return file


def erp(file: Path, **more: Any) -> Erp:
    raw = {"conector": "spreadsheet", "fichero": str(file), "columnas": COLUMNS, **more}
    return ADAPTER.open(config.parse(raw, ADAPTER.Settings, "prueba"), evidence=file.parent)


def order(key: str = "K1", document: str = "F-1", amount: str = "10.12", **more: Any) -> PaymentOrder:
    fields = {"number": document, "currency": "EUR", "paid_on": date(2026, 3, 1), "text": "Cobro conciliado"}
    return PaymentOrder(key=key, document=document, amount=Decimal(amount), **{**fields, **more})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "deudores.xlsx", GOOD)


def test_reads_documents_customers_and_control(file: Path) -> None:
    ledger = erp(file).open_ledger()

    assert [(d.number, d.kind, d.gross, d.open) for d in ledger.documents] == [
        ("F-1", "invoice", Decimal("1210.12"), Decimal("1210.12")),
        ("F-2", "invoice", Decimal("121.00"), Decimal("60.50")),
        ("A-1", "credit_note", Decimal("-60.50"), Decimal("-60.50")),
    ]
    assert ledger.documents[1].due_on == date(2026, 2, 15)
    assert {c.key: c.name for c in ledger.customers} == {"B1": "Talleres Aldonza S.L.", "A2": "Bodegas Quintanar"}
    assert ledger.control_count == 3
    assert ledger.control_source == "4 filas con datos en «Deudores», 1 de ellas saldadas"
    assert ledger.issues == ()


def test_unreadable_rows_are_reported_and_counted(tmp_path: Path) -> None:
    bad: list[list[Any]] = [
        ["F-9", "Uno", "B1", "15/01/2026", "31/02/2026", 1, 0, 1, 1],
        ["F-8", "Dos", "B1", "15/01/2026", "15/02/2026", 1, 0, 1, "mucho"],
        ["", "Tres", "B1", "15/01/2026", "15/02/2026", 1, 0, 1, 1],
        ["F-7", "Cuatro", "B1", "15/01/2026", "15/02/2026", 1, 0, 2, 1],
        ["F-6", "Cinco", "B1", "15/01/2026", "15/02/2026", 1.005, 0, 1.005, 1],
        ["F-1", "Seis", "B1", "15/01/2026", "15/02/2026", 1, 0, 1, 1],
        ["F-5", "Siete", "B1", "15/01/2026", "15/02/2026", 1, 0, 1, "=1+1"],
        [None] * 9,
        ["TOTAL", "", "", "", "", "", "", 99, 99],
    ]
    ledger = erp(write(tmp_path / "d.xlsx", [GOOD[0], *bad])).open_ledger()

    assert [d.number for d in ledger.documents] == ["F-1"]
    assert ledger.control_count == 8 == len(ledger.documents) + len(ledger.issues)
    assert ledger.issues == (
        "Hoja «Deudores», fila 3: columna «Vence»: «31/02/2026» no es un día del calendario.",
        "Hoja «Deudores», fila 4: columna «Pendiente»: «mucho» no es un importe.",
        "Hoja «Deudores», fila 5: columna «nº factura»: está vacío.",
        "Hoja «Deudores», fila 6: base 1.00 e impuesto 0.00 no suman el total 2.00.",
        "Hoja «Deudores», fila 7: columna «Total»: «1.005» tiene más de dos decimales.",
        "Hoja «Deudores», fila 8: el número F-1 ya está en la fila 2.",
        "Hoja «Deudores», fila 9: columna «Pendiente»: está vacío o su fórmula no tiene valor calculado.",
    )


def test_csv_with_a_title_line(tmp_path: Path) -> None:
    file = tmp_path / "deudores.csv"
    text = "Listado\nNº factura;Cliente;Vence;Pendiente\nF-1;Peña e Hijos;15/02/2026;1.210,12\n"
    file.write_bytes(text.encode("cp1252"))
    columns = {"numero": "Nº factura", "cliente": "Cliente", "vencimiento": "Vence", "pendiente": "Pendiente"}

    ledger = erp(file, columnas=columns, fila_cabecera=2, codificacion="cp1252").open_ledger()

    assert ledger.documents[0].gross == Decimal("1210.12")
    assert ledger.customers[0].name == "Peña e Hijos"


def test_posts_once_into_a_copy_and_never_touches_the_original(file: Path) -> None:
    before = hashlib.sha256(file.read_bytes()).hexdigest()

    first = erp(file).post_payment(order())
    second = erp(file).post_payment(order())

    assert (first.open_before, first.open_after, first.already_there) == (
        Decimal("1210.12"), Decimal("1200.00"), False,
    )  # fmt: skip
    assert (second.reference, second.open_after, second.already_there) == (first.reference, Decimal("1200.00"), True)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    copy = openpyxl.load_workbook(file.with_name("deudores.cobros.xlsx"))
    assert copy.sheetnames == ["Deudores", SHEET]
    assert copy[SHEET].max_row == 2
    assert erp(file).open_ledger().documents[0].open == Decimal("1200.00")
    assert set(erp(file).find_payments(["K1", "K2"])) == {"K1"}
    assert not list(file.parent.glob(".*"))


def test_several_payments_until_settled(file: Path) -> None:
    erp(file).post_payment(order("K1", "F-2", "40.00"))
    erp(file).post_payment(order("K2", "F-2", "20.50"))

    ledger = erp(file).open_ledger()

    assert "F-2" not in {d.number for d in ledger.documents}
    assert ledger.control_count == 2
    with pytest.raises(PostingRefused):
        erp(file).post_payment(order("K3", "F-2", "0.01"))


def test_what_the_team_carried_over_is_not_taken_off_twice(file: Path) -> None:
    erp(file).post_payment(order("K1", "F-1", "10.12"))
    carried = [[*GOOD[0][:8], 1200.0], *GOOD[1:]]
    write(file, carried)

    assert erp(file).open_ledger().documents[0].open == Decimal("1200.00")


def undo(key: str = "R1", payment: str = "K1", document: str = "F-1", amount: str = "10.12") -> ReversalOrder:
    return ReversalOrder(
        key=key, payment=payment, reference="", document=document, number=document, amount=Decimal(amount),
        currency="EUR", reverse_on=date(2026, 3, 9), text="Devolución",
    )  # fmt: skip


def opens(file: Path) -> dict[str, Decimal]:
    return {document.number: document.open for document in erp(file).open_ledger().documents}


def test_an_undone_payment_counts_no_more_whatever_the_team_carries_over_and_when(file: Path) -> None:
    whole, less = GOOD, [[*GOOD[0][:8], 1200.0], *GOOD[1:]]
    erp(file).post_payment(order("K1", "F-1", "10.12"))
    assert opens(file)["F-1"] == Decimal("1200.00")

    done = erp(file).reverse_payment(undo())
    assert (done.open_before, done.open_after) == (Decimal("1200.00"), Decimal("1210.12"))
    assert opens(file)["F-1"] == Decimal("1210.12")
    write(file, less)  # the team types the payment in late, knowing nothing of its end
    assert opens(file)["F-1"] == Decimal("1200.00")
    write(file, whole)
    assert opens(file)["F-1"] == Decimal("1210.12")


def test_undone_after_the_team_had_carried_the_payment_over(file: Path) -> None:
    erp(file).post_payment(order("K1", "F-1", "10.12"))
    write(file, [[*GOOD[0][:8], 1200.0], *GOOD[1:]])

    assert erp(file).reverse_payment(undo()).open_after == Decimal("1210.12")
    assert opens(file)["F-1"] == Decimal("1210.12")
    write(file, GOOD)  # and now the team carries its end over, too
    assert opens(file)["F-1"] == Decimal("1210.12")


def test_what_the_file_shows_as_open_already_is_not_opened_further(file: Path) -> None:
    erp(file).post_payment(order("K2", "F-2", "60.50"))
    write(file, [GOOD[0], [*GOOD[1][:8], "121,00"], *GOOD[2:]])  # the team opened it whole by hand
    with pytest.raises(PostingRefused, match="ya cuenta"):
        erp(file).reverse_payment(undo("R2", "K2", "F-2", "60.50"))


@pytest.mark.parametrize(
    "wrong",
    [
        order(amount="1210.13"),
        order(amount="0.00"),
        order(document="F-3"),
        order(document="F-77"),
        order(currency="USD"),
        order(number="F-2"),
    ],
    ids=["too much", "nothing", "settled", "unknown", "currency", "number"],
)
def test_refuses_and_writes_nothing(file: Path, wrong: PaymentOrder) -> None:
    with pytest.raises(PostingRefused):
        erp(file).post_payment(wrong)

    assert not file.with_name("deudores.cobros.xlsx").exists()


def test_a_key_used_for_something_else_is_refused(file: Path) -> None:
    erp(file).post_payment(order("K1"))

    with pytest.raises(PostingRefused, match="K1"):
        erp(file).post_payment(order("K1", amount="11.00"))


def test_formulas_are_text_in_the_copy(file: Path) -> None:
    erp(file).post_payment(order(text='=HYPERLINK("http://example.org")'))

    cell = openpyxl.load_workbook(file.with_name("deudores.cobros.xlsx"))[SHEET]["I2"]
    assert cell.data_type == "s"
    assert str(cell.value).startswith("'=")


def test_a_damaged_copy_stops_everything(file: Path) -> None:
    erp(file).post_payment(order())
    file.with_name("deudores.cobros.xlsx").write_bytes(b"not a workbook")

    with pytest.raises(PostingUnknown):
        erp(file).post_payment(order("K2"))


def test_a_copy_that_cannot_be_written_posts_nothing(file: Path) -> None:
    with pytest.raises(ErpUnavailable):
        erp(file, copia=str(file.parent / "no" / "c.xlsx")).post_payment(order())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"hoja": "Otra"}, "no tiene la hoja «Otra» (tiene: Deudores)"),
        ({"columnas": {**COLUMNS, "pendiente": "Saldo"}}, "no hay ninguna columna «Saldo» para «pendiente»"),
        ({"fila_cabecera": 40}, "la fila 40 está vacía"),
    ],
)
def test_a_wrong_mapping_is_named(file: Path, more: dict[str, Any], message: str) -> None:
    with pytest.raises(LedgerFileError) as caught:
        erp(file, **more).open_ledger()

    assert message in caught.value.message


def test_a_missing_or_foreign_file(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"PK no")
    for name in ("none.xlsx", "x.xlsx"):
        with pytest.raises(LedgerFileError):
            erp(tmp_path / name).open_ledger()


def test_a_misspelt_column_is_answered_with_the_right_one(file: Path) -> None:
    with pytest.raises(ConfigError, match="vencimiento"):
        erp(file, columnas={**COLUMNS, "vencimento": "Vence"})


def test_the_copy_may_not_be_the_original(file: Path) -> None:
    with pytest.raises(ConfigError, match="distinto del original"):
        erp(file, copia=str(file))
