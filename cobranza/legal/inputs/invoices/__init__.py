"""Invoices in XML: read safely, their sums verified, shown readable. Other XML is shown as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cobranza.legal.inputs import paper, pdf, texts
from cobranza.legal.inputs.invoices import cfdi, facturae, model, ubl, xmlfile

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job

_LONGEST = 400_000


def to_pdf(job: Job, source: Path) -> tuple[Path, str, pdf.Signatures | None]:
    """Sheets of an XML file, its kind ("xml_invoice" or "xml"), and its signatures (named, not validated).

    Raises:
        Rejected: it is not well-formed or brings a document type.
    """
    root = xmlfile.read(source)
    count, names = xmlfile.signers(root)
    invoices: list[model.Invoice] = []
    for reader in (facturae, cfdi, ubl):
        if reader.recognises(root):
            invoices = reader.read(root)
            if reader is cfdi and cfdi.sealed(root) and not count:
                count, names = 1, (f"sello del certificado {cfdi.sealed(root)}",)
            if reader is ubl and not count and (inner := ubl.opened(root)) is not None:
                count, names = xmlfile.signers(inner)
            break
    signatures = pdf.Signatures(count=count, names=names) if count else None
    if count:
        job.note(
            "firma_xml",
            f"El XML lleva firma electrónica ({', '.join(names) or 'sin certificado'}), que no se ha comprobado; lo "
            "que se presenta en PDF es su representación legible.",
            "Guarde el XML original: es el que prueba la firma.",
        )
    if not invoices:
        job.note("xml_sin_factura", "El XML no es una factura que se conozca: se presenta su texto.")
        return texts.sheets(job, [paper.Fixed(_pretty(root))]), "xml", signatures
    told = (
        f"Lleva firma electrónica de {', '.join(names) or 'certificado no incluido'}."
        if count
        else "No lleva firma electrónica."
    )
    shown: list[paper.Block] = []
    for invoice in invoices:
        if shown:
            shown.append(paper.NewPage())
        shown += model.blocks(invoice, signed=told, file=job.name)
        for problem in invoice.problems:
            job.note(
                "totales",
                f"Factura {invoice.number}: {problem}",
                "Pida una factura rectificada o compruebe el importe.",
            )
    return texts.sheets(job, shown), "xml_invoice", signatures


def _pretty(root: Any) -> str:
    from lxml import etree

    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))[:_LONGEST]
