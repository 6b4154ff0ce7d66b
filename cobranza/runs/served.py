"""Evidence over HTTP: only files that a run listed, only from inside its folder, never able to act on the console.

A robot's log holds scripts and text from bank portals. It is shown in a sandboxed frame with an origin of its own: its
scripts run, and they reach neither the console's session nor any address. The frame cannot send the session's cookie,
so its address carries a signed pass for one run, one person and a quarter of an hour.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from django.core import signing
from django.http import FileResponse, Http404

from cobranza import suite
from cobranza.runs.models import Evidence, Run

PASS_SECONDS = 15 * 60
_SALT = "cobranza.runs.frame"
_TEXT_BYTES = 200 * 1024
_CHUNK = 1024 * 1024

IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif"}
TEXTS = frozenset({".txt", ".csv", ".json", ".xml", ".log", ".n43", ".sta", ".ofx", ".qfx", ".aeb"})
_FRAME_TYPES = IMAGES | {".html": "text/html; charset=utf-8"}

# `sandbox` without allow-same-origin gives the page an origin of its own; 'none' keeps it from calling anybody.
FRAME_POLICY = (
    "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; frame-ancestors 'self'; form-action 'none'; "
    "base-uri 'none'"
)
FILE_POLICY = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'none'"


class EvidenceGone(Http404):
    """The file is not there, or not where evidence may be."""


@dataclass(frozen=True, slots=True)
class Preview:
    """How the console shows a file: as an image, as text, or only to download."""

    kind: str
    text: str = ""
    cut: bool = False


def file_of(evidence: Evidence) -> Path:
    """The file of a listed piece of evidence; raises `EvidenceGone`."""
    return _inside(suite.output_folder(), Path(evidence.path))


def _inside(folder: Path, relative: Path) -> Path:
    """`folder`/`relative`, links followed, only when it is a file inside `folder`; raises `EvidenceGone`."""
    top = folder.resolve()
    try:
        file = (top / relative).resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as exc:
        raise EvidenceGone("no file") from exc
    if not file.is_relative_to(top) or not file.is_file():
        raise EvidenceGone("outside")
    return file


def unchanged(evidence: Evidence, file: Path) -> bool:
    """Whether the file still has the SHA-256 that the run recorded."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == evidence.sha256


def preview(file: Path) -> Preview:
    """What to show of a file."""
    suffix = file.suffix.lower()
    if suffix in IMAGES:
        return Preview("image")
    if suffix in TEXTS:
        with file.open("rb") as stream:
            head = stream.read(_TEXT_BYTES + 1)
        text = head[:_TEXT_BYTES].decode("utf-8", errors="replace")
        return Preview("text", text.replace("\x00", "\ufffd"), len(head) > _TEXT_BYTES)
    return Preview("download")


def file_response(file: Path, *, download: bool) -> FileResponse:
    """Send one file; only images may show in the browser, the rest is a download."""
    kind = IMAGES.get(file.suffix.lower())
    shown = kind is not None and not download
    response = FileResponse(
        file.open("rb"),
        as_attachment=not shown,
        filename=file.name,
        content_type=kind if shown else "application/octet-stream",
    )
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response


def frame_pass(run: Run, user_id: int) -> str:
    """A pass for the frame of one run's log."""
    return signing.dumps({"run": run.pk, "user": user_id}, salt=_SALT)


def frame_response(token: str, path: str) -> FileResponse:
    """Send the log, or an image that it shows, to whoever holds a pass; raises `EvidenceGone`."""
    try:
        said = signing.loads(token, salt=_SALT, max_age=PASS_SECONDS)
    except signing.BadSignature as exc:
        raise EvidenceGone("pass") from exc
    run = Run.objects.filter(pk=said["run"]).first()
    kind = _FRAME_TYPES.get(Path(path).suffix.lower())
    if run is None or run.evidence_folder is None or kind is None:
        raise EvidenceGone("kind")
    # First inside the instance's output, then inside this run's own folder.
    folder = run.evidence_folder.resolve()
    if not folder.is_relative_to(suite.output_folder().resolve()):
        raise EvidenceGone("outside")
    response = FileResponse(_inside(folder, Path(path)).open("rb"), content_type=kind)
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
