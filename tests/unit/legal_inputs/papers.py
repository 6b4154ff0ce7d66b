"""Mails, invoices and office files made on the spot; names, numbers and amounts are invented."""

from __future__ import annotations

import io
from email.message import EmailMessage
from pathlib import Path

FACTURAE = """<?xml version="1.0" encoding="UTF-8"?>
<fe:Facturae xmlns:fe="http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml">
 <FileHeader><SchemaVersion>3.2.2</SchemaVersion></FileHeader>
 <Parties>
  <SellerParty><TaxIdentification><TaxIdentificationNumber>B12345674</TaxIdentificationNumber></TaxIdentification>
   <LegalEntity><CorporateName>Ferretería Olmo, S.L.</CorporateName><AddressInSpain><Address>Calle Mayor 1</Address>
   <PostCode>31001</PostCode><Town>Pamplona</Town><Province>Navarra</Province></AddressInSpain></LegalEntity></SellerParty>
  <BuyerParty><TaxIdentification><TaxIdentificationNumber>00000000T</TaxIdentificationNumber></TaxIdentification>
   <Individual><Name>Íñigo</Name><FirstSurname>Peña</FirstSurname></Individual></BuyerParty>
 </Parties>
 <Invoices><Invoice>
  <InvoiceHeader><InvoiceNumber>117</InvoiceNumber><InvoiceSeriesCode>2024</InvoiceSeriesCode>
   <InvoiceClass>OO</InvoiceClass></InvoiceHeader>
  <InvoiceIssueData><IssueDate>2024-05-14</IssueDate><InvoiceCurrencyCode>EUR</InvoiceCurrencyCode></InvoiceIssueData>
  <TaxesOutputs><Tax><TaxTypeCode>01</TaxTypeCode><TaxRate>21.00</TaxRate>
   <TaxableBase><TotalAmount>1000.00</TotalAmount></TaxableBase><TaxAmount><TotalAmount>210.00</TotalAmount></TaxAmount></Tax>
  </TaxesOutputs>
  <InvoiceTotals><TotalGrossAmount>1000.00</TotalGrossAmount>
   <TotalGrossAmountBeforeTaxes>1000.00</TotalGrossAmountBeforeTaxes><TotalTaxOutputs>210.00</TotalTaxOutputs>
   <TotalTaxesWithheld>0.00</TotalTaxesWithheld><InvoiceTotal>{total}</InvoiceTotal>
   <TotalOutstandingAmount>{total}</TotalOutstandingAmount><TotalExecutableAmount>{total}</TotalExecutableAmount></InvoiceTotals>
  <Items>
   <InvoiceLine><ItemDescription>Tornillos</ItemDescription><Quantity>100</Quantity>
    <UnitPriceWithoutTax>7.50</UnitPriceWithoutTax><TotalCost>750.00</TotalCost><GrossAmount>750.00</GrossAmount></InvoiceLine>
   <InvoiceLine><ItemDescription>Transporte</ItemDescription><Quantity>1</Quantity>
    <UnitPriceWithoutTax>300</UnitPriceWithoutTax><TotalCost>300.00</TotalCost>
    <DiscountsAndRebates><Discount><DiscountReason>x</DiscountReason><DiscountAmount>50.00</DiscountAmount></Discount>
    </DiscountsAndRebates><GrossAmount>250.00</GrossAmount></InvoiceLine>
  </Items>
  <PaymentDetails><Installment><InstallmentDueDate>2024-06-30</InstallmentDueDate>
   <InstallmentAmount>1210.00</InstallmentAmount><PaymentMeans>04</PaymentMeans></Installment></PaymentDetails>
 </Invoice></Invoices>
</fe:Facturae>
"""

CFDI = """<?xml version="1.0" encoding="UTF-8"?>
<cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/4" Version="4.0" Serie="A" Folio="9" Fecha="2024-05-14T10:00:00"
 Moneda="MXN" SubTotal="200.00" Descuento="20.00" Total="{total}" TipoDeComprobante="I" LugarExpedicion="64000"
 Sello="c2VsbG8=" NoCertificado="00001000000500000000">
 <cfdi:Emisor Rfc="EKU9003173C9" Nombre="Escuela Demo" RegimenFiscal="601"/>
 <cfdi:Receptor Rfc="XAXX010101000" Nombre="Público" DomicilioFiscalReceptor="64000" RegimenFiscalReceptor="616"/>
 <cfdi:Conceptos><cfdi:Concepto Cantidad="2" Descripcion="Cuaderno" ValorUnitario="100" Importe="200.00"
  Descuento="20.00"/></cfdi:Conceptos>
 <cfdi:Impuestos TotalImpuestosTrasladados="28.80"><cfdi:Traslados><cfdi:Traslado Base="180.00" Impuesto="002"
  TasaOCuota="0.160000" Importe="28.80"/></cfdi:Traslados></cfdi:Impuestos>
</cfdi:Comprobante>
"""

UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:ID>U-5</cbc:ID><cbc:IssueDate>2024-05-14</cbc:IssueDate>
 <cbc:DueDate>2024-06-30</cbc:DueDate><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity><cbc:RegistrationName>Olmo</cbc:RegistrationName>
  </cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
 <cac:AccountingCustomerParty><cac:Party><cac:PartyName><cbc:Name>Peña</cbc:Name></cac:PartyName></cac:Party>
 </cac:AccountingCustomerParty>
 <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">21.00</cbc:TaxAmount><cac:TaxSubtotal>
  <cbc:TaxableAmount currencyID="EUR">100.00</cbc:TaxableAmount><cbc:TaxAmount currencyID="EUR">21.00</cbc:TaxAmount>
  <cac:TaxCategory><cbc:Percent>21</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory>
 </cac:TaxSubtotal></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">100.00</cbc:LineExtensionAmount>
  <cbc:TaxExclusiveAmount currencyID="EUR">100.00</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount currencyID="EUR">121.00</cbc:TaxInclusiveAmount>
  <cbc:PayableAmount currencyID="EUR">{total}</cbc:PayableAmount></cac:LegalMonetaryTotal>
 <cac:InvoiceLine><cbc:InvoicedQuantity unitCode="H87">4</cbc:InvoicedQuantity>
  <cbc:LineExtensionAmount currencyID="EUR">100.00</cbc:LineExtensionAmount>
  <cac:Item><cbc:Name>Bisagra</cbc:Name></cac:Item>
  <cac:Price><cbc:PriceAmount currencyID="EUR">25.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine>
</Invoice>
"""

INVOICES = {"facturae": (FACTURAE, "1210.00"), "cfdi": (CFDI, "208.80"), "ubl": (UBL, "121.00")}


def attached_document(inner: str) -> str:
    """The Colombian envelope: the invoice as text inside another document."""
    return (
        '<AttachedDocument xmlns="urn:oasis:names:specification:ubl:schema:xsd:AttachedDocument-2" '
        'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
        'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><cac:Attachment>'
        f"<cac:ExternalReference><cbc:Description><![CDATA[{inner}]]></cbc:Description></cac:ExternalReference>"
        "</cac:Attachment></AttachedDocument>"
    )


def mail(
    *attachments: tuple[str, str, bytes], html: str = "", text: str = "Buenos días: no hemos pagado aún."
) -> bytes:
    """A mail from a debtor; attachments are (name, media type, content)."""
    message = EmailMessage()
    message["From"] = "Íñigo Peña <inigo@deudor.example>"
    message["To"] = "cobros@acreedor.example"
    message["Subject"] = "Factura 2024-117: ¿aplazamiento?"
    message["Date"] = "Tue, 14 May 2024 10:20:30 +0200"
    message["Message-ID"] = "<1@deudor.example>"
    if text:
        message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html") if text else message.set_content(html, subtype="html")
    for name, kind, content in attachments:
        main, _, sub = kind.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def docx(file: Path, picture: bytes = b"") -> Path:
    """Headings, lists, a table, bold words, a header and a picture."""
    from docx import Document

    document = Document()
    document.sections[0].header.paragraphs[0].text = "Ferretería Olmo, S.L."
    document.add_heading("Contrato de suministro", 1)
    paragraph = document.add_paragraph("Las partes acuerdan ")
    paragraph.add_run("pagar a 30 días").bold = True
    document.add_paragraph("Primera obligación", style="List Bullet")
    document.add_paragraph("Segunda obligación", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for row, cells in enumerate((("Concepto", "Importe"), ("Cuota", "1.210,00 €"))):
        for column, cell in enumerate(cells):
            table.cell(row, column).text = cell
    if picture:
        document.add_picture(io.BytesIO(picture))
    document.save(str(file))
    return file


def xlsx(file: Path) -> Path:
    """Two sheets, one of them hidden."""
    from datetime import date

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Deuda"
    for row in (["Factura", "Vence", "Importe"], ["2024-117", date(2024, 6, 30), 1210.5], ["2024-118", None, 100]):
        sheet.append(row)
    hidden = book.create_sheet("Notas internas")
    hidden.append(["no enseñar"])
    hidden.sheet_state = "hidden"
    book.save(file)
    return file
