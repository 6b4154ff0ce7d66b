"""Turns a CAMT document into small flat records, as a stream: memory holds one entry at a time, whatever the size.

A record maps the path of each element under it to its text: ``{"BookgDt/Dt": "2026-03-02", "Amt": "10.00",
"Amt@Ccy": "EUR"}``. Names come without namespace, so every version and prefix looks the same.

This drives expat directly. Expat opens nothing outside the document, and a DOCTYPE (which any entity attack needs)
ends the reading the moment it appears, before a single declaration in it takes effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, NoReturn
from xml.parsers import expat

from cobranza.ledger.statements import StatementError

MAX_DEPTH = 60
"""The deepest path of the standard has under 20 steps."""

MAX_TEXT = 1_000_000
_CHUNK = 1 << 18

Record = dict[str, str]
_STATEMENTS = frozenset({"Stmt", "Rpt", "Ntfctn"})
_RECORDS = frozenset({"Stmt", "Rpt", "Ntfctn", "Bal", "Ntry", "TxDtls", "GrpHdr"})


class _Node:
    """A place in the document: its path inside its record, found once and then looked up by tag."""

    __slots__ = ("children", "name", "path", "record")

    def __init__(self, name: str, path: str, *, record: bool) -> None:
        self.name = name
        self.path = path
        self.record = record
        self.children: dict[str, _Node] = {}

    def grow(self, tag: str) -> _Node:
        name = tag.rpartition("}")[2]
        record = name in _RECORDS
        path = "" if record else f"{self.path}/{name}" if self.path else name
        child = self.children[tag] = _Node(name, path, record=record)
        return child


def first(record: Record, *paths: str) -> str:
    """Text at the first of `paths` that has any, "" when none has."""
    for path in paths:
        found = record.get(path)
        if found:
            return found
    return ""


def every(record: Record, path: str) -> list[str]:
    """Each text at `path`, in document order."""
    found = record.get(path)
    if found is None:
        return []
    if path + "#" not in record:
        return [found]
    return [found, *record[path + "#"].split("\x1f")]


def parse(stream: IO[bytes], begin: Callable[[str], None], end: Callable[[str, Record], None], where: str) -> None:
    """Read `stream` and report its records.

    Args:
        stream: The XML.
        begin: Called with the namespace when a statement opens.
        end: Called with the name and content of each record when it closes: ``Bal``, ``TxDtls``, ``Ntry``,
            ``GrpHdr`` and the statement itself (``Stmt``, ``Rpt``, ``Ntfctn``).
        where: Opens the messages of errors.

    Raises:
        StatementError: a DOCTYPE, malformed, cut, too deep, or in an unknown encoding.
    """
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.buffer_size = _CHUNK
    parser.ordered_attributes = True
    node = _Node("", "", record=False)
    stack: list[_Node] = []
    outer: list[Record] = []
    record: Record = {}
    text: list[str] = []

    def start(tag: str, attributes: list[str]) -> None:
        nonlocal node, record
        text.clear()
        stack.append(node)
        child = node.children.get(tag)
        if child is None:
            child = node.grow(tag)
            if len(stack) > MAX_DEPTH:
                raise StatementError(f"{where}el XML tiene más de {MAX_DEPTH} niveles: no es un extracto.")
        node = child
        if node.record:
            if node.name in _STATEMENTS:
                begin(tag.rpartition("}")[0])
            outer.append(record)
            record = {}
        elif attributes and attributes[0] == "Ccy":
            record[node.path + "@Ccy"] = attributes[1]

    def stop(tag: str) -> None:
        nonlocal node, record
        if node.record:
            end(node.name, record)
            record = outer.pop()
        elif text:
            written = "".join(text).strip()
            if written:
                path = node.path
                if path in record:
                    _store_again(record, path, written)
                else:
                    record[path] = written
        text.clear()
        node = stack.pop()

    def characters(written: str) -> None:
        text.append(written)
        if len(text) > 8 and sum(map(len, text)) > MAX_TEXT:
            raise StatementError(f"{where}el XML contiene un texto desmesurado.")

    def doctype(*_: object) -> NoReturn:
        raise StatementError(f"{where}el XML declara un DOCTYPE, que ningún extracto necesita y puede ser un ataque.")

    parser.StartElementHandler = start
    parser.EndElementHandler = stop
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = doctype
    try:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as exc:
        raise StatementError(f"{where}el XML está cortado o mal formado ({exc}).") from exc
    except (ValueError, LookupError) as exc:
        raise StatementError(f"{where}el XML usa una codificación que no se admite.") from exc


def _store_again(record: Record, path: str, written: str) -> None:
    """Keep a repeated element: the first one is nearly always the only one, so repeats share one text."""
    written = written.replace("\x1f", " ")
    more = record.get(path + "#")
    record[path + "#"] = written if more is None else f"{more}\x1f{written}"
