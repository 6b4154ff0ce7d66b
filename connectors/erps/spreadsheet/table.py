"""Reads an Excel or CSV file into rows of cells with their row numbers, and cells into exact values."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl.utils.exceptions import InvalidFileException
from RPA.Excel.Files import Files
from xlrd import XLRDError

from cobranza.kernel import spanish
from cobranza.kernel.errors import BusinessError


class LedgerFileError(BusinessError):
    """The team's file cannot be read as a ledger."""

    code = "COB-HOJ-001"
    remedy = "Compruebe el fichero, la hoja y la fila de cabecera que indica config/erps.toml."


class CellError(ValueError):
    """A cell that does not hold what its column should; the text is Spanish, for the report by row."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet as it stands.

    Attributes:
        name: Of the worksheet, or of the CSV file.
        rows: Row number in the file (from 1) and its cells, empty rows left out.
    """

    name: str
    rows: tuple[tuple[int, tuple[Any, ...]], ...]


def read(file: Path, *, sheet: str, separator: str, encoding: str) -> Sheet:
    """Read a whole worksheet or CSV file.

    Raises:
        LedgerFileError: it is not there, is no such file or has no such worksheet.
    """
    if not file.is_file():
        raise LedgerFileError(f"No existe el fichero {file}.")
    if file.suffix.lower() == ".csv":
        return Sheet(file.name, tuple(_filled(_csv(file, separator, encoding))))
    if file.suffix.lower() not in {".xlsx", ".xlsm", ".xls"}:
        raise LedgerFileError(f"{file.name}: solo se leen .xlsx, .xlsm, .xls y .csv.")
    book = Files()
    try:
        book.open_workbook(str(file), data_only=True)
        names = book.list_worksheets()
        if sheet and sheet not in names:
            raise LedgerFileError(f"{file.name} no tiene la hoja «{sheet}» (tiene: {', '.join(names)}).")
        name = sheet or names[0]
        rows = book.read_worksheet(name, header=False, start=1)
    except (OSError, ValueError, KeyError, InvalidFileException, zipfile.BadZipFile, XLRDError) as exc:
        raise LedgerFileError(f"{file.name}: no se puede abrir ({exc}).") from exc
    finally:
        book.close_workbook()
    return Sheet(name, tuple(_filled((number, tuple(row.values())) for number, row in enumerate(rows, start=1))))


def _csv(file: Path, separator: str, encoding: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    try:
        with file.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as lines:
            reader = csv.reader(lines, delimiter=separator, strict=True)
            for row in reader:
                yield reader.line_num, tuple(row)
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise LedgerFileError(f"{file.name}: no se puede leer ({exc}).") from exc


def _filled(rows: Iterator[tuple[int, tuple[Any, ...]]]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for number, cells in rows:
        if any(text(cell) for cell in cells):
            yield number, cells


def text(cell: Any) -> str:
    """A cell as text: whole numbers without their ".0", nothing as "".

    >>> text(1042.0), text(None), text(" A-1 ")
    ('1042', '', 'A-1')
    """
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def amount(cell: Any, decimal: str) -> Decimal:
    """A cell as an exact amount in cents; spreadsheet numbers are binary, so they must lie on a cent.

    Raises:
        CellError: empty, no amount, or finer than a cent.

    >>> amount(1210.1, ","), amount("1.210,10 €", ",")
    (Decimal('1210.10'), Decimal('1210.10'))
    """
    if isinstance(cell, bool) or cell is None or cell == "":
        raise CellError("está vacío o su fórmula no tiene valor calculado")
    if isinstance(cell, int | float | Decimal):
        try:
            value = Decimal(str(cell))
        except ArithmeticError as exc:
            raise CellError(f"«{cell}» no es un importe") from exc
        if not value.is_finite():
            raise CellError(f"«{cell}» no es un importe")
        rounded = value.quantize(Decimal("0.01"))
        if abs(value - rounded) > Decimal("0.000001"):
            raise CellError(f"«{cell}» tiene más de dos decimales")
        return rounded
    try:
        value = spanish.amount(str(cell), decimal=decimal)
    except spanish.FormatError as exc:
        raise CellError(exc.message.rstrip(".")) from exc
    if value != value.quantize(Decimal("0.01")):
        raise CellError(f"«{cell}» tiene más de dos decimales")
    return value.quantize(Decimal("0.01"))


def day(cell: Any) -> date:
    """A cell as a day. Raises `CellError`."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if cell is None or str(cell).strip() == "":
        raise CellError("está vacío")
    try:
        return spanish.day(str(cell))
    except spanish.FormatError as exc:
        raise CellError(exc.message.rstrip(".")) from exc
