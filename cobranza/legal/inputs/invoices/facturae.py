"""Facturae 3.2.x, the electronic invoice of the Spanish administrations.

Source: Orden HAP/1650/2015 and the published schema 3.2.2 (names of elements).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cobranza.legal.inputs.invoices.model import Invoice, Line, Party, Tax, day, money, number, total
from cobranza.legal.inputs.invoices.xmlfile import every, find, local, namespace, text

_CLASSES = {
    "OO": "Factura",
    "OR": "Factura rectificativa",
    "OC": "Factura recapitulativa",
    "CO": "Factura (copia)",
    "CR": "Factura rectificativa (copia)",
    "CC": "Factura recapitulativa (copia)",
}
_TAXES = {
    "01": "IVA", "02": "IPSI", "03": "IGIC", "04": "IRPF", "05": "Otro", "06": "ITPAJD", "07": "IE", "08": "Ra",
    "09": "IGTECM", "10": "IECDPCAC", "11": "IIIMAB", "12": "ICIO", "13": "IMVDN", "14": "IMSN", "15": "IMGSN",
    "16": "IMPN", "17": "IRNR (IVA)", "18": "IRNR", "19": "IS",
}  # fmt: skip
_WAYS = {
    "01": "Al contado", "02": "Recibo domiciliado", "03": "Recibo", "04": "Transferencia", "05": "Letra aceptada",
    "06": "Crédito documentario", "07": "Contrato de adjudicación", "08": "Letra de cambio", "09": "Pagaré a la orden",
    "10": "Pagaré no a la orden", "11": "Cheque", "12": "Reposición", "13": "Especiales", "14": "Compensación",
    "15": "Giro postal", "16": "Cheque conformado", "17": "Cheque bancario", "18": "Contra reembolso", "19": "Tarjeta",
}  # fmt: skip


def recognises(root: Any) -> bool:
    """The root is that of Facturae."""
    return local(root) == "Facturae" and "facturae" in namespace(root).lower()


def read(root: Any) -> list[Invoice]:
    """Every invoice of the file, with its sums checked."""
    version = text(root, "FileHeader/SchemaVersion")
    seller = _party(find(root, "Parties/SellerParty"))
    buyer = _party(find(root, "Parties/BuyerParty"))
    return [_invoice(each, version, seller, buyer) for each in every(root, "Invoices/Invoice")]


def _party(element: Any) -> Party:
    tax_id = text(element, "TaxIdentification/TaxIdentificationNumber")
    legal, person = find(element, "LegalEntity"), find(element, "Individual")
    if legal is not None:
        return Party(name=text(legal, "CorporateName"), tax_id=tax_id, address=_address(legal))
    parts = (text(person, each) for each in ("Name", "FirstSurname", "SecondSurname"))
    return Party(name=" ".join(each for each in parts if each), tax_id=tax_id, address=_address(person))


def _address(element: Any) -> str:
    for name in ("AddressInSpain", "OverseasAddress"):
        found = find(element, name)
        if found is not None:
            town = text(found, "PostCodeAndTown") or f"{text(found, 'PostCode')} {text(found, 'Town')}"
            return ", ".join(each for each in (text(found, "Address"), town.strip(), text(found, "Province")) if each)
    return ""


def _invoice(element: Any, version: str, seller: Party, buyer: Party) -> Invoice:
    header = find(element, "InvoiceHeader")
    series, serial = text(header, "InvoiceSeriesCode"), text(header, "InvoiceNumber")
    invoice = Invoice(
        format=f"Facturae {version}".strip(),
        kind=_CLASSES.get(text(header, "InvoiceClass"), "Factura"),
        number=f"{series}-{serial}" if series else serial,
        issued=text(element, "InvoiceIssueData/IssueDate"),
        currency=text(element, "InvoiceIssueData/InvoiceCurrencyCode") or "EUR",
        seller=seller,
        buyer=buyer,
    )
    gross = [_line(invoice, each) for each in every(element, "Items/InvoiceLine")]
    invoice.taxes = [*_taxes(element, "TaxesOutputs"), *_taxes(element, "TaxesWithheld", withheld=True)]
    _totals(invoice, find(element, "InvoiceTotals"), gross)
    for each in every(element, "PaymentDetails/Installment"):
        due, amount = text(each, "InstallmentDueDate"), number(text(each, "InstallmentAmount"))
        account = text(each, "AccountToBeCredited/IBAN")
        way = _WAYS.get(text(each, "PaymentMeans"), text(each, "PaymentMeans"))
        shown = money(amount, invoice.currency) if amount is not None else ""
        invoice.payments.append((day(due), shown, f"{way} {account}".strip()))
    reason = text(header, "Corrective/ReasonDescription")
    if reason:
        corrected = f"{text(header, 'Corrective/InvoiceSeriesCode')} {text(header, 'Corrective/InvoiceNumber')}".strip()
        invoice.details.append(("Rectifica", f"{corrected}: {reason}"))
    return invoice


def _line(invoice: Invoice, element: Any) -> Any:
    quantity, price = number(text(element, "Quantity")), number(text(element, "UnitPriceWithoutTax"))
    cost, gross = number(text(element, "TotalCost")), number(text(element, "GrossAmount"))
    amount = gross if gross is not None else cost
    line = Line(
        text=text(element, "ItemDescription"),
        quantity=quantity,
        price=price,
        amount=amount if amount is not None else total([]),
    )
    invoice.lines.append(line)
    label = f"Línea {len(invoice.lines)} («{line.text[:40]}»)"
    if quantity is not None and price is not None:
        invoice.expect(f"{label}, coste", cost, quantity * price)
    if cost is not None:
        discounts = total(
            [number(text(each, "DiscountAmount")) for each in every(element, "DiscountsAndRebates/Discount")]
        )
        charges = total([number(text(each, "ChargeAmount")) for each in every(element, "Charges/Charge")])
        invoice.expect(f"{label}, importe", gross, cost - discounts + charges)
    return amount


def _taxes(element: Any, name: str, *, withheld: bool = False) -> Iterator[Tax]:
    for each in every(element, f"{name}/Tax"):
        extra = number(text(each, "EquivalenceSurchargeAmount/TotalAmount"))
        tax = Tax(
            name=_TAXES.get(text(each, "TaxTypeCode"), text(each, "TaxTypeCode")),
            rate=number(text(each, "TaxRate")),
            base=number(text(each, "TaxableBase/TotalAmount")),
            amount=total([number(text(each, "TaxAmount/TotalAmount"))]),
            withheld=withheld,
        )
        yield tax
        if extra:
            rate = number(text(each, "EquivalenceSurcharge"))
            yield Tax(name="Recargo de equivalencia", rate=rate, base=tax.base, amount=extra)


def _totals(invoice: Invoice, element: Any, gross: list[Any]) -> None:
    def get(name: str) -> Any:
        return number(text(element, name))

    for tax in invoice.taxes:
        if tax.rate is not None and tax.base is not None:
            invoice.expect(f"Cuota de {tax.name} al {tax.rate} %", tax.amount, tax.base * tax.rate / 100)
    outputs = [tax.amount for tax in invoice.taxes if not tax.withheld]
    withheld = [tax.amount for tax in invoice.taxes if tax.withheld]
    stated_gross = get("TotalGrossAmount")
    invoice.expect("Total importe bruto", stated_gross, total(gross), parts=len(gross))
    discounts, charges = get("TotalGeneralDiscounts"), get("TotalGeneralSurcharges")
    before = get("TotalGrossAmountBeforeTaxes")
    if stated_gross is not None:
        invoice.expect("Total antes de impuestos", before, stated_gross - total([discounts]) + total([charges]))
    invoice.expect("Total impuestos", get("TotalTaxOutputs"), total(outputs), parts=len(outputs))
    invoice.expect("Total retenciones", get("TotalTaxesWithheld"), total(withheld), parts=len(withheld))
    final = get("InvoiceTotal")
    if before is not None:
        computed = before + total([get("TotalTaxOutputs")]) - total([get("TotalTaxesWithheld")])
        invoice.expect("Total factura", final, computed)
    labels = (
        ("Total importe bruto", stated_gross),
        ("Descuentos generales", -discounts if discounts else None),
        ("Recargos generales", charges or None),
        ("Total antes de impuestos", before),
        ("Total impuestos", get("TotalTaxOutputs")),
        ("Total retenciones", -get("TotalTaxesWithheld") if get("TotalTaxesWithheld") else None),
        ("Total factura", final),
        ("Total a pagar", get("TotalOutstandingAmount")),
        ("Total a ejecutar", get("TotalExecutableAmount")),
    )
    invoice.totals = [(label, value) for label, value in labels if value is not None]
