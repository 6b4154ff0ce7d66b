"""What a preparation leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cobranza.legal.bundle.review import Folios
from cobranza.legal.inputs.verdict import Verdict
from cobranza.legal.package import Package
from cobranza.legal.ports import Objection


@dataclass(frozen=True, slots=True, kw_only=True)
class WritFile:
    """The writ as a person may edit it, and what is filed of it.

    Attributes:
        docx: Editable copy of ours.
        generated_sha256: Of that copy.
        origin: "generado", "editado" (a lawyer's DOCX that differs from ours) or "aportado" (a lawyer's PDF).
        source_sha256: Of the lawyer's file, "" for ours.
    """

    docx: Path
    generated_sha256: str
    origin: str
    source_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything that was prepared.

    Attributes:
        case: `Case.id`.
        court: Slug.
        review: The PDF for people.
        review_pdfa: "2b" when the validator passed it before it was signed.
        folios: Where each part stands in it.
        package: What is to be filed.
        folder: Where those files lie.
        findings: What blocks and what should be known, the grave first.
        verdicts: `Document.key` → what its file is.
        writ_file: The writ as a person may edit it.
        archive: ENI index or Colombia's electronic index.
        export: ZIP for legal software.
        report: `informe.json`: all of this as plain data.
    """

    case: str
    court: str
    review: Path
    review_pdfa: str
    folios: tuple[Folios, ...]
    package: Package
    folder: Path
    findings: tuple[Objection, ...]
    verdicts: Mapping[str, Verdict]
    writ_file: WritFile
    archive: tuple[Path, ...]
    export: Path
    report: Path

    @property
    def writ(self) -> Path:
        """The editable writ."""
        return self.writ_file.docx

    @property
    def pages(self) -> int:
        """Of the review bundle."""
        return self.folios[-1].last if self.folios else 0

    @property
    def objections(self) -> tuple[Objection, ...]:
        """The findings that block."""
        return tuple(each for each in self.findings if each.blocking)

    @property
    def notes(self) -> tuple[str, ...]:
        """What else a reviewer should know."""
        return tuple(each.text for each in self.findings if not each.blocking)

    @property
    def blocked(self) -> bool:
        """Something has to be put right before this may be filed; there is then no `manifest.json`."""
        return bool(self.objections)

    def as_dict(self) -> dict[str, Any]:
        """Plain data with stable keys; paths are relative to the output folder."""
        out = self.report.parent
        return {
            "case": self.case,
            "court": self.court,
            "blocked": self.blocked,
            "review": {
                "file": str(self.review.relative_to(out)),
                "pages": self.pages,
                "pdfa": self.review_pdfa,
                "folios": [asdict(each) for each in self.folios],
            },
            "package": {
                "folder": str(self.folder.relative_to(out)),
                "hash": self.package.hash,
                "fingerprint": self.package.fingerprint,
                "size": sum(each.size for each in self.package.files),
                "files": [asdict(each) for each in self.package.files],
            },
            "writ": {
                "docx": str(self.writ_file.docx.relative_to(out)),
                "generated_sha256": self.writ_file.generated_sha256,
                "origin": self.writ_file.origin,
                "source_sha256": self.writ_file.source_sha256,
            },
            "documents": {key: verdict.as_dict() for key, verdict in self.verdicts.items()},
            "findings": [asdict(each) for each in self.findings],
            "archive": [str(each.relative_to(out)) for each in self.archive],
            "export": str(self.export.relative_to(out)),
        }
