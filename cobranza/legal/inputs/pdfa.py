"""From any unsigned PDF to PDF/A-2b, by the gentlest way that the validator passes.

1. *nothing*: it passes as it is, and stays byte for byte.
2. *metadatos*: structure and metadata only; page content untouched.
3. *fuentes*: besides, standard fonts that it uses and does not carry are put in (metric-compatible); content untouched.
4. *ghostscript*: written anew; only without an OCR layer, and only if text, pages and sizes come out the same.
5. *imagen*: each page redrawn as a picture, with OCR; only short files.

Otherwise it stays as it is, and that is said. Source of the validator's worth: pikepdf.pdfa, measured on the veraPDF
corpus; its pass on files that qpdf wrote can be trusted, its fail may be a false alarm.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
import pikepdf.pdfa
from pikepdf import Name, Pdf

from cobranza.legal.inputs import active, fonts, pdf
from cobranza.legal.inputs.tools import ToolFailed, run

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job

FLAVOUR = "2b"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_PAGE_KEYS = (
    Name.Trans, Name.Dur, Name.PieceInfo, Name.LastModified, Name.Thumb, Name.B, Name.PZ, Name.SeparationInfo,
    Name.PresSteps, Name.VP, Name.ID,
)  # fmt: skip
_ROOT_KEYS = (
    Name.Threads, Name.SpiderInfo, Name.PieceInfo, Name.Requirements, Name.URI, Name.Extensions, Name.LastModified,
)  # fmt: skip
_UNZONED_PDF = re.compile(r"D:\d{14}\Z")
_UNZONED_XMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?=[\"'<])")
_NOW_XMP = re.compile(rb"(<xmp:MetadataDate>)[^<]*(</xmp:MetadataDate>)|(xmp:MetadataDate=\")[^\"]*(\")")


@dataclass(slots=True, kw_only=True)
class Made:
    """A PDF made of a source; `untouched` when it is the source itself; `hidden_text` when it came with OCR."""

    file: Path
    pages: int
    pdfa: str = ""
    text_layer: bool = False
    ocr: int = 0
    method: str = ""
    untouched: bool = False
    hidden_text: bool = False


def conforms(file: Path) -> bool:
    """The validator passes the file as it lies there."""
    return bool(pikepdf.pdfa.validate_written(file, FLAVOUR).passed)


def convert(job: Job, source: Path, facts: pdf.Facts) -> Made:
    """Make a PDF/A of `source`, with a text layer on every page.

    Returns:
        The file; `pdfa` is "" when no way led there, `untouched` when the source itself is to be used.

    Raises:
        Rejected: it cannot be read or drawn at all.
    """
    clean = not (facts.active or facts.owner_locked or facts.repaired)
    made = Made(file=source, pages=facts.pages, text_layer=facts.text_layer, hidden_text=facts.hidden_text)
    if clean and facts.text_layer and facts.declared and conforms(source):
        made.pdfa, made.untouched = FLAVOUR, True
        return made
    work = source
    if not facts.text_layer:
        opened = job.scratch()
        with pikepdf.open(source, suppress_warnings=True) as document:
            _clean(document)
            document.save(opened, deterministic_id=True, encryption=False)
        work = _read(job, opened, facts, made)
    for way in (_by_structure, _by_ghostscript, _by_pictures):
        done = way(job, work, source, made)
        if done is not None:
            made.file, made.pdfa = done, FLAVOUR
            return made
    made.method = "ocr" if made.ocr else ""
    if clean and work is source:
        made.untouched = True
        return made
    made.file = job.scratch()
    with pikepdf.open(work, suppress_warnings=True) as document:
        _clean(document)
        document.save(made.file, deterministic_id=True, encryption=False)
    return made


def _read(job: Job, opened: Path, facts: pdf.Facts, made: Made) -> Path:
    """A text layer for the pages without one; what could not be read is said."""
    from cobranza.legal.inputs import ocr

    work: Path | None = opened
    for pages, over in ((facts.textless, False), (facts.stamped, True)):
        if pages and work is not None:
            work = ocr.read(job, work, pages, over=over)
    if work is None:
        return opened
    read = (*facts.textless, *facts.stamped)
    made.ocr, made.text_layer = len(read), True
    job.note("ocr", f"Texto leído por OCR en {len(read)} de {facts.pages} páginas: puede contener errores.")
    texts = pdf.text_of(work, facts.pages)
    mute = ", ".join(str(number + 1) for number in sorted(read) if not texts[number].strip())
    if mute:
        job.note("ocr_vacio", f"El OCR no ha encontrado texto en las páginas {mute}.")
    return work


def _by_structure(job: Job, source: Path, first: Path, made: Made) -> Path | None:
    changed = 0

    def embed(document: Pdf) -> None:
        nonlocal changed
        changed = fonts.embed_standard(document, job.tools)

    done = _written(job, source, embed, first=first)
    made.method = "ocr" if made.ocr else "fuentes" if changed else "metadatos"
    return done


def _by_ghostscript(job: Job, source: Path, first: Path, made: Made) -> Path | None:
    if made.ocr or made.hidden_text or not job.tools.ghostscript:
        return None
    made.method = "ghostscript"
    cleaned, rewritten = job.scratch(), job.scratch()
    with pikepdf.open(source, suppress_warnings=True) as document:
        _clean(document)
        document.save(cleaned, deterministic_id=True, encryption=False)
    try:
        run(
            [job.tools.ghostscript, "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dPDFA=2", "-dPDFACompatibilityPolicy=1",
             "-sColorConversionStrategy=RGB", "-dAutoRotatePages=/None", "-sDEVICE=pdfwrite",
             f"-sOutputFile={rewritten}", cleaned],
            folder=job.folder,
            seconds=min(job.limits.seconds, 30 + made.pages),
            memory=job.limits.memory,
        )  # fmt: skip
    except ToolFailed:
        return None
    if not rewritten.is_file() or not _same(cleaned, rewritten, made.pages):
        return None
    return _written(job, rewritten, first=first)


def _by_pictures(job: Job, source: Path, first: Path, made: Made) -> Path | None:
    """The last resort: legible, searchable and conforming, but no longer the same objects; it is said."""
    if made.pages > job.limits.raster_pages:
        return None
    from cobranza.legal.inputs import ocr

    drawn = job.scratch()
    if not pictures(job, source, drawn):
        return None
    every = tuple(range(made.pages))
    read = ocr.read(job, drawn, every)
    done = _written(job, read or drawn, first=first)
    if done is not None:
        made.method, made.ocr, made.text_layer = "imagen", len(every) if read else 0, read is not None
        job.note(
            "imagen",
            "No se podía llevar a PDF/A tal cual: sus páginas se presentan como imagen con texto leído por OCR.",
            "Si tiene el documento de origen, expórtelo como PDF/A y tráigalo así.",
        )
    return done


def pictures(job: Job, source: Path, target: Path) -> bool:
    """Write a PDF whose pages are pictures of the pages of `source`, PDF/A where the validator agrees."""
    from cobranza.legal.inputs import raster

    drawn = job.scratch()
    if not raster.redraw(source, drawn, job):
        return False
    done = _written(job, drawn)
    (done or drawn).replace(target)
    return True


def _written(
    job: Job, source: Path, change: Callable[[Pdf], None] | None = None, *, first: Path | None = None
) -> Path | None:
    """`source` with PDF/A's structure and metadata; None when the validator does not pass what was written.

    Where a program made `source` of `first`, the properties are those of `first`: programs write the time of day.
    """
    target = job.scratch()
    with pikepdf.open(source, suppress_warnings=True) as document:
        _clean(document)
        if first is not None and first != source:
            _properties(document, first)
        if change is not None:
            change(document)
        write(document, target)
    return target if conforms(target) else None


def _properties(document: Pdf, first: Path) -> None:
    if Name.Metadata in document.Root:
        del document.Root[Name.Metadata]
    for key in (Name.Info, Name.ID):
        if key in document.trailer:
            del document.trailer[key]
    with pikepdf.open(first, suppress_warnings=True) as original:
        info = original.trailer.get(Name.Info)
        if isinstance(info, pikepdf.Dictionary):
            for name in list(info.keys()):
                value = info[name]
                if isinstance(value, pikepdf.String):
                    document.docinfo[name] = pikepdf.String(str(value))


def write(document: Pdf, target: Path) -> None:
    """Save as PDF/A-2b as far as structure goes, always the same bytes for the same document."""
    _zone_dates(document)
    pikepdf.pdfa.prepare(document, FLAVOUR)
    _fix_date(document)
    document.save(target, **pikepdf.pdfa.resolve_save_kwargs(FLAVOUR, deterministic_id=True, force_version="1.7"))


def _clean(document: Pdf) -> None:
    active.strip(document)
    pdf.flatten(document)
    root = document.Root
    for key in _ROOT_KEYS:
        if key in root:
            del root[key]
    if "/DocChecksum" in document.trailer:
        del document.trailer["/DocChecksum"]
    for page in document.pages:
        for key in _PAGE_KEYS:
            if key in page.obj:
                del page.obj[key]


def _zone_dates(document: Pdf) -> None:
    """Dates without a zone are read as UTC, so that no machine's own zone gets into the bytes."""
    info = document.trailer.get(Name.Info)
    if isinstance(info, pikepdf.Dictionary):
        for key in (Name.CreationDate, Name.ModDate):
            value = info.get(key)
            if isinstance(value, pikepdf.String) and _UNZONED_PDF.match(str(value)):
                info[key] = pikepdf.String(f"{value}Z")
    metadata = document.Root.get(Name.Metadata)
    if isinstance(metadata, pikepdf.Stream):
        try:
            packet = metadata.read_bytes()
        except pikepdf.PdfError:
            return
        zoned = _UNZONED_XMP.sub(rb"\1Z", packet)
        if zoned != packet:
            metadata.write(zoned)


def _fix_date(document: Pdf) -> None:
    """pikepdf writes the time of day as date of the metadata; the same file must give the same bytes tomorrow."""
    stamp = EPOCH.isoformat().encode("ascii")
    metadata = document.Root.get(Name.Metadata)
    if isinstance(metadata, pikepdf.Stream):
        packet = metadata.read_bytes()
        metadata.write(_NOW_XMP.sub(lambda m: (m[1] or m[3]) + stamp + (m[2] or m[4]), packet))


def _same(before: Path, after: Path, pages: int) -> bool:
    """Ghostscript ends with 0 whatever happened: text, pages and sizes are compared."""
    try:
        with pikepdf.open(after, suppress_warnings=True) as document:
            if len(document.pages) != pages:
                return False
    except pikepdf.PdfError:
        return False
    sizes = zip(pdf.sizes_of(before), pdf.sizes_of(after), strict=True)
    if any(abs(one[side] - two[side]) > 1 for one, two in sizes for side in (0, 1)):
        return False
    texts = zip(pdf.text_of(before, pages), pdf.text_of(after, pages), strict=True)
    return all(_bare(one) == _bare(two) for one, two in texts)


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
