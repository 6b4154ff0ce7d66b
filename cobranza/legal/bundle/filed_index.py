"""The index of documents that goes to court with the writ, and the electronic index of Colombia's judiciary."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from reportlab.platypus import Flowable

from cobranza.kernel.sheets import harmless
from cobranza.kernel.spanish import write_day
from cobranza.legal.bundle import typeset as page
from cobranza.legal.bundle.containers import steady
from cobranza.legal.bundle.typeset import Typeset, table, text
from cobranza.legal.bundle.wording import listed, long_day
from cobranza.legal.case import Case
from cobranza.legal.package import Package, PackageFile

TITLE = "Índice de documentos"
_COLOMBIA = (
    "Nombre documento",
    "Fecha creación documento",
    "Fecha incorporación expediente",
    "Orden documento",
    "Número páginas",
    "Página inicio",
    "Página fin",
    "Formato",
    "Tamaño",
    "Origen",
    "Observaciones",
)


def index_pages(case: Case, proceeding: str, rows: Sequence[tuple[str, str, int, str]]) -> Typeset:
    """The index as filed: for each file its name, its description, its pages and its SHA-256."""
    heads = ("N.º", "Documento y nombre del fichero", "Págs.")
    cells: list[list[Flowable]] = [
        [text(head, page.HEAD if place < 2 else page.HEAD_RIGHT) for place, head in enumerate(heads)]
    ]
    for place, (name, title, pages, sha256) in enumerate(rows, start=1):
        told: list[Flowable] = [text(title, page.CELL), text(name, page.NOTE)]
        if sha256:
            told.append(text(f"SHA-256 {sha256}", page.HASH))
        cells.append(
            [
                text(str(place), page.CELL),
                told,  # type: ignore[list-item]
                text(str(pages) if pages else "", page.CELL_RIGHT),
            ]
        )
    story: list[Flowable] = [
        text(case.court.name.upper(), page.KICKER),
        text(TITLE, page.TITLE),
        text(
            f"{proceeding}. {listed([party.name for party in case.claimants])} contra "
            f"{listed([party.name for party in case.defendants])}. Referencia {case.own_reference}, a "
            f"{long_day(case.prepared_on)}.",
            page.SUBTITLE,
        ),
        table(cells, (34, 385, 48)),
    ]
    return page.typeset(story, title=f"{TITLE} · {case.id}", running=f"{case.own_reference} · {TITLE}")


def colombian_rows(case: Case, package: Package) -> list[list[str]]:
    """The rows of the electronic index, heading first. Source: Acuerdo PCSJA20-11567 de 2020, protocol."""
    rows = [list(_COLOMBIA)]
    start = 1
    for each in package.files:
        document = case.document(each.document)
        created = document.dated if document is not None and document.dated else case.prepared_on
        end = start + max(each.pages, 1) - 1
        rows.append(
            [
                each.title,
                write_day(created),
                write_day(case.prepared_on),
                str(each.order),
                str(max(each.pages, 1)),
                str(start),
                str(end),
                each.name.rpartition(".")[2].upper(),
                _size(each),
                "Digitalizado" if each.source_sha256 and not each.signed else "Electrónico",
                f"SHA-256 {each.sha256}",
            ]
        )
        start = end + 1
    return rows


def write_colombian(case: Case, package: Package, folder: Path) -> tuple[Path, Path]:
    """Write the electronic index as CSV and as XLSX."""
    rows = colombian_rows(case, package)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([harmless(cell) for cell in row] for row in rows)
    comma = folder / "indice_electronico.csv"
    comma.write_text(out.getvalue(), encoding="utf-8-sig", newline="")
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise RuntimeError("a new workbook has no sheet")
    sheet.title = "Indice"
    header = (
        ("Ciudad", case.court.locality),
        ("Despacho judicial", case.court.name),
        ("Serie o subserie documental", case.proceeding),
        ("No. radicación del proceso", ""),
        ("Partes procesales (parte A)", "; ".join(party.name for party in case.claimants)),
        ("Partes procesales (parte B)", "; ".join(party.name for party in case.defendants)),
        ("Terceros intervinientes", ""),
        ("Cuaderno", "C01 Principal"),
    )
    for name, value in header:
        sheet.append([name, harmless(value)])
    sheet.append([])
    for row in rows:
        sheet.append([harmless(cell) for cell in row])
    table_file = folder / "indice_electronico.xlsx"
    book.properties.creator = "Cobranza"
    packed = io.BytesIO()
    book.save(packed)
    table_file.write_bytes(steady(packed.getvalue(), case.prepared_on))
    return comma, table_file


def _size(each: PackageFile) -> str:
    return f"{max(1, round(each.size / 1024))} KB"
