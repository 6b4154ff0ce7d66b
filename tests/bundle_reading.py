"""Reads a finished review bundle back as a reader sees it: where its index leads, and how each folio looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pikepdf
import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, ImageStat

from cobranza.legal.bundle import letters

_SCALE = 3.0
_INK = 64  # darker than any ground of the tests; the stamp's letters are nearly black
_WRONG = (Image.Transpose.ROTATE_180, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the index: the folio that it tells, the pages its links lead to (from 1), the text of those pages."""

    folio: int
    targets: tuple[int, ...]
    sheets: tuple[str, ...]


def texts(file: Path) -> list[str]:
    """What each page says."""
    document = pypdfium2.PdfDocument(file)
    told = [document[place].get_textpage().get_text_bounded() for place in range(len(document))]
    document.close()
    return told


def index_rows(file: Path) -> list[Row]:
    """Every row of the index that has links, from the top."""
    told = texts(file)
    boxes: dict[int, dict[float, set[int]]] = {}
    with pikepdf.open(file) as pdf:
        numbers = {page.obj.objgen: place for place, page in enumerate(pdf.pages)}
        for place, page in enumerate(pdf.pages):
            for each in page.obj.get("/Annots", pikepdf.Array()):
                if "/Dest" in each:
                    rows = boxes.setdefault(place, {})
                    rows.setdefault(round(float(each.Rect[3]), 1), set()).add(numbers[each.Dest[0].objgen])
    found = []
    document = pypdfium2.PdfDocument(file)
    for place, rows in boxes.items():
        letters_of_page = document[place].get_textpage()
        for top in sorted(rows, reverse=True):
            line = letters_of_page.get_text_bounded(left=60, bottom=top - 11, right=540, top=top + 1)
            shown = re.search(r"\b(\d+)(?:–\d+)?\s*$", line.split("\r\n")[0])
            targets = tuple(sorted(target + 1 for target in rows[top]))
            found.append(
                Row(
                    folio=int(shown[1]) if shown else 0,
                    targets=targets,
                    sheets=tuple(told[target - 1] for target in targets),
                )
            )
    document.close()
    return found


def bad_folios(file: Path) -> Iterator[str]:
    """Each page whose folio is missing, not in the lower right corner, too small to read, or not upright."""
    document = pypdfium2.PdfDocument(file)
    total = len(document)
    for number in range(1, total + 1):
        page = document[number - 1]
        words = f"folio {number} de {total}"
        if words not in page.get_textpage().get_text_bounded():
            yield f"{number}: not in the text"
        width, height = page.get_size()
        # As it is seen: pdfium turns the page before it cuts.
        corner = page.render(scale=_SCALE, crop=(0.55 * width, 0, 0, 0.955 * height)).to_pil().convert("L")
        page.close()
        wrong = _look(corner, words)
        if wrong:
            yield f"{number}: {wrong}"
    document.close()


def _look(corner: Image.Image, words: str) -> str:
    ink = corner.point(lambda value: 255 if value < _INK else 0)
    box = ink.getbbox()
    if box is None:
        return "nothing printed"
    letters_seen = ink.crop(box)
    if letters_seen.height < 5 * _SCALE:
        return "too small"
    if letters_seen.width < 5 * letters_seen.height:
        return "on its side, or with something else in its place"
    like = _drawn(words).resize(letters_seen.size)
    differences = [_apart(letters_seen, each) for each in (like, *(like.transpose(wrong) for wrong in _WRONG))]
    if differences[0] > 70 or differences[0] != min(differences):
        return "not upright, or not readable"
    if ImageStat.Stat(corner.crop(box)).extrema[0][1] < 200:
        return "no light rim around the letters"
    return ""


@cache
def _drawn(words: str) -> Image.Image:
    """The words as they should look, drawn by other means than the stamp."""
    font = ImageFont.truetype(str(letters.FOLDER / "CobranzaSans-Bold.ttf"), 48)
    picture = Image.new("L", (int(font.getlength(words)) + 40, 90), 255)
    ImageDraw.Draw(picture).text((20, 10), words, font=font, fill=0)
    ink = ImageOps.invert(picture).point(lambda value: 255 if value > 128 else 0)
    return ink.crop(ink.getbbox())


def _apart(one: Image.Image, other: Image.Image) -> float:
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])
