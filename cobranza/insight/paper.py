"""A dashboard on paper: the figures with their targets, each chart with its numbers, and how each figure is counted."""

from __future__ import annotations

import io
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from cobranza.insight.boards import Filled
from cobranza.insight.charts import Chart, Shape
from cobranza.screens import formats

_INK, _MUTED, _LINE, _ACCENT = (colors.HexColor(each) for each in ("#16211f", "#55625f", "#dde2e2", "#0f5f5a"))
_SERIES = {
    "a": "#0f5f5a", "b": "#c77700", "c": "#d99a2b", "d": "#d0692f", "e": "#b83a2c", "f": "#7c1f1a",
}  # fmt: skip
_AGE = {"a": "#7fb5b0", "b": "#e8c77a", "c": "#e3a04f", "d": "#d4763b", "e": "#b9472f", "f": "#7c1f1a"}
_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=8.5, leading=11, textColor=_INK)
_SMALL = ParagraphStyle("small", parent=_BODY, fontSize=7.5, leading=9.5, textColor=_MUTED)
_TITLE = ParagraphStyle("title", parent=_BODY, fontName="Helvetica-Bold", fontSize=17, leading=21)
_HEAD = ParagraphStyle("head", parent=_BODY, fontName="Helvetica-Bold", fontSize=11, leading=14, spaceBefore=6)
_VALUE = ParagraphStyle("value", parent=_BODY, fontName="Helvetica-Bold", fontSize=13, leading=16)
_MOST_ROWS = 24


