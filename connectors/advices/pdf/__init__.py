"""PDF with text: every word and where it is printed.

The file is parsed in a process of its own (`extract.py`) that imports nothing of ours, with limits of CPU time, memory
and pages: a hostile PDF ends that process, never this one. Pictures of text (scans) are refused by name; OCR is out of
scope.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cobranza.reconciliation.advice.ports import MAX_PAGES, MAX_ROWS, Cell, Page, Row
from cobranza.reconciliation.advice.records import AdviceError

SECONDS = 30
CPU_SECONDS = 20
MEMORY_BYTES = 1024 * 1024 * 1024
_SCRIPT = Path(__file__).with_name("extract.py")
_REASONS = {
    "encrypted": ("está protegido con contraseña", "Pida el PDF sin contraseña, o en Excel."),
    "images": (
        "solo contiene imágenes, sin texto (es un escaneado)",
        "Pida el aviso en PDF con texto, Excel o CSV: el reconocimiento de imágenes (OCR) no está incluido.",
    ),
    "empty": ("no contiene texto", None),
    "pages": (f"tiene más de {MAX_PAGES} páginas", None),
    "chars": ("tiene demasiado texto para ser un aviso de pago", None),
    "damaged": ("está cortado o dañado", "Pida que se lo envíen otra vez."),
}


class Pdf:
    """Reads PDF files by the position of their words."""

    slug = "pdf"

    def recognises(self, head: bytes, name: str) -> bool:
        """See `AdviceFormat.recognises`."""
        return b"%PDF-" in head[:1024] and not head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))

    def read(self, raw: bytes, name: str) -> tuple[Page, ...]:
        """See `AdviceFormat.read`."""
        told = _extracted(raw, name)
        if "error" in told:
            what, remedy = _REASONS.get(told["error"], _REASONS["damaged"])
            raise AdviceError(f"El PDF «{name}» {what}.", remedy=remedy)
        pages = []
        for number, lines in enumerate(told["pages"], start=1):
            rows = tuple(
                Row(index, tuple(Cell(text, left, right) for left, right, text in words))
                for index, words in enumerate(lines[:MAX_ROWS], start=1)
                if words
            )
            pages.append(Page(f"página {number}", rows, grid=False))
        return tuple(pages)


def _extracted(raw: bytes, name: str) -> dict[str, Any]:
    command = [sys.executable, "-I", str(_SCRIPT), str(CPU_SECONDS), str(MEMORY_BYTES), str(MAX_PAGES)]
    environment = {
        key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "SYSTEMROOT", "LD_LIBRARY_PATH")
    }
    try:
        done = subprocess.run(command, input=raw, capture_output=True, timeout=SECONDS, check=False, env=environment)
    except subprocess.TimeoutExpired as exc:
        raise AdviceError(f"El PDF «{name}» no se ha podido leer en {SECONDS} segundos: puede ser un ataque.") from exc
    if done.returncode != 0:
        raise AdviceError(f"El PDF «{name}» gasta demasiado tiempo o memoria, o está dañado.")
    try:
        told = json.loads(done.stdout)
    except ValueError as exc:
        raise AdviceError(f"El PDF «{name}» está dañado.") from exc
    return dict(told)


ADAPTER = Pdf()
