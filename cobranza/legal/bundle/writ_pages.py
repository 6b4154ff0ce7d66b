"""The writ as PDF pages."""

from __future__ import annotations

from reportlab.platypus import Flowable, KeepTogether, Spacer

from cobranza.legal.bundle import typeset as page
from cobranza.legal.bundle.typeset import Typeset, table, text
from cobranza.legal.bundle.writ import Block, Writ

_AMOUNT = 110.0


def writ_pages(writ: Writ, case_id: str) -> Typeset:
    """Lay the writ out."""
    story: list[Flowable] = []
    signatures: list[Flowable] = []
    for block in writ.blocks:
        if block.kind == "signature":
            signatures.append(text(block.text, page.SIGNATURE))
            continue
        if signatures:
            story.append(_signed(story.pop(), signatures))
            signatures = []
        story.append(_flowable(block))
    if signatures:
        story.append(_signed(story.pop(), signatures))
    return page.typeset(story, title=f"{writ.name} · {case_id}", running="")


def _signed(closing: Flowable, signatures: list[Flowable]) -> Flowable:
    """Place, day and signatures never part."""
    return KeepTogether([closing, Spacer(1, 40), *signatures, Spacer(1, 16)])


def _flowable(block: Block) -> Flowable:
    match block.kind:
        case "address":
            return text(block.text, page.ADDRESS)
        case "heading":
            return text(block.text, page.HEADING)
        case "annex":
            return text(block.text, page.PLAIN)
        case "table":
            rows = []
            for place, (concept, amount) in enumerate(block.rows):
                last = place == len(block.rows) - 1
                rows.append(
                    [
                        text(concept, page.CELL_BOLD if last else page.CELL),
                        text(amount, page.CELL_RIGHT_BOLD if last else page.CELL_RIGHT),
                    ]
                )
            built = table(rows, (page.WIDTH - 60 - _AMOUNT, _AMOUNT), header=False, totals=1)
            return KeepTogether([Spacer(1, 4), built, Spacer(1, 12)])
        case _:
            return text(block.text, page.BODY)
