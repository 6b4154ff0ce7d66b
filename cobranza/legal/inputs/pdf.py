"""Looking at a PDF without trusting it: can it be opened, is it signed, is something in it active, has it text."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from cobranza.legal.inputs import active as actions
from cobranza.legal.inputs.objects import dictionary, form_fields
from cobranza.legal.inputs.verdict import MIB, Finding, InputLimits, reject

_HIDDEN_TEXT = re.compile(rb"(?<![\w.])3\s+Tr(?![\w])")
_FEW, _COVERED = 200, 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Signatures of a PDF; false when there are none. `intact` only when every one was read and covers the bytes."""

    names: tuple[str, ...] = ()
    count: int = 0
    intact: bool = False

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a PDF is.

    Attributes:
        pages: At least one.
        textless: Page numbers, from 0, that show something and hold no text.
        stamped: Pages that are one large picture with a few words over it (a scanner's mark, a fax line): the words of
            the picture are still to be read.
        hidden_text: Some page holds invisible text: an OCR layer.
        signatures: See there.
        active: Kinds of active content, in Spanish, sorted.
        attachments: Names of embedded files.
        owner_locked: Encrypted without a password to open it.
        repaired: qpdf had to mend it.
        form: It has form fields.
        declared: Its metadata speak of PDF/A; whether it is true is for the validator.
        notes: What should be said.
    """

    pages: int
    textless: tuple[int, ...] = ()
    stamped: tuple[int, ...] = ()
    hidden_text: bool = False
    signatures: Signatures = field(default_factory=Signatures)
    active: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    owner_locked: bool = False
    repaired: bool = False
    form: bool = False
    declared: bool = False
    notes: tuple[Finding, ...] = ()

    @property
    def text_layer(self) -> bool:
        """Every page that shows something holds its text."""
        return not self.textless and not self.stamped


def inspect(file: Path, limits: InputLimits) -> Facts:
    """Look at a PDF.

    Raises:
        Rejected: it cannot be opened, is encrypted, has no pages or goes over a limit.
    """
    with _open(file) as pdf:
        _within(pdf, limits)
        warnings = pdf.get_warnings()
        locked = pdf.is_encrypted
        attachments = tuple(sorted(actions.attachments(pdf)))
        active = tuple(sorted(set(actions.active(pdf, attachments))))
        signatures = _signatures(pdf, file)
        form = bool(form_fields(pdf))
        declared = _declared(pdf)
        if pdf.Root.get(Name.NeedsRendering, False):
            raise reject(
                "activo",
                "Es un formulario XFA dinámico: sus páginas solo existen dentro de Adobe Reader.",
                "Ábralo con Adobe Reader, imprímalo como PDF y traiga esa copia.",
            )
        pages = len(pdf.pages)
        drawn, hidden = _drawn(pdf, limits)
    notes = []
    if locked:
        notes.append(
            Finding(
                code="protegido",
                text="Tenía restricciones de uso (imprimir, copiar) sin contraseña de apertura."
                + ("" if signatures else " Se presenta sin ellas."),
            )
        )
    if warnings and not signatures:
        notes.append(
            Finding(
                code="reparado",
                text="La estructura del PDF estaba dañada y se ha reparado.",
                remedy="Compare sus páginas con el original antes de firmar.",
            )
        )
    if active and not signatures:
        notes.append(
            Finding(
                code="activo",
                text=f"Llevaba contenido activo que se ha quitado: {', '.join(active)}."
                + (f" Ficheros incrustados: {', '.join(attachments)}." if attachments else ""),
                remedy="Si un fichero incrustado hace falta, tráigalo aparte." if attachments else "",
            )
        )
    if signatures and not signatures.intact:
        notes.append(
            Finding(
                code="firma_rota",
                text="Lleva una firma que no se ha podido comprobar o que no cubre el documento como está.",
                remedy="Pida de nuevo el documento firmado, o preséntelo sabiendo que la firma puede discutirse.",
            )
        )
    texts = text_of(file, pages)
    textless = tuple(number for number in range(pages) if drawn[number] and not texts[number].strip())
    few = () if hidden else tuple(n for n in range(pages) if 0 < len(texts[n].strip()) < _FEW)
    return Facts(
        pages=pages,
        textless=textless,
        stamped=_pictured(file, few),
        hidden_text=hidden,
        signatures=signatures,
        active=active,
        attachments=attachments,
        owner_locked=locked,
        repaired=bool(warnings),
        form=form,
        declared=declared,
        notes=tuple(notes),
    )


def _open(file: Path) -> Pdf:
    try:
        return pikepdf.open(file, suppress_warnings=True)
    except pikepdf.PasswordError as exc:
        raise reject(
            "cifrado",
            "Está cifrado y pide una contraseña para abrirlo.",
            "Guárdelo sin contraseña y tráigalo otra vez.",
        ) from exc
    except pikepdf.PdfError as exc:
        raise reject(
            "danado", "El PDF está dañado y no se puede reparar.", "Consiga otra copia del documento."
        ) from exc


def _within(pdf: Pdf, limits: InputLimits) -> None:
    count = len(pdf.pages)
    if count == 0:
        raise reject("vacio", "El PDF no tiene páginas.", "Consiga otra copia del documento.")
    if count > limits.pages:
        raise reject(
            "demasiadas_paginas", f"Tiene {count} páginas y el máximo es {limits.pages}.", "Divídalo en partes."
        )
    for number, page in enumerate(pdf.pages, start=1):
        for box in (page.mediabox, page.cropbox):
            sides = [float(each) for each in box]
            width, height = abs(sides[2] - sides[0]), abs(sides[3] - sides[1])
            if max(width, height) > limits.side or min(width, height) < 1:
                raise reject(
                    "pagina_imposible",
                    f"La página {number} mide {width:.0f} × {height:.0f} puntos.",
                    "Imprímalo de nuevo como PDF en A4.",
                )


def _bomb(number: int, limits: InputLimits) -> Exception:
    return reject(
        "bomba",
        f"La página {number} ocupa descomprimida más de {limits.stream / MIB:.0f} MiB.",
        "Imprímalo de nuevo como PDF.",
    )


def _content(stream: Stream, number: int, limits: InputLimits) -> bytes:
    """A content stream, never more of it than the limit; placeholder bytes for one that cannot be read."""
    try:
        if stream.get(Name.Filter) == Name.FlateDecode and Name.DecodeParms not in stream:
            content = zlib.decompressobj().decompress(stream.read_raw_bytes(), limits.stream + 1)
        else:
            content = stream.read_bytes()
    except (pikepdf.PdfError, zlib.error):
        return b"% unreadable".ljust(100)
    if len(content) > limits.stream:
        raise _bomb(number, limits)
    return content


def _drawn(pdf: Pdf, limits: InputLimits) -> tuple[list[bool], bool]:
    """For each page whether it draws anything, and whether some page writes invisible text."""
    drawn, hidden = [], False
    for number, page in enumerate(pdf.pages, start=1):
        size = 0
        contents = page.obj.get(Name.Contents)
        for each in contents if isinstance(contents, Array) else [contents]:
            if not isinstance(each, Stream):
                continue
            content = _content(each, number, limits)
            size += len(content.strip())
            hidden = hidden or _HIDDEN_TEXT.search(content) is not None
        annotations = page.obj.get(Name.Annots)
        drawn.append(size > 20 or (isinstance(annotations, Array) and len(annotations) > 0))
    return drawn, hidden


def text_of(file: Path, pages: int) -> list[str]:
    """The text of each page as pdfium reads it; "" for pages that it cannot read."""
    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError:
        return [""] * pages
    texts = []
    try:
        for number in range(min(pages, len(document))):
            try:
                page = document[number]
                reader = page.get_textpage()
                texts.append(reader.get_text_bounded() if reader.count_chars() else "")
                reader.close()
                page.close()
            except pypdfium2.PdfiumError:
                texts.append("")
    finally:
        document.close()
    return texts + [""] * (pages - len(texts))


def _pictured(file: Path, pages: tuple[int, ...]) -> tuple[int, ...]:
    """Those of the pages that a picture covers almost wholly."""
    if not pages:
        return ()
    found = []
    document = pypdfium2.PdfDocument(file)
    try:
        for number in pages:
            page = document[number]
            area = max(page.get_width() * page.get_height(), 1)
            for each in page.get_objects(filter=(pypdfium2.raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
                left, bottom, right, top = each.get_bounds()
                if (right - left) * (top - bottom) > _COVERED * area:
                    found.append(number)
                    break
            page.close()
    except pypdfium2.PdfiumError:
        return ()
    finally:
        document.close()
    return tuple(found)


def sizes_of(file: Path) -> list[tuple[float, float]]:
    """Width and height of each page as it is seen, in points."""
    document = pypdfium2.PdfDocument(file)
    try:
        return [document.get_page_size(number) for number in range(len(document))]
    finally:
        document.close()


def _signature_values(pdf: Pdf) -> Iterator[Dictionary]:
    for each in form_fields(pdf):
        if each.get(Name.FT) != Name.Sig and dictionary(each.get(Name.V)) is None:
            continue
        value = dictionary(each.get(Name.V))
        if value is not None and Name.ByteRange in value and Name.Contents in value:
            yield value


def _signatures(pdf: Pdf, file: Path) -> Signatures:
    values = list(_signature_values(pdf))
    if not values:
        return Signatures()
    from cobranza.legal.inputs import signatures

    names, intact = signatures.read(file)
    return Signatures(names=names, count=len(values), intact=intact and len(values) > 0)


def _declared(pdf: Pdf) -> bool:
    metadata = pdf.Root.get(Name.Metadata)
    try:
        return isinstance(metadata, Stream) and b"http://www.aiim.org/pdfa/ns/id/" in metadata.read_bytes()
    except pikepdf.PdfError:
        return False


def unsigned_copy(source: Path, target: Path) -> None:
    """Write a copy of the pages with their signatures' pictures, without the signatures."""
    with pikepdf.open(source, suppress_warnings=True) as pdf:
        flatten(pdf)
        for key in (Name.Perms, Name.DSS, Name.AcroForm):
            if key in pdf.Root:
                del pdf.Root[key]
        pdf.save(target, deterministic_id=True, encryption=False)


def flatten(pdf: Pdf) -> None:
    """Draw form fields into their pages, as they look."""
    form = dictionary(pdf.Root.get(Name.AcroForm))
    if form is None:
        return
    if form.get(Name.NeedAppearances, False):
        pdf.generate_appearance_streams()
    pdf.flatten_annotations("print")
    if Name.AcroForm in pdf.Root:
        del pdf.Root[Name.AcroForm]
