"""Composes remittance advices in many layouts, to read them back. Every name, number and amount is invented."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from html import escape

import openpyxl
import xlwt
from fpdf import FPDF

D = Decimal
ZERO = D(0)
PAYER = "Construcciones Vallehondo, S.A."
TAX_ID = "A28017895"


@dataclass(frozen=True)
class Item:
    """One line as the payer means it."""

    document: str
    issued: date
    gross: Decimal
    withheld: Decimal = ZERO
    discount: Decimal = ZERO

    @property
    def paid(self) -> Decimal:
        return self.gross - self.withheld - self.discount


@dataclass(frozen=True)
class Told:
    """An advice before it is written."""

    items: tuple[Item, ...]
    paid_on: date = date(2026, 3, 16)
    currency: str = "EUR"
    reference: str = "2000012345"
    payer: str = PAYER
    tax_id: str = TAX_ID

    @property
    def total(self) -> Decimal:
        return sum((item.paid for item in self.items), D(0))


@dataclass(frozen=True)
class Wording:
    """Headings and manners of one kind of payer."""

    headings: dict[str, str]
    columns: tuple[str, ...]
    decimal: str = ","
    thousands: str = "."
    total: str = "Total a pagar"
    facts: tuple[str, str, str, str] = ("Ordenante", "NIF", "Fecha de pago", "Nº de pago")
    day: str = "%d/%m/%Y"
    minus: str = "before"
    credits: str = "sign"
    extra: dict[str, Callable[[Item], str]] = field(default_factory=dict)

    def amount(self, value: Decimal) -> str:
        text = f"{abs(value):,.2f}".replace(",", "\0").replace(".", self.decimal).replace("\0", self.thousands)
        if value >= 0:
            return text
        return {"before": f"-{text}", "after": f"{text}-", "around": f"({text})"}[self.minus]

    def cells(self, item: Item) -> list[str]:
        return [self.cell(item, column) for column in self.columns]

    def cell(self, item: Item, column: str) -> str:
        if column in self.extra:
            return self.extra[column](item)
        if column == "document":
            return item.document
        if column == "issued":
            return item.issued.strftime(self.day)
        if column == "kind":
            return "Abono" if item.gross < 0 else "Factura"
        value = getattr(item, column)
        return self.amount(abs(value) if self.credits == "kind" else value)

    def header(self) -> list[str]:
        return [self.headings[column] for column in self.columns]

    def totals(self, told: Told) -> list[str]:
        row = [self.total] + [""] * (len(self.columns) - 1)
        row[self.columns.index("paid")] = self.amount(told.total)
        return row

    def preamble(self, told: Told) -> list[tuple[str, str]]:
        values = (told.payer, told.tax_id, told.paid_on.strftime(self.day), told.reference)
        return list(zip(self.facts, values, strict=True))


SPANISH = Wording(
    headings={
        "document": "Su factura", "issued": "Fecha", "gross": "Importe bruto", "withheld": "Retención",
        "discount": "Dto. P.P.", "paid": "Importe neto",
    },
    columns=("document", "issued", "gross", "withheld", "discount", "paid"),
)  # fmt: skip
SHORT = Wording(
    headings={"document": "Nº Factura", "issued": "F. Factura", "paid": "Importe"},
    columns=("document", "issued", "paid"),
    total="TOTAL",
    facts=("Empresa", "CIF", "Fecha transferencia", "Remesa"),
)
SAP = Wording(
    headings={
        "own": "Document", "document": "Your reference", "issued": "Date", "gross": "Gross amount",
        "discount": "Deductions", "paid": "Net amount",
    },
    columns=("own", "document", "issued", "gross", "discount", "paid"),
    decimal=".",
    thousands=",",
    total="Payment amount",
    facts=("Company", "VAT No", "Payment date", "Payment document"),
    day="%d.%m.%Y",
    minus="after",
    extra={"own": lambda item: f"19{abs(hash_of(item.document)) % 10**8:08d}"},
)  # fmt: skip
CONFIRMING = Wording(
    headings={"document": "Factura/Abono", "kind": "Tipo", "issued": "Emisión", "paid": "Nominal"},
    columns=("document", "kind", "issued", "paid"),
    total="Importe total de la remesa",
    facts=("Deudor", "NIF", "Fecha de abono", "Nº de remesa"),
    credits="kind",
)
COLOMBIAN = Wording(
    headings={
        "document": "No. Factura", "issued": "Fecha Fact.", "gross": "Valor bruto", "withheld": "Rete Fuente",
        "discount": "Descuentos", "paid": "Valor pagado",
    },
    columns=("document", "issued", "gross", "withheld", "discount", "paid"),
    total="Total pagado",
    facts=("Pagador", "NIT", "Fecha de pago", "No. de pago"),
    minus="around",
)  # fmt: skip
MEXICAN = Wording(
    headings={
        "document": "Serie y Folio", "uuid": "UUID", "issued": "Fecha Emisión", "gross": "Saldo anterior",
        "paid": "Importe pagado", "left": "Saldo insoluto",
    },
    columns=("document", "uuid", "issued", "gross", "paid", "left"),
    decimal=".",
    thousands=",",
    total="Total pagado",
    facts=("Empresa pagadora", "RFC", "Fecha de pago", "Referencia"),
    day="%Y-%m-%d",
    extra={
        "uuid": lambda item: f"{abs(hash_of(item.document)):08X}"[:8] + "-0A1B-4C2D-8E3F-00112233AABB",
        "left": lambda item: "0.00",
    },
)  # fmt: skip
WORDINGS = {
    "spanish": SPANISH,
    "short": SHORT,
    "sap": SAP,
    "confirming": CONFIRMING,
    "colombian": COLOMBIAN,
    "mexican": MEXICAN,
}


def hash_of(text: str) -> int:
    """The same in every process, unlike `hash`."""
    return sum((index + 1) * 7919 * ord(char) for index, char in enumerate(text))


def fits(told: Told, wording: Wording) -> Told:
    """The advice without what the wording has no column for."""
    items = tuple(
        Item(
            item.document,
            item.issued,
            item.gross,
            item.withheld if "withheld" in wording.columns else D(0),
            item.discount if "discount" in wording.columns else D(0),
        )
        for item in told.items
    )
    return Told(items, told.paid_on, told.currency, told.reference, told.payer, told.tax_id)


# ---- carriers


def csv(told: Told, wording: Wording, mark: str = ";") -> bytes:
    rows = [[f"{label}:", value] for label, value in wording.preamble(told)]
    rows += [[], wording.header(), *(wording.cells(item) for item in told.items), wording.totals(told)]
    quoted = [[f'"{cell}"' if mark in cell else cell for cell in row] for row in rows]
    return "\r\n".join(mark.join(row) for row in quoted).encode("cp1252")


def text(told: Told, wording: Wording) -> bytes:
    """A table drawn with spaces, figures flush right."""
    rows = [wording.header(), *(wording.cells(item) for item in told.items), wording.totals(told)]
    figures = {"gross", "withheld", "discount", "paid", "left"}
    widths = [max(len(row[index]) for row in rows) for index in range(len(wording.columns))]
    lines = ["Estimado proveedor:", "", "Le detallamos el pago que le hemos hecho.", ""]
    lines += [f"{label}: {value}" for label, value in wording.preamble(told)]
    lines += ["", _aligned(rows[0], widths, wording, figures), "-" * (sum(widths) + 3 * len(widths))]
    lines += [_aligned(row, widths, wording, figures) for row in rows[1:]]
    lines += ["", "Un saludo,", "Administración"]
    return "\n".join(lines).encode()


def _aligned(row: Sequence[str], widths: Sequence[int], wording: Wording, figures: set[str]) -> str:
    cells = [
        cell.rjust(width) if column in figures else cell.ljust(width)
        for cell, width, column in zip(row, widths, wording.columns, strict=True)
    ]
    return "   ".join(cells).rstrip()


def html(told: Told, wording: Wording) -> bytes:
    rows = [wording.header(), *(wording.cells(item) for item in told.items), wording.totals(told)]
    facts = "<br>".join(f"{escape(label)}: <b>{escape(value)}</b>" for label, value in wording.preamble(told))
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        "<html><head><style>td{color:red}</style></head><body><table><tr><td>"
        f"<p>Buenos d&iacute;as:</p><p>{facts}</p><table border=1>{body}</table>"
        "</td></tr></table></body></html>"
    ).encode()


def xlsx(told: Told, wording: Wording, *, texts: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Pagos"
    for label, value in wording.preamble(told):
        sheet.append([label, value])
    sheet.append([])
    sheet.append(wording.header())
    for item in told.items:
        sheet.append(_typed(item, wording, texts))
    total = [wording.total] + [None] * (len(wording.columns) - 1)
    total[wording.columns.index("paid")] = wording.amount(told.total) if texts else told.total
    sheet.append(total)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _typed(item: Item, wording: Wording, texts: bool) -> list[object]:
    if texts:
        return list(wording.cells(item))
    row: list[object] = []
    for column in wording.columns:
        if column == "issued":
            row.append(item.issued)
        elif column in ("gross", "withheld", "discount", "paid"):
            value = getattr(item, column)
            row.append(abs(value) if wording.credits == "kind" else value)
        else:
            row.append(wording.cell(item, column))
    return row


def xls(told: Told, wording: Wording) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Pagos")
    rows: list[list[object]] = [list(fact) for fact in wording.preamble(told)]
    rows += [[], list(wording.header()), *(_typed(item, wording, False) for item in told.items)]
    total: list[object] = [wording.total] + [""] * (len(wording.columns) - 1)
    total[wording.columns.index("paid")] = told.total
    rows.append(total)
    style = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write(number, column, value, style)
            else:
                sheet.write(number, column, float(value) if isinstance(value, Decimal) else value)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def pdf(told: Told, wording: Wording, *, per_page: int = 30, repeat: bool = True, landscape: bool = False) -> bytes:
    """A printed advice: facts above, a ruled table, page after page, the total under the last."""
    page = FPDF(orientation="landscape" if landscape else "portrait")
    page.set_font("helvetica", size=8)
    page.add_page()
    page.cell(0, 6, "AVISO DE PAGO", new_x="LMARGIN", new_y="NEXT", align="C")
    for label, value in wording.preamble(told):
        page.cell(45, 5, f"{label}:")
        page.cell(90, 5, value, new_x="LMARGIN", new_y="NEXT")
    page.ln(4)
    figures = {"gross", "withheld", "discount", "paid", "left"}
    widths = [page.epw / len(wording.columns)] * len(wording.columns)
    if "uuid" in wording.columns:
        widths = [62.0 if column == "uuid" else (page.epw - 62) / (len(widths) - 1) for column in wording.columns]

    def row(cells: Sequence[str]) -> None:
        for cell, width, column in zip(cells, widths, wording.columns, strict=True):
            page.cell(width, 5, cell, border=1, align="R" if column in figures else "L")
        page.ln()

    row(wording.header())
    for number, item in enumerate(told.items):
        if number and number % per_page == 0:
            page.add_page()
            if repeat:
                row(wording.header())
        row(wording.cells(item))
    row(wording.totals(told))
    page.ln(4)
    page.multi_cell(0, 4, "Este aviso se ha generado de forma automática. Consulte cualquier duda con su gestor.")
    return bytes(page.output())


CARRIERS: dict[str, tuple[str, Callable[[Told, Wording], bytes]]] = {
    "csv": ("aviso.csv", csv),
    "tsv": ("aviso.txt", lambda told, wording: csv(told, wording, "\t")),
    "text": ("cuerpo.txt", text),
    "html": ("cuerpo.html", html),
    "xlsx": ("aviso.xlsx", xlsx),
    "xlsx_texts": ("aviso.xlsx", lambda told, wording: xlsx(told, wording, texts=True)),
    "xls": ("aviso.xls", xls),
    "pdf": ("aviso.pdf", pdf),
    "pdf_pages": ("aviso.pdf", lambda told, wording: pdf(told, wording, per_page=4)),
    "pdf_one_heading": ("aviso.pdf", lambda told, wording: pdf(told, wording, per_page=4, repeat=False)),
}