class Picture(Flowable):
    """A chart's shapes, drawn on the page."""

    def __init__(self, chart: Chart, width: float, *, age: bool = False) -> None:
        super().__init__()
        self.chart, self.scale = chart, width / chart.width
        self.width, self.height = width, chart.height * self.scale
        self.palette = _AGE if age else _SERIES

    def draw(self) -> None:
        """See `Flowable.draw`."""
        for shape in self.chart.shapes:
            self._shape(shape)

    def _spot(self, point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * self.scale, self.height - point[1] * self.scale

    def _shape(self, shape: Shape) -> None:
        page = self.canv
        first = shape.css.split()[0]
        colour = colors.HexColor(self.palette.get(first, "#84908f"))
        page.saveState()
        if shape.kind == "text":
            x, y = self._spot(shape.points[0])
            page.setFont("Helvetica", 6.5)
            page.setFillColor(_MUTED)
            {"start": page.drawString, "middle": page.drawCentredString, "end": page.drawRightString}[shape.anchor](
                x, y, _latin(shape.text)
            )
        elif shape.kind == "rect":
            (left, top), (right, bottom) = (self._spot(point) for point in shape.points)
            soft = first in {"band", "control"}
            page.setFillColor(colors.HexColor("#e3f3e8") if soft else colour)
            page.rect(left, bottom, right - left, top - bottom, stroke=0, fill=1)
        elif shape.kind == "dot":
            x, y = self._spot(shape.points[0])
            page.setFillColor(colour)
            page.circle(x, y, 1.8 if "last" in shape.css else 1.1, stroke=0, fill=1)
        else:
            self._path(shape, first, colour)
        page.restoreState()

    def _path(self, shape: Shape, first: str, colour: Any) -> None:
        page = self.canv
        path = page.beginPath()
        for number, point in enumerate(shape.points):
            (path.moveTo if number == 0 else path.lineTo)(*self._spot(point))
        if shape.kind == "area":
            page.setFillColor(colour, alpha=0.10)
            path.close()
            page.drawPath(path, stroke=0, fill=1)
            return
        page.setStrokeColor({"grid": _LINE, "axis": _MUTED, "target": colors.HexColor("#17693a")}.get(first, colour))
        page.setLineWidth(0.4 if first in {"grid", "axis"} else 1.2)
        if first == "target":
            page.setDash(3, 2)
        page.drawPath(path, stroke=1, fill=0)


def pdf(filled: Filled) -> bytes:
    """The dashboard as a PDF, A4."""
    target = io.BytesIO()
    title = str(filled.board.title)
    document = SimpleDocTemplate(
        target, pagesize=A4, leftMargin=16 * mm, rightMargin=16 * mm, topMargin=15 * mm, bottomMargin=15 * mm,
        title=title, author="Cobranza", lang="es",
    )  # fmt: skip
    part = filled.asked.part
    story: list[Any] = [
        Paragraph(_latin(title), _TITLE),
        Paragraph(_latin(f"{formats.day(part.start)} – {formats.day(part.end)} · {part.currency} · "
                         + _("datos de %(at)s") % {"at": formats.instant(filled.as_of)}), _SMALL),
        Spacer(1, 5 * mm),
        _tiles(filled, document.width),
        Spacer(1, 4 * mm),
    ]  # fmt: skip
    for each in filled.charts:
        story.append(
            KeepTogether([
                Paragraph(_latin(each.chart.title), _HEAD),
                Picture(each.chart, document.width * 0.62, age=each.slug == "antiguedad"),
                *_legend(each.chart, age=each.slug == "antiguedad"),
            ])
        )  # fmt: skip
        story += [_numbers(each.chart, document.width), Spacer(1, 4 * mm)]
    story += [PageBreak(), Paragraph(_latin(_("Cómo se cuenta cada cifra")), _HEAD)]
    for tile in filled.tiles:
        told = f"<b>{_safe(tile.definition.name)}</b>. {_safe(tile.definition.formula)}"
        story.append(Paragraph(_latin(told), _BODY))
        story.append(Paragraph(_latin(f"{_safe(tile.definition.source)} · {_safe(tile.definition.owner)}"), _SMALL))
        story.append(Spacer(1, 1.5 * mm))
    document.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return target.getvalue()


def _tiles(filled: Filled, width: float) -> Table:
    cells: list[Any] = []
    for tile in filled.tiles:
        below = " · ".join(
            each for each in (
                (_("objetivo %(target)s") % {"target": tile.target}) if tile.target else "",
                (_("%(change)s frente a antes") % {"change": tile.change}) if tile.change else "", tile.note,
            ) if each
        )  # fmt: skip
        cells.append([
            Paragraph(_latin(_safe(tile.definition.name)), _SMALL), Paragraph(_latin(_safe(tile.value)), _VALUE),
            Paragraph(_latin(_safe(below)) or "&nbsp;", _SMALL),
        ])  # fmt: skip
    rows: list[list[Any]] = [cells[place : place + 4] for place in range(0, len(cells), 4)] or [[""]]
    rows[-1] += [""] * (4 - len(rows[-1]))
    return Table(rows, colWidths=[width / 4] * 4, style=TableStyle([
        ("BOX", (0, 0), (-1, -1), 0.5, _LINE), ("INNERGRID", (0, 0), (-1, -1), 0.5, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
    ]))  # fmt: skip


def _legend(chart: Chart, *, age: bool) -> list[Any]:
    if not chart.legend:
        return []
    palette = {**(_AGE if age else _SERIES), "target": "#17693a"}
    parts = [f'<font color="{palette.get(css, "#55625f")}">■</font> {_safe(text)}' for css, text in chart.legend]
    style = ParagraphStyle("legend", parent=_SMALL)
    return [Paragraph("&nbsp;&nbsp; ".join(parts).replace("■", '<font name="ZapfDingbats">n</font>'), style)]


def _numbers(chart: Chart, width: float) -> Table:
    rows = [[Paragraph(_latin(_safe(text)), _SMALL) for text in row] for row in (chart.head, *chart.rows[:_MOST_ROWS])]
    columns = max(1, len(chart.head))
    return Table(rows or [[""]], colWidths=[width / columns] * columns, repeatRows=1, style=TableStyle([
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, _ACCENT), ("LINEBELOW", (0, 1), (-1, -1), 0.3, _LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]))  # fmt: skip


def _foot(page: Any, document: Any) -> None:
    page.saveState()
    page.setFont("Helvetica", 7)
    page.setFillColor(_MUTED)
    page.drawString(16 * mm, 9 * mm, "Cobranza")
    page.drawRightString(A4[0] - 16 * mm, 9 * mm, str(document.page))
    page.restoreState()


def _safe(text: str) -> str:
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _latin(text: str) -> str:
    """What the standard fonts of PDF can show."""
    swapped = text.replace("−", "-").replace("→", "›").replace("\u202f", " ")
    return swapped.encode("cp1252", "replace").decode("cp1252")
