"""Figures and rows as files: workbooks and CSV that no reader takes for formulas, Parquet for tools."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from django.utils.translation import gettext as _

from cobranza.insight.boards import Filled
from cobranza.insight.definitions import contract
from cobranza.insight.figures import reading
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.sheets import harmless
from cobranza.screens import formats

Rows = Sequence[Mapping[str, object]]
_BOM = "\ufeff"
_SHEET_NAME = 31
_BATCH = 20_000
_SECONDS = 600


class UnknownView(BusinessError):
    """A view that is not in the schema."""

    code = "COB-INS-005"
    remedy = "«cobranza insight export --list» enumera las vistas."


def cell(name: str, value: object) -> tuple[str, bool]:
    """A value as the screen shows it, and whether it is a figure."""
    if value is None:
        return "", False
    if isinstance(value, bool):
        return (_("sí") if value else _("no")), False
    if isinstance(value, Decimal):
        places = 2 if value == value.quantize(Decimal("0.01")) else 4
        return formats.amount(value, places), True
    if isinstance(value, int):
        return str(value), True
    if isinstance(value, datetime):
        return formats.instant(value), False
    return (formats.day(value) if isinstance(value, date) else str(value)), False


def as_csv(rows: Rows) -> str:
    """Rows as spreadsheets in Spanish open them: semicolons, decimal comma, UTF-8 with its mark."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    if rows:
        writer.writerow(rows[0])
    for row in rows:
        writer.writerow([_plain(value) for value in row.values()])
    return _BOM + text.getvalue()


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "sí" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    if isinstance(value, date):
        return value.isoformat()
    return harmless(str(value)) if isinstance(value, str) else str(value)


def workbook(sheets: Sequence[tuple[str, Rows]]) -> bytes:
    """One sheet per set of rows; figures are numbers, texts never formulas."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for title, rows in sheets:
        page = book.create_sheet(_sheet(title))
        page.freeze_panes = "A2"
        if rows:
            page.append([_head(page, name) for name in rows[0]])
        for row in rows:
            page.append([_excel(value) for value in row.values()])
    return _saved(book)


def board_workbook(filled: Filled) -> bytes:
    """A dashboard: its figures with their definitions, then one sheet per chart."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet(_sheet(str(filled.board.title)))
    for letter, width in zip("ABCDEF", (38, 20, 16, 16, 90, 18), strict=True):
        page.column_dimensions[letter].width = width
    part = filled.asked.part
    period = f"{formats.day(part.start)} – {formats.day(part.end)}"
    page.append([harmless(str(filled.board.title)), harmless(period), harmless(part.currency)])
    page.append([_("Datos de"), formats.instant(filled.as_of)])
    heads = (_("Cifra"), _("Valor"), _("Objetivo"), _("Cambio"), _("Fórmula"), _("Responsable"))
    page.append([_head(page, name) for name in heads])
    for tile in filled.tiles:
        row = (
            tile.definition.name,
            tile.value,
            tile.target,
            tile.change,
            tile.definition.formula,
            tile.definition.owner,
        )
        page.append([harmless(text) for text in row])
    for number, each in enumerate(filled.charts, start=1):
        sheet = book.create_sheet(_sheet(f"{number} {each.chart.title}"))
        sheet.column_dimensions["A"].width = 26
        sheet.append([_head(sheet, name) for name in each.chart.head])
        for cells in each.chart.rows:
            sheet.append([harmless(text) for text in cells])
    return _saved(book)


def _saved(book: Any) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _head(page: Any, name: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    found = WriteOnlyCell(page, value=harmless(name))
    found.font = Font(bold=True)
    return found


def _excel(value: object) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)  # Excel knows no zones
    return value


def _sheet(title: str) -> str:
    """A name that Excel takes."""
    return "".join("-" if each in "[]:*?/\\" else each for each in title)[:_SHEET_NAME]


def write_view(view: str, target: Path, form: Literal["csv", "parquet"], company: str = "") -> int:
    """Write a whole view into a file, in batches; returns how many rows.

    Raises:
        UnknownView: it is not in the schema.
    """
    if view not in contract():
        raise UnknownView(f"No hay ninguna vista «{view}».")
    target.parent.mkdir(parents=True, exist_ok=True)
    return _write_csv(view, target, company) if form == "csv" else _write_parquet(view, target, company)


def _batches(view: str, company: str) -> Iterator[list[tuple[Any, ...]]]:
    where = " WHERE acreedor = %s" if company and "acreedor" in contract()[view] else ""
    with reading(_SECONDS) as cursor:
        cursor.execute(f"SELECT * FROM informes.{view}{where}", [company] if where else [])  # noqa: S608 - contract
        while batch := cursor.fetchmany(_BATCH):
            yield batch


def _write_csv(view: str, target: Path, company: str) -> int:
    count = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(contract()[view])
        for batch in _batches(view, company):
            for row in batch:
                writer.writerow([_machine(value) for value in row])
            count += len(batch)
    return count


def _machine(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return harmless(value) if isinstance(value, str) else value


def _write_parquet(view: str, target: Path, company: str) -> int:
    import pyarrow as arrow
    from pyarrow import parquet

    kinds = {
        "bigint": arrow.int64(), "integer": arrow.int32(), "smallint": arrow.int16(), "boolean": arrow.bool_(),
        "date": arrow.date32(), "numeric": arrow.decimal128(30, 6),
        "timestamp with time zone": arrow.timestamp("us", tz="UTC"),
    }  # fmt: skip
    columns = contract()[view]
    schema = arrow.schema([(name, kinds.get(kind, arrow.string())) for name, kind in columns.items()])
    count = 0
    with parquet.ParquetWriter(target, schema) as writer:
        for batch in _batches(view, company):
            made = {
                name: [_arrow(row[place], kind) for row in batch]
                for place, (name, kind) in enumerate(columns.items())
            }  # fmt: skip
            writer.write_table(arrow.table(made, schema=schema))
            count += len(batch)
    return count


def _arrow(value: Any, kind: str) -> Any:
    if value is None or kind != "numeric":
        return value
    return Decimal(value).quantize(Decimal("0.000001"))
