"""The report as CSV and as a workbook. Nothing that somebody wrote to us becomes a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cobranza.kernel.money import minor_units
from cobranza.kernel.sheets import harmless
from cobranza.kernel.spanish import write_amount
from cobranza.reconciliation.figures.tables import Cell, Sheet

_BOM = "\ufeff"
_NAME_WIDTH, _FIGURE_WIDTH = 58, 18
_SHEET_NAME = 31  # Excel takes no more


def as_csv(sheets: Sequence[Sheet]) -> str:
    """One table below the other, as spreadsheets in Spanish open it: semicolons, decimal comma, UTF-8 with its mark."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    for sheet in sheets:
        writer.writerow([harmless(sheet.title)])
        writer.writerow([harmless(sheet.note)])
        writer.writerow([harmless(name) for name, _ in sheet.columns])
        writer.writerows([_written(cell) for cell in row] for row in sheet.rows)
        writer.writerow([])
    return _BOM + text.getvalue()


def as_workbook(sheets: Sequence[Sheet]) -> bytes:
    """One sheet per table, figures as numbers."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(sheet.title[:_SHEET_NAME])
        page.column_dimensions["A"].width = _NAME_WIDTH
        for letter in "BCDEFG"[: len(sheet.columns) - 1]:
            page.column_dimensions[letter].width = _FIGURE_WIDTH
        page.append([harmless(sheet.note)])
        heads = []
        for name, _ in sheet.columns:
            head = WriteOnlyCell(page, value=harmless(name))
            head.font = Font(bold=True)
            heads.append(head)
        page.append(heads)
        for row in sheet.rows:
            page.append([_filled(WriteOnlyCell(page), cell) for cell in row])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _filled(place: Any, cell: Cell) -> Any:
    place.value = harmless(cell.value) if isinstance(cell.value, str) else cell.value
    if cell.kind == "share":
        place.number_format = "0.00 %"
    elif cell.kind == "money":
        places = minor_units(cell.currency)
        place.number_format = f"#,##0.{'0' * places}" if places else "#,##0"
    return place


def _written(cell: Cell) -> str:
    if cell.value is None:
        return ""
    if isinstance(cell.value, str):
        return harmless(cell.value)
    if cell.kind == "share":
        return write_amount(Decimal(cell.value) * 100, 2)
    if cell.kind == "money":
        return write_amount(Decimal(cell.value), minor_units(cell.currency))
    return str(cell.value)
