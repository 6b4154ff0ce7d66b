"""Papers of the demo's claim, as a back office would bring them: invented, made of the ledger's own figures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from cobranza.kernel.spanish import write_amount, write_day
from cobranza.ledger.models import Invoice

_LEFT, _TOP, _STEP = 72, 770, 18


def invoice(document: Invoice, creditor: str, debtor: str) -> bytes:
    """The invoice as the billing program printed it."""
    return _page(
        f"FACTURA {document.number}",
        [
            creditor,
            f"Cliente: {debtor}",
            f"Fecha: {write_day(document.issued_on)}    Vencimiento: {write_day(document.due_on)}",
            "",
            f"Base imponible: {write_amount(document.net)} {document.currency}",
            f"IVA: {write_amount(document.tax)} {document.currency}",
            f"TOTAL: {write_amount(document.gross)} {document.currency}",
        ],
    )


def delivery_note(numbers: Sequence[str], debtor: str) -> bytes:
    """What the debtor signed for when it took the goods."""
    return _page(
        "ALBARÁN DE ENTREGA",
        [f"Recibido por: {debtor}", f"Facturas: {', '.join(numbers)}", "", "Conforme, firma y sello del cliente."],
    )


def power(creditor: str) -> bytes:
    """The power of attorney."""
    return _page(
        "PODER GENERAL PARA PLEITOS",
        [f"Otorgado por {creditor}", "A favor del procurador que se indica en el escrito.", "Documento de muestra."],
    )


def fee(total: str, paid: date) -> bytes:
    """The proof that the court's fee was paid, which companies owe in Spain from 2,000 EUR on."""
    return _page(
        "MODELO 696 · TASA JUDICIAL",
        [f"Proceso monitorio. Cuantía: {total}", f"Ingresada el {write_day(paid)}. Justificante de muestra."],
    )


def burofax(creditor: str, debtor: str, numbers: Sequence[str], total: str, sent: date, reached: date) -> bytes:
    """The certificate of a burofax that names the debt and offers to negotiate."""
    return _page(
        "CERTIFICADO DE BUROFAX",
        [
            f"Remitente: {creditor}",
            f"Destinatario: {debtor}",
            f"Enviado el {write_day(sent)} y entregado el {write_day(reached)}.",
            "",
            f"Se reclaman {total} de las facturas {', '.join(numbers)}.",
            "Se propone una negociación directa como medio adecuado de solución de",
            "controversias (LO 1/2025) y se piden respuesta y fecha en treinta días.",
        ],
    )


def _page(title: str, lines: Sequence[str]) -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, invariant=True)
    canvas.setTitle(title)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(_LEFT, _TOP, title)
    canvas.setFont("Helvetica", 11)
    for place, line in enumerate(lines, start=2):
        canvas.drawString(_LEFT, _TOP - _STEP * place, line)
    canvas.showPage()
    canvas.save()
    return target.getvalue()
