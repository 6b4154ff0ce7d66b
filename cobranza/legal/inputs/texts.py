"""Plain text, tables (CSV, XLSX) and HTML as sheets."""

from __future__ import annotations

import csv
import html
import io
import re
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cobranza.legal.inputs import boxes, paper, sniff
from cobranza.legal.inputs.verdict import reject

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job

_LONGEST = 5_000_000
_COLUMNS = 40


def decode(content: bytes) -> str:
    """Text of unknown encoding: by its mark, else UTF-8, else Windows-1252."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def html_text(markup: str) -> str:
    """HTML as text: no script, style, picture or address is followed or shown."""
    from inscriptis import get_text

    safe = re.sub(r"(?is)<(script|style|head|template|noscript)\b.*?</\1\s*>", "", markup[:_LONGEST])
    try:
        return str(get_text(safe))
    except (ValueError, RecursionError):
        return html.unescape(re.sub(r"<[^>]{0,2000}>", " ", safe))


def to_pdf(job: Job, source: Path) -> Path:
    """Sheets of a text, a table or an HTML page.

    Raises:
        Rejected: it is too long, or the workbook is broken.
    """
    if job.media_type == sniff.XLSX:
        blocks = _workbook(job, source)
    else:
        content = source.read_bytes()
        if len(content) > _LONGEST:
            raise reject(
                "demasiado_grande", "El texto es demasiado largo para imprimirlo.", "Traiga la parte que hace falta."
            )
        text = decode(content)
        if not text.strip():
            raise reject("vacio", "El fichero no tiene texto.", "Tráigalo de nuevo.")
        if job.media_type == "text/csv":
            blocks = _csv(job, text)
        elif job.media_type == "text/html":
            job.note("sin_formato", "De la página web se presenta el texto, sin imágenes ni diseño.")
            blocks = [paper.Fixed(html_text(text))]
        else:
            blocks = [paper.Fixed(text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n"))]
    return sheets(job, blocks)


def sheets(job: Job, blocks: list[paper.Block]) -> Path:
    """Print the blocks with the file's name at the foot."""
    target = job.scratch()
    lost = paper.render(blocks, target, title=job.name, tools=job.tools, foot=job.name)
    if lost:
        job.note("caracteres", f"{lost} caracteres distintos no están en ningún tipo de letra: se ven como □.")
    return target


def _limited(job: Job, rows: list[tuple[str, ...]], what: str) -> tuple[tuple[str, ...], ...]:
    if len(rows) > job.limits.rows:
        job.note(
            "tabla_cortada",
            f"{what}: se muestran {job.limits.rows} filas de {len(rows)}.",
            "Si hacen falta todas, imprímala como PDF desde su programa.",
        )
        rows = rows[: job.limits.rows]
    if max(map(len, rows), default=0) > _COLUMNS:
        job.note(
            "tabla_cortada",
            f"{what}: se muestran {_COLUMNS} columnas.",
            "Si hacen falta todas, imprímala como PDF desde su programa.",
        )
        rows = [row[:_COLUMNS] for row in rows]
    return tuple(rows)


_NUMBER = re.compile(r"[-+(]?[\d.,\s]*\d[\d.,]*\)?\s?(€|EUR|%)?")


def amounts(rows: tuple[tuple[str, ...], ...]) -> frozenset[int]:
    """Columns that hold only numbers below their heading."""
    found = set()
    for column in range(max(map(len, rows), default=0)):
        cells = [row[column].strip() for row in rows[1:] if column < len(row) and row[column].strip()]
        if cells and all(_NUMBER.fullmatch(cell) for cell in cells):
            found.add(column)
    return frozenset(found)


def _csv(job: Job, text: str) -> list[paper.Block]:
    try:
        dialect: Any = csv.Sniffer().sniff(text[:20000], delimiters=";,\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), dialect) if any(row)]
    except csv.Error as exc:
        raise reject("danado", f"La tabla no se puede leer ({exc}).", "Expórtela de nuevo.") from exc
    kept = _limited(job, rows, "La tabla")
    return [paper.Heading(job.name, 3), paper.Table(kept, right=amounts(kept))]


def _workbook(job: Job, source: Path) -> list[paper.Block]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    boxes.check(source, job.limits)
    job.note("hoja_de_calculo", "De la hoja de cálculo se presentan los valores, sin fórmulas, gráficos ni formato.")
    blocks: list[paper.Block] = []
    try:
        book = load_workbook(io.BytesIO(source.read_bytes()), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            rows: list[tuple[str, ...]] = []
            for row in sheet.iter_rows(values_only=True, max_col=_COLUMNS + 1):
                cells = tuple(_cell(each) for each in row)
                while cells and not cells[-1]:
                    cells = cells[:-1]
                rows.append(cells)
                if len(rows) > job.limits.rows + 1:
                    break
            while rows and not rows[-1]:
                rows.pop()
            if sheet.sheet_state != "visible":
                job.note("hoja_oculta", f"La hoja «{sheet.title}» estaba oculta y no se presenta.")
                continue
            if rows:
                kept = _limited(job, [row or ("",) for row in rows], f"La hoja «{sheet.title}»")
                blocks += [paper.Heading(sheet.title, 2), paper.Table(kept, right=amounts(kept))]
        book.close()
    except (InvalidFileException, KeyError, ValueError, TypeError, zipfile.BadZipFile, OSError) as exc:
        raise reject(
            "danado", f"La hoja de cálculo no se puede leer ({type(exc).__name__}).", "Guárdela de nuevo o como PDF."
        ) from exc
    if not blocks:
        raise reject("vacio", "La hoja de cálculo no tiene datos a la vista.", "Compruébela y tráigala de nuevo.")
    return blocks


def _cell(value: object) -> str:
    """A cell as a person in Spain reads it."""
    match value:
        case None:
            return ""
        case bool():
            return "Sí" if value else "No"
        case datetime():
            midnight = value.time() == time(0)
            return value.strftime("%d/%m/%Y") if midnight else value.strftime("%d/%m/%Y %H:%M")
        case date():
            return value.strftime("%d/%m/%Y")
        case float():
            shown = Decimal(repr(value)).quantize(Decimal("0.000001")).normalize()
            return _grouped(shown)
        case int():
            return str(value)
        case _:
            return str(value)


def _grouped(value: Decimal) -> str:
    text = f"{value:,f}"
    if "." in text and len(text.rpartition(".")[2]) == 1:
        text += "0"
    return text.replace(",", "\x00").replace(".", ",").replace("\x00", ".")
