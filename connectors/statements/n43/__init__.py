"""Norma 43 (Cuaderno 43 of the AEB): fixed width, 80 columns, records 11, 22, 23, 24, 33 and 88.

Source: AEB/CECA, "Información normalizada de cuenta corriente, serie normas y procedimientos bancarios n.º 43",
June 2012. Where real files differ from it, this reader follows the files: the sign is a debit only when it is ``1``
(banks write ``0`` or ``2`` elsewhere), lines come without their trailing spaces, and the count in record 88 may or
may not count record 88 itself.
"""

from __future__ import annotations

import re
from pathlib import Path

from cobranza.reconciliation.ports import StatementFile
from connectors.statements.n43.records import read

_HEADER = re.compile(rb"\s*11\d{30}[\d ]\d{14}")


class Norma43:
    """Reads Norma 43."""

    slug = "n43"

    def recognises(self, head: bytes, name: str) -> bool:
        """See `StatementFormat.recognises`."""
        return _HEADER.match(head.removeprefix(b"\xef\xbb\xbf")) is not None

    def read(self, file: Path) -> StatementFile:
        """See `StatementFormat.read`."""
        statements, objections = read(file)
        return StatementFile(format=self.slug, version="", statements=statements, objections=objections)


ADAPTER = Norma43()
