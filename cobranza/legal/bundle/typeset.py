"""Pages that we make ourselves: one look for all, letters embedded, the same bytes for the same text.

A page knows where its links lie when it is laid out (`Mark`): nothing is read back from the finished file.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table, TableStyle

from cobranza.legal.bundle import letters
from cobranza.legal.bundle.letters import MONO, SANS, SANS_BOLD, SERIF, SERIF_BOLD

INK = HexColor("#1a1a1a")
SOFT = HexColor("#5a5a5a")
RULE = HexColor("#b8b8b8")
SHADE = HexColor("#f0f0ee")
LEFT, RIGHT, TOP, BOTTOM = 71.0, 57.0, 74.0, 71.0
WIDTH = A4[0] - LEFT - RIGHT
HEIGHT = A4[1] - TOP - BOTTOM


def _style(name: str, **more: Any) -> ParagraphStyle:
    given: dict[str, Any] = {"fontName": SERIF, "fontSize": 11, "leading": 15, "textColor": INK, "splitLongWords": 1}
    return ParagraphStyle(name, **{**given, **more})


BODY = _style("body", alignment=TA_JUSTIFY, spaceAfter=8, allowWidows=0, allowOrphans=0)
PLAIN = _style("plain", spaceAfter=4, allowWidows=0, allowOrphans=0)
QUOTE = _style("quote", leftIndent=22, spaceAfter=6, alignment=TA_JUSTIFY, allowWidows=0, allowOrphans=0)
ADDRESS = _style("address", fontName=SERIF_BOLD, fontSize=12, leading=17, spaceAfter=18)
HEADING = _style(
    "heading", fontName=SERIF_BOLD, fontSize=12, leading=16, alignment=TA_CENTER, spaceBefore=12, spaceAfter=9,
    keepWithNext=1,
)  # fmt: skip
TITLE = _style("title", fontName=SERIF_BOLD, fontSize=17, leading=22, spaceAfter=4)
KICKER = _style("kicker", fontName=SANS_BOLD, fontSize=8.5, leading=12, textColor=SOFT, spaceAfter=3)
SUBTITLE = _style("subtitle", fontSize=11.5, leading=15.5, textColor=SOFT, spaceAfter=12)
SUBHEAD = _style("subhead", fontName=SANS_BOLD, fontSize=9.5, leading=13, spaceBefore=12, spaceAfter=5, keepWithNext=1)
CELL = _style("cell", fontName=SANS, fontSize=8.4, leading=10.8)
CELL_BOLD = _style("cell_bold", parent=CELL, fontName=SANS_BOLD, fontSize=8.4, leading=10.8)
CELL_RIGHT = _style("cell_right", fontName=SANS, fontSize=8.4, leading=10.8, alignment=TA_RIGHT)
CELL_RIGHT_BOLD = _style("cell_right_bold", fontName=SANS_BOLD, fontSize=8.4, leading=10.8, alignment=TA_RIGHT)
HEAD = _style("head", fontName=SANS_BOLD, fontSize=7.6, leading=9.6, textColor=SOFT)
HEAD_RIGHT = _style("head_right", fontName=SANS_BOLD, fontSize=7.6, leading=9.6, textColor=SOFT, alignment=TA_RIGHT)
NOTE = _style("note", fontName=SANS, fontSize=7.8, leading=10.4, textColor=SOFT, spaceAfter=3)
HASH = _style("hash", fontName=MONO, fontSize=6.4, leading=8.6, textColor=SOFT, splitLongWords=1)
SIGNATURE = _style("signature", alignment=TA_CENTER, leading=15)


@dataclass(frozen=True, slots=True)
class Mark:
    """A box of a page that leads somewhere.

    Attributes:
        page: From 0.
        box: Left, bottom, right, top, in points.
        key: Where to.
    """

    page: int
    box: tuple[float, float, float, float]
    key: str


@dataclass(frozen=True, slots=True)
class Typeset:
    """Finished pages, not PDF/A yet: `content` is the PDF, `marks` the links of all its pages."""

    content: bytes
    pages: int
    marks: tuple[Mark, ...] = ()


class Leads(Flowable):
    """A flowable whose box leads to `key`; the document collects it while it is drawn."""

    def __init__(self, inner: Flowable, key: str) -> None:
        super().__init__()
        self.inner = inner
        self.key = key

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """See `Flowable.wrap`."""
        self.width, self.height = self.inner.wrap(width, height)
        return self.width, self.height

    def draw(self) -> None:
        """See `Flowable.draw`."""
        canvas: _Numbered = self.canv  # type: ignore[assignment]
        self.inner.drawOn(canvas, 0, 0)
        left, bottom = canvas.absolutePosition(0, 0)
        right, top = canvas.absolutePosition(self.width, self.height)
        canvas.cobranza_marks.append(Mark(canvas.getPageNumber() - 1, (left, bottom, right, top), self.key))


def text(words: str, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph of plain words; `**bold**` is bold, everything else is shown as written."""
    letters.register()
    return Paragraph(letters.marked(words, style.fontName), style)


