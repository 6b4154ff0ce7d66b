"""HTML bodies of messages: their tables and their visible text. Parsed, never rendered; nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from cobranza.reconciliation.advice.ports import MAX_CELL, MAX_COLUMNS, MAX_PAGES, MAX_ROWS, MAX_TEXT, Cell, Page, Row
from cobranza.reconciliation.advice.records import AdviceError

_HTML = re.compile(rb"<\s*(?:!doctype\s+html|html|body|table|div|p|br)\b", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_\-]{3,20})", re.IGNORECASE)
_OTHERS = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UNSEEN = frozenset({"script", "style", "head", "template", "noscript", "object", "iframe", "svg"})
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|$)", re.IGNORECASE
)
_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "pre", "hr"}
)
_MAX_DEPTH = 200


class Html:
    """Reads HTML."""

    slug = "html"

    def recognises(self, head: bytes, name: str) -> bool:
        """See `AdviceFormat.recognises`."""
        return not head.startswith(_OTHERS) and _HTML.search(head.replace(b"\x00", b"")) is not None

    def read(self, raw: bytes, name: str) -> tuple[Page, ...]:
        """See `AdviceFormat.read`."""
        parser = etree.HTMLParser(
            encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
        )
        try:
            document = etree.fromstring(_decoded(raw).encode("utf-8", errors="replace"), parser=parser)
        except (etree.XMLSyntaxError, ValueError) as exc:
            raise AdviceError(f"El HTML «{name}» no se puede leer.") from exc
        if document is None:
            raise AdviceError(f"El HTML «{name}» está vacío.")
        tables = [table for table in document.iter("table") if _is_data(table) and _seen(table)][: MAX_PAGES - 1]
        if sum(len(text) for text in _visible(document)) > MAX_TEXT:
            raise AdviceError(f"El HTML «{name}» tiene más de {MAX_TEXT} caracteres de texto.")
        pages = [Page("texto", _text(document, set(tables)), grid=False)]
        pages += [Page(f"tabla {number}", _rows(table), grid=True) for number, table in enumerate(tables, start=1)]
        return tuple(page for page in pages if page.rows)


def _decoded(raw: bytes) -> str:
    """Text by its byte order mark, the charset that it declares, UTF-8, then Windows-1252."""
    declared = _CHARSET.search(raw[:2048])
    encodings = [declared[1].decode("ascii")] if declared else []
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings.insert(0, "utf-16")
    for encoding in (*encodings, "utf-8-sig"):
        try:
            return raw.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("cp1252", errors="replace")


def _is_data(table: Any) -> bool:
    """A table of data has no table inside, and more than one column; the others only lay the page out."""
    return table.find(".//table") is None and any(len(_cells(row)) > 1 for row in table.iter("tr"))


def _seen(element: Any) -> bool:
    for depth, each in enumerate((element, *element.iterancestors())):
        if (
            depth > _MAX_DEPTH
            or each.tag in _UNSEEN
            or _HIDDEN.search(each.get("style") or "")
            or each.get("hidden") is not None
        ):
            return False
    return True


def _cells(row: Any) -> list[Any]:
    return [cell for cell in row if cell.tag in ("td", "th")]


def _rows(table: Any) -> tuple[Row, ...]:
    rows = []
    for number, row in enumerate(table.iter("tr"), start=1):
        if number > MAX_ROWS:
            raise AdviceError(f"La tabla tiene más de {MAX_ROWS} filas.")
        if not _seen(row):
            continue
        cells = []
        column = 1
        for cell in _cells(row):
            span = cell.get("colspan", "1")
            text = " ".join(" ".join(_visible(cell)).split())[:MAX_CELL]
            if text and column <= MAX_COLUMNS:
                cells.append(Cell(text, column, column))
            column += min(int(span), MAX_COLUMNS) if span.isascii() and span.isdigit() and len(span) < 4 else 1
        if cells:
            rows.append(Row(number, tuple(cells)))
    return tuple(rows)


def _visible(element: Any) -> Iterator[str]:
    if element.tag in _UNSEEN or not isinstance(element.tag, str) or _HIDDEN.search(element.get("style") or ""):
        return
    if element.text:
        yield element.text
    for child in element:
        yield from _visible(child)
        if child.tail:
            yield child.tail


def _text(document: Any, left_out: set[Any]) -> tuple[Row, ...]:
    """The visible text outside the tables of data, a line for each block, words one space apart."""
    lines: list[list[str]] = [[]]

    def walk(element: Any, depth: int) -> None:
        if depth > _MAX_DEPTH or not isinstance(element.tag, str) or element.tag in _UNSEEN or element in left_out:
            return
        if _HIDDEN.search(element.get("style") or "") or element.get("hidden") is not None:
            return
        block = element.tag in _BLOCKS
        if block:
            lines.append([])
        elif element.tag in ("td", "th"):
            lines[-1].append("\t")
        if element.text:
            lines[-1].append(element.text)
        for child in element:
            walk(child, depth + 1)
            if child.tail:
                lines[-1].append(child.tail)
        if block:
            lines.append([])

    walk(document, 0)
    rows = []
    for number, parts in enumerate(lines, start=1):
        cells, place = [], 0
        for piece in "".join(parts).split("\t"):
            for word in piece.split():
                cells.append(Cell(word[:MAX_CELL], place, place + len(word)))
                place += len(word) + 1
            place += 4
        if cells:
            rows.append(Row(number, tuple(cells)))
        if len(rows) > MAX_ROWS:
            raise AdviceError(f"El texto tiene más de {MAX_ROWS} líneas.")
    return tuple(rows)


ADAPTER = Html()
