"""HTML of a mail into the text that a person sees, with the places where quotes and signatures stand.

Mail programs mark what they quote: Gmail, Apple Mail, Thunderbird, Yahoo, Zimbra and Proton wrap it, Outlook draws a
line above the header of the quoted message. These marks are kept beside the text; `zones` weighs them.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inscriptis.model.config import ParserConfig
    from lxml.html import HtmlElement


class Mark(Enum):
    """What the markup says of a stretch of text."""

    QUOTE = "quote"
    FORWARD = "forward"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Hint:
    """A marked stretch of the text, `start` inclusive, `end` exclusive."""

    mark: Mark
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class HtmlText:
    """The text, and the marks of its markup in order."""

    text: str
    hints: tuple[Hint, ...]


# Private-use characters stand for the marks while the text is laid out; the mail's own ones are taken out before.
_OPEN = {Mark.QUOTE: "\ue000", Mark.FORWARD: "\ue001", Mark.SIGNATURE: "\ue002"}
_CLOSE = "\ue003"
_TO_END = "\ue004"
_EMPTY = "\ue005"
_MARKS = re.compile("[\ue000-\ue005]")
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ue000-\ue005\ufffe\uffff]|&#(?:x0*1?[0-9a-f]|0*[12]?\\d|0*3[01]);", re.IGNORECASE
)
"""Our marks, and control characters, written or as references: no XML library takes them."""
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|%)?\s*(?:;|$)|mso-hide\s*:\s*all"
)
_RULE_ABOVE = re.compile(r"border(?:-width)?\s*:\s*none[^\"]{0,60}border-top\s*:\s*solid|border-top\s*:\s*(?:solid|\d)")
_QUOTING = ("gmail_quote", "gmail_extra", "yahoo_quoted", "protonmail_quote", "zmail_extra", "moz-cite-prefix",
            "quoted_reply", "ms-outlook-mobile-reference-message", "tutanota_quote", "aol_quote", "mail_quote",
            "hey_quote", "WordSection1_quote")  # fmt: skip
_SIGNING = ("gmail_signature", "moz-signature", "protonmail_signature_block", "outlookmessagecompose-signature")
_SIGNING_IDS = ("signature", "ms-outlook-mobile-signature", "x_signature", "zimbrasignature")
_TAIL_IDS = ("divrplyfwdmsg", "appendonsend", "olk_src_body_section", "stopspelling", "reply-intro",
             "x_divrplyfwdmsg", "mail-editor-reference-message-container")  # fmt: skip
_HEADERISH = re.compile(r"\s*(?:>|\*?(?:de|from|von|da|desde|remitente|enviado|sent|fecha|date)\*?\s*:)", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n{3,}")
_LINE_ENDS = re.compile(r"[^\S\n]+\n")
_CELL_LONGEST = 90
_ELEMENTS = 20_000
_TAGS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d)\b[^>]{0,300}>", re.IGNORECASE)
_DROPPED = ("script", "style", "head", "title")
_ANY_TAG = re.compile(r"<[!/a-zA-Z][^<>]{0,2000}>")


def read(markup: str, *, longest: int = 1_000_000) -> HtmlText:
    """Lay out `markup`; what no parser takes is stripped of its tags.

    >>> read("<p>No debo nada.</p><blockquote type='cite'>Debe 12,00 &euro;</blockquote>").text
    'No debo nada.\\n\\nDebe 12,00 €'
    """
    source = _UNFIT.sub(" ", markup[:longest])
    tree = _parsed(source)
    if tree is None:
        return HtmlText(_stripped(source), ())
    from inscriptis.html_engine import Inscriptis

    try:
        _mark(tree)
        laid_out = Inscriptis(tree, _layout("MsoNormal" in source)).get_text()
    except (RecursionError, ValueError, IndexError, KeyError, AttributeError, TypeError, ZeroDivisionError):
        return HtmlText(_stripped(source), ())  # the library knows mail's HTML less well than we would like
    return _with_hints(laid_out)


def _parsed(source: str) -> HtmlElement | None:
    from lxml import etree
    from lxml import html as lxml_html

    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        tree = lxml_html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return tree


_layouts: dict[bool, ParserConfig] = {}


def _layout(tight: bool) -> ParserConfig:
    """Paragraphs with a blank line between them, but not in Word's mails, where they have none."""
    if tight not in _layouts:
        from inscriptis.css_profiles import CSS_PROFILES
        from inscriptis.html_properties import Display
        from inscriptis.model.config import ParserConfig as Config
        from inscriptis.model.html_element import HtmlElement as Style

        css = CSS_PROFILES["relaxed"].copy()
        css["blockquote"] = Style(display=Display.block)
        css["div"] = Style(display=Display.block)
        if tight:
            css["p"] = Style(display=Display.block)
        _layouts[tight] = Config(css=css, display_links=False, display_anchors=False, display_images=False)
    return _layouts[tight]