def table(
    rows: Sequence[Sequence[Flowable | str]],
    widths: Sequence[float],
    *,
    header: bool = True,
    totals: int = 0,
    extra: Sequence[tuple[Any, ...]] = (),
) -> Table:
    """A table that never leaves one row alone on a page; `totals` last rows are set off and stay with their table."""
    style: list[tuple[Any, ...]] = [
        ("FONTNAME", (0, 0), (-1, -1), SANS),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3.6),
        ("LINEBELOW", (0, 0), (-1, -1), 0.35, RULE),
    ]
    if header:
        style += [("LINEBELOW", (0, 0), (-1, 0), 0.8, INK), ("VALIGN", (0, 0), (-1, 0), "BOTTOM")]
    if totals:
        style += [("LINEABOVE", (0, -totals), (-1, -totals), 0.8, INK), ("BACKGROUND", (0, -totals), (-1, -1), SHADE)]
    keep = min(len(rows), 2 + int(header))
    style += [("NOSPLIT", (0, 0), (-1, keep - 1)), ("NOSPLIT", (0, max(0, len(rows) - 2 - totals)), (-1, -1))]
    return Table(
        [list(row) for row in rows], colWidths=list(widths), repeatRows=int(header), style=TableStyle([*style, *extra])
    )


def facts(rows: Sequence[tuple[str, str | Flowable]], label: float = 118.0) -> Table:
    """Two columns: what, and what it is."""
    cells = [
        [text(name, HEAD), text(value, CELL) if isinstance(value, str) else value] for name, value in rows if value
    ]
    return table(cells, (label, WIDTH - label), header=False)


class _Numbered(Canvas):
    """A canvas that knows at the end how many pages there are."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._states: list[dict[str, Any]] = []
        self.cobranza_marks: list[Mark] = []
        self.cobranza_foot: Callable[[Canvas, int, int], None] | None = None

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._states.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        total = len(self._states)
        marks, foot = self.cobranza_marks, self.cobranza_foot
        for place, state in enumerate(self._states):
            self.__dict__.update(state)
            if foot is not None:
                foot(self, place + 1, total)
            super().showPage()
        self.cobranza_marks = marks
        super().save()


def typeset(
    story: Sequence[Flowable], *, title: str, running: str = "", numbered: bool = True, language: str = "es"
) -> Typeset:
    """Lay `story` out on A4 pages.

    Args:
        story: Flowables of this module and of reportlab; used up.
        title: Of the document, for its metadata.
        running: Small line on top of every page.
        numbered: "Página n de m" in the middle of the foot; the right corner stays free for the folio.
        language: Of the text.
    """
    letters.register()
    out = io.BytesIO()
    held: list[_Numbered] = []

    def foot(canvas: Canvas, page: int, total: int) -> None:
        canvas.saveState()
        canvas.setFillColor(SOFT)
        canvas.setFont(SANS, 7.6)
        if running:
            canvas.drawString(LEFT, A4[1] - 42, letters.shown(running, SANS)[:110])
            canvas.setStrokeColor(RULE)
            canvas.setLineWidth(0.35)
            canvas.line(LEFT, A4[1] - 49, A4[0] - RIGHT, A4[1] - 49)
        if numbered and total > 1:
            canvas.drawCentredString(A4[0] / 2, 40, f"Página {page} de {total}")
        canvas.restoreState()

    def make(*args: Any, **kwargs: Any) -> _Numbered:
        canvas = _Numbered(*args, **{**kwargs, "initialFontName": SANS, "invariant": 1, "lang": language})
        canvas.cobranza_foot = foot
        held.append(canvas)
        return canvas

    frame = Frame(LEFT, BOTTOM, WIDTH, HEIGHT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document = BaseDocTemplate(
        out, pagesize=A4, pageTemplates=[PageTemplate("page", [frame])], title=title, author="", creator="Cobranza"
    )
    document.build(list(story), canvasmaker=make)
    canvas = held[-1]
    return Typeset(out.getvalue(), len(canvas._states), tuple(canvas.cobranza_marks))


__all__ = ["MONO", "SANS", "SANS_BOLD", "SERIF", "Leads", "Mark", "Typeset", "facts", "table", "text", "typeset"]
