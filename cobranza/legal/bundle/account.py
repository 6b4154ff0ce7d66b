"""The statement of account that goes with a claim: every line with its days, its rate and its source; it foots."""

from __future__ import annotations

from reportlab.platypus import Flowable, KeepTogether

from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day
from cobranza.legal.bundle import typeset as page
from cobranza.legal.bundle.typeset import Typeset, table, text
from cobranza.legal.bundle.wording import Wording, listed
from cobranza.legal.case import Case
from cobranza.legal.sheet import InvoiceSheet

TITLE = "Liquidación de la deuda"
_WIDTHS = (105, 55, 55, 30, 66, 46, 30, 80)


def account_pages(case: Case) -> Typeset:
    """The account of the whole claim."""
    say = Wording(case.country)
    sources: dict[str, int] = {}
    story: list[Flowable] = [
        text(f"EXPEDIENTE {case.id}", page.KICKER),
        text(TITLE, page.TITLE),
        text(
            f"De {listed([party.name for party in case.claimants])} contra "
            f"{listed([party.name for party in case.defendants])}, con intereses hasta el "
            f"{write_day(case.sheet.until)}, incluido. Importes en {case.sheet.currency}.",
            page.SUBTITLE,
        ),
        *_summary(case, say),
    ]
    for each in case.sheet.invoices:
        story += _invoice(each, say, sources)
    story += _notes(case, sources)
    return page.typeset(story, title=f"{TITLE} · {case.id}", running=f"{case.id} · {TITLE}")


def _summary(case: Case, say: Wording) -> list[Flowable]:
    sheet = case.sheet
    heads = ("Factura", "Vencimiento", "Principal", "Intereses", "Indemnización", "Total")
    rows: list[list[Flowable]] = [[text(head, page.HEAD if place < 2 else page.HEAD_RIGHT)
                                   for place, head in enumerate(heads)]]  # fmt: skip
    for each in sheet.invoices:
        rows.append(
            [text(each.invoice.reference, page.CELL), text(write_day(each.invoice.due), page.CELL)]
            + [_right(say, money) for money in (each.principal, each.interest, each.recovery, each.total)]
        )
    totals: list[list[Flowable]] = [
        [text("Suma", page.CELL_BOLD), text("", page.CELL)]
        + [_right(say, money, bold=True) for money in (sheet.principal, sheet.interest, sheet.recovery, sheet.total)]
    ]
    empty = text("", page.CELL)
    for cost in case.costs:
        totals.append([text(cost.text, page.CELL), empty, empty, empty, empty, _right(say, cost.money)])
    totals.append([text("TOTAL RECLAMADO", page.CELL_BOLD), *[empty] * 4, _right(say, case.total, bold=True)])
    spans = [("SPAN", (0, -place), (4, -place)) for place in range(1, len(case.costs) + 2)]
    return [
        text("Resumen", page.SUBHEAD),
        table(rows + totals, (127, 68, 68, 62, 70, 72), totals=len(totals), extra=spans),
    ]


def _invoice(each: InvoiceSheet, say: Wording, sources: dict[str, int]) -> list[Flowable]:
    heads = ("Concepto", "Desde", "Hasta", "Días", "Sobre", "% anual", "Base", "Importe")
    rows: list[list[Flowable]] = [[text(head, page.HEAD if place < 3 else page.HEAD_RIGHT)
                                   for place, head in enumerate(heads)]]  # fmt: skip
    lines = iter(each.statement.lines if each.statement else ())
    empty = text("", page.CELL)
    spans: list[tuple[object, ...]] = []
    for row in each.rows:
        if row.concept == "interest":
            line = next(lines)
            notes = ", ".join(str(sources.setdefault(name, len(sources) + 1)) for name in line.sources)
            told = "Intereses" + (" (efectivo anual)" if line.method == "effective" else "")
            rows.append(
                [
                    text(f"{told} [{notes}]", page.CELL),
                    text(write_day(line.first), page.CELL),
                    text(write_day(line.last), page.CELL),
                    text(str(line.days), page.CELL_RIGHT),
                    _right(say, line.principal),
                    text(say.percent(line.percent), page.CELL_RIGHT),
                    text(str(line.base), page.CELL_RIGHT),
                    _right(say, row.money),
                ]
            )
        else:
            spans.append(("SPAN", (0, len(rows)), (6, len(rows))))
            rows.append([text(row.text, page.CELL), *[empty] * 6, _right(say, row.money)])
    spans.append(("SPAN", (0, len(rows)), (6, len(rows))))
    rows.append([text("Total de la factura", page.CELL_BOLD), *[empty] * 6, _right(say, each.total, bold=True)])
    head = text(
        f"Factura {each.invoice.reference} · vencida el {write_day(each.invoice.due)} · {each.regime.norm}",
        page.SUBHEAD,
    )
    built = table(rows, _WIDTHS, totals=1, extra=spans)
    parts: list[Flowable] = [KeepTogether([head, built])] if len(rows) < 18 else [head, built]
    if each.unapplied:
        parts.append(text(f"Quedan {say.money(each.unapplied)} pagados sin aplicar: no se debía más.", page.NOTE))
    return parts


def _notes(case: Case, sources: dict[str, int]) -> list[Flowable]:
    verified = {
        name: line.verified_on
        for each in case.sheet.invoices
        if each.statement
        for line in each.statement.lines
        for name in line.sources
    }
    parts: list[Flowable] = [text("Fuente de los tipos", page.SUBHEAD)] if sources else []
    for name, place in sources.items():
        day = verified[name]
        told = f"comprobado el {write_day(day)}" if day else "sin comprobar en su fuente"
        parts.append(text(f"[{place}] {name} ({told}).", page.NOTE))
    waived = case.sheet.waived
    if waived:
        parts.append(text(f"Renunciado: {Wording(case.country).money(waived)}; consta en cada factura.", page.NOTE))
    parts.append(
        text(
            "Cada línea se redondea una vez, a la unidad menor de la moneda y la mitad hacia arriba; el total es la "
            "suma de las líneas que se ven. Cuentan el primer día y el último.",
            page.NOTE,
        )
    )
    return [KeepTogether(parts)]


def _right(say: Wording, money: Money, *, bold: bool = False) -> Flowable:
    return text(say.figures(money), page.CELL_RIGHT_BOLD if bold else page.CELL_RIGHT)
