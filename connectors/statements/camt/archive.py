"""Opens a CAMT file, alone or inside a ZIP, without trusting either.

Members of a ZIP are read as streams and never written to disk, so a path that climbs out of the folder harms nothing;
it is refused all the same, because an honest bank does not send one.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from cobranza.ledger.statements import StatementError

MAX_XML_BYTES = 512 * 1024 * 1024
MAX_ZIP_BYTES = 64 * 1024 * 1024
MAX_MEMBERS = 500
MAX_RATIO = 200
"""Statements compress 10 to 40 times; a bomb, over 1000."""

_MAGIC = b"PK\x03\x04"
_OFFICE = (b"[Content_Types].xml", b"xl/", b"docProps/", b"_rels/", b"mimetype")


def looks_like_one(head: bytes, name: str) -> bool:
    """Tell whether `head` opens a ZIP that is no Excel workbook."""
    if not head.startswith(_MAGIC):
        return False
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    return not first.startswith(_OFFICE) and not name.lower().endswith((".xlsx", ".xlsm", ".ods"))


@contextmanager
def documents(file: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The XML documents of `file` in order, as (label for messages, stream); label is "" for a bare XML file."""
    try:
        with file.open("rb") as stream:
            if stream.read(4) == _MAGIC:
                stream.seek(0)
                yield _members(stream, file)
                return
            stream.seek(0)
            size = file.stat().st_size
            if size > MAX_XML_BYTES:
                raise StatementError(f"El fichero ocupa {size} bytes y el máximo es {MAX_XML_BYTES}.")
            yield iter((("", stream),))
    except OSError as exc:
        raise StatementError(f"No se puede leer el fichero ({exc.strerror}).") from exc


def _members(stream: IO[bytes], file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if file.stat().st_size > MAX_ZIP_BYTES:
        raise StatementError(f"El ZIP ocupa {file.stat().st_size} bytes y el máximo es {MAX_ZIP_BYTES}.")
    try:
        with zipfile.ZipFile(stream) as bundle:
            infos = [info for info in bundle.infolist() if not info.is_dir() and not _is_litter(info.filename)]
            _check(infos)
            for info in infos:
                yield info.filename, io.BytesIO(_unpack(bundle, info))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as exc:
        raise StatementError("El ZIP está dañado, cifrado o usa una compresión desconocida.") from exc


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in {".DS_Store", "Thumbs.db"}


def _check(infos: list[zipfile.ZipInfo]) -> None:
    if not infos:
        raise StatementError("El ZIP no contiene ningún fichero.")
    if len(infos) > MAX_MEMBERS:
        raise StatementError(f"El ZIP contiene {len(infos)} ficheros y el máximo es {MAX_MEMBERS}.")
    total = 0
    for info in infos:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in info.filename:
            raise StatementError(f"El ZIP contiene una ruta que sale de su carpeta: «{info.filename[:80]}».")
        if not path.name.lower().endswith((".xml", ".camt", ".c53", ".c52", ".c54", ".052", ".053", ".054")):
            raise StatementError(f"El ZIP contiene «{path.name[:80]}», que no es un fichero CAMT.")
        total += info.file_size
        if info.file_size > MAX_RATIO * max(info.compress_size, 1024):
            raise StatementError(f"«{path.name[:80]}» se expande más de {MAX_RATIO} veces: puede ser una bomba ZIP.")
    if total > MAX_XML_BYTES:
        raise StatementError(f"El ZIP se expande a {total} bytes y el máximo es {MAX_XML_BYTES}.")


def _unpack(bundle: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # The declared size may lie: read one byte past it and no more.
    with bundle.open(info) as member:
        raw = member.read(info.file_size + 1)
    if len(raw) != info.file_size:
        raise StatementError(f"«{info.filename[:80]}» no mide lo que el ZIP declara.")
    return raw
