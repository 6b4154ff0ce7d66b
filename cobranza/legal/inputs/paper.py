"""Sheets of our own: headings, paragraphs, lists, tables and pictures as a PDF, the same bytes for the same content.

Used for whatever has no look of its own (mail, invoice in XML, plain text) or one that only an office program could
give back exactly (DOCX): legible and complete, and said to be a rendering.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, black
from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    Image,
    LongTable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)

from cobranza.legal.inputs.tools import Tools

BODY, BOLD, MONO = "Cobranza", "Cobranza-Bold", "Cobranza-Mono"
_FALLBACK = "Cobranza-Fallback"
_ITALIC, _BOLD_ITALIC = "Cobranza-Italic", "Cobranza-BoldItalic"
_FACES = {
    BODY: "liberation/LiberationSans-Regular",
    BOLD: "liberation/LiberationSans-Bold",
    MONO: "liberation/LiberationMono-Regular",
    _ITALIC: "liberation/LiberationSans-Italic",
    _BOLD_ITALIC: "liberation/LiberationSans-BoldItalic",
    _FALLBACK: "dejavu/DejaVuSans",
}
_GREY = Color(0.45, 0.45, 0.45)
_LIGHT = Color(0.92, 0.92, 0.92)
_MARGIN = 20 * mm
_PADDING = 6  # of reportlab's frames
_WIDE = 8
_CELL = 1500
_MISSING = "□"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text with one look."""

    text: str
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, 1 to 4."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `bullet` is what stands before it in a list, `indent` the list's depth."""

    runs: tuple[Run, ...]
    bullet: str = ""
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Fixed:
    """Lines in a fixed-width font, long ones wrapped."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; the first `header` rows stand on every page. `right` names columns of amounts."""

    rows: tuple[tuple[str, ...], ...]
    header: int = 1
    right: frozenset[int] = frozenset()
    grid: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, no wider than the page; width in points, 0 for its own at 96 dpi."""

    content: bytes
    width: float = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""


@dataclass(frozen=True, slots=True)
class NewPage:
    """What follows starts on a new page."""


Block = Heading | Text | Fixed | Table | Picture | Rule | NewPage


def plain(text: str, *, bold: bool = False) -> Text:
    """A paragraph of one look."""
    return Text((Run(text, bold=bold),))


def render(blocks: Iterable[Block], target: Path, *, title: str, tools: Tools, foot: str = "") -> int:
    """Write the sheets; how many different characters no installed font has (they show as □).

    Args:
        blocks: In order.
        target: PDF file.
        title: Of the document's properties.
        tools: Where the fonts are.
        foot: Small line at the foot of every page, before the page number.

    Raises:
        InputToolMissing: the fonts are not installed.
    """
    _register(tools)
    blocks = list(blocks)
    wide = any(isinstance(each, Table) and max(map(len, each.rows), default=0) > _WIDE for each in blocks)
    size = landscape(A4) if wide else A4
    missing: set[str] = set()
    width = size[0] - 2 * _MARGIN - 2 * _PADDING
    story: list[Flowable] = []
    for each in blocks:
        story += _flowables(each, width, size[1] - 2 * _MARGIN, missing)
    if not story:
        story = [Spacer(1, 1)]

    def footer(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont(BODY, 7)
        canvas.setFillColor(_GREY)
        if foot:
            canvas.drawString(_MARGIN, 11 * mm, _known(foot, missing)[:140])
        canvas.drawRightString(size[0] - _MARGIN, 11 * mm, str(document.page))
        canvas.restoreState()

    document = SimpleDocTemplate(
        str(target),
        pagesize=size,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=_known(title, missing),
        author="",
        invariant=1,
        initialFontName=BODY,
        lang="es",
    )
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return len(missing)


def _register(tools: Tools) -> None:
    if _FALLBACK in pdfmetrics.getRegisteredFontNames():
        return
    for name, face in _FACES.items():
        font = TTFont(name, str(tools.font(face)))
        _mend_widths(font)
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(BODY, normal=BODY, bold=BOLD, italic=_ITALIC, boldItalic=_BOLD_ITALIC)
    pdfmetrics.registerFontFamily(BOLD, normal=BOLD, bold=BOLD, italic=_BOLD_ITALIC, boldItalic=_BOLD_ITALIC)
    pdfmetrics.registerFontFamily(MONO, normal=MONO, bold=MONO, italic=MONO, boldItalic=MONO)


def _mend_widths(font: TTFont) -> None:
    """Glyphs after the last full entry of `hmtx` share its width; reportlab 5.1 takes it scaled for unscaled."""
    face: Any = font.face
    metrics = face.hmetrics
    full = int.from_bytes(face.get_table("hhea")[34:36], "big")
    metrics[full:] = [(metrics[full - 1][0], bearing) for _, bearing in metrics[full:]]


def _has(font: str, char: str) -> bool:
    face: Any = pdfmetrics.getFont(font)
    return ord(char) in face.face.charToGlyph


def _known(text: str, missing: set[str]) -> str:
    """Without control characters; what no font has becomes a box and is counted."""
    kept = []
    for char in text:
        if char == "\t":
            kept.append("    ")
        elif char == "\n":
            kept.append(char)
        elif not char.isprintable() and char not in "\u00a0\u2009\u202f":
            continue
        elif _has(BODY, char) or _has(_FALLBACK, char):
            kept.append(char)
        else:
            missing.add(char)
            kept.append(_MISSING)
    return "".join(kept)


def _markup(text: str, missing: set[str], font: str = BODY) -> str:
    """Text for reportlab's paragraphs: escaped, characters of the second font marked as such."""
    parts: list[str] = []
    other = ""
    for char in _known(text, missing):
        if char != "\n" and not _has(font, char):
            other += char
            continue
        if other:
            parts.append(f'<font name="{_FALLBACK}">{escape(other)}</font>')
            other = ""
        parts.append("<br/>" if char == "\n" else escape(char))
    if other:
        parts.append(f'<font name="{_FALLBACK}">{escape(other)}</font>')
    return "".join(parts)


