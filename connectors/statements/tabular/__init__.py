"""Movements as tables: bank CSV, Excel (``.xlsx``, ``.xls``) and the HTML pages that banks name ``.xls``.

No bank's layout is listed. The header gives the columns their roles; the decimal sign, the order of day and month,
the sign of the amounts and the order of the rows are inferred, and then *proved*: every running balance must follow
from the one before. A file whose balances contradict every reading is refused.

A file without any balance proves nothing, and some banks offer no other. It is read when it leaves no doubt: every
amount and day has one reading only, and the sign is the written one (a cargo/abono pair, or a minus).
"""

from __future__ import annotations

import re
from pathlib import Path

from cobranza.reconciliation.ports import StatementFile
from connectors.statements.tabular.reading import read

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = re.compile(rb"\s*(?::\d\d[A-Z]?:|\{1:|<\?xml|<\?OFX|OFXHEADER|<OFX|<Document|11\d{30})", re.IGNORECASE)
_MT940 = re.compile(rb"^:(?:20|25|28C?|60[FM]|61|86):", re.MULTILINE)
_OFFICE = (b"[Content_Types].xml", b"xl/", b"docProps/", b"_rels/")


class Tabular:
    """Reads tables of movements, whatever their layout."""

    slug = "csv"

    def recognises(self, head: bytes, name: str) -> bool:
        """See `StatementFormat.recognises`."""
        if head.startswith(_OLE):
            return True
        if head.startswith(b"PK\x03\x04"):
            first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
            return first.startswith(_OFFICE) or name.lower().endswith((".xlsx", ".xlsm"))
        bare = head.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe")
        lower = bare.lower()
        if b"<html" in lower or b"<table" in lower or b"<!doctype html" in lower:
            return True
        if _OTHERS.match(bare) or _MT940.search(bare) or b"<OFX>" in bare.upper() or b"<" in bare[:1]:
            return False
        return any(line.count(mark) >= 2 for line in bare.splitlines() for mark in (b",", b";", b"\t", b"|"))

    def read(self, file: Path) -> StatementFile:
        """See `StatementFormat.read`."""
        version, statement, objections = read(file)
        return StatementFile(format=self.slug, version=version, statements=(statement,), objections=objections)


ADAPTER = Tabular()
