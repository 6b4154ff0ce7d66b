"""One file on its way through: what it is decides who makes the PDF, and the PDF goes the way of all PDFs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf

from cobranza.legal.inputs import papers, pdf, pdfa, sniff
from cobranza.legal.inputs.cache import FILED, VIEW
from cobranza.legal.inputs.tools import ToolFailed, Tools
from cobranza.legal.inputs.verdict import Finding, InputLimits, Rejected, State, Verdict, reject


@dataclass(slots=True, kw_only=True)
class Job:
    """What the worker is asked.

    Attributes:
        name: As the file came, only to be shown.
        sha256: Of the source.
        folder: Holds `source`; `out/` is for what is made, the rest is scratch.
        media_type: As `sniff` saw it.
        redact: Strings that must be gone.
        limits: Bounds.
        tools: Programs and fonts.
        more: Called with seconds when the work turns out longer (pages to OCR).
        notes: What was found so far.
        counter: Of scratch files.
        depth: How many mails this one lies in.
    """

    name: str
    sha256: str
    folder: Path
    media_type: str
    redact: tuple[str, ...]
    limits: InputLimits
    tools: Tools
    more: Callable[[float], None] = lambda _: None
    notes: list[Finding] = field(default_factory=list)
    counter: int = 0
    depth: int = 0

    @classmethod
    def from_dict(
        cls, plain: Mapping[str, Any], limits: InputLimits, tools: Tools, *, more: Callable[[float], None]
    ) -> Job:
        """The job of one line."""
        return cls(
            name=plain["name"],
            sha256=plain["sha256"],
            folder=Path(plain["folder"]),
            media_type=plain["media_type"],
            redact=tuple(plain["redact"]),
            limits=limits,
            tools=tools,
            more=more,
        )

    @property
    def source(self) -> Path:
        """A private copy of the file."""
        return self.folder / "source"

    def scratch(self, suffix: str = ".pdf") -> Path:
        """A new name in the folder."""
        self.counter += 1
        return self.folder / f"scratch-{self.counter}{suffix}"

    def note(self, code: str, text: str, remedy: str = "") -> None:
        """Say something about the file, once."""
        finding = Finding(code=code, text=text, remedy=remedy)
        if finding not in self.notes:
            self.notes.append(finding)


def convert(job: Job) -> Verdict:
    """Make `out/` of `source`; whatever is wrong with the file is in the verdict.

    Raises:
        InputToolMissing: a font or program that every conversion needs is not installed.
    """
    (job.folder / "out").mkdir(exist_ok=True)
    try:
        return _pdf(job) if job.media_type == "application/pdf" else papers.convert(job)
    except Rejected as exc:
        return refused(job, exc.finding)
    except (ToolFailed, MemoryError, RecursionError, OSError, ValueError, pikepdf.PdfError) as exc:
        return refused(job, _failed(exc))
    except (KeyError, TypeError, AttributeError, IndexError, RuntimeError, ArithmeticError) as exc:
        # Libraries for broken formats raise anything; one file's failure is its verdict, never the batch's.
        return refused(job, _failed(exc))


def _failed(exc: Exception) -> Finding:
    what = exc.message if isinstance(exc, ToolFailed) else f"{type(exc).__name__}: {exc}"[:200]
    return reject(
        "danado", f"No se ha podido convertir el fichero ({what}).", "Ábralo, compruébelo y guárdelo de nuevo como PDF."
    ).finding


def refused(job: Job, finding: Finding, kind: str = "") -> Verdict:
    """The verdict on a file that is not taken."""
    return Verdict(
        file=job.name,
        sha256=job.sha256,
        media_type=job.media_type,
        size=job.source.stat().st_size,
        kind=kind or sniff.kind_of(job.media_type),
        state=State.REJECTED,
        reasons=(finding, *job.notes),
    )


def accepted(
    job: Job, state: State, made: pdfa.Made, *, kind: str = "", signed: pdf.Signatures | None = None
) -> Verdict:
    """The verdict on a file whose PDF was made."""
    return Verdict(
        file=job.name,
        sha256=job.sha256,
        media_type=job.media_type,
        size=job.source.stat().st_size,
        kind=kind or sniff.kind_of(job.media_type),
        state=state,
        pages=made.pages,
        signed=bool(signed) and state is State.AS_IS,
        signers=signed.names if signed is not None else (),
        signature_intact=signed is not None and signed.intact,
        reasons=tuple(job.notes),
        pdfa=made.pdfa,
        text_layer=made.text_layer,
        ocr=made.ocr,
        method=made.method,
    )


def _pdf(job: Job) -> Verdict:
    facts = pdf.inspect(job.source, job.limits)
    for note in facts.notes:
        job.notes.append(note)
    if facts.signatures:
        return _signed(job, facts)
    made = pdfa.convert(job, job.source, facts)
    if job.redact:
        from cobranza.legal.inputs import redaction

        made = redaction.redact(job, made)
    if made.untouched:
        return accepted(job, State.OK if made.pdfa else State.AS_IS, with_view(job, made))
    shutil.move(made.file, job.folder / "out" / FILED)
    return accepted(job, State.CONVERTED, with_view(job, made))


def with_view(job: Job, made: pdfa.Made) -> pdfa.Made:
    """Where what is filed is no PDF/A, the bundle gets pictures of its pages."""
    if not made.pdfa:
        source = job.source if made.untouched else job.folder / "out" / FILED
        pdfa.pictures(job, source, job.folder / "out" / VIEW)
        job.note(
            "no_pdfa",
            "No se ha podido llevar a PDF/A sin cambiar su contenido: se presenta tal cual y en el expediente se "
            "muestra una imagen de sus páginas.",
            "Compruebe si el juzgado exige PDF/A; en ese caso imprímalo de nuevo como PDF/A.",
        )
    return made


def _signed(job: Job, facts: pdf.Facts) -> Verdict:
    """A signed PDF is filed byte for byte; only the copy for the bundle is made."""
    if job.redact:
        raise reject(
            "firmado_tachado",
            "Está firmado: tachar algo rompería la firma.",
            "Pida otra versión sin esos datos, o quite lo que se pide tachar.",
        )
    if facts.active:
        raise reject(
            "activo",
            f"Está firmado y lleva contenido activo ({', '.join(facts.active)}), que no se puede quitar sin romper la "
            "firma.",
            "Pida al firmante un PDF sin contenido activo.",
        )
    copy = job.scratch()
    pdf.unsigned_copy(job.source, copy)
    # What is told about converting the copy says nothing about the file, which is filed as it came.
    before = list(job.notes)
    made = pdfa.convert(job, copy, pdf.inspect(copy, job.limits))
    job.notes[:] = before
    if made.pdfa:
        shutil.move(made.file, job.folder / "out" / VIEW)
    else:
        pdfa.pictures(job, copy, job.folder / "out" / VIEW)
    own = pdfa.Made(
        file=job.source,
        pages=facts.pages,
        pdfa="2b" if facts.declared and pdfa.conforms(job.source) else "",
        text_layer=facts.text_layer,
    )
    return accepted(job, State.AS_IS, own, signed=facts.signatures)