def _mark(tree: HtmlElement) -> None:
    """Put the marks into the tree, take out what nobody sees, and undo tables that are only layout."""
    for count, element in enumerate(list(tree.iter())):
        if not isinstance(element.tag, str):
            continue
        if count > _ELEMENTS:
            _drop_rest(element)
            return
        style = (element.get("style") or "").lower()
        if element.tag in ("script", "style", "title", "head", "template", "object", "noscript") or (
            style and _HIDDEN.search(style)
        ):
            if element.tag not in ("body", "html") and element.getparent() is not None:
                element.drop_tree()
            continue
        if element.tag == "table":
            _flatten_layout(element)
        if (
            element.tag in ("p", "div")
            and "\u00a0" in str(element.text_content()[:9])
            and not element.text_content().strip()
        ):
            element.text = _EMPTY  # an empty line, as Word writes it
        mark = _mark_of(element, style)
        if mark is not None:
            _wrap(element, *mark)


def _drop_rest(element: HtmlElement) -> None:
    parent = element.getparent()
    if parent is not None:
        element.drop_tree()


def _mark_of(element: HtmlElement, style: str) -> tuple[str, str] | None:
    """Opening and closing mark of an element; None when it says nothing."""
    classes, id_ = (element.get("class") or "").lower(), (element.get("id") or "").lower()
    if "moz-forward-container" in classes:
        return _OPEN[Mark.FORWARD], _CLOSE
    if element.tag == "blockquote" and ((element.get("type") or "").lower() == "cite" or "quote" in classes):
        return _OPEN[Mark.QUOTE], _CLOSE
    if any(name in classes for name in _QUOTING):
        return _OPEN[Mark.QUOTE], _CLOSE
    if any(name in classes for name in _SIGNING) or id_ in _SIGNING_IDS:
        return _OPEN[Mark.SIGNATURE], _CLOSE
    if id_ in _TAIL_IDS:
        return _TO_END, ""
    if element.tag == "hr" and (element.get("data-marker") or "") == "__DIVIDER__":
        return _TO_END, ""
    if style and _RULE_ABOVE.search(style) and _HEADERISH.match(str(element.text_content())[:200]):
        return _TO_END, ""
    return None


def _wrap(element: HtmlElement, opening: str, closing: str) -> None:
    from lxml.html import Element

    parent = element.getparent()
    if parent is None or element.tag in ("html", "body", "td", "tr", "li"):
        return
    before = Element("div")
    before.text = opening
    parent.insert(parent.index(element), before)
    if closing:
        after = Element("div")
        after.text = closing
        after.tail, element.tail = element.tail, None
        parent.insert(parent.index(element) + 1, after)


def _flatten_layout(table: HtmlElement) -> None:
    """A table of figures keeps its columns; a table that only places text becomes blocks."""
    cells = table.findall(".//td") + table.findall(".//th")
    figures = (
        4 <= len(cells) <= 2_000
        and table.find(".//table") is None
        and all(len(str(cell.text_content())) <= _CELL_LONGEST for cell in cells)
        and all(cell.get("rowspan") is None for cell in cells)
    )
    if figures:
        return
    for part in [table, *table.findall("tr"), *table.findall("*/tr"), *table.findall("tr/*"), *table.findall("*/tr/*")]:
        if part.tag in ("table", "tr", "td", "th"):
            part.tag = "div"


def _with_hints(laid_out: str) -> HtmlText:
    text = laid_out.replace("\r", "").replace("\u00a0", " ").replace("\u200b", "").replace("\ufeff", "")
    text = _BLANK_LINES.sub("\n\n", _LINE_ENDS.sub("\n", text)).strip("\n ")
    hints: list[Hint] = []
    open_: list[tuple[Mark, int]] = []
    out: list[str] = []
    length = 0
    for line in text.split("\n"):
        if not _MARKS.search(line):
            out.append(line)
            length += len(line) + 1
            continue
        for sign in _MARKS.findall(line):
            if sign == _CLOSE:
                if open_:
                    mark, start = open_.pop()
                    hints.append(Hint(mark, start, length))
            elif sign == _EMPTY:
                out.append("")
                length += 1
            elif sign == _TO_END:
                hints.append(Hint(Mark.QUOTE, length, -1))
            else:
                open_.append((next(mark for mark, own in _OPEN.items() if own == sign), length))
        rest = _MARKS.sub("", line).strip()
        if rest:
            out.append(rest)
            length += len(rest) + 1
    whole = "\n".join(out)
    hints.extend(Hint(mark, start, -1) for mark, start in open_)
    end = len(whole)
    hints = [Hint(each.mark, min(each.start, end), end if each.end < 0 else min(each.end, end)) for each in hints]
    return HtmlText(whole, tuple(sorted((each for each in hints if each.end > each.start), key=lambda h: h.start)))


def _stripped(source: str) -> str:
    for tag in _DROPPED:
        source = _without(source, tag)
    bare = _ANY_TAG.sub("", _TAGS.sub("\n", source))
    return _BLANK_LINES.sub("\n\n", html.unescape(bare).replace("\u00a0", " ")).strip()


def _without(source: str, tag: str) -> str:
    """Take elements of that tag out, in one pass."""
    lower, out, at = source.lower(), [], 0
    while (start := lower.find(f"<{tag}", at)) >= 0:
        end = lower.find(f"</{tag}", start)
        out.append(source[at:start])
        if end < 0:
            return "".join(out)
        at = end + len(tag) + 3
    out.append(source[at:])
    return " ".join(out)
