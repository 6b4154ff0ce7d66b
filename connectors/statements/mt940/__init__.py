"""SWIFT MT940 (statement) and MT942 (interim report), as banks really write them.

Source: SWIFT "Category 9 Cash Management", fields 20 to 90; the subfields of field 86 follow the German (``?20``),
Dutch (``/REMI/``) and free-text conventions.
"""

from __future__ import annotations

import re
from pathlib import Path

from cobranza.reconciliation.ports import StatementFile
from connectors.statements.mt940.message import read

_FIELD = re.compile(rb"(?:^|[\r\n{])[ ]*:(?:20:[^\r\n]|25:|28C?:|60[FM]:|61:\d{6}|62[FM]:|64:)")


class Mt940:
    """Reads MT940 and MT942."""

    slug = "mt940"

    def recognises(self, head: bytes, name: str) -> bool:
        """See `StatementFormat.recognises`."""
        return _FIELD.search(head.removeprefix(b"\xef\xbb\xbf")) is not None and not head.lstrip().startswith(b"<")

    def read(self, file: Path) -> StatementFile:
        """See `StatementFormat.read`."""
        version, statements, objections = read(file)
        return StatementFile(format=self.slug, version=version, statements=statements, objections=objections)


ADAPTER = Mt940()
