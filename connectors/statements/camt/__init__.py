"""ISO 20022 CAMT.052, .053 and .054 in every version, as one XML file or as a ZIP of them.

Source: ISO 20022 message definitions "Bank-to-Customer Cash Management", versions 01 to 14.
"""

from __future__ import annotations

import re
from pathlib import Path

from cobranza.reconciliation.ports import StatementFile
from connectors.statements.camt import archive, message

_ROOT = re.compile(rb"BkToCstmr(?:Stmt|AcctRpt|DbtCdtNtfctn)|iso:20022:tech:xsd:camt\.05[234]|camt\.05[234]\.001")


class Camt:
    """Reads CAMT.052 (intraday), .053 (statement) and .054 (notification)."""

    slug = "camt"

    def recognises(self, head: bytes, name: str) -> bool:
        """See `StatementFormat.recognises`."""
        return _ROOT.search(head.replace(b"\x00", b"")) is not None or archive.looks_like_one(head, name)

    def read(self, file: Path) -> StatementFile:
        """See `StatementFormat.read`. A ZIP gives the statements of all its files, in their order."""
        with archive.documents(file) as streams:
            messages = [message.read(stream, label) for label, stream in streams]
        return StatementFile(
            format=self.slug,
            version=messages[0].version,
            statements=tuple(statement for each in messages for statement in each.statements),
            objections=tuple(objection for each in messages for objection in each.objections),
        )


ADAPTER = Camt()
