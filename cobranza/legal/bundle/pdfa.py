"""PDF/A that a validator has passed, with days that come from the case and never from the clock."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pikepdf
from pikepdf import pdfa

Flavour = Literal["1b", "2b", "3b"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the validator said of a file that we wrote.

    Attributes:
        flavour: "2b" when it passed, "" when not: the file then claims nothing.
        asked: What was tried.
        findings: Why it did not, at most fifty.
    """

    flavour: str
    asked: str
    findings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """The validator approved the bytes as written."""
        return bool(self.flavour)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the report that is stored beside the file."""
        return {
            "validator": f"pikepdf.pdfa {pikepdf.__version__}",
            "asked": self.asked,
            "passed": self.passed,
            "findings": list(self.findings),
        }


def save(
    pdf: pikepdf.Pdf,
    file: Path,
    *,
    title: str,
    on: date,
    flavour: Flavour = "2b",
    version: str = "",
    tight: bool = False,
) -> Proof:
    """Write `pdf` as PDF/A and validate what was written; a file that does not pass is written without the claim.

    Args:
        pdf: Changed in memory.
        file: Replaced whole or not at all.
        title: Of the document.
        on: Day that the metadata bear.
        flavour: Level asked.
        version: PDF version to write ("1.4"), "" for what the content needs.
        tight: Pack everything again, objects too where the version allows.
    """
    for key in ("/CreationDate", "/ModDate", "/Keywords", "/Subject", "/Author"):
        if key in pdf.docinfo:
            del pdf.docinfo[key]
    pdf.docinfo["/Title"] = title
    pdf.docinfo["/Creator"] = "Cobranza"
    more: dict[str, Any] = {"deterministic_id": True}
    if tight:
        more |= {"recompress_flate": True}
        if flavour != "1b":
            more |= {"object_stream_mode": pikepdf.ObjectStreamMode.generate}
    if version:
        more |= {"force_version": version, "object_stream_mode": pikepdf.ObjectStreamMode.disable}
    pdfa.prepare(pdf, flavour)
    _date(pdf, on)
    draft = file.with_name(f".{file.name}.tmp")
    try:
        pdfa.save(pdf, draft, flavour, repair=False, **more)
        draft.replace(file)
    except pdfa.PdfaError as exc:
        findings = tuple(f"{each.rule} · {each.where} · {each.message}" for each in exc.report.findings[:50])
        _unclaim(pdf)
        pdf.save(draft, **more)
        draft.replace(file)
        return Proof(flavour="", asked=flavour, findings=findings)
    finally:
        draft.unlink(missing_ok=True)
    return Proof(flavour=flavour, asked=flavour)


def made(content: bytes) -> pikepdf.Pdf:
    """A PDF of ours (reportlab), open, without the entries that PDF/A refuses."""
    pdf = pikepdf.open(io.BytesIO(content))
    for page in pdf.pages:
        if "/Trans" in page.obj:
            del page.obj["/Trans"]
    return pdf


def _date(pdf: pikepdf.Pdf, on: date) -> None:
    moment = f"{on.isoformat()}T00:00:00+00:00"
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=True) as metadata:
        for name in ("xmp:CreateDate", "xmp:ModifyDate", "xmp:MetadataDate"):
            metadata[name] = moment


def _unclaim(pdf: pikepdf.Pdf) -> None:
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
        for name in ("pdfaid:part", "pdfaid:conformance"):
            if name in metadata:
                del metadata[name]
