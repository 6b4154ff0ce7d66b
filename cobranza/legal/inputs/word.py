"""DOCX as sheets of our own: text, headings, lists, tables and pictures; what cannot come along is said."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, UnidentifiedImageError

from cobranza.legal.inputs import boxes, paper, texts
from cobranza.legal.inputs.verdict import reject

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PARTS = {
    "word/comments.xml": "comentarios",
    "word/charts/": "gráficos",
    "word/diagrams/": "diagramas",
    "word/embeddings/": "objetos incrustados",
    "word/vbaProject.bin": "macros",
    "_xmlsignatures/": "firma electrónica del documento",
}
_EMU = 12700


def to_pdf(job: Job, source: Path) -> Path:
    """Sheets of a DOCX.

    Raises:
        Rejected: it is broken, a bomb, or empty.
    """
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    boxes.check(source, job.limits)
    with zipfile.ZipFile(source) as container:
        names = container.namelist()
    lost = sorted({what for part, what in _PARTS.items() if any(name.startswith(part) for name in names)})
    try:
        document = Document(str(source))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile) as exc:
        raise reject("danado", "El documento de Word está dañado.", "Guárdelo de nuevo, mejor como PDF.") from exc
    reader = _Reader(document)
    blocks = list(reader.blocks())
    if reader.lost:
        lost += sorted(reader.lost)
    told = f" No se han podido llevar: {', '.join(lost)}." if lost else ""
    job.note(
        "word",
        f"Compuesto a partir de un documento de Word: el texto es el suyo, el diseño no es exacto.{told}",
        "Si el diseño importa, guárdelo como PDF con su programa y tráigalo así.",
    )
    if not any(isinstance(each, paper.Table | paper.Picture) or _words(each) for each in blocks):
        raise reject("vacio", "El documento no tiene texto.", "Compruébelo y tráigalo de nuevo.")
    return texts.sheets(job, blocks)


def _words(block: paper.Block) -> str:
    match block:
        case paper.Heading():
            return block.text
        case paper.Text():
            return "".join(run.text for run in block.runs).strip()
        case _:
            return ""


class _Reader:
    """Walks the document in reading order. `lost` collects what was met and cannot be shown."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._part = document.part
        self._numbers = _Numbering(document)
        self.lost: set[str] = set()

    def blocks(self) -> Iterator[paper.Block]:
        """Headers once on top, the body, the notes, the footers once at the end."""
        heads = self._edges("header")
        if heads:
            yield from heads
            yield paper.Rule()
        yield from self._inside(self._document.element.body)
        for kind, title in (("footnotes", "Notas al pie"), ("endnotes", "Notas finales")):
            notes = self._notes(kind)
            if notes:
                yield paper.Heading(title, 3)
                yield from notes
        feet = self._edges("footer")
        if feet:
            yield paper.Rule()
            yield from feet

    def _edges(self, kind: str) -> list[paper.Block]:
        seen: list[str] = []
        for section in self._document.sections:
            edge = getattr(section, kind)
            if not edge.is_linked_to_previous:
                text = "\n".join(line for each in edge.paragraphs if (line := _plain_text(each._p).strip()))
                if text and text not in seen:
                    seen.append(text)
        return [paper.plain(text) for text in seen]

    def _notes(self, kind: str) -> list[paper.Block]:
        from lxml import etree

        for relation in self._part.rels.values():
            if relation.reltype.endswith(f"/{kind}") and not relation.is_external:
                parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
                root = etree.fromstring(relation.target_part.blob, parser)
                found = [each for each in root if each.get(f"{_W}type") is None]
                return [paper.Text((paper.Run(_plain_text(each)),), bullet=f"{each.get(f'{_W}id')}.") for each in found]
        return []

    def _inside(self, holder: Any) -> Iterator[paper.Block]:
        for each in holder.iterchildren():
            if each.tag == f"{_W}p":
                yield from self._paragraph(each)
            elif each.tag == f"{_W}tbl":
                table = self._table(each)
                if table is not None:
                    yield table
            elif each.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}moveTo", f"{_W}customXml"):
                yield from self._inside(each)

    def _paragraph(self, element: Any) -> Iterator[paper.Block]:
        if any(True for _ in element.iter(f"{_W}del", f"{_W}ins")):
            self.lost.add("marcas de cambios (se muestra el texto con los cambios aceptados)")
        if any(True for _ in element.iter(f"{_W}txbxContent")):
            self.lost.add("cuadros de texto (su texto va a continuación)")
        runs = tuple(self._runs(element))
        level = self._level(element)
        text = "".join(run.text for run in runs)
        if level and text.strip():
            mark = self._numbers.mark(element)[0]
            yield paper.Heading(f"{mark} {text}".strip(), level)
        elif text.strip():
            mark, depth = self._numbers.mark(element)
            yield paper.Text(runs, bullet=mark, indent=depth)
        yield from self._pictures(element)
        if any(each.get(f"{_W}type") == "page" for each in element.iter(f"{_W}br")):
            yield paper.NewPage()
        for box in element.iter(f"{_W}txbxContent"):
            if not any(parent.tag.endswith("}Fallback") for parent in box.iterancestors()):
                yield from self._inside(box)

    def _level(self, element: Any) -> int:
        style = element.find(f"{_W}pPr/{_W}pStyle")
        name = str(style.get(f"{_W}val", "")).lower() if style is not None else ""
        if name in ("title", "ttulo", "titulo"):
            return 1
        for word in ("heading", "ttulo", "titulo", "título"):
            if name.startswith(word) and name[len(word) :].isdigit():
                return min(int(name[len(word) :]), 4)
        return 0

    def _runs(self, element: Any) -> Iterator[paper.Run]:
        for run in element.iter(f"{_W}r"):
            above = {parent.tag for parent in run.iterancestors() if parent is not element}
            if f"{_W}del" in above or f"{_W}moveFrom" in above or f"{_W}txbxContent" in _until(run, element):
                continue
            look = run.find(f"{_W}rPr")
            if look is not None and _on(look.find(f"{_W}vanish")):
                self.lost.add("texto oculto")
                continue
            text = _run_text(run)
            if text:
                yield paper.Run(
                    text,
                    bold=look is not None and _on(look.find(f"{_W}b")),
                    italic=look is not None and _on(look.find(f"{_W}i")),
                )

    def _pictures(self, element: Any) -> Iterator[paper.Block]:
        for blip in element.iter(f"{_A}blip"):
            relation = blip.get(f"{_R}embed")
            part = self._part.related_parts.get(relation) if relation else None
            if part is None:
                self.lost.add("imágenes enlazadas")
                continue
            try:
                with Image.open(io.BytesIO(part.blob), formats=("PNG", "JPEG", "GIF", "BMP", "TIFF")) as image:
                    if image.size[0] * image.size[1] > 50_000_000:
                        self.lost.add("imágenes enormes")
                        continue
                    flat = image.convert("RGBA")
            except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
                self.lost.add("imágenes de un formato que no se puede dibujar")
                continue
            sheet = Image.new("RGB", flat.size, "white")
            sheet.paste(flat, mask=flat.getchannel("A"))
            output = io.BytesIO()
            sheet.save(output, "PNG")
            extent = next(
                (each for parent in blip.iterancestors() for each in parent if each.tag.endswith("}extent")), None
            )
            width = int(extent.get("cx", 0)) / _EMU if extent is not None else 0
            yield paper.Picture(output.getvalue(), width)

    def _table(self, element: Any) -> paper.Table | None:
        rows = []
        for row in element.iter(f"{_W}tr"):
            if _nearest(row, f"{_W}tbl") is not element:
                continue
            cells = []
            for cell in row.iter(f"{_W}tc"):
                if _nearest(cell, f"{_W}tr") is row:
                    cells.append("\n".join(_plain_text(each) for each in cell.iter(f"{_W}p")).strip())
                    if any(True for _ in cell.iter(f"{_A}blip")):
                        self.lost.add("imágenes dentro de tablas")
                    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
                    cells += [""] * (min(int(span.get(f"{_W}val", 1)), 60) - 1 if span is not None else 0)
            rows.append(tuple(cells))
        if not rows:
            return None
        return paper.Table(tuple(rows), header=0, right=texts.amounts(tuple(rows)))


