"""The writ as an editable DOCX, and how a lawyer's edited copy is told from ours."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from docxtpl import DocxTemplate, RichText

from cobranza import suite
from cobranza.legal.bundle.containers import steady
from cobranza.legal.bundle.writ import FOLDER, Block, Writ
from cobranza.legal.case import Case

SKELETON = "escrito.docx"
_PLAIN = {"address", "heading", "signature"}


def write_docx(writ: Writ, case: Case, file: Path) -> str:
    """Write the writ as DOCX, the same bytes for the same case; its SHA-256.

    The letterhead and the styles are those of ``config/escritos/escrito.docx`` when there is one.
    """
    own = suite.root() / "config" / "escritos" / SKELETON
    document = DocxTemplate(str(own if own.is_file() else FOLDER / SKELETON))
    document.render({"bloques": [_block(each) for each in writ.blocks]}, autoescape=True)
    properties = document.docx.core_properties
    properties.title = f"{writ.name} · {case.id}"
    properties.author = properties.last_modified_by = "Cobranza"
    properties.revision = 1
    out = io.BytesIO()
    document.save(out)
    content = steady(out.getvalue(), case.prepared_on)
    file.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def edited(file: Path, generated: str) -> bool:
    """A person has changed the writ: its bytes are not those that we wrote."""
    return hashlib.sha256(file.read_bytes()).hexdigest() != generated


def _block(block: Block) -> dict[str, Any]:
    if block.kind == "table":
        return {
            "clase": "table",
            "texto": "",
            "filas": [{"concepto": concept, "importe": amount} for concept, amount in block.rows],
        }
    if block.kind in _PLAIN:
        return {"clase": block.kind, "texto": block.text.replace("**", ""), "filas": []}
    return {"clase": "annex" if block.kind == "annex" else "text", "texto": _rich(block.text), "filas": []}


def _rich(words: str) -> RichText:
    parts = words.split("**")
    if len(parts) % 2 == 0:
        parts = [words]
    rich = RichText()
    for place, part in enumerate(parts):
        if part:
            rich.add(part, bold=place % 2 == 1)
    return rich
