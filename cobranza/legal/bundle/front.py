"""What stands before the documents: cover, index and one separator sheet for each document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.platypus import Flowable, KeepInFrame, PageBreak, Spacer

from cobranza.kernel.spanish import write_day
from cobranza.legal.bundle import typeset as page
from cobranza.legal.bundle.annexes import Annex
from cobranza.legal.bundle.typeset import Leads, Typeset, facts, table, text
from cobranza.legal.bundle.wording import KINDS, Wording, address, long_day
from cobranza.legal.case import Case, Party
from cobranza.legal.inputs.verdict import State

COPY_MARK = "COPIA DEL ORIGINAL FIRMADO"
_STATES = {
    State.OK: "El fichero tal como se trajo (ya era PDF/A)",
    State.CONVERTED: "Conversión a PDF/A del fichero que se trajo",
    State.AS_IS: "El fichero tal como se trajo, sin convertir",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the index.

    Attributes:
        key: Where it leads.
        label: "Doc. 3", "" for what has no number.
        title: Text.
        dated: Day, "" for none.
        pages: Of the document, without its separator.
        first: Folio where it begins (its separator), 0 while it is not known.
        last: Last folio.
        note: Small line below the title.
    """

    key: str
    label: str
    title: str
    dated: str = ""
    pages: int = 0
    first: int = 0
    last: int = 0
    note: str = ""


def cover(case: Case, court: str, proceeding: str, folios: int, warnings: Sequence[str] = ()) -> Typeset:
    """The cover of the review bundle; `warnings` are shown on it, at most eight."""
    say = Wording(case.country)
    story: list[Flowable] = [
        Spacer(1, 40),
        text("EXPEDIENTE PARA REVISIÓN", page.KICKER),
        text(case.id, page.TITLE),
        text(f"{proceeding} · {case.title}", page.SUBTITLE),
        Spacer(1, 14),
        facts(
            [
                ("Órgano", case.court.name),
                ("Portal", court),
                ("Referencia propia", case.own_reference),
                *[("Demandante", _party(party, say)) for party in case.claimants],
                *[("Demandado", _party(party, say)) for party in case.defendants],
                *[
                    (who.quality.replace("_", " ").capitalize(), f"{who.name}\n{who.licence}".strip())
                    for party in case.claimants
                    for who in party.representatives
                ],
                ("Preparado", long_day(case.prepared_on)),
                ("Folios", f"{folios}, numerados del 1 al {folios}"),
            ]
        ),
        Spacer(1, 18),
        text("Cantidad reclamada", page.SUBHEAD),
        _amounts(case, say),
        Spacer(1, 18),
        text(
            "Este documento reúne el expediente para leerlo y darle el visto bueno. No es lo que se presenta: los "
            "ficheros que recibe el juzgado, con sus huellas SHA-256, son los del paquete de presentación. De los "
            "originales firmados se muestra una copia; el original se presenta sin cambiar un byte.",
            page.NOTE,
        ),
    ]
    if warnings:
        story.append(text("Pendiente", page.SUBHEAD))
        story += [text(f"· {each}", page.NOTE) for each in warnings[:8]]
        if len(warnings) > 8:
            story.append(text(f"y {len(warnings) - 8} avisos más, en el informe.", page.NOTE))
    return page.typeset(story, title=f"Expediente {case.id}", numbered=False)


def index(case: Case, entries: Sequence[Entry]) -> Typeset:
    """The index of the review bundle; every row leads to the first page of its part."""
    heads = ("N.º", "Documento", "Fecha", "Págs.", "Folios")
    rows: list[list[Flowable]] = [
        [text(head, page.HEAD if place < 3 else page.HEAD_RIGHT) for place, head in enumerate(heads)]
    ]
    for each in entries:
        told = text(each.title, page.CELL)
        folios = f"{each.first}" if each.first == each.last else f"{each.first}–{each.last}"
        rows.append(
            [
                Leads(text(each.label, page.CELL), each.key),
                [Leads(told, each.key), *([text(each.note, page.HASH)] if each.note else [])],  # type: ignore[list-item]
                text(each.dated, page.CELL),
                text(str(each.pages), page.CELL_RIGHT),
                Leads(text(folios, page.CELL_RIGHT), each.key),
            ]
        )
    story: list[Flowable] = [
        text(f"EXPEDIENTE {case.id}", page.KICKER),
        text("Índice", page.TITLE),
        Spacer(1, 8),
        table(rows, (44, 263, 58, 38, 64)),
    ]
    return page.typeset(story, title=f"Índice · {case.id}", running=f"{case.id} · Índice", numbered=False)


