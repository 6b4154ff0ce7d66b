"""The letters of every page that we make, embedded, and what to do with a character that they lack."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FOLDER = Path(__file__).parent / "fonts"
SERIF, SERIF_BOLD, SERIF_ITALIC = "CobranzaSerif", "CobranzaSerif-Bold", "CobranzaSerif-Italic"
SANS, SANS_BOLD, MONO = "CobranzaSans", "CobranzaSans-Bold", "CobranzaMono"
_FILES = {
    SERIF: "CobranzaSerif-Regular",
    SERIF_BOLD: "CobranzaSerif-Bold",
    SERIF_ITALIC: "CobranzaSerif-Italic",
    SANS: "CobranzaSans-Regular",
    SANS_BOLD: "CobranzaSans-Bold",
    MONO: "CobranzaMono-Regular",
}
_MISSING = "□"


@cache
def register() -> None:
    """Make the letters known to reportlab, once."""
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(FOLDER / f"{file}.ttf")))
    for family, bold, italic in ((SERIF, SERIF_BOLD, SERIF_ITALIC), (SANS, SANS_BOLD, SANS), (MONO, MONO, MONO)):
        addMapping(family, 0, 0, family)
        addMapping(family, 1, 0, bold)
        addMapping(family, 0, 1, italic)
        addMapping(family, 1, 1, bold)


def shown(text: str, font: str = SERIF) -> str:
    """`text` with what the font cannot show put as its base letter, or as a box: never an empty space.

    Control characters become spaces; line ends stay.

    >>> shown("Peña \u0430 \u4e2d\u0007!")
    'Peña \u0430 □ !'
    """
    register()
    known: dict[int, int] = pdfmetrics.getFont(font).face.charToGlyph  # type: ignore[attr-defined]
    composed = unicodedata.normalize("NFC", text)
    return "".join(_letter(each, known) for each in composed)


def marked(text: str, font: str = SERIF) -> str:
    """`text` for a reportlab paragraph: escaped, `**bold**` as bold, line ends kept.

    >>> marked("a < b **sí**")
    'a &lt; b <b>sí</b>'
    """
    parts = escape(shown(text, font)).split("**")
    if len(parts) % 2 == 0:  # an odd asterisk pair: shown as it was written
        return "**".join(parts)
    told = "".join(part if place % 2 == 0 else f"<b>{part}</b>" for place, part in enumerate(parts))
    return told.replace("\n", "<br/>")


def _letter(each: str, known: dict[int, int]) -> str:
    if each == "\n" or ord(each) in known:
        return each
    kind = unicodedata.category(each)
    if kind in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    if kind in ("Cf", "Mn"):
        return ""
    base = unicodedata.normalize("NFKD", each)
    if base != each:
        return "".join(_letter(part, known) for part in base)
    return _MISSING
