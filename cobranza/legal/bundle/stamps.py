"""Folio stamps: upright and readable on every page, whatever its size, its rotation and the place of its boxes."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from functools import cache

import pikepdf
from pikepdf import Name
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from cobranza.legal.bundle import letters
from cobranza.legal.bundle.letters import SANS, SANS_BOLD

_FONT = Name("/CbFolio")
_FONT_BOLD = Name("/CbFolioB")
_A4_AREA = 595.0 * 842.0
_SMALLEST, _LARGEST = 5.0, 96.0
_OPERATOR = re.compile(rb"(?:^|[\s\])>])([qQ])(?=\s|$|\[|/)")


@dataclass(frozen=True, slots=True)
class Sight:
    """A page as a reader sees it: width and height after rotation, and the matrix from there to the page's space."""

    width: float
    height: float
    matrix: tuple[float, float, float, float, float, float]


def sight(page: pikepdf.Page) -> Sight:
    """How `page` is seen: the crop box within the media box, turned by /Rotate."""
    media, crop = _box(page.mediabox), _box(page.cropbox)
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    if right <= left or top <= bottom:  # boxes that do not meet: readers fall back on the media box
        left, bottom, right, top = media
    width, height = right - left, top - bottom
    match int(page.obj.get("/Rotate", 0)) % 360:
        case 90:
            return Sight(height, width, (0, 1, -1, 0, right, bottom))
        case 180:
            return Sight(width, height, (-1, 0, 0, -1, right, top))
        case 270:
            return Sight(height, width, (0, -1, 1, 0, left, top))
        case _:
            return Sight(width, height, (1, 0, 0, 1, left, bottom))


class Stamper:
    """Stamps the pages of one document; its fonts are embedded once."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        with pikepdf.open(io.BytesIO(_alphabet())) as source:
            fonts = source.pages[0].obj.Resources.Font
            found = {str(font.BaseFont): font for _, font in fonts.items()}
            plain = next(font for name, font in found.items() if "Bold" not in name)
            bold = next(font for name, font in found.items() if "Bold" in name)
            self._fonts = {_FONT: pdf.copy_foreign(plain), _FONT_BOLD: pdf.copy_foreign(bold)}

    def stamp(self, page: pikepdf.Page, folio: str, copy: str = "") -> None:
        """Write `folio` in the lower right corner and, when there is one, `copy` in a frame on top.

        Args:
            page: A page of the document.
            folio: ASCII, "folio 12 de 503".
            copy: ASCII, "COPIA - ...".
        """
        seen = sight(page)
        size = min(max(9.0 * math.sqrt(seen.width * seen.height / _A4_AREA), _SMALLEST), _LARGEST)
        size = min(size, 0.9 * seen.width / max(1.0, stringWidth(folio, SANS_BOLD, 1.0)))
        edge = 2.6 * size
        width = stringWidth(folio, SANS_BOLD, size)
        left = max(0.02 * seen.width, seen.width - edge - width)
        words = _outlined(folio, _FONT_BOLD, size, left, min(1.5 * size, 0.06 * seen.height))
        if copy:
            room = 0.9 * seen.width / max(1.0, stringWidth(copy, SANS_BOLD, 1.0))
            words += _framed(copy, min(size, room), seen)
        matrix = " ".join(f"{value:g}" for value in seen.matrix)
        drawn = f"\nq {matrix} cm\n{words}Q\n".encode("ascii")
        if _balanced(page):
            page.contents_add(b"q\n", prepend=True)
            page.contents_add(b"\nQ" + drawn)
        else:
            _isolate(self._pdf, page)
            page.contents_add(drawn)
        for name, font in self._fonts.items():
            page.add_resource(font, Name.Font, name)


@cache
def _alphabet() -> bytes:
    """A page with every ASCII letter in both fonts: reportlab gives those the codes of ASCII in its first subset."""
    letters.register()
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, initialFontName=SANS)  # type: ignore[arg-type]
    for place, font in enumerate((SANS, SANS_BOLD)):
        canvas.setFont(font, 8)
        canvas.drawString(10, 100 + 20 * place, "".join(chr(code) for code in range(32, 127)))
    canvas.save()
    return out.getvalue()


def _outlined(words: str, font: Name, size: float, left: float, bottom: float) -> str:
    """Dark letters with a white rim, so that they can be read on any ground and hide next to nothing."""
    shown = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    place = f"{font} {size:.2f} Tf 1 0 0 1 {left:.2f} {bottom:.2f} Tm"
    rim = f"1 J 1 j 1 1 1 RG {size * 0.32:.2f} w 1 Tr ({shown}) Tj"
    return f"BT {place} {rim} 0 Tr 0.1 g 1 0 0 1 {left:.2f} {bottom:.2f} Tm ({shown}) Tj ET\n"


def _framed(words: str, size: float, seen: Sight) -> str:
    width = stringWidth(words, SANS_BOLD, size)
    left, bottom = (seen.width - width) / 2, seen.height - 2.4 * size
    frame = f"{left - 0.6 * size:.2f} {bottom - 0.5 * size:.2f} {width + 1.2 * size:.2f} {1.75 * size:.2f} re"
    return f"1 g 0.55 0.1 0.1 RG {size * 0.07:.2f} w {frame} B\nBT {_FONT_BOLD} {size:.2f} Tf 0.55 0.1 0.1 rg " + (
        f"1 0 0 1 {left:.2f} {bottom:.2f} Tm ({words}) Tj ET\n"
    )


def _balanced(page: pikepdf.Page) -> bool:
    """Every saved graphics state is restored, as far as a look at the operators tells; when in doubt, no."""
    contents = page.obj.get("/Contents")
    if contents is None:
        return True
    try:
        streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
        depth = 0
        for stream in streams:
            for found in _OPERATOR.finditer(stream.read_bytes()):
                depth += 1 if found[1] == b"q" else -1
                if depth < 0:
                    return False
    except pikepdf.PdfError:
        return False
    return depth == 0


def _isolate(pdf: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """Put what the page draws into a form of its own: whatever state it leaves ends with it."""
    form = page.as_form_xobject(handle_transformations=False)
    form.BBox = pikepdf.Array(list(page.mediabox))
    inner = pdf.make_indirect(form)
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(CbPage=inner))
    page.obj.Contents = pdf.make_stream(b"q /CbPage Do Q\n")


def _box(box: pikepdf.Array) -> tuple[float, float, float, float]:
    left, bottom, right, top = (float(value) for value in box)
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)