def separators(case: Case, annexes: Sequence[Annex], entries: Sequence[Entry]) -> Typeset:
    """One page before each document: what it is, where it comes from, its hash, who signed it."""
    story: list[Flowable] = []
    for annex, entry in zip(annexes, entries, strict=True):
        sheet = KeepInFrame(page.WIDTH, page.HEIGHT, _sheet(annex, entry.pages, entry.first, entry.last))
        story += [sheet, PageBreak()]
    return page.typeset(story, title=f"Documentos · {case.id}", numbered=False)


def _sheet(annex: Annex, pages: int, first: int, last: int) -> list[Flowable]:
    told: list[tuple[str, str | Flowable]] = [("Clase", KINDS[annex.kind])]
    reasons: list[Flowable] = []
    document, taken = annex.document, annex.taken
    if document is not None and document.dated:
        told.append(("Fecha", write_day(document.dated)))
    if document is not None and document.proves:
        told.append(("Acredita", ", ".join(document.proves)))
    if taken is not None:
        verdict = taken.verdict
        told += [
            ("Fichero", verdict.file),
            ("SHA-256 del original", text(verdict.sha256, page.HASH)),
            ("Firmado por", "; ".join(verdict.signers) if verdict.signers else ""),
        ]
        if verdict.signed:
            sound = "comprobada: cubre el fichero entero" if verdict.signature_intact else "no se ha podido comprobar"
            told.append(("Firma", sound))
        if not verdict.rejected:
            shown = _STATES[verdict.state]
            told.append(("Se presenta", "El original firmado, byte a byte" if verdict.signed else shown))
            told += [("Páginas", str(pages)), ("Folios", f"{first} a {last}")]
        if verdict.ocr:
            pages_read = "1 página" if verdict.ocr == 1 else f"{verdict.ocr} páginas"
            told.append(("Texto", f"Leído por OCR en {pages_read}: contrástelo con la imagen"))
        reasons = [text(f"· {each.text} {each.remedy}".strip(), page.NOTE) for each in verdict.reasons]
    else:
        told += [("Páginas", str(pages)), ("Folios", f"{first} a {last}")]
    story: list[Flowable] = [
        Spacer(1, 150),
        text(f"DOCUMENTO N.º {annex.number}", page.KICKER),
        text(annex.title, page.TITLE),
        Spacer(1, 12),
        facts(told),
        Spacer(1, 10),
    ]
    if annex.rejected:
        story.append(text("NO INCORPORADO AL EXPEDIENTE", page.SUBHEAD))
    elif annex.copy:
        story.append(text("Las páginas que siguen son una copia; las firmas solo pueden comprobarse en el original.",
                          page.NOTE))  # fmt: skip
    return [*story, *reasons]


def _party(party: Party, say: Wording) -> str:
    return "\n".join(each for each in (party.name, say.tax_id(party), address(party)) if each)


def _amounts(case: Case, say: Wording) -> Flowable:
    told = [("Principal", case.sheet.principal), (f"Intereses al {write_day(case.sheet.until)}", case.sheet.interest)]
    if case.sheet.recovery:
        told.append(("Indemnización por costes de cobro", case.sheet.recovery))
    told += [(cost.text, cost.money) for cost in case.costs]
    rows = [[text(name, page.CELL), text(say.money(money), page.CELL_RIGHT)] for name, money in told]
    rows.append([text("Total", page.CELL_BOLD), text(say.money(case.total), page.CELL_RIGHT_BOLD)])
    return table(rows, (page.WIDTH - 110, 110), header=False, totals=1)
