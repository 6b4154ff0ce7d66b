"""Redaction that removes: a page that holds a string is drawn anew as a picture with the place blackened.

Nothing of the old page's objects comes along, nor the old document's properties, bookmarks, layers or attachments. The
result is read again, text, strings and streams; where the string can still be found the file is refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image, ImageDraw

from cobranza.legal.inputs import ocr, pdf, pdfa, raster, search
from cobranza.legal.inputs.tools import ToolFailed, run
from cobranza.legal.inputs.verdict import reject

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job

_PAD = 3
_ROUNDS = 3
_BY_HAND = "Táchelo a mano en una copia, escanéela y traiga esa copia."


def redact(job: Job, made: pdfa.Made) -> pdfa.Made:
    """Take the strings of the job out of a PDF.

    Raises:
        Rejected: a string is too short, is not found where it could hide in a picture, or would not go.
    """
    strings = tuple(dict.fromkeys(job.redact))
    for each in strings:
        if len(search.fold(each)) < search.SHORTEST:
            raise reject(
                "tachado",
                "Lo que se pide tachar tiene menos de tres letras o cifras.",
                "Escriba el dato entero que ha de desaparecer.",
            )
    job.more(job.limits.seconds + 2 * job.limits.seconds_page * made.pages)
    found: set[str] = set()
    pictured = False
    redone: set[int] = set()
    source = _flat(job, made.file)
    waiting = list(range(made.pages))
    for _ in range(_ROUNDS):
        pages: dict[int, bytes] = {}
        sizes: dict[int, tuple[float, float]] = {}
        document = pypdfium2.PdfDocument(source)
        try:
            for number in waiting:
                page = document[number]
                image = raster.picture(page, raster.DPI)
                hits, seen, has_picture = _find(job, source, number, page, image, strings)
                pictured = pictured or (has_picture and number not in redone)
                found |= seen
                if seen:
                    pages[number] = raster.jpeg(_blackened(image, hits))
                    sizes[number] = page.get_size()
                page.close()
        finally:
            document.close()
        if redone and not pages:
            break
        source = _rebuilt(job, source, pages, sizes)
        redone |= set(pages)
        waiting = sorted(pages)  # drawn and read anew: looked at once more
        if not pages:
            break
    _complete(strings, found, pictured)
    leak = _leak(source, strings)
    if leak:
        raise reject("tachado_incompleto", f"No se ha podido quitar del todo lo pedido ({leak}).", _BY_HAND)
    texts = pdf.text_of(source, made.pages)
    made.file, made.untouched = source, False
    made.pdfa = pdfa.FLAVOUR if pdfa.conforms(source) else ""
    made.text_layer = made.text_layer and all(text.strip() for text in texts)
    made.method = "tachado"
    made.ocr = max(made.ocr, len(redone))
    if redone:
        shown = ", ".join(str(number + 1) for number in sorted(redone))
        job.note("tachado", f"Datos tachados en las páginas {shown}, que se presentan como imagen.")
    return made


def _flat(job: Job, file: Path) -> Path:
    """Notes and stamps become part of their page, where their words can be found."""
    target = job.scratch()
    with pikepdf.open(file, suppress_warnings=True) as document:
        document.flatten_annotations("all")
        document.save(target, deterministic_id=True)
    return target


def _complete(strings: tuple[str, ...], found: set[str], pictured: bool) -> None:
    """A string that was asked for and not found: harmless in pure text, not where pictures may show it."""
    lost = len(set(strings) - found)
    if lost and pictured:
        raise reject(
            "tachado_no_encontrado",
            f"{lost} de los datos que hay que tachar no se han encontrado y el documento tiene imágenes que podrían "
            "mostrarlos.",
            _BY_HAND,
        )
    if lost:
        raise reject(
            "tachado_no_encontrado",
            f"{lost} de los datos que hay que tachar no están en el texto del documento.",
            "Compruebe cómo está escrito el dato, o quítelo de la lista de lo que se tacha.",
        )


def _find(
    job: Job, source: Path, number: int, page: pypdfium2.PdfPage, image: Image.Image, strings: tuple[str, ...]
) -> tuple[list[search.Box], set[str], bool]:
    """Where the strings stand on a page, which of them were seen, and whether pictures are on it."""
    letters = list(search.characters(page, image.size))
    has_picture = any(each.type == 3 for each in page.get_objects(max_depth=5))
    words = _words(job, image)  # on every page: letters may be drawn without being text
    hits: list[search.Box] = []
    seen: set[str] = set()
    for each in strings:
        own = search.boxes(letters, each, ocr=has_picture) + search.boxes(words, each, ocr=True)
        if own or _hidden(source, number, each):
            seen.add(each)
        hits += own
    return hits, seen, has_picture


def _words(job: Job, image: Image.Image) -> list[search.Piece]:
    """The words that tesseract reads on a picture."""
    if not job.tools.tesseract:
        return []
    file = job.scratch(".png")
    image.save(file, dpi=(raster.DPI, raster.DPI))
    command: list[str | Path] = [
        job.tools.tesseract,
        file,
        "stdout",
        "-l",
        job.tools.languages,
        "--dpi",
        str(raster.DPI),
        "tsv",
    ]
    try:
        output = run(command, folder=job.folder, seconds=job.limits.seconds_page, memory=job.limits.memory)
    except ToolFailed as exc:
        raise reject("tachado", f"No se puede buscar en las imágenes: {exc.message}", _BY_HAND) from exc
    finally:
        file.unlink(missing_ok=True)
    rows = csv.DictReader(io.StringIO(output.decode("utf-8", "replace")), delimiter="\t", quoting=csv.QUOTE_NONE)
    found = []
    for row in rows:
        if row.get("level") == "5" and (row.get("text") or "").strip():
            left, top, width, height = (int(row[name]) for name in ("left", "top", "width", "height"))
            found.append(search.Piece(row["text"], (left, top, left + width, top + height)))
    return found


def _hidden(source: Path, number: int, string: str) -> bool:
    """The page's own objects (content, annotations, alternative texts) hold the string where nobody sees it."""
    with pikepdf.open(source, suppress_warnings=True) as document:
        page = document.pages[number]
        return any(search.holds(text, (string,)) for text in _texts(page.obj, set()))


