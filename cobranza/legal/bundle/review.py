"""The review bundle: the whole case in one PDF, for the people who read it and sign it off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cobranza.kernel.spanish import write_day
from cobranza.legal.bundle import front
from cobranza.legal.bundle.annexes import Annex
from cobranza.legal.bundle.assembly import Assembled, Part, assemble, page_count
from cobranza.legal.bundle.front import COPY_MARK, Entry
from cobranza.legal.bundle.typeset import Typeset
from cobranza.legal.case import Case

INDEX = "indice"
WRIT = "escrito"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folios:
    """Where a part of the bundle stands; `pages` without its separator sheet."""

    key: str
    title: str
    first: int
    last: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The review bundle on disk, and `proof`, the validator's report beside it."""

    file: Path
    folios: tuple[Folios, ...]
    assembled: Assembled
    proof: Path


def build_review(
    case: Case,
    *,
    court: str,
    proceeding: str,
    writ: Typeset | Path,
    writ_name: str,
    annexes: Sequence[Annex],
    file: Path,
    warnings: Sequence[str] = (),
) -> Review:
    """Write the review bundle into `file` and what the validator said into ``<file>.pdfa.json``.

    Args:
        case: What is claimed.
        court: Name of the portal.
        proceeding: Its name there.
        writ: Pages of ours, or the lawyer's PDF.
        writ_name: Of the writ.
        annexes: In order; one that was rejected gets its separator with the reasons and no pages.
        file: Replaced whole or not at all.
        warnings: Shown on the cover.
    """
    writ_pages = writ.pages if isinstance(writ, Typeset) else page_count(writ)
    counts = [_pages(each) for each in annexes]
    ahead = 1 + front.index(case, _entries(case, writ_name, writ_pages, annexes, counts, 2)).pages
    entries = _entries(case, writ_name, writ_pages, annexes, counts, ahead + 1)
    index = front.index(case, entries)
    if index.pages + 1 != ahead:  # figures grew and a row wrapped: lay it out for where it really stands
        entries = _entries(case, writ_name, writ_pages, annexes, counts, index.pages + 2)
        index = front.index(case, entries)
    total = entries[-1].last
    parts = [
        Part(key="", bookmark="Portada", source=front.cover(case, court, proceeding, total, warnings)),
        Part(key=INDEX, bookmark="Índice", source=index),
        Part(key=WRIT, bookmark=writ_name, source=writ),
    ]
    sheets = front.separators(case, annexes, entries[1:])
    for place, (annex, pages) in enumerate(zip(annexes, counts, strict=True)):
        name = f"Documento n.º {annex.number}. {annex.title}"
        parts.append(Part(key=f"doc-{annex.number}", bookmark=name, source=sheets, only=place))
        if annex.made is not None:
            parts.append(Part(key="", bookmark="", source=annex.made))
        elif annex.view is not None and pages:
            parts.append(Part(key="", bookmark="", source=annex.view, copy=COPY_MARK if annex.copy else ""))
    assembled = assemble(parts, file, title=f"Expediente {case.id}", on=case.prepared_on)
    proof = file.with_suffix(".pdfa.json")
    proof.write_text(json.dumps(assembled.proof.as_dict(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    folios = tuple(
        Folios(key=each.key, title=each.title, first=assembled.first[each.key], last=each.last, pages=each.pages)
        for each in entries
    )
    return Review(file=file, folios=folios, assembled=assembled, proof=proof)


def folio_dict(folios: Folios) -> dict[str, object]:
    """Plain data."""
    return asdict(folios)


def _pages(annex: Annex) -> int:
    if annex.made is not None:
        return annex.made.pages
    return page_count(annex.view) if annex.view is not None else 0


def _entries(
    case: Case, writ_name: str, writ_pages: int, annexes: Sequence[Annex], counts: Sequence[int], start: int
) -> list[Entry]:
    entries = [
        Entry(
            key=WRIT,
            label="–",
            title=writ_name,
            dated=write_day(case.prepared_on),
            pages=writ_pages,
            first=start,
            last=start + writ_pages - 1,
        )
    ]
    for annex, pages in zip(annexes, counts, strict=True):
        first = entries[-1].last + 1
        document = annex.document
        entries.append(
            Entry(
                key=f"doc-{annex.number}",
                label=f"Doc. {annex.number}",
                title=annex.title + (" (no incorporado)" if annex.rejected else ""),
                dated=write_day(document.dated) if document and document.dated else "",
                pages=pages,
                first=first,
                last=first + pages,
                note=annex.taken.verdict.sha256 if annex.taken else "",
            )
        )
    return entries
