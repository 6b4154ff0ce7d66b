"""Checks that a downloaded file is the whole statement that was asked for, by its content and never by its name."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from lxml import etree

from cobranza.reconciliation.ports import IncompleteRead

_N43_LINE = 80
_N43_HEADER, _N43_END = "11", "88"
_ENDS = {"n43": ".n43", "csv": ".csv", "camt": ".xml", "xlsx": ".xlsx"}


class BadDownload(IncompleteRead):
    """The portal gave a file that is empty, cut, of another kind or an error page."""

    code = "COB-POR-009"
    remedy = "Se volverá a pedir el fichero; si se repite, descárguelo usted del portal y mire qué trae."


def accept(file: Path, kind: str) -> Path:
    """Check `file` and give it the extension of its kind.

    Args:
        file: As downloaded.
        kind: "n43", "csv", "camt" or "xlsx".

    Returns:
        The file's path, renamed when its extension was another.

    Raises:
        BadDownload: it is empty, an HTML page, not of `kind`, or cut.
    """
    data = file.read_bytes()
    if not data.strip():
        raise BadDownload(f"El fichero «{file.name}» que da el portal está vacío.")
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        raise BadDownload(f"En lugar del extracto, el portal da una página web («{file.name}»).")
    problem = _CHECKS[kind](data)
    if problem:
        raise BadDownload(f"El fichero «{file.name}» {problem}.")
    right = file.with_suffix(_ENDS[kind])
    if right != file:
        file.replace(right)
    return right


def _n43(data: bytes) -> str:
    text = data.decode("latin-1")
    lines = text.splitlines()
    if not lines[0].startswith(_N43_HEADER):
        return "no es un Norma 43"
    last = lines[-1]
    if not last.startswith(_N43_END):
        return "está cortado: le falta el registro final (88)"
    announced = last[20:26]
    if not announced.isdigit() or int(announced) != len(lines) - 1:
        return f"está incompleto: su registro final anuncia {announced} registros y trae {len(lines) - 1}"
    if any(len(line.rstrip("\r")) > _N43_LINE for line in lines):
        return "tiene registros de más de 80 caracteres"
    return ""


def _csv(data: bytes) -> str:
    text = data.decode("utf-8-sig", errors="replace") if data.startswith(b"\xef\xbb\xbf") else data.decode("latin-1")
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=";") if row]
    width = max(len(row) for row in rows)
    if width < 2:
        return "no es un CSV separado por punto y coma"
    if not text.endswith("\n") or len(rows[-1]) not in {len(row) for row in rows[:-1]}:
        return "está cortado: su última línea no está completa"
    return ""


def _camt(data: bytes) -> str:
    # No DTD, no entities, no network: the file comes from outside.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return "está cortado o no es XML"
    if "camt.05" not in str(etree.QName(root).namespace or ""):
        return "es XML, pero no un extracto camt"
    return ""


def _xlsx(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            if "xl/workbook.xml" not in book.namelist():
                return "no es un libro de Excel"
            damaged = book.testzip()
    except zipfile.BadZipFile:
        return "está cortado o no es un libro de Excel"
    return f"está dañado ({damaged})" if damaged else ""


_CHECKS: dict[str, Callable[[bytes], str]] = {"n43": _n43, "csv": _csv, "camt": _camt, "xlsx": _xlsx}
