"""UBL 2.1: the European norm's syntax (Peppol, facturas B2B), and the Colombian and Peruvian invoices.

Source: OASIS UBL 2.1 (names of elements) and EN 16931 (what adds up to what).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cobranza.legal.inputs.invoices import xmlfile
from cobranza.legal.inputs.invoices.model import Invoice, Line, Party, Tax, day, money, number, total
from cobranza.legal.inputs.invoices.xmlfile import every, find, local, namespace, text
from cobranza.legal.inputs.verdict import Rejected

_ROOTS = {"Invoice": "Factura", "CreditNote": "Nota de crédito", "DebitNote": "Nota de débito"}
_PREFIX = "urn:oasis:names:specification:ubl:schema:xsd:"


def recognises(root: Any) -> bool:
    """The root is that of a UBL invoice, or of the Colombian envelope around one."""
    return namespace(root).startswith(_PREFIX) and (local(root) in _ROOTS or local(root) == "AttachedDocument")


def opened(root: Any) -> Any:
    """The invoice itself: the Colombian AttachedDocument carries it as text inside."""
    if local(root) != "AttachedDocument":
        return root
    for each in every(root, "Attachment/ExternalReference/Description"):
        try:
            inner = xmlfile.parse((each.text or "").strip().encode("utf-8"))
        except Rejected:
            continue
        if local(inner) in _ROOTS:
            return inner
    return None


def read(root: Any) -> list[Invoice]:
    """The invoice, with its sums checked; none when the envelope is empty."""
    root = opened(root)
    if root is None:
        return []
    name = local(root)
    invoice = Invoice(
        format=f"UBL {text(root, 'UBLVersionID') or '2.1'}",
        kind=_ROOTS[name],
        number=text(root, "ID"),
        issued=text(root, "IssueDate"),
        currency=text(root, "DocumentCurrencyCode"),
        seller=_party(find(root, "AccountingSupplierParty/Party")),
        buyer=_party(find(root, "AccountingCustomerParty/Party")),
    )
    amounts = [_line(invoice, each, name) for each in every(root, f"{name}Line")]
    for path, withheld in (("TaxTotal", False), ("WithholdingTaxTotal", True)):
        for each in every(root, f"{path}/TaxSubtotal"):
            invoice.taxes.append(
                Tax(
                    name=text(each, "TaxCategory/TaxScheme/Name") or text(each, "TaxCategory/TaxScheme/ID"),
                    rate=number(text(each, "TaxCategory/Percent")) or number(text(each, "Percent")),
                    base=number(text(each, "TaxableAmount")),
                    amount=total([number(text(each, "TaxAmount"))]),
                    withheld=withheld,
                )
            )
    _totals(invoice, root, name, amounts)
    _payment(invoice, root)
    for label, path in (("UUID", "UUID"), ("Pedido", "OrderReference/ID"), ("Nota", "Note")):
        if text(root, path):
            invoice.details.append((label, text(root, path)))
    return [invoice]


def _party(element: Any) -> Party:
    names = ("PartyLegalEntity/RegistrationName", "PartyTaxScheme/RegistrationName", "PartyName/Name")
    ids = ("PartyTaxScheme/CompanyID", "PartyLegalEntity/CompanyID", "PartyIdentification/ID")
    place = next(
        (found for path in ("PostalAddress", "PhysicalLocation/Address", "PartyLegalEntity/RegistrationAddress")
         if (found := find(element, path)) is not None), None
    )  # fmt: skip
    street = text(place, "StreetName") or text(place, "AddressLine/Line")
    town = f"{text(place, 'PostalZone')} {text(place, 'CityName')}".strip()
    return Party(
        name=next((found for path in names if (found := text(element, path))), ""),
        tax_id=next((found for path in ids if (found := text(element, path))), ""),
        address=", ".join(each for each in (street, town, text(place, "Country/IdentificationCode")) if each),
    )


def _line(invoice: Invoice, element: Any, name: str) -> Decimal | None:
    quantity = next(
        (found for each in ("InvoicedQuantity", "CreditedQuantity", "DebitedQuantity")
         if (found := number(text(element, each))) is not None), None
    )  # fmt: skip
    price, amount = number(text(element, "Price/PriceAmount")), number(text(element, "LineExtensionAmount"))
    shown = text(element, "Item/Name") or text(element, "Item/Description")
    invoice.lines.append(Line(text=shown, quantity=quantity, price=price, amount=total([amount])))
    if quantity is not None and price is not None:
        base = number(text(element, "Price/BaseQuantity")) or Decimal(1)
        computed = quantity * price / base + _allowances(element)
        invoice.expect(f"Línea {len(invoice.lines)} («{shown[:40]}»)", amount, computed)
    return amount


def _allowances(element: Any) -> Decimal:
    """Charges less allowances given at this level."""
    result = Decimal(0)
    for each in every(element, "AllowanceCharge"):
        amount = total([number(text(each, "Amount"))])
        result += amount if text(each, "ChargeIndicator").lower() == "true" else -amount
    return result


def _totals(invoice: Invoice, root: Any, name: str, amounts: list[Decimal | None]) -> None:
    sums = find(root, "RequestedMonetaryTotal" if name == "DebitNote" else "LegalMonetaryTotal")

    def get(path: str) -> Decimal | None:
        return number(text(sums, path))

    lines, exclusive, inclusive = (
        get(each) for each in ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount")
    )
    invoice.expect("Suma de las líneas", lines, total(amounts), parts=len(amounts))
    # The Colombian TaxExclusiveAmount is the taxable base only; where it is smaller than the lines nothing is said.
    after = total([lines]) - total([get("AllowanceTotalAmount")]) + total([get("ChargeTotalAmount")])
    colombian = "dian" in text(root, "CustomizationID").lower() or "DIAN" in text(root, "ProfileID")
    if lines is not None and not colombian:
        invoice.expect("Total sin impuestos", exclusive, after)
    for tax in invoice.taxes:
        if tax.rate is not None and tax.base is not None:
            invoice.expect(f"Cuota de {tax.name} al {tax.rate} %", tax.amount, tax.base * tax.rate / 100)
    # A second TaxTotal in another currency repeats the same taxes: only the document's own counts.
    totals = [
        number(text(each, "TaxAmount"))
        for each in every(root, "TaxTotal")
        if (found := find(each, "TaxAmount")) is not None
        and found.get("currencyID", invoice.currency) == invoice.currency
    ]
    if exclusive is not None and not colombian:
        invoice.expect("Total con impuestos", inclusive, exclusive + total(totals))
    payable = get("PayableAmount")
    if inclusive is not None and not colombian:
        computed = inclusive - total([get("PrepaidAmount")]) + total([get("PayableRoundingAmount")])
        invoice.expect("Total a pagar", payable, computed)
    labels = (
        ("Suma de las líneas", lines),
        ("Descuentos", get("AllowanceTotalAmount")),
        ("Cargos", get("ChargeTotalAmount")),
        ("Total sin impuestos", exclusive),
        ("Impuestos", total(totals) if totals else None),
        ("Total con impuestos", inclusive),
        ("Anticipos", get("PrepaidAmount")),
        ("Total a pagar", payable),
    )
    invoice.totals = [(label, value) for label, value in labels if value is not None]


def _payment(invoice: Invoice, root: Any) -> None:
    due = text(root, "DueDate") or text(root, "PaymentMeans/PaymentDueDate")
    account = text(root, "PaymentMeans/PayeeFinancialAccount/ID")
    terms = text(root, "PaymentTerms/Note")
    payable = next((amount for label, amount in invoice.totals if label == "Total a pagar"), None)
    if due or account:
        shown = money(payable, invoice.currency) if payable is not None else ""
        invoice.payments.append((day(due), shown, " ".join(each for each in (account, terms) if each)))