def _style(font: str = BODY, size: float = 10, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        name=f"{font}-{size}-{sorted(more.items())}",
        fontName=font,
        fontSize=size,
        leading=size * 1.3,
        textColor=black,
        splitLongWords=1,
        **more,
    )


def _flowables(block: Block, width: float, height: float, missing: set[str]) -> list[Flowable]:
    match block:
        case Heading():
            size = {1: 15, 2: 12.5, 3: 11}.get(block.level, 10)
            style = _style(BOLD, size, spaceBefore=8, spaceAfter=4, keepWithNext=1)
            return [Paragraph(_markup(block.text, missing, BOLD), style)]
        case Text():
            return [_paragraph(block, missing)]
        case Fixed():
            style = _style(MONO, 8.5, alignment=TA_LEFT)
            lines = block.text.split("\n")
            return [Paragraph(_fixed(line, missing), style) if line.strip() else Spacer(1, 8) for line in lines]
        case Table():
            return _table(block, width, missing)
        case Picture():
            return _picture(block, width, height)
        case Rule():
            return [HRFlowable(width="100%", thickness=0.6, color=_GREY, spaceBefore=5, spaceAfter=5)]
        case NewPage():
            return [PageBreak()]


def _fixed(line: str, missing: set[str]) -> str:
    bare = line.expandtabs(8).rstrip()
    start = len(bare) - len(bare.lstrip(" "))
    return "&nbsp;" * min(start, 60) + _markup(bare[start:], missing, MONO).replace("  ", "&nbsp; ")


def _paragraph(block: Text, missing: set[str]) -> Paragraph:
    pieces = []
    for run in block.runs:
        text = _markup(run.text, missing)
        text = f"<b>{text}</b>" if run.bold else text
        pieces.append(f"<i>{text}</i>" if run.italic else text)
    indent = 14 * (block.indent + 1) if block.bullet else 14 * block.indent
    style = _style(BODY, 10, spaceAfter=4, leftIndent=indent, bulletIndent=max(0, indent - 12), bulletFontName=BODY)
    return Paragraph("".join(pieces), style, bulletText=_known(block.bullet, missing) or None)


def _widths(rows: Sequence[Sequence[str]], columns: int, width: float) -> list[float]:
    """Column widths by what stands in them, none thinner than a word needs."""
    wanted = []
    for column in range(columns):
        cells = [row[column] for row in rows[:400] if column < len(row)]
        longest = max((len(cell) for cell in cells), default=1)
        average = sum(map(len, cells)) / max(len(cells), 1)
        word = max((len(word) for cell in cells for word in cell.split()[:30]), default=1)
        wanted.append(max(min(longest, 12), min(word, 24), average) + 2)
    total = sum(wanted)
    return [width * each / total for each in wanted]


def _table(block: Table, width: float, missing: set[str]) -> list[Flowable]:
    columns = max((len(row) for row in block.rows), default=0)
    if not columns:
        return []
    size = 9 if columns <= 4 else 8 if columns <= _WIDE else 6.5
    looks = {
        (bold, right): _style(BOLD if bold else BODY, size, alignment=TA_RIGHT if right else TA_LEFT)
        for bold in (False, True)
        for right in (False, True)
    }
    rows = []
    for number, row in enumerate(block.rows):
        head = number < block.header
        cells = [*row, *([""] * (columns - len(row)))]
        rows.append(
            [
                Paragraph(
                    _markup(cell[:_CELL] + ("…" if len(cell) > _CELL else ""), missing, BOLD if head else BODY),
                    looks[head, column in block.right],
                )
                for column, cell in enumerate(cells)
            ]
        )
    commands: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ("FONTNAME", (0, 0), (-1, -1), BODY),
    ]
    if block.grid:
        commands.append(("GRID", (0, 0), (-1, -1), 0.4, _GREY))
    if block.header:
        commands.append(("BACKGROUND", (0, 0), (-1, block.header - 1), _LIGHT))
    table = LongTable(
        rows,
        colWidths=_widths(block.rows, columns, width),
        repeatRows=block.header,
        hAlign="LEFT",
        splitInRow=1,
        style=TableStyle(commands),
    )
    return [table, Spacer(1, 6)]


def _picture(block: Picture, width: float, height: float) -> list[Flowable]:
    reader = ImageReader(io.BytesIO(block.content))
    pixels = reader.getSize()
    wide = min(block.width or pixels[0] * 0.75, width)
    tall = wide * pixels[1] / max(pixels[0], 1)
    if tall > height - 20:
        wide, tall = wide * (height - 20) / tall, height - 20
    return [Image(io.BytesIO(block.content), width=wide, height=tall, hAlign="LEFT"), Spacer(1, 4)]
