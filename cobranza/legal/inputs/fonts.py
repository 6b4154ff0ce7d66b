"""Puts the standard fonts into a PDF that names them without carrying them.

The fourteen standard fonts and their usual stand-ins (Arial, Times New Roman, Courier New) have metric-compatible free
ones: Liberation. Page content keeps its codes and its text; only the font objects change. Symbol and ZapfDingbats have
no such stand-in and are left.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import lru_cache

import pikepdf
from fontTools import agl
from fontTools.encodings.StandardEncoding import StandardEncoding
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from cobranza.legal.inputs.tools import Tools

_FAMILIES = (
    (re.compile(r"^(helvetica|arial)"), "Sans"),
    (re.compile(r"^(times|timesnewroman)"), "Serif"),
    (re.compile(r"^(courier|couriernew)"), "Mono"),
)
_STYLES = {(False, False): "Regular", (True, False): "Bold", (False, True): "Italic", (True, True): "BoldItalic"}
_WIN_NAMES = {code: agl.UV2AGL.get(ord(bytes([code]).decode("cp1252", "replace")), "") for code in range(32, 256)}
_WIN_NAMES.update({127: "bullet", 129: "bullet", 141: "bullet", 143: "bullet", 144: "bullet", 157: "bullet"})
_WIN_NAMES.update({160: "space", 173: "hyphen", 39: "quotesingle", 96: "grave", 45: "hyphen", 32: "space"})
_MAC_NAMES = {code: agl.UV2AGL.get(ord(bytes([code]).decode("mac_roman")), "") for code in range(32, 256)}
_MAC_NAMES.update({32: "space", 202: "space", 45: "hyphen", 219: "currency"})
_STANDARD_NAMES = {code: name for code, name in enumerate(StandardEncoding) if name != ".notdef"}
_SET_FONT = re.compile(rb"(/[^\s/\[\]<>()]+)\s+[-+.\d]+\s+Tf")
_TOLERANCE = 1.5
_EM = 1000


@dataclass(frozen=True, slots=True)
class _Program:
    data: bytes
    widths: dict[str, int]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int
    cap_height: int
    angle: float


def embed_standard(document: Pdf, tools: Tools) -> int:
    """Put in every standard font that is used and not carried; how many were.

    Raises:
        InputToolMissing: the Liberation fonts are not installed.
    """
    changed = 0
    fonts = [each for each in document.objects if isinstance(each, Dictionary) and each.get(Name.Type) == Name.Font]
    idle = _idle(document) if any(not _carried(each) for each in fonts) else set()
    for found in fonts:
        if found.objgen not in idle and found.get(Name.Subtype) in (Name.Type1, Name.TrueType) and not _carried(found):
            changed += _embed(document, found, tools)
    return changed


def _idle(document: Pdf) -> set[tuple[int, int]]:
    """Fonts that pages list and no page writes with (reportlab lists Helvetica on every page)."""
    idle: set[tuple[int, int]] = set()
    used: set[tuple[int, int]] = set()
    for page in document.pages:
        fonts = page.resources.get(Name.Font) if isinstance(page.resources, Dictionary) else None
        if not isinstance(fonts, Dictionary):
            continue
        contents = page.obj.get(Name.Contents)
        streams = contents if isinstance(contents, Array) else [contents]
        try:
            content = b"\n".join(each.read_bytes() for each in streams if isinstance(each, Stream))
        except pikepdf.PdfError:
            return set()
        named = {name.decode("latin-1") for name in _SET_FONT.findall(content)}
        for name in list(fonts.keys()):
            (used if name in named or "#" in name else idle).add(fonts[name].objgen)
    for each in document.objects:  # forms and appearances may write with what their own resources list
        if isinstance(each, Stream) and isinstance(own := each.get(Name.Resources), Dictionary):
            fonts = own.get(Name.Font)
            if isinstance(fonts, Dictionary):
                used |= {fonts[name].objgen for name in list(fonts.keys())}
    return idle - used


def _carried(font: Dictionary) -> bool:
    descriptor = font.get(Name.FontDescriptor)
    return isinstance(descriptor, Dictionary) and any(
        key in descriptor for key in (Name.FontFile, Name.FontFile2, Name.FontFile3)
    )


def _face(base: str) -> str | None:
    """The file of the stand-in, "LiberationSans-Bold"; None when there is none."""
    bare = re.sub(r"^[A-Z]{6}\+", "", base.lstrip("/"))
    plain = re.sub(r"[\s,_-]|#20|ps|mt", "", bare.lower())
    family = next((name for pattern, name in _FAMILIES if pattern.match(plain)), None)
    if family is None or "narrow" in plain or "black" in plain or "condensed" in plain:
        return None
    return f"Liberation{family}-{_STYLES['bold' in plain, 'italic' in plain or 'oblique' in plain]}"


def _names(font: Dictionary) -> dict[int, str] | None:
    """Code → glyph name as the font's encoding says; None for an encoding that is not understood."""
    encoding = font.get(Name.Encoding)
    own = _WIN_NAMES if font.get(Name.Subtype) == Name.TrueType else _STANDARD_NAMES
    tables = {"/WinAnsiEncoding": _WIN_NAMES, "/MacRomanEncoding": _MAC_NAMES, "/StandardEncoding": _STANDARD_NAMES}
    if encoding is None:
        return dict(own)
    if isinstance(encoding, Name):
        table = tables.get(str(encoding))
        return None if table is None else dict(table)
    if not isinstance(encoding, Dictionary):
        return None
    names = dict(tables.get(str(encoding.get(Name.BaseEncoding)), own))
    code = 0
    for each in encoding.get(Name.Differences, Array()):
        if isinstance(each, Name):
            names[code] = str(each).lstrip("/")
            code += 1
        else:
            code = int(each)
    return names


