"""What a portal looks at when a file is uploaded, and the reasons that it gives for refusing one."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pikepdf
import pypdfium2

from cobranza.demo.court.profiles import Limits, Profile
from cobranza.demo.court.store import Row

_POINTS_PER_INCH = 72
_ANNEX_ENTRY = re.compile(r"\s*(doc(umento|\.)?|anexo)\s*(n\.?º?\s*)?\d", re.IGNORECASE)
_IMAGE = 3  # FPDF_PAGEOBJ_IMAGE
_MOST_FIELDS = 10_000


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a file is refused: a code of ours and the portal's words."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `pages` is 0 for what has none."""

    format: str
    pages: int
    reasons: tuple[Reason, ...]


def sniff(content: bytes) -> str:
    """The format that the bytes say, whatever the name says; "" when they say none.

    >>> sniff(b"%PDF-1.7")
    'pdf'
    """
    head = content[:1024]
    if b"%PDF-" in head:
        return "pdf"
    for magic, name in (
        (b"\xff\xd8\xff", "jpg"),
        (b"\x89PNG\r\n", "png"),
        (b"II*\0", "tiff"),
        (b"MM\0*", "tiff"),
        (b"{\\rtf", "rtf"),
    ):
        if head.startswith(magic):
            return name
    if head.startswith(b"PK\x03\x04"):
        return _zipped(content)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml"):
        return "xml"
    return ""


