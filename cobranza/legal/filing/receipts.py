"""A receipt is believed when it says exactly what we filed and the court's signature covers it; then it is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cobranza.kernel.errors import ApplicationError
from cobranza.legal.package import Package
from cobranza.legal.ports import Receipt

RECORD = "acuse.json"
_NAMES = {"xml": "acuse.xml", "pdf": "acuse.pdf", "stamp": "acuse.tsr"}


class ReceiptWrong(ApplicationError):
    """A receipt that does not prove our filing: cut short, of another case, altered, or without a valid signature."""

    code = "COB-PRE-006"
    remedy = "Se pedirá otra vez; si se repite, una persona lo aclara con el órgano. No lo dé por presentado."

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(f"El acuse no prueba la presentación: {' '.join(problems)}")
        self.problems = problems


def problems(receipt: Receipt, package: Package, reference: str) -> tuple[str, ...]:
    """Why the receipt is not that of this package; empty when it is.

    Args:
        receipt: As downloaded and read.
        package: What was filed.
        reference: Our mark; compared when the receipt gives one.
    """
    found: list[str] = []
    if not receipt.registry:
        found.append("No trae número de registro.")
    if not (receipt.xml or receipt.pdf):
        found.append("No trae ningún fichero.")
    if not receipt.signature_valid:
        found.append("Su firma no vale o no es del órgano.")
    if receipt.reference and receipt.reference != reference:
        found.append(f"Es de «{receipt.reference}» y no de «{reference}».")
    found += _index(receipt, package)
    return tuple(found)


def speaks_of(receipt: Receipt, package: Package, reference: str) -> bool:
    """Something in it points to this package, though it need not prove it: our mark, one of our files, or nothing."""
    ours = {file.sha256 for file in package.files}
    return receipt.reference == reference or not receipt.rows or any(row.sha256.lower() in ours for row in receipt.rows)


def verify(receipt: Receipt, package: Package, reference: str) -> None:
    """Raise `ReceiptWrong` unless the receipt proves the filing of this package."""
    found = problems(receipt, package, reference)
    if found:
        raise ReceiptWrong(found)


def _index(receipt: Receipt, package: Package) -> list[str]:
    listed = [(row.name, row.sha256.lower()) for row in sorted(receipt.rows, key=lambda row: row.order)]
    ours = [(file.name, file.sha256) for file in package.files]
    if listed == ours:
        return []
    missing = [name for name, digest in ours if digest not in {each for _, each in listed}]
    strange = [name for name, digest in listed if digest not in {each for _, each in ours}]
    told = []
    if missing:
        told.append(f"En su índice no está {', '.join(missing)}.")
    if strange:
        told.append(f"Su índice trae {', '.join(strange)}, que no es nuestro.")
    return told or ["Su índice no tiene el orden ni los nombres de lo presentado."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A receipt on disk.

    Attributes:
        folder: Where it lies.
        sha256: Of the signed file (the XML, or the PDF when there is no XML), hexadecimal.
        files: Name → hash of everything kept.
    """

    folder: Path
    sha256: str
    files: Mapping[str, str]


def keep(receipt: Receipt, folder: Path, *, at: datetime, stamp: bytes = b"") -> Kept:
    """Store a verified receipt, whole, before anything else believes in it; never over another.

    Args:
        receipt: Verified.
        folder: Its own; a different receipt of the same filing (a number that changed) goes into a numbered one.
        at: When it was taken.
        stamp: Our own RFC 3161 token over the signed file, b"" without one.
    """
    contents = {"xml": receipt.xml, "pdf": receipt.pdf, "stamp": stamp}
    main = receipt.xml or receipt.pdf
    digest = hashlib.sha256(main).hexdigest()
    folder = _free(folder, digest)
    folder.mkdir(parents=True, exist_ok=True)
    hashes = {}
    for kind, content in contents.items():
        if content:
            _write(folder / _NAMES[kind], content)
            hashes[_NAMES[kind]] = hashlib.sha256(content).hexdigest()
    record: dict[str, Any] = {
        "registry": receipt.registry,
        "filed_at": receipt.filed_at.isoformat(),
        "court": receipt.court,
        "csv": receipt.csv,
        "reference": receipt.reference,
        "signer": receipt.signer,
        "rows": [[row.order, row.name, row.sha256] for row in receipt.rows],
        "taken_at": at.isoformat(),
        "files": hashes,
    }
    _write(folder / RECORD, (json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode())
    return Kept(folder=folder, sha256=digest, files=hashes)


def _free(folder: Path, digest: str) -> Path:
    """The folder itself, or the next numbered one when it holds another receipt."""
    number, target = 1, folder
    while (target / RECORD).exists():
        files = json.loads((target / RECORD).read_text(encoding="utf-8"))["files"]
        if digest in files.values():
            return target
        number += 1
        target = folder.with_name(f"{folder.name}-{number}")
    return target


def _write(file: Path, content: bytes) -> None:
    draft = file.with_name(f".{file.name}.tmp")
    draft.write_bytes(content)
    draft.replace(file)
