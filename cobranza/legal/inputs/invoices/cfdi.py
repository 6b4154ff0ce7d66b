"""CFDI 4.0 (and 3.3), the Mexican invoice.

Source: Anexo 20 of the Resolución Miscelánea Fiscal, schema cfdv40 (names of attributes).
"""

from __future__ import annotations

from typing import Any

from cobranza.legal.inputs.invoices.model import Invoice, Line, Party, Tax, number, total
from cobranza.legal.inputs.invoices.xmlfile import every, find, local, namespace

_KINDS = {
    "I": "Factura (ingreso)",
    "E": "Nota de crédito (egreso)",
    "T": "Traslado",
    "N": "Nómina",
    "P": "Recepción de pago",
}
_TAXES = {"001": "ISR", "002": "IVA", "003": "IEPS"}


def recognises(root: Any) -> bool:
    """The root is that of a CFDI."""
    return local(root) == "Comprobante" and "sat.gob.mx/cfd" in namespace(root)


def read(root: Any) -> list[Invoice]:
    """The invoice, with its sums checked."""
    seller, buyer = find(root, "Emisor"), find(root, "Receptor")
    invoice = Invoice(
        format=f"CFDI {root.get('Version', '')}".strip(),
        kind=_KINDS.get(root.get("TipoDeComprobante", ""), "Comprobante"),
        number=" ".join(each for each in (root.get("Serie", ""), root.get("Folio", "")) if each),
        issued=root.get("Fecha", ""),
        currency=root.get("Moneda", "") or "MXN",
        seller=_party(seller, place=root.get("LugarExpedicion", "")),
        buyer=_party(buyer, place=buyer.get("DomicilioFiscalReceptor", "") if buyer is not None else ""),
    )
    amounts, discounts = [], []
    for number_, each in enumerate(every(root, "Conceptos/Concepto"), start=1):
        quantity, price, amount = (number(each.get(name)) for name in ("Cantidad", "ValorUnitario", "Importe"))
        text = each.get("Descripcion", "")
        invoice.lines.append(Line(text=text, quantity=quantity, price=price, amount=total([amount])))
        if quantity is not None and price is not None:
            invoice.expect(f"Línea {number_} («{text[:40]}»)", amount, quantity * price)
        amounts.append(amount)
        discounts.append(number(each.get("Descuento")))
    taxes = find(root, "Impuestos")
    for path, withheld in (("Traslados/Traslado", False), ("Retenciones/Retencion", True)):
        for each in every(taxes, path):
            rate = number(each.get("TasaOCuota"))
            invoice.taxes.append(
                Tax(
                    name=_TAXES.get(each.get("Impuesto", ""), each.get("Impuesto", "")),
                    rate=rate * 100 if rate is not None else None,
                    base=number(each.get("Base")),
                    amount=total([number(each.get("Importe"))]),
                    withheld=withheld,
                )
            )
    _totals(invoice, root, taxes, amounts, discounts)
    stamp = next((each for each in root.iter() if local(each) == "TimbreFiscalDigital"), None)
    if stamp is not None:
        invoice.details += [
            ("Folio fiscal (UUID)", stamp.get("UUID", "")),
            ("Timbrado", stamp.get("FechaTimbrado", "")),
        ]
    for label, name in (
        ("Forma de pago", "FormaPago"),
        ("Método de pago", "MetodoPago"),
        ("Condiciones", "CondicionesDePago"),
    ):
        if root.get(name):
            invoice.details.append((label, root.get(name)))
    return [invoice]


def sealed(root: Any) -> str:
    """The number of the certificate whose seal the document carries, "" for none."""
    return str(root.get("NoCertificado", "") or "sin número") if root.get("Sello") else ""


def _party(element: Any, *, place: str) -> Party:
    if element is None:
        return Party(name="")
    regime = element.get("RegimenFiscal") or element.get("RegimenFiscalReceptor") or ""
    detail = ", ".join(
        each for each in (f"C.P. {place}" if place else "", f"régimen {regime}" if regime else "") if each
    )
    return Party(name=element.get("Nombre", ""), tax_id=element.get("Rfc", ""), address=detail)


def _totals(invoice: Invoice, root: Any, taxes: Any, amounts: list[Any], discounts: list[Any]) -> None:
    subtotal, discount, final = (number(root.get(name)) for name in ("SubTotal", "Descuento", "Total"))
    added = number(taxes.get("TotalImpuestosTrasladados")) if taxes is not None else None
    held = number(taxes.get("TotalImpuestosRetenidos")) if taxes is not None else None
    invoice.expect("Subtotal", subtotal, total(amounts), parts=len(amounts))
    invoice.expect("Descuento", discount, total(discounts), parts=len(discounts))
    invoice.expect("Impuestos trasladados", added, total([tax.amount for tax in invoice.taxes if not tax.withheld]))
    invoice.expect("Impuestos retenidos", held, total([tax.amount for tax in invoice.taxes if tax.withheld]))
    local_taxes = total(
        [number(each.get("TotaldeTraslados")) for each in root.iter() if local(each) == "ImpuestosLocales"]
    ) - total([number(each.get("TotaldeRetenciones")) for each in root.iter() if local(each) == "ImpuestosLocales"])
    if subtotal is not None:
        computed = subtotal - total([discount]) + total([added]) - total([held]) + local_taxes
        invoice.expect("Total", final, computed)
    labels = (
        ("Subtotal", subtotal),
        ("Descuento", -discount if discount else None),
        ("Impuestos trasladados", added),
        ("Impuestos retenidos", -held if held else None),
        ("Impuestos locales", local_taxes or None),
        ("Total", final),
    )
    invoice.totals = [(label, value) for label, value in labels if value is not None]