def _nearest(element: Any, tag: str) -> Any:
    return next((each for each in element.iterancestors() if each.tag == tag), None)


def _until(element: Any, top: Any) -> Iterator[str]:
    for each in element.iterancestors():
        if each is top:
            return
        yield each.tag


def _on(flag: Any) -> bool:
    return flag is not None and flag.get(f"{_W}val") not in ("0", "false", "none")


def _run_text(run: Any) -> str:
    parts = []
    for each in run:
        if each.tag == f"{_W}t":
            parts.append(each.text or "")
        elif each.tag == f"{_W}tab":
            parts.append("\t")
        elif each.tag in (f"{_W}br", f"{_W}cr") and each.get(f"{_W}type") != "page":
            parts.append("\n")
        elif each.tag == f"{_W}noBreakHyphen":
            parts.append("-")
        elif each.tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
            parts.append(f"[{each.get(f'{_W}id')}]")
    return "".join(parts)


def _plain_text(element: Any) -> str:
    deleted = (f"{_W}del", f"{_W}moveFrom")
    runs = (run for run in element.iter(f"{_W}r") if not any(tag in deleted for tag in _until(run, element)))
    return "".join(_run_text(run) for run in runs)


class _Numbering:
    """What stands before the paragraphs of lists, counted as Word does."""

    def __init__(self, document: Any) -> None:
        self._levels: dict[tuple[str, str], tuple[str, str, int]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        places = ((each.get(f"{_W}styleId"), _place(each)) for each in document.styles.element.iter(f"{_W}style"))
        self._styles = {str(name): place for name, place in places if place[0] is not None}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        abstract = {each.get(f"{_W}abstractNumId"): each for each in root.iter(f"{_W}abstractNum")}
        for number in root.iter(f"{_W}num"):
            link = number.find(f"{_W}abstractNumId")
            known = abstract.get(link.get(f"{_W}val")) if link is not None else None
            for level in known.iter(f"{_W}lvl") if known is not None else ():
                key = (str(number.get(f"{_W}numId")), str(level.get(f"{_W}ilvl")))
                self._levels[key] = (
                    _value(level, "numFmt", "bullet"),
                    _value(level, "lvlText", "%1."),
                    int(_value(level, "start", "1")),
                )

    def mark(self, paragraph: Any) -> tuple[str, int]:
        """The mark and the depth of a paragraph, ("", 0) when it is in no list."""
        number, level = _place(paragraph)
        if number is None:
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            number, level = self._styles.get(str(style.get(f"{_W}val", "")) if style is not None else "", (None, None))
        if number is None:
            return "", 0
        depth = int(level.get(f"{_W}val", 0)) if level is not None else 0
        list_ = str(number.get(f"{_W}val"))
        if list_ == "0":
            return "", 0
        form, text, start = self._levels.get((list_, str(depth)), ("bullet", "•", 1))
        if form == "bullet":
            return "•", depth
        key = (list_, str(depth))
        self._counts[key] = self._counts.get(key, start - 1) + 1
        for deeper in range(depth + 1, 9):
            self._counts.pop((list_, str(deeper)), None)
        for upper in range(depth, -1, -1):
            place = (list_, str(upper))
            known = self._levels.get(place, ("decimal", "", 1))
            text = text.replace(f"%{upper + 1}", _counted(self._counts.get(place, known[2]), known[0]))
        return text, depth


def _place(holder: Any) -> tuple[Any, Any]:
    """List and level that a paragraph or a style names, None for what it does not."""
    return tuple(holder.find(f"{_W}pPr/{_W}numPr/{_W}{name}") for name in ("numId", "ilvl"))


def _value(level: Any, name: str, default: str) -> str:
    found = level.find(f"{_W}{name}")
    return str(found.get(f"{_W}val", default)) if found is not None else default


_ROMAN = ((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


def _counted(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and number > 0:
        text = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
    elif form in ("lowerRoman", "upperRoman") and 0 < number < 90:
        text, rest = "", number
        for value, letters in _ROMAN:
            while rest >= value:
                text, rest = text + letters, rest - value
    else:
        return str(number)
    return text.upper() if form.startswith("upper") else text
