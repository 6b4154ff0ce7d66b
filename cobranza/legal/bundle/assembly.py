"""Many documents into one PDF: merged, stamped with their folios, linked, with bookmarks and page labels, PDF/A."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, OutlineItem

from cobranza.legal.bundle import pdfa
from cobranza.legal.bundle.pdfa import Proof
from cobranza.legal.bundle.stamps import Stamper
from cobranza.legal.bundle.typeset import Mark, Typeset

_DROPPED = ("/StructParents", "/Thumb", "/AA", "/B", "/PieceInfo", "/Tabs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Pages that stand together.

    Attributes:
        key: Where links lead; unique, "" for none.
        bookmark: Title in the outline, "" for none.
        source: Pages of ours, or a PDF file.
        only: The one page of `source` that it is, from 0; None for all of them.
        copy: Mark on each page, ASCII, "" for none.
    """

    key: str
    bookmark: str
    source: Typeset | Path
    only: int | None = None
    copy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """What came out: pages, the first folio of each key, and what the validator said."""

    pages: int
    first: dict[str, int]
    proof: Proof


def page_count(file: Path) -> int:
    """Pages of a PDF file."""
    with pikepdf.open(file) as pdf:
        return len(pdf.pages)


def assemble(parts: Sequence[Part], file: Path, *, title: str, on: date) -> Assembled:
    """Write `parts` into `file`.

    Args:
        parts: In order; the sources stay as they are.
        file: Replaced whole or not at all.
        title: Of the document.
        on: Day that its metadata bear.
    """
    with merged(parts) as (pdf, first):
        pages = len(pdf.pages)
        proof = pdfa.save(pdf, file, title=title, on=on)
    if not proof.passed:
        logging.getLogger("cobranza.legal").warning("%s is no PDF/A: %s", file.name, proof.findings[:3])
    return Assembled(pages=pages, first=first, proof=proof)


@contextmanager
def merged(parts: Sequence[Part]) -> Iterator[tuple[pikepdf.Pdf, dict[str, int]]]:
    """The parts in one open PDF, stamped and linked, and the first folio of each key."""
    first: dict[str, int] = {}
    marks: list[tuple[int, Mark]] = []
    bookmarks: list[tuple[str, int]] = []
    copies: dict[int, str] = {}
    opened: dict[int, pikepdf.Pdf] = {}
    with ExitStack() as stack:
        pdf = stack.enter_context(pikepdf.new())
        for part in parts:
            start = len(pdf.pages)
            if id(part.source) not in opened:  # a source that gives several parts brings its fonts once
                opened[id(part.source)] = stack.enter_context(_opened(part.source))
            source = opened[id(part.source)]
            if part.only is None:
                pdf.pages.extend(source.pages)
            else:
                pdf.pages.append(source.pages[part.only])
            if part.key:
                first.setdefault(part.key, start + 1)
            if part.bookmark:
                bookmarks.append((part.bookmark, start))
            if isinstance(part.source, Typeset):
                marks += [
                    (start if part.only is not None else start + mark.page, mark)
                    for mark in part.source.marks
                    if part.only in (None, mark.page)
                ]
            if part.copy:
                copies |= dict.fromkeys(range(start, len(pdf.pages)), part.copy)
        pages = list(pdf.pages)
        stamper = Stamper(pdf)
        for place, page in enumerate(pages):
            for name in _DROPPED:
                if name in page.obj:
                    del page.obj[name]
            _keep_outside_links(page)
            stamper.stamp(page, f"folio {place + 1} de {len(pages)}", copies.get(place, ""))
        for place, mark in marks:
            _link(pdf, pages[place], pages[first[mark.key] - 1], mark)
        with pdf.open_outline() as outline:
            outline.root.extend(OutlineItem(name, place) for name, place in bookmarks)
        pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.D, St=1)]))
        pdf.Root.PageMode = Name.UseOutlines
        pdf.Root.Lang = pikepdf.String("es")
        yield pdf, first


def _opened(source: Typeset | Path) -> pikepdf.Pdf:
    return pdfa.made(source.content) if isinstance(source, Typeset) else pikepdf.open(source)


def _link(pdf: pikepdf.Pdf, page: pikepdf.Page, target: pikepdf.Page, mark: Mark) -> None:
    annotation = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Link,
        Rect=Array([round(value, 2) for value in mark.box]),
        Border=Array([0, 0, 0]),
        F=4,
        Dest=Array([target.obj, Name.Fit]),
    )
    if "/Annots" not in page.obj:
        page.obj.Annots = Array([])
    page.obj.Annots.append(pdf.make_indirect(annotation))


def _keep_outside_links(page: pikepdf.Page) -> None:
    """Of a document's own links only those to the web stay: the others point into a file that is not there."""
    found = page.obj.get("/Annots")
    if found is None:
        return
    kept = [each for each in found if each.get("/Subtype") != "/Popup" and not _inner_link(each)]
    if kept:
        page.obj.Annots = Array(kept)
    else:
        del page.obj["/Annots"]


def _inner_link(annotation: pikepdf.Object) -> bool:
    return annotation.get("/Subtype") == "/Link" and annotation.get("/A", Dictionary()).get("/S") != "/URI"
