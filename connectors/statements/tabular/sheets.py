"""Any of the file kinds as plain tables of cells, within limits."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import xlrd
from lxml import etree

from cobranza.ledger.statements import StatementError
from connectors.statements.source import decode, load

MAX_EXCEL_BYTES = 32 * 1024 * 1024
MAX_UNPACKED_BYTES = 256 * 1024 * 1024
MAX_ROWS = 500_000
MAX_COLUMNS = 100
MAX_SHEETS = 30
_PRECISION = Decimal("0.000001")

Cell = str | Decimal | date | None
Row = list[Cell]
Table = list[Row]


def tables(file: Path) -> tuple[str, Iterator[Table]]:
    """The kind of file ("csv", "xlsx", "xls", "html") and its tables: one per sheet, HTML table or CSV delimiter.

    Raises:
        StatementError: over a limit, damaged, or a workbook that is a trap.
    """
    raw = load(file)
    if raw.startswith(b"PK\x03\x04"):
        return "xlsx", _xlsx(raw)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls", _xls(raw)
    text = decode(raw)
    head = text[:4096].lower()
    if "<html" in head or "<table" in head or "<!doctype html" in head:
        return "html", _html(text)
    return "csv", _csv(text)


def _csv(text: str) -> Iterator[Table]:
    head = text[:65536]
    marks = sorted(";\t|,", key=lambda mark: -max((line.count(mark) for line in head.splitlines()), default=0))
    for mark in marks:
        if mark in head:
            yield _csv_table(text, mark)


def _csv_table(text: str, mark: str) -> Table:
    table: Table = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark):
            if len(table) >= MAX_ROWS:
                raise StatementError(f"El fichero tiene más de {MAX_ROWS} filas.")
            table.append(list(row))
    except csv.Error as exc:
        raise StatementError(f"El fichero CSV está mal formado ({exc}).") from exc
    return table


def _xlsx(raw: bytes) -> Iterator[Table]:
    if len(raw) > MAX_EXCEL_BYTES:
        raise StatementError(f"El libro de Excel ocupa {len(raw)} bytes y el máximo es {MAX_EXCEL_BYTES}.")
    try:
        _refuse_traps(raw)
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        try:
            for sheet in book.worksheets[:MAX_SHEETS]:
                yield _limited(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True))
        finally:
            book.close()
    except (
        zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, KeyError, ValueError, TypeError, AttributeError,
        IndexError, EOFError, OSError, NotImplementedError, RuntimeError, SyntaxError,
    ) as exc:  # fmt: skip
        # openpyxl has no error of its own for a damaged book: these are all that it lets through.
        raise StatementError("El libro de Excel está dañado o protegido con contraseña.") from exc


def _refuse_traps(raw: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(raw)) as bundle:
        infos = bundle.infolist()
        total = sum(info.file_size for info in infos)
        if total > MAX_UNPACKED_BYTES or len(infos) > 2000:
            raise StatementError(f"El libro de Excel se expande a {total} bytes: puede ser una bomba ZIP.")
        for info in infos:
            if info.filename.endswith((".xml", ".rels")):
                with bundle.open(info) as member:
                    head = member.read(2048)
                if b"<!DOCTYPE" in head.replace(b"\x00", b"").upper():
                    raise StatementError("El libro de Excel declara un DOCTYPE: puede ser un ataque.")


def _limited(rows: Iterator[Any]) -> Table:
    table: Table = []
    for row in rows:
        if len(table) >= MAX_ROWS:
            raise StatementError(f"La hoja tiene más de {MAX_ROWS} filas.")
        cells = [_cell(value) for value in row]
        while cells and cells[-1] is None:
            cells.pop()
        table.append(cells)
    return table


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        # Excel keeps binary floats: what the bank meant is the shortest text, free of the noise of its own sums.
        exact = Decimal(repr(value))
        return exact.quantize(_PRECISION).normalize() if exact.is_finite() and abs(exact) < 10**15 else None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return str(value)


def _xls(raw: bytes) -> Iterator[Table]:
    if len(raw) > MAX_EXCEL_BYTES:
        raise StatementError(f"El libro de Excel ocupa {len(raw)} bytes y el máximo es {MAX_EXCEL_BYTES}.")
    try:
        with xlrd.open_workbook(file_contents=raw, on_demand=True, logfile=io.StringIO()) as book:
            for index in range(min(book.nsheets, MAX_SHEETS)):
                sheet = book.sheet_by_index(index)
                rows = (sheet.row(number)[:MAX_COLUMNS] for number in range(sheet.nrows))
                yield _limited([_xls_value(cell, book.datemode) for cell in row] for row in rows)
    except (
        xlrd.XLRDError, xlrd.compdoc.CompDocError, struct.error, ValueError, IndexError, KeyError, AssertionError,
        TypeError, AttributeError, OverflowError, UnicodeError, EOFError, MemoryError,
    ) as exc:  # fmt: skip
        raise StatementError("El libro de Excel está dañado o protegido con contraseña.") from exc


def _xls_value(cell: Any, datemode: int) -> Any:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, datemode)
    if cell.ctype in {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR, xlrd.XL_CELL_BOOLEAN}:
        return None
    return cell.value


def _html(text: str) -> Iterator[Table]:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    try:
        document = etree.fromstring(text.encode("utf-8", errors="replace"), parser=parser)
    except etree.XMLSyntaxError as exc:
        raise StatementError("La página HTML no se puede leer.") from exc
    if document is None:
        raise StatementError("La página HTML está vacía.")
    for table in document.iter("table"):
        own = (row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table)
        yield _limited(_html_row(row) for row in own)


def _html_row(row: Any) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if cell.tag not in {"td", "th"}:
            continue
        cells.append(" ".join("".join(cell.itertext()).split()))
        span = cell.get("colspan", "1")
        cells.extend([""] * (min(int(span), MAX_COLUMNS) - 1 if span.isdigit() else 0))
        if len(cells) > MAX_COLUMNS:
            break
    return cells
