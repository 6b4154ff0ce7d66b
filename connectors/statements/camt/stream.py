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
    names: dict[str, str] = {}
    paths: list[str] = []
    outer: list[Record] = []
    record: Record = {}
    text: list[str] = []

    def start(tag: str, attributes: list[str]) -> None:
        nonlocal record
        name = names.get(tag)
        if name is None:
            name = names[tag] = tag.rpartition("}")[2]
        if text:
            text.clear()
        if name in _RECORDS:
            if name in _STATEMENTS:
                begin(tag.rpartition("}")[0])
            paths.append("")
            outer.append(record)
            record = {}
        else:
            path = paths[-1] if paths else ""
            path = f"{path}/{name}" if path else name
            paths.append(path)
            if attributes and attributes[0] == "Ccy":
                record[path + "@Ccy"] = attributes[1]
        if len(paths) > MAX_DEPTH:
            raise StatementError(f"{where}el XML tiene más de {MAX_DEPTH} niveles: no es un extracto.")

    def stop(tag: str) -> None:
        nonlocal record
        path = paths.pop()
        if path:
            if text:
                written = "".join(text).strip()
                text.clear()
                if written:
                    _store(record, path, written)
            return
        if names[tag] in _RECORDS:
            end(names[tag], record)
            record = outer.pop()

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


def _store(record: Record, path: str, written: str) -> None:
    if path not in record:
        record[path] = written
    else:  # the first one is nearly always the only one: repeats share one text
        written = written.replace("\x1f", " ")
        more = record.get(path + "#")
        record[path + "#"] = written if more is None else f"{more}\x1f{written}"