def _texts(value: pikepdf.Object, seen: set[tuple[int, int]], depth: int = 0) -> Iterator[str]:
    """Every string and every readable stream below an object, not going up to parents."""
    if depth > 40:
        return
    if isinstance(value, pikepdf.Object) and value.is_indirect:
        if value.objgen in seen:
            return
        seen.add(value.objgen)
    if isinstance(value, pikepdf.String):
        yield str(value)
    elif isinstance(value, Array):
        for each in value:
            yield from _texts(each, seen, depth + 1)
    elif isinstance(value, Dictionary | Stream):
        if isinstance(value, Stream):
            yield from _stream_texts(value)
        for key in list(value.keys()):
            if key not in ("/Parent", "/P", "/Prev", "/Next", "/First", "/Last", "/Popup", "/IRT"):
                yield from _texts(value[key], seen, depth + 1)


def _stream_texts(stream: Stream) -> Iterator[str]:
    if stream.get(Name.Subtype) == Name.Image or Name.Length1 in stream:
        return
    try:
        content = stream.read_bytes()
    except pikepdf.PdfError:
        return
    yield content.decode("latin-1")
    for name in ("utf-8", "utf-16-be"):
        yield content.decode(name, "ignore")


def _blackened(image: Image.Image, hits: list[search.Box]) -> Image.Image:
    drawing = ImageDraw.Draw(image)
    for left, top, right, bottom in hits:
        drawing.rectangle(
            (left - _PAD, top - _PAD, right + _PAD, bottom + _PAD), fill=0 if image.mode == "L" else "black"
        )
    return image


def _rebuilt(job: Job, source: Path, pages: dict[int, bytes], sizes: dict[int, tuple[float, float]]) -> Path:
    """A new document: pages redrawn where they held a string, else copied; nothing of the old document's own."""
    numbers = sorted(pages)
    drawn = job.scratch()
    if numbers:
        raster.pages([pages[number] for number in numbers], [sizes[number] for number in numbers], drawn)
        drawn = ocr.read(job, drawn, range(len(numbers))) or drawn
    target = job.scratch()
    with pikepdf.open(source, suppress_warnings=True) as old, Pdf.new() as new:
        again = pikepdf.open(drawn) if numbers else None
        try:
            for number, page in enumerate(old.pages):
                if again is not None and number in pages:
                    new.pages.append(again.pages[numbers.index(number)])
                else:
                    new.pages.append(page)
                    _plain(new.pages[-1])
            pdfa.write(new, target)
        finally:
            if again is not None:
                again.close()
    return target


def _plain(page: pikepdf.Page) -> None:
    """A copied page keeps no way back to the old document."""
    for key in (Name.StructParents, Name.Tabs, Name.Metadata, Name.PieceInfo):
        if key in page.obj:
            del page.obj[key]


def _leak(file: Path, strings: tuple[str, ...]) -> str:
    """Where one of the strings can still be read: "" when nowhere."""
    with pikepdf.open(file, suppress_warnings=True) as document:
        count = len(document.pages)
        for found in document.objects:
            if any(search.holds(text, strings) for text in _texts(found, set(), depth=39)):
                return "en los objetos del PDF"
        if any(search.holds(str(value), strings) for value in document.docinfo.values()):
            return "en las propiedades"
        if len(document.attachments):
            return "en un fichero incrustado"
    for number, text in enumerate(pdf.text_of(file, count), start=1):
        if search.holds(text, strings):
            return f"en el texto de la página {number}"
    return ""
