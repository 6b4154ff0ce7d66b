"""Excel workbooks, ``.xlsx`` and ``.xls``: values only, within limits; no formula is ever worked out.

What a formula gave when the book was saved counts as written, because totals are usually formulas. A formula that was
never worked out (a book written by a program) holds nothing that could be trusted: it is an objection by its cell.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import xlrd
from lxml import etree
from openpyxl.utils import get_column_letter

from cobranza.reconciliation.advice.ports import MAX_CELL, MAX_COLUMNS, MAX_PAGES, MAX_ROWS, Cell, Page, Row, Value
from cobranza.reconciliation.advice.records import AdviceError

MAX_UNPACKED_BYTES = 64 * 1024 * 1024
MAX_MEMBERS = 1000
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PRECISION = Decimal("0.000001")
_FORMULAS_TOLD = 3
_CHUNK = 1024 * 1024


class Workbook:
    """Reads ``.xlsx``, ``.xlsm`` and ``.xls``."""

    slug = "excel"

    def recognises(self, head: bytes, name: str) -> bool:
        """See `AdviceFormat.recognises`."""
        return head.startswith((_ZIP, _OLE))

    def read(self, raw: bytes, name: str) -> tuple[Page, ...]:
        """See `AdviceFormat.read`."""
        if raw.startswith(_ZIP):
            return _xlsx(raw, name)
        if _ENCRYPTED in raw:
            raise AdviceError(
                f"El libro «{name}» está protegido con contraseña.", remedy="Pida el libro sin contraseña."
            )
        return _xls(raw, name)


def _xlsx(raw: bytes, name: str) -> tuple[Page, ...]:
    try:
        _refuse_traps(raw, name)
        values = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
        try:
            pages = []
            for sheet, written in zip(values.worksheets[:MAX_PAGES], formulas.worksheets, strict=False):
                if sheet.sheet_state != "visible":
                    continue
                rows = _rows(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), sheet.title)
                missing = _never_worked_out(rows, written.iter_rows(max_col=MAX_COLUMNS, values_only=True), sheet.title)
                pages.append(Page(f"hoja «{sheet.title}»", rows, grid=True, objections=missing))
        finally:
            values.close()
            formulas.close()
    except (
        zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError, KeyError, ValueError, TypeError, AttributeError,
        IndexError, EOFError, OSError, NotImplementedError, RuntimeError, SyntaxError,
    ) as exc:  # fmt: skip
        # openpyxl has no error of its own for a damaged book: these are all that it lets through.
        raise AdviceError(f"El libro «{name}» está cortado, dañado o protegido con contraseña.") from exc
    return _some(pages, name)


def _refuse_traps(raw: bytes, name: str) -> None:
    """Unpack every member once, counting: the sizes that a ZIP declares may lie."""
    left = MAX_UNPACKED_BYTES
    with zipfile.ZipFile(io.BytesIO(raw)) as bundle:
        infos = bundle.infolist()
        if len(infos) > MAX_MEMBERS or sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
            raise AdviceError(f"El libro «{name}» se expande demasiado: puede ser una bomba ZIP.")
        if not any(info.filename.startswith("xl/") for info in infos):
            raise AdviceError(f"«{name}» es un ZIP y no un libro de Excel.", remedy="Descomprímalo y use su contenido.")
        for info in infos:
            with bundle.open(info) as member:
                head = member.read(2048)
                if info.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in head.replace(b"\x00", b"").upper():
                    raise AdviceError(f"El libro «{name}» declara un DOCTYPE: puede ser un ataque.")
                left -= len(head)
                while chunk := member.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise AdviceError(f"El libro «{name}» se expande demasiado: puede ser una bomba ZIP.")


def _rows(rows: Iterable[Iterable[Any]], title: str) -> tuple[Row, ...]:
    found: list[Row] = []
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise AdviceError(f"La hoja «{title}» tiene más de {MAX_ROWS} filas.")
        cells = tuple(
            Cell(value, column, column)
            for column, each in enumerate(row, start=1)
            if (value := _value(each)) is not None
        )
        if cells:
            found.append(Row(number, cells))
    return tuple(found)


def _never_worked_out(rows: tuple[Row, ...], written: Iterable[Iterable[Any]], title: str) -> tuple[str, ...]:
    held = {(row.number, int(cell.left)) for row in rows for cell in row.cells}
    empty = [
        f"{get_column_letter(column)}{number}"
        for number, row in enumerate(written, start=1)
        for column, value in enumerate(row, start=1)
        if isinstance(value, str) and value.startswith("=") and (number, column) not in held
    ]
    if not empty:
        return ()
    told = ", ".join(empty[:_FORMULAS_TOLD]) + ("…" if len(empty) > _FORMULAS_TOLD else "")
    return (f"la hoja «{title}» tiene fórmulas sin calcular ({told}): ábrala en Excel y guárdela",)


def _value(value: Any) -> Value | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        # Excel keeps binary floats: what was meant is the shortest text, free of the noise of its own sums.
        exact = Decimal(repr(value))
        return exact.quantize(_PRECISION).normalize() if exact.is_finite() and abs(exact) < 10**13 else None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = " ".join(str(value).split())[:MAX_CELL]
    return text or None


def _xls(raw: bytes, name: str) -> tuple[Page, ...]:
    try:
        with xlrd.open_workbook(file_contents=raw, on_demand=True, logfile=io.StringIO()) as book:
            pages = []
            for index in range(min(book.nsheets, MAX_PAGES)):
                sheet = book.sheet_by_index(index)
                if sheet.visibility:
                    continue
                rows = _rows(_xls_rows(sheet, book.datemode), sheet.name)
                pages.append(Page(f"hoja «{sheet.name}»", rows, grid=True))
    except (
        xlrd.XLRDError, xlrd.compdoc.CompDocError, struct.error, ValueError, IndexError, KeyError, AssertionError,
        TypeError, AttributeError, OverflowError, UnicodeError, EOFError, MemoryError,
    ) as exc:  # fmt: skip
        raise AdviceError(f"El libro «{name}» está cortado, dañado o protegido con contraseña.") from exc
    return _some(pages, name)


def _xls_rows(sheet: Any, datemode: int) -> Iterator[list[Any]]:
    for number in range(sheet.nrows):
        yield [_xls_value(cell, datemode) for cell in sheet.row(number)[:MAX_COLUMNS]]


def _xls_value(cell: Any, datemode: int) -> Any:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, datemode)
    if cell.ctype in {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR, xlrd.XL_CELL_BOOLEAN}:
        return None
    return cell.value


def _some(pages: list[Page], name: str) -> tuple[Page, ...]:
    if not any(page.rows for page in pages):
        raise AdviceError(f"El libro «{name}» está vacío.")
    return tuple(pages)


ADAPTER = Workbook()
