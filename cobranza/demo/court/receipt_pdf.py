"""The receipts as PDF: drawn with reportlab, sealed with pyHanko."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from cobranza.demo.court import drafts
from cobranza.demo.court.court import Portal
from cobranza.demo.court.pki import Authority
from cobranza.demo.court.store import Row

_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=9, leading=12)
_BOLD = ParagraphStyle("bold", parent=_TEXT, fontName="Helvetica-Bold")
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=7.5, leading=9.5)
_MONO = ParagraphStyle("mono", parent=_SMALL, fontName="Courier", fontSize=6.6, leading=8, wordWrap="CJK")


async def receipt(portal: Portal, filing: Row) -> bytes:
    """The receipt of a filing as a sealed PDF, the same bytes each time."""
    kept = portal.store.content(f"pdf/{filing['id']}")
    if not kept:
        kept = await seal(portal.court.authority, _receipt(portal, filing))
        portal.store.keep(f"pdf/{filing['id']}", kept)
    return kept


async def letter(
    portal: Portal, key: str, title: str, facts: Sequence[tuple[str, str]], paragraphs: Sequence[str]
) -> bytes:
    """A resolution or a proof of the court as a sealed PDF, the same bytes each time for a `key`."""
    kept = portal.store.content(f"pdf/{key}")
    if not kept:
        story: list[Flowable] = [Paragraph(escape(title), _heading(portal)), Spacer(1, 4 * mm), _facts(portal, facts)]
        for text in paragraphs:
            story += [Spacer(1, 4 * mm), Paragraph(escape(text), _TEXT)]
        kept = await seal(portal.court.authority, _build(portal, title, story, csv=""))
        portal.store.keep(f"pdf/{key}", kept)
    return kept


def _receipt(portal: Portal, filing: Row) -> bytes:
    said = drafts.spoken(portal.profile, filing)
    title = portal.profile.receipt.title
    when = datetime.fromisoformat(filing["stamped_at"])
    facts = [
        ("Número de registro", filing["receipt_registry"]),
        ("Fecha y hora", f"{when:%d/%m/%Y %H:%M:%S} ({filing['stamped_at'][-6:]})"),
        ("Fecha a efectos de plazos", f"{datetime.fromisoformat(filing['counts_on']):%d/%m/%Y}"),
        (portal.profile.words.get("organ", "Órgano"), f"{said['organ']} ({filing['organ']})"),
        ("Tipo de escrito", said["kind"]),
        ("Procedimiento", said["procedure"]),
        ("Cuantía", said["amount"]),
        ("Asunto", filing["subject"]),
        ("Referencia interna", filing["reference"]),
        ("Identificador", filing["identifier"]),
        ("Subsana", filing["corrects"]),
        ("Presentado por", f"{filing['signed_name']} ({filing['signed_by']})"),
        ("Código seguro de verificación", filing["csv"]),
    ]
    story: list[Flowable] = [Paragraph(escape(title), _heading(portal)), Spacer(1, 4 * mm)]
    story += [_facts(portal, [fact for fact in facts if fact[1]]), Spacer(1, 6 * mm)]
    story += [Paragraph("Intervinientes", _BOLD), Spacer(1, 1.5 * mm), _parties(portal, filing), Spacer(1, 6 * mm)]
    story += [Paragraph("Índice de documentos", _BOLD), Spacer(1, 1.5 * mm), _index(portal, filing)]
    if any(one["overflow"] for one in filing["documents"]):
        text = (
            "Acuse de exceso de cabida: los documentos señalados se presentarán en soporte físico en el órgano "
            "destinatario en el siguiente día hábil."
        )
        story += [Spacer(1, 4 * mm), Paragraph(text, _BOLD)]
    text = (
        "Este acuse acredita la entrega del escrito y de los documentos relacionados, identificados por su huella "
        "SHA-256. Servicio de pruebas sin validez jurídica."
    )
    story += [Spacer(1, 6 * mm), Paragraph(text, _SMALL)]
    return _build(portal, title, story, csv=filing["csv"])


def _heading(portal: Portal) -> ParagraphStyle:
    color = colors.HexColor(portal.profile.style.primary)
    return ParagraphStyle("heading", parent=_BOLD, fontSize=15, leading=19, textColor=color)


def _facts(portal: Portal, facts: Sequence[tuple[str, str]]) -> Table:
    rows = [[Paragraph(escape(name), _BOLD), Paragraph(escape(value), _TEXT)] for name, value in facts]
    return Table(rows, colWidths=[52 * mm, 118 * mm], style=_lines(portal, header=False))


def _parties(portal: Portal, filing: Row) -> Table:
    roles = {role.code: role.label for role in portal.profile.roles}
    rows = [[Paragraph(name, _BOLD) for name in ("Calidad", "Nombre o razón social", "Documento")]]
    for party in filing["parties"]:
        cells = (roles.get(party["role"], party["role"]), party["name"], f"{party['id_kind']} {party['id_number']}")
        rows.append([Paragraph(escape(cell), _TEXT) for cell in cells])
    return Table(rows, colWidths=[42 * mm, 88 * mm, 40 * mm], style=_lines(portal), repeatRows=1)


def _index(portal: Portal, filing: Row) -> Table:
    types = {entry.code: entry.label for entry in portal.profile.catalogue}
    rows = [[Paragraph(name, _BOLD) for name in ("N.º", "Documento", "Bytes", "Págs.", "SHA-256")]]
    for one in filing["documents"]:
        kind = types.get(one["type"], one["type"])
        what = f"<b>{escape(one['description'])}</b><br/>{escape(kind)}<br/>{escape(one['name'])}"
        digest = "Soporte físico" if one["overflow"] else one["sha256"]
        cells = [str(one["order"]), "", str(one["size"] or ""), str(one["pages"] or "")]
        row: list[Paragraph] = [Paragraph(cell, _SMALL) for cell in cells]
        row[1] = Paragraph(what, _SMALL)
        rows.append([*row, Paragraph(digest, _MONO)])
    widths = [10 * mm, 74 * mm, 19 * mm, 13 * mm, 54 * mm]
    return Table(rows, colWidths=widths, style=_lines(portal), repeatRows=1)


def _lines(portal: Portal, *, header: bool = True) -> TableStyle:
    line = colors.HexColor("#c9ced6")
    rules: list[tuple[Any, ...]] = [("LINEBELOW", (0, 0), (-1, -1), 0.4, line), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    if header:
        rules.append(("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef1f5")))
    return TableStyle(rules)


def _build(portal: Portal, title: str, story: list[Flowable], *, csv: str) -> bytes:
    out = io.BytesIO()
    profile = portal.profile

    def furniture(canvas: Canvas, document: SimpleDocTemplate) -> None:
        width, height = A4
        canvas.saveState()
        canvas.setFillColor(colors.HexColor(profile.style.primary))
        canvas.rect(0, height - 22 * mm, width, 22 * mm, stroke=0, fill=1)
        canvas.setFillColor(colors.HexColor(profile.style.accent))
        canvas.rect(0, height - 23.2 * mm, width, 1.2 * mm, stroke=0, fill=1)
        canvas.setFillColor(colors.white)
        canvas.setFont("Helvetica-Bold", 12)
        canvas.drawString(20 * mm, height - 11 * mm, profile.authority)
        canvas.setFont("Helvetica", 9)
        canvas.drawString(20 * mm, height - 16.5 * mm, profile.name)
        canvas.setFillColor(colors.HexColor("#5a6472"))
        canvas.setFont("Helvetica", 7.5)
        canvas.drawString(20 * mm, 10 * mm, f"{title} · CSV {csv}" if csv else title)
        canvas.drawRightString(width - 20 * mm, 10 * mm, f"Página {document.page}")
        if csv:
            _qr(f"/{portal.slug}/csv?codigo={csv}").drawOn(canvas, width - 36 * mm, height - 44 * mm)
        canvas.restoreState()

    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=31 * mm,
        bottomMargin=18 * mm,
        title=title,
        author=profile.authority,
        lang="es",
        invariant=1,
    )
    document.build(story, onFirstPage=furniture, onLaterPages=furniture)
    return out.getvalue()


def _qr(text: str) -> Drawing:
    widget = QrCodeWidget(text, barWidth=17 * mm, barHeight=17 * mm)
    drawing = Drawing(17 * mm, 17 * mm)
    drawing.add(widget)
    return drawing


async def seal(authority: Authority, pdf: bytes) -> bytes:
    """Sign a PDF with the court's seal (PAdES, no time stamp)."""
    # Imported here: it takes a second, and a court that only sends XML never needs it.
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import SigSeedSubFilter

    metadata = signers.PdfSignatureMetadata(
        field_name="Sello", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256", reason="Sello del órgano"
    )
    out = io.BytesIO()
    signer = signers.PdfSigner(metadata, signer=_signer(authority))
    await signer.async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
    return out.getvalue()


@cache
def _signer(authority: Authority):  # type: ignore[no-untyped-def]  # pyHanko's own type, imported late
    from pyhanko.sign import signers

    pfx = pkcs12.serialize_key_and_certificates(
        b"sello",
        authority.seal.key,
        authority.seal.certificate,
        [authority.root.certificate],
        serialization.NoEncryption(),
    )
    return signers.SimpleSigner.load_pkcs12_data(pfx, other_certs=[])
