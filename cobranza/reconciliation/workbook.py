"""The Excel workbook of a run: what was posted, what waits for a person and why, and the totals that must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from RPA.Excel.Files import Files

from cobranza.kernel.sheets import harmless

Cell = str | Decimal | date | int

_WIDTHS = {
    "Importe": 14,
    "Confianza": 11,
    "Fecha": 12,
    "Explicación": 90,
    "Concepto": 60,
    "Motivo": 60,
    "Ordenante": 34,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """One movement and what became of it.

    Attributes:
        booked_on: Booking day.
        amount: Signed, in `currency`.
        currency: ISO 4217.
        payer: As the bank names them.
        text: What the bank and the payer wrote.
        documents: Numbers of the documents, in order; empty when none was found.
        confidence: 0 to 1, of the whole match; 0 when there is none.
        outcome: "Registrado", "En revisión", "Sin casar", "Rechazado por el ERP" …
        reason: The explanation of the match, or why there is none.
    """

    booked_on: date
    amount: Decimal
    currency: str
    payer: str
    text: str
    documents: tuple[str, ...]
    confidence: Decimal
    outcome: str
    reason: str


_COLUMNS = (
    "Fecha",
    "Importe",
    "Moneda",
    "Ordenante",
    "Concepto",
    "Documentos",
    "Confianza",
    "Resultado",
    "Explicación",
)


def write(file: Path, title: str, lines: Sequence[ResultLine], facts: Sequence[tuple[str, Cell]]) -> Path:
    """Write the workbook: a summary sheet and one sheet of movements.

    Args:
        file: Path of the .xlsx; replaced when it exists.
        title: First row of the summary.
        lines: One per movement, in order.
        facts: Further rows of the summary (name, value).

    Returns:
        `file`.
    """
    book = Files()
    book.create_workbook(sheet_name="Resumen")
    try:
        _summary(book, title, lines, facts)
        book.create_worksheet("Movimientos")
        rows: list[list[Cell]] = [list(_COLUMNS)]
        rows += [_row(line) for line in lines]
        book.append_rows_to_worksheet([[_cell(cell) for cell in row] for row in rows], name="Movimientos")
        sheet = book.workbook.book["Movimientos"]
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = sheet.dimensions
        for number, name in enumerate(_COLUMNS, start=1):
            sheet.column_dimensions[sheet.cell(row=1, column=number).column_letter].width = _WIDTHS.get(name, 20)
        for row in sheet.iter_rows(min_row=2):
            row[0].number_format = "dd/mm/yyyy"
            row[1].number_format = "#,##0.00"
            row[6].number_format = "0.0 %"
        book.set_active_worksheet("Resumen")
        fresh = file.with_name(f".{file.name}")
        book.save_workbook(str(fresh))
    finally:
        book.close_workbook()
    return fresh.rename(file)


def _summary(book: Files, title: str, lines: Sequence[ResultLine], facts: Sequence[tuple[str, Cell]]) -> None:
    rows: list[list[Cell]] = [[title], []]
    rows += [[name, value] for name, value in facts]
    rows += [[], ["Resultado", "Movimientos", "Importe", "Moneda"]]
    groups: dict[tuple[str, str], list[Decimal]] = {}
    for line in lines:
        groups.setdefault((line.outcome, line.currency), []).append(line.amount)
    for (outcome, currency), amounts in sorted(groups.items()):
        rows.append([outcome, len(amounts), sum(amounts, Decimal(0)), currency])
    book.append_rows_to_worksheet([[_cell(cell) for cell in row] for row in rows], name="Resumen")
    sheet = book.workbook.book["Resumen"]
    sheet.column_dimensions["A"].width = 44
    sheet.column_dimensions["B"].width = sheet.column_dimensions["C"].width = 18
    for row in sheet.iter_rows(min_row=3):
        row[2].number_format = "#,##0.00"


def _row(line: ResultLine) -> list[Cell]:
    documents = ", ".join(line.documents)
    return [
        line.booked_on,
        line.amount,
        line.currency,
        line.payer,
        line.text,
        documents,
        line.confidence,
        line.outcome,
        line.reason,
    ]


def _cell(cell: Cell) -> Cell:
    return harmless(cell) if isinstance(cell, str) else cell
