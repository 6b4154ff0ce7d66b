"""The filtered list as a workbook or as CSV, row by row from the database. Nothing received becomes a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from cobranza.kernel.money import minor_units
from cobranza.kernel.sheets import harmless
from cobranza.kernel.spanish import write_day
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.workbench.queue import Filters

MOST = 100_000
_CHUNK = 2000
_BOM = "\ufeff"
Cell = str | Decimal | date | int
_SURE = 9
_WIDTHS = (12, 12, 14, 9, 34, 60, 24, 30, 24, 12, 26, 26, 60)


def columns() -> list[str]:
    """Headings, in the person's language."""
    return [
        _("Fecha"),
        _("Fecha valor"),
        _("Importe"),
        _("Moneda"),
        _("Ordenante"),
        _("Concepto"),
        _("Cuenta"),
        _("Documentos"),
        _("Cliente"),
        _("Confianza"),
        _("Estado"),
        _("Decidido por"),
        _("Explicación"),
    ]


def rows(filters: Filters) -> Iterator[list[Cell]]:
    """One row per movement, in the list's order."""
    found = filters.rows().select_related("movement__account")
    found = found.prefetch_related("matches__invoice__debtor", "decisions")[:MOST]
    for row in found.iterator(chunk_size=_CHUNK):
        movement, matches, decisions = row.movement, list(row.matches.all()), list(row.decisions.all())
        last = max(decisions, key=lambda decision: decision.pk, default=None)
        yield [
            movement.booked_on,
            movement.value_on,
            movement.amount,
            movement.currency,
            movement.counterparty_name,
            movement.text,
            movement.account.name,
            ", ".join(match.invoice.number for match in matches),
            ", ".join(dict.fromkeys(match.invoice.debtor.name for match in matches)),
            row.confidence if matches else "",
            str(Proposal.States(row.state).label),
            last.person if last is not None else "",
            row.explanation,
        ]


def as_csv(filters: Filters) -> Iterator[str]:
    """The list as spreadsheets in Spanish open it: semicolons, decimal comma and no thousands, UTF-8 with its mark."""
    line = io.StringIO()
    writer = csv.writer(line, delimiter=";")
    writer.writerow(columns())
    yield _BOM + line.getvalue()
    for row in rows(filters):
        line.seek(0)
        line.truncate()
        places = minor_units(str(row[3]))
        writer.writerow([_written(cell, 4 if place == _SURE else places) for place, cell in enumerate(row)])
        yield line.getvalue()


def as_workbook(filters: Filters, file: Path) -> int:
    """Write the list to an .xlsx file; returns how many rows it has."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Cobros"))
    sheet.freeze_panes = "A2"
    for number, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEFGHIJKLM"[number]].width = width
    heads = []
    for name in columns():
        cell = WriteOnlyCell(sheet, value=name)
        cell.font = Font(bold=True)
        heads.append(cell)
    sheet.append(heads)
    count = 0
    for row in rows(filters):
        cells = []
        for place, value in enumerate(row):
            shown: Any = harmless(value)[:32_000] if isinstance(value, str) else value  # cells take Decimal too
            cell = WriteOnlyCell(sheet, value=shown)
            if isinstance(value, date):
                cell.number_format = "dd/mm/yyyy"
            elif place == 2:
                places = minor_units(str(row[3]))
                cell.number_format = f"#,##0.{'0' * places}" if places else "#,##0"
            elif isinstance(value, Decimal):
                cell.number_format = "0.0 %"
            cells.append(cell)
        sheet.append(cells)
        count += 1
    sheet.auto_filter.ref = f"A1:M{count + 1}"
    book.save(file)
    return count


def _written(cell: Cell, places: int) -> str:
    if isinstance(cell, date):
        return write_day(cell)
    return f"{cell:.{places}f}".replace(".", ",") if isinstance(cell, Decimal) else harmless(str(cell))
