"""What is said of a file that was brought: one verdict, with every reason in Spanish and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

MIB = 1024 * 1024


class State(StrEnum):
    """What became of a file; the values are those of the manifest and the console.

    `AS_IS` is filed byte for byte as it came (a signed PDF, or one that no way of ours brings to PDF/A).
    """

    OK = "ok"
    CONVERTED = "converted"
    AS_IS = "as_is"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason or note.

    Attributes:
        code: Stable ("cifrado", "danado", "activo" …).
        text: What was found, a Spanish sentence.
        remedy: What a person does about it, "" when nothing has to be done.
        rejects: The file cannot be used because of it.
    """

    code: str
    text: str
    remedy: str = ""
    rejects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a file is and what became of it.

    Attributes:
        file: Name as brought, without its folder.
        sha256: Of the bytes that were brought, hexadecimal.
        media_type: As the bytes show it, whatever the suffix says.
        size: Bytes.
        pages: Of `Taken.pdf` (of the original for a signed one); 0 when rejected.
        kind: "pdf", "image", "docx", "mail", "xml_invoice", "xml", "text", "table", "html" or "unknown".
        signed: A PDF with an electronic signature: filed byte for byte. False for signed XML and mails, of which a
            rendering is filed; a reason ("firma_xml", "firma_correo") tells of their signature.
        signers: Names on the certificates, in the order of signing; of signed XML too.
        signature_intact: Every signature of the PDF covers it as it is; False when one is broken or none was read.
        state: What became of it.
        reasons: Why, and what else should be known.
        pdfa: "2b" when the validator passed what may be filed, else "".
        text_layer: Every page of what may be filed holds text, or was read by OCR and has none.
        ocr: Pages whose text was read by OCR.
        method: How the PDF was made: "", "metadatos", "fuentes", "ghostscript", "imagen", "ocr", "compuesto" or
            "tachado".
    """

    file: str
    sha256: str
    media_type: str
    size: int
    kind: str
    state: State
    pages: int = 0
    signed: bool = False
    signers: tuple[str, ...] = ()
    signature_intact: bool = False
    reasons: tuple[Finding, ...] = ()
    pdfa: str = ""
    text_layer: bool = False
    ocr: int = 0
    method: str = ""

    @property
    def rejected(self) -> bool:
        """It can neither be shown nor filed."""
        return self.state is State.REJECTED

    def has(self, code: str) -> bool:
        """One of the reasons has this code."""
        return any(each.code == code for each in self.reasons)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; see `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Verdict:
        """The verdict that `as_dict` gave.

        Raises:
            ValueError, TypeError, KeyError: it is none.
        """
        values = {each.name: plain[each.name] for each in fields(cls)}
        values["state"] = State(values["state"])
        values["signers"] = tuple(values["signers"])
        values["reasons"] = tuple(Finding(**each) for each in values["reasons"])
        return cls(**values)

    def renamed(self, file: str) -> Verdict:
        """The same, of bytes that came under another name."""
        return replace(self, file=file)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A file with what was made of it.

    Attributes:
        verdict: What it is.
        original: As brought; never written to.
        pdf: PDF/A that may be filed; None for a signed PDF (the original is filed) and for a rejected file.
        view: What a review bundle merges: `pdf`, or for a signed PDF a copy of its pages without the signature.
    """

    verdict: Verdict
    original: Path
    pdf: Path | None = None
    view: Path | None = None

    @property
    def filed(self) -> Path | None:
        """What goes to court: the original of what is filed as it is, else the PDF; None when rejected."""
        if self.verdict.rejected:
            return None
        return self.original if self.verdict.state in (State.AS_IS, State.OK) else self.pdf


@dataclass(frozen=True, slots=True, kw_only=True)
class InputLimits:
    """Above these a file is refused with its reason. Sizes in bytes, times in seconds.

    Attributes:
        size: Of the file.
        pages: Of one document.
        stream: Of one decompressed content stream of a PDF.
        unpacked: Of everything inside a ZIP container (DOCX, XLSX), decompressed.
        ratio: How many times larger than packed a member of a container may be, past a first MiB.
        members: Files in a container.
        pixels: Of one image.
        side: Of one page, in points (14400 is what PDF allows).
        rows: Of one table, the rest is told and left out.
        depth: Of mails within mails.
        attachments: Of one mail.
        raster_pages: Longest PDF that is redrawn as images when nothing else gives PDF/A.
        seconds: For one file without OCR.
        seconds_page: More for each page that needs OCR.
        memory: Of one worker or program, address space.
    """

    size: int = 200 * MIB
    pages: int = 2000
    stream: int = 64 * MIB
    unpacked: int = 256 * MIB
    ratio: int = 200
    members: int = 5000
    pixels: int = 120_000_000
    side: int = 14400
    rows: int = 5000
    depth: int = 3
    attachments: int = 50
    raster_pages: int = 60
    seconds: int = 180
    seconds_page: int = 60
    memory: int = 3 * 1024 * MIB


class Rejected(Exception):
    """Ends the conversion of one file; becomes its verdict and never leaves this room."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


def reject(code: str, text: str, remedy: str) -> Rejected:
    """The exception that rejects a file for a reason."""
    return Rejected(Finding(code=code, text=text, remedy=remedy, rejects=True))
