"""What is filed, exactly: an ordered list of files with their hashes, frozen before anybody signs off.

`Package.hash` is the identity that a sign-off is bound to: one changed byte, name, order or catalogue entry gives
another. The filing robot takes nothing but a package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cobranza.kernel.errors import BusinessError

MANIFEST = "manifest.json"


class PackageError(BusinessError):
    """The files on disk are not what the manifest says."""

    code = "COB-LEG-011"
    remedy = "Vuelva a preparar el expediente; la firma anterior ya no vale."


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """One file of a filing.

    Attributes:
        order: From 1, the main writ first.
        name: Inside the package's folder, as the portal will see it.
        role: "escrito", "indice" or "anexo".
        kind: `DocumentKind` value.
        catalogue: The portal's code for it.
        title: Description that goes with it.
        document: `Document.key` of the case, "" for what we made.
        part: "2/3" for the second of three parts of one document, "" when whole.
        media_type: Of the bytes.
        size: Bytes.
        pages: 0 when it has none.
        sha256: Of the bytes that are filed, hexadecimal.
        source_sha256: Of what the back office brought, "" for what we made.
        signed: The bytes carry a signature (somebody's or ours).
        pdfa: "2b" when the validator passed it, "" when it is filed as it is.
    """

    order: int
    name: str
    role: str
    kind: str
    catalogue: str
    title: str
    media_type: str
    size: int
    sha256: str
    document: str = ""
    part: str = ""
    pages: int = 0
    source_sha256: str = ""
    signed: bool = False
    pdfa: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A filing package.

    Attributes:
        case: `Case.id`.
        court: Slug.
        proceeding: Slug.
        reference: Our mark.
        total: Amount claimed as text ("1938.24").
        currency: Of it.
        claimants: Tax ids.
        defendants: Tax ids (or names where there is none).
        files: In order.
    """

    case: str
    court: str
    proceeding: str
    reference: str
    total: str
    currency: str
    claimants: tuple[str, ...]
    defendants: tuple[str, ...]
    files: tuple[PackageFile, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, the content of `manifest.json` without its hash."""
        return asdict(self)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of everything above, hexadecimal."""
        text = json.dumps(self.as_dict(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    @property
    def fingerprint(self) -> str:
        """What makes two filings the same claim: court, proceeding, parties, amount and the files' hashes in order."""
        parts = [self.court, self.proceeding, *self.claimants, "/", *self.defendants, self.total, self.currency]
        parts += [file.sha256 for file in self.files]
        return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()


def write_manifest(folder: Path, package: Package) -> Path:
    """Write `manifest.json` into `folder`, whole or not at all."""
    content = {"hash": package.hash, "package": package.as_dict()}
    file = folder / MANIFEST
    draft = file.with_suffix(".tmp")
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(file)
    return file


def read_package(folder: Path, *, expected: str = "") -> Package:
    """The package in `folder`, every file compared with the manifest.

    Args:
        folder: Holds `manifest.json` and the files.
        expected: Hash that was signed off; "" takes what is there.

    Raises:
        PackageError: no manifest, a file missing, changed or of another size, or another hash than `expected`.
    """
    try:
        content: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        plain = dict(content["package"])
        files = tuple(PackageFile(**each) for each in plain.pop("files"))
        for name in ("claimants", "defendants"):
            plain[name] = tuple(plain[name])
        package = Package(files=files, **plain)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise PackageError(f"{folder.name}: no hay un {MANIFEST} que se pueda leer ({exc}).") from exc
    if package.hash != content.get("hash") or (expected and package.hash != expected):
        raise PackageError(f"{folder.name}: el manifiesto no es el que se firmó.")
    for each in package.files:
        if "/" in each.name or "\\" in each.name or each.name in {"", ".", ".."}:
            raise PackageError(f"{folder.name}: «{each.name}» no es un nombre de fichero.")
        try:
            content_bytes = (folder / each.name).read_bytes()
        except OSError as exc:
            raise PackageError(f"{folder.name}: falta {each.name}.") from exc
        if len(content_bytes) != each.size or hashlib.sha256(content_bytes).hexdigest() != each.sha256:
            raise PackageError(f"{folder.name}: {each.name} ha cambiado desde que se preparó.")
    return package
