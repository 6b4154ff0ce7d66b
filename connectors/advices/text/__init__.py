"""Plain text: CSV files, and the bodies of messages with a table drawn in spaces, tabs or bars."""

from __future__ import annotations

import codecs
import csv
import io
import re

from cobranza.reconciliation.advice.ports import MAX_CELL, MAX_COLUMNS, MAX_ROWS, MAX_TEXT, Cell, Page, Row
from cobranza.reconciliation.advice.records import AdviceError

_BINARY = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HTML = re.compile(rb"<\s*(?:!doctype\s+html|html|body|table|div|p|br)\b", re.IGNORECASE)
_XML = re.compile(rb"^\s*(?:\xef\xbb\xbf)?<\?xml", re.IGNORECASE)
_QUOTED = re.compile(r"^(?:\s?>)+ ?")
_RULE = re.compile(r"^[\s|+\-=_.*:]+$")
_LEAST_ROWS = 2


class Text:
    """Reads delimited and plain text."""

    slug = "texto"

    def recognises(self, head: bytes, name: str) -> bool:
        """See `AdviceFormat.recognises`."""
        if head.startswith(_BINARY) or b"%PDF-" in head or _XML.match(head):
            return False
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return True
        return b"\x00" not in head and _HTML.search(head) is None

    def read(self, raw: bytes, name: str) -> tuple[Page, ...]:
        """See `AdviceFormat.read`."""
        text = decode(raw).replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > MAX_TEXT:
            raise AdviceError(f"«{name}» tiene {len(text)} caracteres y el máximo es {MAX_TEXT}.")
        lines = [_QUOTED.sub("", line) for line in text.split("\n")]
        if len(lines) > MAX_ROWS:
            raise AdviceError(f"«{name}» tiene más de {MAX_ROWS} líneas.")
        mark = _delimiter(lines, name)
        part = "cuerpo" if name.startswith("cuerpo") else "texto"
        if mark:
            return (Page(part, _delimited(lines, mark, name), grid=True),)
        return (Page(part, placed(lines), grid=False),)


def decode(raw: bytes) -> str:
    """Text of `raw`: byte order mark, then UTF-8, then Windows-1252."""
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return raw.decode(encoding, errors="replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _delimiter(lines: list[str], name: str) -> str:
    """What parts the cells, "" when only spaces do. A comma counts in a file called CSV alone: amounts hold commas."""
    marks = ";\t|," if name.lower().endswith((".csv", ".tsv")) else ";\t|"
    best, most = "", 0
    for mark in marks:
        counts = [line.count(mark) for line in lines if line.count(mark) >= (1 if mark in ";\t" else 2)]
        if len(counts) < _LEAST_ROWS:
            continue
        usual = max(set(counts), key=lambda count: (counts.count(count), count))
        if counts.count(usual) >= _LEAST_ROWS and counts.count(usual) * usual > most:
            best, most = mark, counts.count(usual) * usual
    return best


def _delimited(lines: list[str], mark: str, name: str) -> tuple[Row, ...]:
    rows: list[Row] = []
    kept = [("" if _RULE.match(line) else line.strip().strip("|") if mark == "|" else line) for line in lines]
    try:
        reader = csv.reader(io.StringIO("\n".join(kept), newline=""), delimiter=mark)
        for cells in reader:
            found = tuple(
                Cell(" ".join(text.split())[:MAX_CELL], column, column)
                for column, text in enumerate(cells[:MAX_COLUMNS], start=1)
                if text.strip()
            )
            if found:
                rows.append(Row(reader.line_num, found))
    except csv.Error as exc:
        raise AdviceError(f"El CSV «{name}» está mal formado ({exc}).") from exc
    return tuple(rows)


def placed(lines: list[str]) -> tuple[Row, ...]:
    """Each word with the columns that it takes; rules drawn with dashes are left out."""
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or _RULE.match(line):
            continue
        line = line.replace("\u00a0", " ").expandtabs(8)[:2000]
        cells = tuple(Cell(found[0], found.start(), found.end()) for found in re.finditer(r"\S+", line))
        rows.append(Row(number, cells))
    return tuple(rows)


ADAPTER = Text()
