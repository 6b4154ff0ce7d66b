"""The evidence folder of an attempt: ``output/runs/<day>/<run>/``, later attempts in ``intento-<n>`` inside it.

When the attempt ends, every file is hashed into ``SHA256SUMS`` (``sha256sum -c`` checks it) and listed as a row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from cobranza import suite
from cobranza.kernel import clock
from cobranza.runs.config import instance_zone
from cobranza.runs.context import SIDECAR
from cobranza.runs.models import Evidence, EvidenceKind, Run

MANIFEST = "SHA256SUMS"
CONSOLE = "console.txt"
_KNOWN = {
    "log.html": (EvidenceKind.LOG, "Registro de Robot Framework"),
    "report.html": (EvidenceKind.REPORT, "Informe de Robot Framework"),
    "output.xml": (EvidenceKind.OUTPUT, "Salida de Robot Framework"),
    CONSOLE: (EvidenceKind.CONSOLE, "Lo que el robot escribió en la consola"),
}
_BY_SUFFIX = {
    ".png": EvidenceKind.SCREENSHOT,
    ".jpg": EvidenceKind.SCREENSHOT,
    ".jpeg": EvidenceKind.SCREENSHOT,
    ".zip": EvidenceKind.TRACE,
    ".pdf": EvidenceKind.DOCUMENT,
    ".xlsx": EvidenceKind.DOCUMENT,
}


def relative_folder(run: Run, attempt: int) -> str:
    """Folder of an attempt, relative to the output folder; the day is the one the run was asked for."""
    day = run.created_at.astimezone(clock.zone(instance_zone())).date()
    base = f"runs/{day.isoformat()}/{run.pk}"
    return base if attempt <= 1 else f"{base}/intento-{attempt}"


def seal(run: Run, attempt: int) -> list[Evidence]:
    """Hash what the attempt left and say what each file is. The rows are not saved yet."""
    folder = suite.output_folder() / relative_folder(run, attempt)
    if not folder.is_dir():
        return []
    said = _sidecar(folder)
    rows = []
    lines = []
    for file in _files(folder):
        name = file.relative_to(folder).as_posix()
        digest = _sha256(file)
        lines.append(f"{digest}  {name}\n")
        kind, title = said.get(name) or _guess(name)
        rows.append(
            Evidence(
                run=run,
                attempt=attempt,
                path=file.relative_to(suite.output_folder()).as_posix(),
                kind=kind,
                title=title[:300],
                sha256=digest,
                size=file.stat().st_size,
            )
        )
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")
    return rows


def _files(folder: Path) -> Iterator[Path]:
    """Regular files below `folder` but those of later attempts, never through a link."""
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() or entry.name in (MANIFEST, SIDECAR):
            continue
        if entry.is_dir():
            if not entry.name.startswith("intento-"):
                yield from _files(entry)
        elif entry.is_file():
            yield entry


def _sidecar(folder: Path) -> dict[str, tuple[str, str]]:
    file = folder / SIDECAR
    if not file.is_file():
        return {}
    said = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            kind = entry["kind"] if entry["kind"] in EvidenceKind.values else EvidenceKind.OTHER
            said[str(entry["path"])] = (str(kind), str(entry["title"]))
        except (ValueError, KeyError, TypeError):
            continue  # a robot killed in the middle of a line; the file itself is listed all the same
    return said


def _guess(name: str) -> tuple[str, str]:
    known = _KNOWN.get(name)
    if known:
        return known
    return _BY_SUFFIX.get(Path(name).suffix.lower(), EvidenceKind.OTHER), name


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