def _unicode(name: str) -> int | None:
    text = agl.toUnicode(name)
    return ord(text) if len(text) == 1 else None


def _embed(document: Pdf, font: Dictionary, tools: Tools) -> int:
    face = _face(str(font.get(Name.BaseFont, "")))
    names = _names(font)
    if face is None or names is None:
        return 0
    wanted = {code: point for code, name in names.items() if name and (point := _unicode(name)) is not None}
    program = _program(str(tools.font(f"liberation/{face}")), frozenset(wanted.values()))
    widths = {code: program.widths[chr(point)] for code, point in wanted.items() if chr(point) in program.widths}
    if not widths or not _same_widths(font, widths):
        return 0
    first, last = min(widths), max(widths)
    stream = document.make_stream(program.data, Length1=len(program.data))
    label = f"/{_tag(face, frozenset(wanted.values()))}+{face}"
    flags = 32 | (1 if "Mono" in face else 0) | (2 if "Serif" in face else 0) | (64 if "Italic" in face else 0)
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name(label),
        Flags=flags,
        FontBBox=Array(list(program.box)),
        ItalicAngle=round(program.angle),
        Ascent=program.ascent,
        Descent=program.descent,
        CapHeight=program.cap_height,
        StemV=140 if "Bold" in face else 80,
        MissingWidth=0,
        FontFile2=stream,
    )
    font[Name.Subtype] = Name.TrueType
    font[Name.BaseFont] = Name(label)
    font[Name.FirstChar] = first
    font[Name.LastChar] = last
    font[Name.Widths] = Array([widths.get(code, 0) for code in range(first, last + 1)])
    font[Name.FontDescriptor] = document.make_indirect(descriptor)
    font[Name.Encoding] = _encoding(names)
    return 1


def _same_widths(font: Dictionary, widths: dict[int, int]) -> bool:
    """The font's own widths, where it gives them, are those of the stand-in: nothing moves on the page."""
    own = font.get(Name.Widths)
    if not isinstance(own, Array):
        return True
    first = int(font.get(Name.FirstChar, 0))
    return all(
        abs(float(width) - widths[first + offset]) <= _TOLERANCE
        for offset, width in enumerate(own)
        if float(width) and first + offset in widths
    )


def _encoding(names: dict[int, str]) -> pikepdf.Object:
    different: list[pikepdf.Object | int] = []
    last = -2
    for code in sorted(names):
        if not names[code] or _WIN_NAMES.get(code) == names[code] or _unicode(names[code]) is None:
            continue
        if code != last + 1:
            different.append(code)
        different.append(Name(f"/{names[code]}"))
        last = code
    if not different:
        return Name.WinAnsiEncoding
    return Dictionary(Type=Name.Encoding, BaseEncoding=Name.WinAnsiEncoding, Differences=Array(different))


def _tag(face: str, points: frozenset[int]) -> str:
    """Six capital letters that tell one subset from another."""
    number = sum((index + 1) * point for index, point in enumerate(sorted(points))) + sum(face.encode())
    letters = ""
    for _ in range(6):
        number, rest = divmod(number, 26)
        letters += chr(ord("A") + rest)
    return letters


@lru_cache(maxsize=64)
def _program(file: str, points: frozenset[int]) -> _Program:
    """The glyphs for `points` of a font file, with what a font descriptor asks; the same bytes every time."""
    font = TTFont(file, recalcTimestamp=False)
    options = Options(hinting=False, layout_features=[], name_IDs=[], notdef_outline=True)
    options.drop_tables += ["DSIG", "GSUB", "GPOS", "GDEF", "kern"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(font)
    scale = _EM / font["head"].unitsPerEm
    cmap = font.getBestCmap()
    widths = {chr(point): round(font["hmtx"][glyph][0] * scale) for point, glyph in cmap.items()}
    head, hhea, os2 = font["head"], font["hhea"], font["OS/2"]
    box = tuple(round(each * scale) for each in (head.xMin, head.yMin, head.xMax, head.yMax))
    output = io.BytesIO()
    font.save(output)
    return _Program(
        output.getvalue(),
        widths,
        (box[0], box[1], box[2], box[3]),
        round(hhea.ascent * scale),
        round(hhea.descent * scale),
        round(getattr(os2, "sCapHeight", 0) * scale) or 700,
        font["post"].italicAngle,
    )