def _zipped(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and b"opendocument.text" in archive.read("mimetype")[:100]:
                return "odt"
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return ""
    if "word/document.xml" in names:
        return "docx"
    return "xlsx" if "xl/workbook.xml" in names else "zip"


def look(profile: Profile, *, name: str, content: bytes, sha256: str, main: bool, others: Iterable[Row]) -> Verdict:
    """Judge one file against a portal's limits and the documents already in the draft.

    Args:
        profile: The portal.
        name: As the browser sends it, without folders.
        content: The bytes.
        sha256: Of `content`, lower-case hex.
        main: It is the main writ.
        others: The draft's other documents: `name`, `size`, `sha256`, `main`.
    """
    limits, others = profile.limits, list(others)
    reasons = list(_outside(profile, name, content, sha256, others))
    if not content:
        return Verdict("", 0, tuple(reasons))
    kind = sniff(content)
    suffix = name.rpartition(".")[2].lower()
    allowed = limits.main_formats if main else limits.annex_formats
    if suffix not in allowed:
        what = "del escrito principal" if main else "de los anexos"
        reasons.append(Reason("DOC-05", f"El formato «{suffix}» no se admite; los {what} son: {', '.join(allowed)}."))
    elif _same(suffix) != _same(kind):
        reasons.append(Reason("DOC-06", f"El contenido de «{name}» no corresponde a su extensión «{suffix}»."))
    pages = 0
    if kind == "pdf":
        pages, found = _pdf(limits, content, main=main)
        reasons += found
    return Verdict(kind, pages, tuple(reasons))


def _same(suffix: str) -> str:
    return {"jpeg": "jpg", "tif": "tiff"}.get(suffix, suffix)


def _outside(profile: Profile, name: str, content: bytes, sha256: str, others: list[Row]) -> Iterator[Reason]:
    limits = profile.limits
    if not content:
        yield Reason("DOC-01", f"El fichero «{name}» está vacío (0 bytes).")
    if len(content) > limits.file_bytes:
        yield Reason("DOC-02", f"El fichero ocupa {mib(len(content))} y el máximo es {mib(limits.file_bytes)}.")
    if len(name) > limits.name_length:
        yield Reason("DOC-03", f"El nombre tiene {len(name)} caracteres y el máximo es {limits.name_length}.")
    if not profile.name_allowed(name):
        yield Reason(
            "DOC-04", f"El nombre «{name}» tiene caracteres no admitidos; use letras sin tilde, cifras, - y _."
        )
    if any(other["name"].lower() == name.lower() for other in others):
        yield Reason("DOC-07", f"Ya hay un documento que se llama «{name}».")
    if any(other["sha256"] == sha256 for other in others):
        yield Reason("DOC-08", "Ese mismo fichero ya se ha incorporado (huella repetida).")
    if len(others) >= limits.documents:
        yield Reason("DOC-09", f"Se admiten {limits.documents} documentos como máximo.")
    total = len(content) + sum(int(other["size"]) for other in others)
    if total > limits.total_bytes:
        yield Reason("DOC-10", f"El conjunto ocupa {mib(total)} y el máximo es {mib(limits.total_bytes)}.")


def _pdf(limits: Limits, content: bytes, *, main: bool) -> tuple[int, list[Reason]]:
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            if pdf.is_encrypted:
                return len(pdf.pages), [Reason("DOC-11", "El fichero está cifrado o protegido.")]
            reasons = list(_inside(limits, pdf, main=main))
            pages = len(pdf.pages)
    except pikepdf.PasswordError:
        return 0, [Reason("DOC-11", "El fichero está cifrado o protegido con contraseña.")]
    except pikepdf.PdfError:
        return 0, [Reason("DOC-12", "El fichero está dañado y no se puede abrir.")]
    if pages == 0:
        reasons.append(Reason("DOC-12", "El fichero no tiene páginas."))
    needs_text = limits.text_main if main else limits.text_annex
    reasons += _drawn(limits, content, needs_text=needs_text)
    return pages, reasons


def _inside(limits: Limits, pdf: pikepdf.Pdf, *, main: bool) -> Iterator[Reason]:
    if _active(pdf):
        yield Reason("DOC-13", "El fichero contiene JavaScript o acciones automáticas.")
    if limits.pdf_version and tuple(map(int, pdf.pdf_version.split("."))) > tuple(
        map(int, limits.pdf_version.split("."))
    ):
        yield Reason("DOC-14", f"La versión es PDF {pdf.pdf_version} y la máxima admitida es {limits.pdf_version}.")
    if (limits.pdfa_main if main else limits.pdfa_annex) and not _claims_pdfa(pdf):
        yield Reason("DOC-15", "El fichero no es PDF/A.")
    if (limits.signed_main if main else limits.signed_annex) and not _signed(pdf):
        yield Reason("DOC-16", "El fichero no está firmado electrónicamente.")
    if main and not limits.combined:
        with pdf.open_outline() as outline:
            titles = [str(item.title) for item in _entries(outline.root)]
        if sum(bool(_ANNEX_ENTRY.match(title)) for title in titles) >= 2:
            yield Reason("DOC-17", "El escrito principal contiene sus anexos; aporte cada documento por separado.")
    if limits.max_image_kb or limits.grey:
        yield from _images(limits, pdf)


def _entries(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        yield item
        yield from item.children


def _active(pdf: pikepdf.Pdf) -> bool:
    root = pdf.Root
    names = root.get("/Names", pikepdf.Dictionary())
    if "/JavaScript" in names or "/AA" in root:
        return True
    action = root.get("/OpenAction")
    if isinstance(action, pikepdf.Dictionary) and action.get("/S") in ("/JavaScript", "/Launch"):
        return True
    return any("/AA" in page.obj for page in pdf.pages)


def _signed(pdf: pikepdf.Pdf) -> bool:
    """Whether some signature field is filled in; whether it verifies is not the portal's to say."""
    form = pdf.Root.get("/AcroForm", pikepdf.Dictionary())
    waiting = list(form.get("/Fields", pikepdf.Array()))
    for _ in range(_MOST_FIELDS):
        if not waiting:
            return False
        field = waiting.pop()
        waiting += list(field.get("/Kids", pikepdf.Array()))
        if field.get("/FT") == "/Sig" and "/ByteRange" in field.get("/V", pikepdf.Dictionary()):
            return True
    return False


def _claims_pdfa(pdf: pikepdf.Pdf) -> bool:
    with pdf.open_metadata() as metadata:
        return bool(metadata.pdfa_status)


def _images(limits: Limits, pdf: pikepdf.Pdf) -> Iterator[Reason]:
    for number, page in enumerate(pdf.pages, 1):
        for image in page.get_images().values():
            if not isinstance(image, pikepdf.Stream):
                continue
            if limits.max_image_kb and len(image.read_raw_bytes()) > limits.max_image_kb * 1024:
                kb = len(image.read_raw_bytes()) // 1024
                yield Reason("DOC-18", f"Página {number}: la imagen ocupa {kb} KB; máximo {limits.max_image_kb} KB.")
            if limits.grey and pikepdf.PdfImage(image).mode not in ("1", "L"):
                yield Reason("DOC-19", f"Página {number}: la imagen no está en escala de grises.")


def _drawn(limits: Limits, content: bytes, *, needs_text: bool) -> Iterator[Reason]:
    """What only shows on the page: its text and how finely its images were scanned."""
    if not (needs_text or limits.min_dpi):
        return
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        return
    try:
        for number in range(len(document)):
            page = document[number]
            if needs_text and not page.get_textpage().get_text_bounded().strip():
                yield Reason("DOC-20", f"Página {number + 1}: no tiene capa de texto (OCR).")
            dpi = _dpi(page)
            if limits.min_dpi and dpi and dpi < limits.min_dpi:
                text = f"Página {number + 1}: la imagen tiene {dpi:.0f} ppp y el mínimo es {limits.min_dpi}."
                yield Reason("DOC-21", text)
    finally:
        document.close()


def _dpi(page: Any) -> Decimal | None:
    """Resolution of a scanned page, None for one that is not: no image covers most of it."""
    width, height = page.get_size()
    for image in page.get_objects(filter=[_IMAGE], max_depth=3):
        left, bottom, right, top = image.get_bounds()
        if (right - left) * (top - bottom) < 0.6 * width * height:
            continue
        pixels = image.get_px_size()
        turned = (pixels[0] > pixels[1]) != ((right - left) > (top - bottom))
        across = pixels[1] if turned else pixels[0]
        return Decimal(across) / (Decimal(str(right - left)) / _POINTS_PER_INCH)
    return None


def text_of(content: bytes) -> str:
    """All the text of a PDF, "" when it cannot be read."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        return ""
    try:
        return "\n".join(document[number].get_textpage().get_text_bounded() for number in range(len(document)))
    finally:
        document.close()


def mib(size: int) -> str:
    """A size for people.

    >>> mib(15728640)
    '15,0 MB'
    """
    return f"{size / 1048576:.1f} MB".replace(".", ",") if size >= 104858 else f"{size / 1024:.1f} KB".replace(".", ",")
