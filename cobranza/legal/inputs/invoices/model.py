"""An invoice as all formats give it, what its figures must add up to, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from cobranza.kernel.money import minor_units
from cobranza.kernel.spanish import write_amount
from cobranza.legal.inputs import paper

_CENT = Decimal("0.01")
_MOST = 6


@dataclass(slots=True, kw_only=True)
class Party:
    """Seller or buyer."""

    name: str
    tax_id: str = ""
    address: str = ""


@dataclass(slots=True, kw_only=True)
class Line:
    """One line; `amount` is before taxes, after its own discounts."""

    text: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal = Decimal(0)


@dataclass(slots=True, kw_only=True)
class Tax:
    """A tax that is added, or withheld when `withheld`."""

    name: str
    rate: Decimal | None = None
    base: Decimal | None = None
    amount: Decimal = Decimal(0)
    withheld: bool = False


@dataclass(slots=True, kw_only=True)
class Invoice:
    """One invoice.

    Attributes:
        format: "Facturae 3.2.2", "CFDI 4.0", "UBL 2.1".
        kind: "Factura", "Factura rectificativa", "Nota de crédito" …
        number: With its series.
        issued: As written, ISO date.
        currency: ISO 4217.
        seller: Who issued it.
        buyer: Who owes it.
        lines: In order.
        taxes: In order.
        totals: Label and amount as the file says them, in the order in which they are added up.
        payments: Due date, amount and way, as written.
        details: Other facts, label and value.
        problems: Sums that do not come out, Spanish sentences.
    """

    format: str
    kind: str
    number: str
    issued: str
    currency: str
    seller: Party
    buyer: Party
    lines: list[Line] = field(default_factory=list)
    taxes: list[Tax] = field(default_factory=list)
    totals: list[tuple[str, Decimal]] = field(default_factory=list)
    payments: list[tuple[str, ...]] = field(default_factory=list)
    details: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def expect(self, what: str, stated: Decimal | None, computed: Decimal, *, parts: int = 1) -> None:
        """Note a sum that does not come out.

        Args:
            what: Name of the figure.
            stated: As the file says it; None when it does not, then nothing is checked.
            computed: As its parts give it.
            parts: How many rounded figures went into it: each may be half a cent off.
        """
        if stated is not None and abs(stated - computed) > max(_CENT, _CENT / 2 * parts):
            self.problems.append(
                f"{what}: el fichero dice {money(stated, self.currency)} y las partes dan "
                f"{money(computed, self.currency)}."
            )


def number(text: str | None) -> Decimal | None:
    """The figure in a text, None when there is none; never a binary fraction.

    >>> number(" 1210.50 "), number(""), number("NaN")
    (Decimal('1210.50'), None, None)
    """
    try:
        value = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < Decimal(10) ** 15 else None


def total(values: Sequence[Decimal | None]) -> Decimal:
    """Sum of what is there."""
    return sum((each for each in values if each is not None), Decimal(0))


def money(value: Decimal, currency: str = "") -> str:
    """An amount as people read it in Spain: at least the currency's places, more only where the file has them."""
    places = minor_units(currency) if currency else 2
    exponent = value.normalize().as_tuple().exponent
    own = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    shown = write_amount(value, min(max(places, own), _MOST))
    return f"{shown} {currency}".strip()


def day(text: str) -> str:
    """An ISO date (with or without a time) as people read it; anything else as it is.

    >>> day("2024-06-30"), day("2024-06-30T10:15:00"), day("pronto")
    ('30/06/2024', '30/06/2024 10:15:00', 'pronto')
    """
    found = re.match(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d:\d\d))?", text)
    return f"{found[3]}/{found[2]}/{found[1]} {found[4] or ''}".strip() if found else text


def blocks(invoice: Invoice, *, signed: str, file: str) -> list[paper.Block]:
    """The invoice as a page that a judge can read."""
    shown: list[paper.Block] = [
        paper.Heading(f"{invoice.kind} {invoice.number}", 1),
        paper.plain(f"Representación legible del fichero {file} ({invoice.format}). {signed}"),
        paper.Table((("Emisor", "Destinatario"), (_party(invoice.seller), _party(invoice.buyer)))),
        paper.Table(
            (("Fecha de emisión", day(invoice.issued) or "–"), ("Moneda", invoice.currency), *invoice.details), header=0
        ),
    ]
    lines: list[tuple[str, ...]] = [("Concepto", "Cantidad", "Precio", "Importe")]
    for line in invoice.lines:
        lines.append(
            (
                line.text,
                _figure(line.quantity),
                _figure(line.price, invoice.currency),
                _figure(line.amount, invoice.currency),
            )
        )
    shown += [paper.Heading("Conceptos", 3), paper.Table(tuple(lines), right=frozenset({1, 2, 3}))]
    if invoice.taxes:
        rows: list[tuple[str, ...]] = [("Impuesto", "Tipo %", "Base", "Cuota")]
        for tax in invoice.taxes:
            name = f"{tax.name} (retenido)" if tax.withheld else tax.name
            rows.append(
                (name, _figure(tax.rate), _figure(tax.base, invoice.currency), _figure(tax.amount, invoice.currency))
            )
        shown += [paper.Heading("Impuestos", 3), paper.Table(tuple(rows), right=frozenset({1, 2, 3}))]
    totals = tuple((label, money(amount, invoice.currency)) for label, amount in invoice.totals)
    shown += [paper.Heading("Totales", 3), paper.Table(totals, header=0, right=frozenset({1}))]
    if invoice.payments:
        head = ("Vencimiento", "Importe", "Medio")
        shown += [paper.Heading("Pago", 3), paper.Table((head, *invoice.payments), right=frozenset({1}))]
    if invoice.problems:
        shown += [paper.Heading("Comprobación de los importes", 3)]
        shown += [paper.Text((paper.Run(each),), bullet="•") for each in invoice.problems]
    else:
        shown += [paper.plain("Comprobación de los importes: las líneas, los impuestos y los totales cuadran.")]
    return shown


def _party(party: Party) -> str:
    return "\n".join(each for each in (party.name, party.tax_id, party.address) if each)


def _figure(value: Decimal | None, currency: str = "") -> str:
    if value is None:
        return ""
    if currency:
        return money(value).strip() if not _places(value) > _MOST else str(value)
    bare = value.normalize()
    return f"{bare:f}".replace(".", ",")


def _places(value: Decimal) -> int:
    exponent: Any = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
