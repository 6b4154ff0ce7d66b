"""Finding a string where it stands on a page, however it is spaced, accented or punctuated.

Letters and figures count, nothing else: "ES91 2100-0418" and "es9121000418" are the same string. Text that came from
OCR is compared besides with figures and the letters that OCR takes them for as one.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

_CONFUSED = str.maketrans({"o": "0", "q": "0", "i": "1", "l": "1", "s": "5", "b": "8", "z": "2", "g": "9"})
SHORTEST = 3

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Piece:
    """A character or a word, with the box around it (left, top, right, bottom, in pixels of the drawn page)."""

    text: str
    box: Box


def fold(text: str, *, ocr: bool = False) -> str:
    """What counts of a text."""
    bare = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(char for char in unicodedata.normalize("NFKD", bare) if char.isalnum())
    return kept.translate(_CONFUSED) if ocr else kept


def holds(text: str, strings: Sequence[str], *, ocr: bool = False) -> tuple[str, ...]:
    """The strings that stand in a text."""
    folded = fold(text, ocr=ocr)
    return tuple(each for each in strings if fold(each, ocr=ocr) in folded)


def boxes(pieces: Sequence[Piece], string: str, *, ocr: bool = False) -> list[Box]:
    """Where `string` stands: one box for each piece of it."""
    wanted = fold(string, ocr=ocr)
    letters: list[str] = []
    owner: list[int] = []
    for number, piece in enumerate(pieces):
        for char in fold(piece.text, ocr=ocr):
            letters.append(char)
            owner.append(number)
    text = "".join(letters)
    found: list[Box] = []
    at = text.find(wanted)
    while at >= 0 and wanted:
        whole = range(owner[at], owner[at + len(wanted) - 1] + 1)  # with the blanks and signs between
        found += [box for box in (pieces[number].box for number in whole) if box[2] > box[0] and box[3] > box[1]]
        at = text.find(wanted, at + 1)
    return found


def characters(page: pypdfium2.PdfPage, size: tuple[int, int]) -> Iterator[Piece]:
    """The characters of a page's text, with boxes in a drawing of `size` pixels."""
    reader = page.get_textpage()
    try:
        for number in range(reader.count_chars()):
            code = pdfium.FPDFText_GetUnicode(reader, number)
            if not code or code > 0x10FFFF or 0xD800 <= code < 0xE000:
                continue
            left, bottom, right, top = reader.get_charbox(number, loose=True)
            corners = [_device(page, size, x, y) for x in (left, right) for y in (bottom, top)]
            across, down = [x for x, _ in corners], [y for _, y in corners]
            yield Piece(chr(code), (min(across), min(down), max(across), max(down)))
    finally:
        reader.close()


def _device(page: pypdfium2.PdfPage, size: tuple[int, int], x: float, y: float) -> tuple[int, int]:
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, size[0], size[1], 0, x, y, across, down)
    return across.value, down.value
