"""Where a case's files lie: ``output/expedientes/<number>/``, papers under their own hash, never overwritten."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path, PurePosixPath

from cobranza import suite
from cobranza.kernel.errors import BusinessError

_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"<?xml", "application/xml"),
)
SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg"})
"""What a browser may show; everything else is only handed out as a file."""


class PaperGone(BusinessError):
    """A file that the record knows is not there, or is another."""

    code = "COB-EXP-025"
    remedy = "Recupérelo de la copia de seguridad de output/expedientes, o súbalo otra vez."


def folder(number: str) -> Path:
    """The folder of a case."""
    return suite.output_folder() / "expedientes" / number


def documents(number: str) -> Path:
    """Where the papers lie that were brought."""
    return folder(number) / "documentos"


def clean_name(name: str) -> str:
    """A file's name without path or signs that could mislead.

    >>> clean_name("../../etc/Factura nº 7.PDF"), clean_name("\\u202efdp.exe")
    ('Factura nº 7.PDF', 'fdp.exe')
    """
    bare = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(sign for sign in bare if sign.isprintable() and sign not in '<>:"|?*')
    return kept.strip(" .")[-150:] or "documento"


def media_type(content: bytes) -> str:
    """What the first bytes say, "application/octet-stream" when they say nothing."""
    head = content[:1024]
    for magic, found in _MAGIC:
        if head.startswith(magic) or (magic == b"%PDF-" and magic in head):
            return found
    return "application/octet-stream"


def keep(number: str, file: str, content: bytes) -> Path:
    """Store the bytes of a paper under `file`, whole or not at all; the same bytes again change nothing."""
    target = documents(number) / file
    if target.is_file() and sha256(target) == hashlib.sha256(content).hexdigest():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".entra-")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def read(number: str, file: str, expected: str) -> bytes:
    """The bytes of a paper, compared with the hash in the record; raises `PaperGone`."""
    path = documents(number) / file
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise PaperGone(f"{number}: falta el fichero {file[:16]}….") from exc
    if hashlib.sha256(content).hexdigest() != expected:
        raise PaperGone(f"{number}: el fichero {file[:16]}… no es el que se subió.")
    return content


def sha256(file: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    whole = hashlib.sha256()
    with file.open("rb") as source:
        while block := source.read(1 << 20):
            whole.update(block)
    return whole.hexdigest()
