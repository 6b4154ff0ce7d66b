"""OFX 1 (SGML, tags often unclosed) and OFX 2 (XML): bank and card statements.

Source: "Open Financial Exchange", versions 1.6 to 2.3, chapters 3 and 11. No XML parser is involved, so a document
type or an entity has nothing to act on; only the predefined character references are read.
"""

from __future__ import annotations

from pathlib import Path

from cobranza.reconciliation.ports import StatementFile
from connectors.statements.ofx.response import read


class Ofx:
    """Reads OFX and its bank flavours (QFX, QBO)."""

    slug = "ofx"

    def recognises(self, head: bytes, name: str) -> bool:
        """See `StatementFormat.recognises`."""
        upper = head.replace(b"\x00", b"").upper()
        return b"OFXHEADER" in upper or b"<OFX>" in upper or b"<?OFX" in upper

    def read(self, file: Path) -> StatementFile:
        """See `StatementFormat.read`."""
        version, statements, objections = read(file)
        return StatementFile(format=self.slug, version=version, statements=statements, objections=objections)


ADAPTER = Ofx()
