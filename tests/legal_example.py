"""A believable claim for the tests of the legal room: `CASE.toml` and a folder with its documents, all invented.

`write(folder)` makes a Spanish *monitorio* between two companies and returns where everything lies:

| file | what it is |
| --- | --- |
| `poder.pdf` | power of attorney, two upright pages of text |
| `contrato.pdf` | contract, pages lying on their side with /Rotate 90, upright to the reader |
| `pedido.docx` | order in Word |
| `factura-2025-014.pdf` | invoice, text, fonts not embedded (as most billing programs leave them) |
| `factura-2025-031.xml` | invoice, Facturae 3.2.2, not signed |
| `albaran-2025-031.png` | delivery note, scan at 100 dots per inch |
| `extracto.pdf` | statement of account, landscape, with an account number that is to be redacted when asked |
| `reconocimiento.eml` | e-mail in which the debtor acknowledges the debt |
| `burofax.pdf` | certificate of the burofax, SIGNED (PAdES, own test certificate): filed byte for byte |
| `oferta.pdf` | offer made in the negotiation, confidential: never leaves the house |

`country=` gives the same claim in the terms of CO, MX, PE, CL or AR (`COURTS` names a court of each), `pages=` a long
statement, `spoil` damages a file. Dates are fixed (prepared on 17 June 2025; in Colombia on
15 April 2026, where the rates are known); the bytes are the same on every call but
for the signature's key, which lives as long as the process. `identity` is a PKCS#12 for our own signature.
"""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pikepdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas

from cobranza.kernel import loops

COURTS = {
    "ES": "es_lexnet",
    "CO": "co_rama",
    "MX": "mx_pjf",
    "PE": "pe_mpe",
    "CL": "cl_ojv",
    "AR": "ar_meed",
}
PASSWORD = "clave-de-pruebas"
IBAN = "ES91 2100 0418 4502 0005 1332"
PREPARED = "2025-06-17"
_CREDITOR = {
    "ES": ("Suministros Ibaizábal, S.L.", "B48765432", "EUR"),
    "CO": ("Suministros Ibaizábal Colombia S.A.S.", "9004123767", "COP"),
    "MX": ("Suministros Ibaizábal de México, S.A. de C.V.", "SIN150312AB8", "MXN"),
    "PE": ("Suministros Ibaizábal Perú S.A.C.", "20512345671", "PEN"),
    "CL": ("Suministros Ibaizábal Chile SpA", "765432103", "CLP"),
    "AR": ("Suministros Ibaizábal Argentina S.R.L.", "30712345671", "ARS"),
}
_DEBTOR = {
    "ES": ("Construcciones Vallejera, S.A.", "A28543213"),
    "CO": ("Constructora Vallejera S.A.", "8305672144"),
    "MX": ("Constructora Vallejera, S.A. de C.V.", "CVA080621KL5"),
    "PE": ("Constructora Vallejera S.A.", "20609876540"),
    "CL": ("Constructora Vallejera S.A.", "771234569"),
    "AR": ("Constructora Vallejera S.A.", "33687654329"),
}
_PLACES = {
    "ES": ("Calle Licenciado Poza 55, 3.º", "48013", "Bilbao", "Bizkaia", "Avenida de la Industria 14", "28823"),
    "CO": ("Carrera 11 n.º 93-52, of. 401", "110221", "Bogotá", "Cundinamarca", "Calle 80 n.º 55-10", "110121"),
    "MX": ("Av. Insurgentes Sur 1457", "03920", "Ciudad de México", "Ciudad de México", "Calle Durango 210", "06700"),
    "PE": ("Av. Javier Prado Este 1066", "15046", "Lima", "Lima", "Jr. Huallaga 330", "15001"),
    "CL": ("Av. Apoquindo 4501, of. 1203", "7550000", "Santiago", "Región Metropolitana", "Teatinos 280", "8340383"),
    "AR": ("Av. San Martín 987, 2.º", "M5500", "Mendoza", "Mendoza", "Godoy Cruz 455", "M5502"),
}
_COURT_NAMES = {
    "ES": "Juzgado de Primera Instancia de Coslada que por turno corresponda",
    "CO": "Juez Civil Municipal de Bogotá (reparto)",
    "MX": "Juez de Distrito en Materia Mercantil Federal en turno en la Ciudad de México",
    "PE": "Juzgado Civil con Subespecialidad Comercial de Lima",
    "CL": "Juzgado de Letras en lo Civil de Santiago",
    "AR": "Tribunal de Gestión Asociada en lo Civil de Mendoza",
}
_PROCEEDINGS = {"ES": "monitorio", "CO": "monitorio", "MX": "ejecutivo", "PE": "ejecutivo", "CL": "ejecutivo"}
_DAYS = {"CO": ("2026-04-15", "2026-03-31", "2026-01-31", "2026-02-15", "2026-02-27")}
_TIMES = {"CO": 1000, "MX": 20, "PE": 4, "CL": 1000, "AR": 1000}


@dataclass(frozen=True, slots=True)
class Example:
    """Where the example lies: the case file, its documents, the court's slug."""

    case: Path
    documents: Path
    court: str


def write(
    folder: Path,
    *,
    country: str = "ES",
    proceeding: str = "",
    number: int = 123,
    pages: int = 1,
    redact: bool = False,
    only: tuple[str, ...] = (),
) -> Example:
    """Write the example into `folder`.

    Args:
        folder: Made when it is missing.
        country: ES, CO, MX, PE, CL or AR.
        proceeding: Slug; "" takes the usual one of the country.
        number: Of the case: EXP-2025-000123.
        pages: Of the statement of account.
        redact: The account number in the statement is to be redacted (costs an OCR).
        only: Names of documents; empty for all. The power and the first invoice are always there.
    """
    documents = folder / "documentos"
    documents.mkdir(parents=True, exist_ok=True)
    for name, content in _files(pages).items():
        if not only or name in (*only, "poder.pdf", "factura-2025-014.pdf"):
            (documents / name).write_bytes(content)
    case = folder / "CASE.toml"
    there = {file.name for file in documents.iterdir()}
    case.write_text(_case(country, proceeding, number, redact, there), encoding="utf-8")
    return Example(case=case, documents=documents, court=COURTS[country])


def spoil(documents: Path, name: str, how: str) -> None:
    """Damage a document: "cifrado" (encrypts a PDF), "roto" (its first bytes), "vacio", "activo" (a script).

    Raises:
        ValueError: another `how`.
    """
    file = documents / name
    if how == "vacio":
        file.write_bytes(b"")
    elif how == "roto":
        content = file.read_bytes()
        file.write_bytes(content[:64] + bytes(200))
    elif how in ("cifrado", "activo"):
        plain = documents / f"{name}.tmp"
        shutil.copyfile(file, plain)
        with pikepdf.open(plain) as pdf:
            if how == "cifrado":
                pdf.save(file, encryption=pikepdf.Encryption(owner="o", user="u"))
            else:
                pdf.Root.OpenAction = pikepdf.Dictionary(
                    S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert('hola')")
                )
                pdf.save(file)
        plain.unlink()
    else:
        raise ValueError(how)


@cache
def identity() -> bytes:
    """A PKCS#12 with a key and a self-signed certificate; its password is `PASSWORD`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ES"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, "IDCES-16042387W"),
            x509.NameAttribute(NameOID.COMMON_NAME, "GARAY LASA NEREA - 16042387W (PRUEBAS)"),
        ]
    )
    start = datetime(2024, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(20250617)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    return pkcs12.serialize_key_and_certificates(
        b"pruebas", key, certificate, None, serialization.BestAvailableEncryption(PASSWORD.encode())
    )


@cache
def _files(pages: int) -> dict[str, bytes]:
    return {
        "poder.pdf": _letter("Poder general para pleitos", _POWER, sheets=2),
        "contrato.pdf": _sideways("Contrato de suministro", _CONTRACT),
        "pedido.docx": _word(),
        "factura-2025-014.pdf": _invoice(),
        "factura-2025-031.xml": _FACTURAE.encode(),
        "albaran-2025-031.png": _scan(),
        "extracto.pdf": _statement(pages),
        "reconocimiento.eml": _EMAIL.replace("\n", "\r\n").encode(),
        "burofax.pdf": signed(_letter("Certificado de burofax con acuse de recibo y certificación de texto", _BUROFAX)),
        "oferta.pdf": _letter(
            "Propuesta de acuerdo (confidencial)", ["Ofrecemos una quita del 10 % si paga en 15 días."]
        ),
    }


def _letter(title: str, paragraphs: list[str], sheets: int = 1) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for sheet in range(sheets):
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(70, 770, title if sheet == 0 else f"{title} (sigue)")
        _paragraphs(canvas, paragraphs, 70, 735, 82)
        canvas.setFont("Helvetica", 8)
        canvas.drawRightString(525, 40, f"Página {sheet + 1} de {sheets}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _paragraphs(canvas: Canvas, paragraphs: list[str], left: float, top: float, width: int) -> None:
    text = canvas.beginText(left, top)
    text.setFont("Helvetica", 10.5)
    text.setLeading(15)
    for paragraph in paragraphs:
        line = ""
        for word in paragraph.split():
            if len(line) + len(word) + 1 > width:
                text.textLine(line)
                line = word
            else:
                line = f"{line} {word}".strip()
        text.textLine(line)
        text.textLine("")
    canvas.drawText(text)


def _sideways(title: str, paragraphs: list[str]) -> bytes:
    """Pages as a scanner lays them down: landscape sheets, the text on its side, /Rotate 90 sets it upright."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=landscape(A4), invariant=1)
    for _ in range(2):
        canvas.translate(landscape(A4)[0], 0)
        canvas.rotate(90)
        canvas.setFont("Helvetica-Bold", 14)
        canvas.drawString(70, 770, title)
        _paragraphs(canvas, paragraphs, 70, 735, 82)
        canvas.showPage()
    canvas.save()
    turned = io.BytesIO()
    with pikepdf.open(out) as pdf:
        for page in pdf.pages:
            page.rotate(90, relative=False)
        pdf.save(turned, deterministic_id=True)
    return turned.getvalue()


def _invoice() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(60, 780, "FACTURA 2025-014")
    canvas.setFont("Helvetica", 10)
    rows = [
        "Suministros Ibaizábal, S.L. · NIF B48765432 · Calle Licenciado Poza 55, 48013 Bilbao",
        "Cliente: Construcciones Vallejera, S.A. · NIF A28543213 · Avenida de la Industria 14, 28823 Coslada",
        "Fecha: 14/12/2024 · Vencimiento: 13/01/2025 · Pedido P-2024-338",
        "",
        "120 placas de yeso laminado BA13                         1.140,00",
        " 40 perfiles galvanizados 48 mm                             397,20",
        "Base imponible 1.537,20 · IVA 21 % 322,81",
        "TOTAL 1.860,01 EUR",
    ]
    for place, row in enumerate(rows):
        canvas.drawString(60, 740 - 18 * place, row)
    canvas.save()
    return out.getvalue()


def _statement(pages: int) -> bytes:
    out = io.BytesIO()
    size = landscape(A4)
    canvas = Canvas(out, pagesize=size, invariant=1)
    for page in range(pages):
        canvas.setFont("Helvetica-Bold", 13)
        canvas.drawString(
            50, size[1] - 50, f"Extracto de la cuenta del cliente 43000338 · página {page + 1} de {pages}"
        )
        canvas.setFont("Helvetica", 9.5)
        canvas.drawString(50, size[1] - 70, f"Cuenta de abono: {IBAN}")
        canvas.setFont("Courier", 9.5)
        for line in range(24):
            y = size[1] - 100 - 17 * line
            canvas.drawString(50, y, f"{line + 1:02d}/01/2025   Apunte {page * 24 + line + 1:05d}   Factura 2025-014")
            canvas.drawRightString(size[0] - 50, y, f"{1860 + line},01")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _scan() -> bytes:
    picture = Image.new("L", (827, 1169), 247)
    draw = ImageDraw.Draw(picture)
    big, small = ImageFont.load_default(34), ImageFont.load_default(22)
    draw.text((80, 90), "ALBARAN 2025-031", font=big, fill=25)
    for place, line in enumerate(
        (
            "Suministros Ibaizabal",
            "Entregado en obra: Coslada",
            "60 sacos de mortero",
            "Importe 2.095,50 EUR",
            "Conforme:",
        )
    ):
        draw.text((80, 180 + 46 * place), line, font=small, fill=40)
    draw.line([(230, 480), (300, 440), (330, 500), (400, 430), (470, 490)], fill=60, width=4)
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(100, 100))
    return out.getvalue()


def _word() -> bytes:
    import docx

    document = docx.Document()
    document.core_properties.created = document.core_properties.modified = datetime(2024, 12, 2, 9, 0)
    document.add_heading("Pedido P-2024-338", level=1)
    document.add_paragraph("De: Construcciones Vallejera, S.A. A: Suministros Ibaizábal, S.L.")
    table = document.add_table(rows=1, cols=3)
    for cell, text in zip(table.rows[0].cells, ("Artículo", "Unidades", "Precio"), strict=True):
        cell.text = text
    for row in (("Placa de yeso BA13", "120", "9,50"), ("Perfil 48 mm", "40", "9,93")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def signed(plain: bytes) -> bytes:
    """A PDF with a signature (PAdES) of the test identity appended."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    signer = signers.SimpleSigner.load_pkcs12_data(identity(), other_certs=[], passphrase=PASSWORD.encode())
    assert signer is not None
    writer = IncrementalPdfFileWriter(io.BytesIO(plain))
    asked = signers.PdfSignatureMetadata(field_name="Firma1", reason="Certificado de entrega")
    out = loops.apart(lambda: signers.sign_pdf(writer, asked, signer=signer))
    content: bytes = out.getvalue()
    return content


def _case(country: str, proceeding: str, number: int, redact: bool, there: set[str]) -> str:
    creditor, creditor_id, currency = _CREDITOR[country]
    debtor, debtor_id = _DEBTOR[country]
    street, code, town, province, other_street, other_code = _PLACES[country]
    times = _TIMES.get(country, 1)
    prepared, until, due, other_due, paid = _DAYS.get(
        country, (PREPARED, "2025-06-16", "2025-01-13", "2025-02-20", "2025-03-31")
    )
    agreed = "" if country == "ES" else _agreed(country)
    blocks = [
        f'''expediente = "EXP-2025-{number:06d}"
pais = "{country}"
procedimiento = "{proceeding or _PROCEEDINGS.get(country, "ejecutivo")}"
preparado = {prepared}
titulo = "Suministro de material de construcción, facturado y entregado en obra, no pagado a su vencimiento"
referencia = "IBZ-{number}"
lugar = "{town}"

[organo]
nombre = "{_COURT_NAMES[country]}"
provincia = "{"Madrid" if country == "ES" else province}"
localidad = "{"Coslada" if country == "ES" else town}"

[[partes]]
papel = "demandante"
nombre = "{creditor}"
id = "{creditor_id}"
pais = "{country}"
domicilio = "{street}"
codigo_postal = "{code}"
localidad = "{town}"
provincia = "{province}"
correo = "legal@ibaizabal.example"

[[partes.representantes]]
calidad = "abogado"
nombre = "Nerea Garay Lasa"
id = "16042387W"
colegiado = "Ilustre Colegio de la Abogacía de Bizkaia, n.º 7.412"
poder = "poder"

[[partes]]
papel = "demandado"
nombre = "{debtor}"
id = "{debtor_id}"
pais = "{country}"
domicilio = "{other_street}"
codigo_postal = "{other_code}"
localidad = "{"Coslada" if country == "ES" else town}"
provincia = "{"Madrid" if country == "ES" else province}"
correo = "administracion@vallejera.example"

[cuenta]
pais = "{country}"
hasta = {until}
deudor = "empresa"

[[cuenta.facturas]]
numero = "2025-014"
importe = "{_scaled("1860.01", times)}"
moneda = "{currency}"
vence = {due}
{agreed}[[cuenta.facturas.pagos]]
dia = {paid}
importe = "{_scaled("250.00", times)}"
referencia = "Transferencia"

[[cuenta.facturas]]
numero = "2025-031"
importe = "{_scaled("2095.50", times)}"
moneda = "{currency}"
vence = {other_due}
{agreed}
[[reclamaciones_previas]]
clase = "masc"
enviada = 2025-04-10
medio = "burofax"
recibida = 2025-04-14
ofrece_masc = true
resultado = "sin_respuesta"
{'documento = "burofax"' if "burofax.pdf" in there else ""}

[[gestiones]]
momento = 2025-01-20T10:12:00+01:00
canal = "correo electrónico"
texto = "Aviso de vencimiento de la factura 2025-014"
resultado = "entregado"

[[gestiones]]
momento = 2025-02-26T12:40:00+01:00
canal = "teléfono"
texto = "Llamada al departamento de administración; prometen pagar a final de mes"
resultado = "promesa de pago"

[[gestiones]]
momento = 2025-04-10T09:05:00+02:00
canal = "burofax"
texto = "Requerimiento de pago con propuesta de negociación (LO 1/2025)"
resultado = "entregado el 14/04/2025"
'''
    ]
    if country == "ES":
        blocks.append('[[costas]]\ntexto = "Burofax con acuse de recibo"\nimporte = "42.35"\n')
    for file, key, kind, title, dated, more in _DOCUMENTS:
        if file in there:
            hide = f'tachar = ["{IBAN}"]\n' if redact and key == "extracto" else ""
            blocks.append(
                f'[[documentos]]\nclave = "{key}"\nfichero = "{file}"\ntitulo = "{title}"\nclase = "{kind}"\n'
                f"fecha = {dated}\n{more}{hide}"
            )
    return "\n".join(blocks)


def _scaled(text: str, times: int) -> str:
    from decimal import Decimal

    value = Decimal(text) * times
    return f"{value:.0f}" if times == 1000 else f"{value:.2f}"


def _agreed(country: str) -> str:
    demanded = "requerida = 2025-04-14\n" if country == "PE" else ""
    source = "Contrato de suministro de 4/11/2024, cláusula séptima"
    return f'{demanded}pactado = {{ tipo = "8.00", fuente = "{source}", verificado = 2025-06-02 }}\n'


_DOCUMENTS = (
    ("poder.pdf", "poder", "poder", "Poder general para pleitos", "2019-05-07", ""),
    ("contrato.pdf", "contrato", "contrato", "Contrato de suministro de 4 de noviembre de 2024", "2024-11-04", ""),
    ("pedido.docx", "pedido", "pedido", "Pedido P-2024-338", "2024-12-02", 'prueba = ["2025-014"]\n'),
    (
        "factura-2025-014.pdf",
        "factura-2025-014",
        "factura",
        "Factura 2025-014",
        "2024-12-14",
        'prueba = ["2025-014"]\n',
    ),
    (
        "factura-2025-031.xml",
        "factura-2025-031",
        "factura",
        "Factura 2025-031",
        "2025-01-21",
        'prueba = ["2025-031"]\n',
    ),
    (
        "albaran-2025-031.png",
        "albaran-2025-031",
        "albaran",
        "Albarán 2025-031",
        "2025-01-20",
        'prueba = ["2025-031"]\n',
    ),
    ("extracto.pdf", "extracto", "extracto", "Extracto de la cuenta del cliente", "2025-06-16", ""),
    ("reconocimiento.eml", "reconocimiento", "reconocimiento_deuda", "Correo de reconocimiento", "2025-03-05", ""),
    (
        "burofax.pdf",
        "burofax",
        "reclamacion_previa",
        "Burofax de 10 de abril de 2025",
        "2025-04-14",
        "original = true\n",
    ),
    ("oferta.pdf", "oferta", "otro", "Propuesta de acuerdo", "2025-04-25", "confidencial = true\n"),
)
_POWER = [
    "En Bilbao, a siete de mayo de dos mil diecinueve, ante el notario que suscribe comparece el administrador único "
    "de Suministros Ibaizábal, S.L., con NIF B48765432.",
    "Otorga poder general para pleitos, tan amplio como en derecho se requiera, a favor de doña Nerea Garay Lasa, "
    "abogada, con DNI 16042387W, para que represente a la sociedad ante toda clase de juzgados y tribunales.",
]
_CONTRACT = [
    "De una parte, Suministros Ibaizábal, S.L.; de otra, Construcciones Vallejera, S.A. Ambas acuerdan:",
    "Primera. La vendedora suministrará material de construcción según los pedidos que reciba.",
    "Segunda. El precio se pagará por transferencia a los treinta días de la fecha de cada factura.",
    "Séptima. La demora devengará el interés que fija la ley o, en su caso, el 8 % anual.",
]
_BUROFAX = [
    "Se certifica que el 10 de abril de 2025 se admitió un burofax de Suministros Ibaizábal, S.L. dirigido a "
    "Construcciones Vallejera, S.A., entregado el 14 de abril de 2025 a las 11:32.",
    "Texto: «Le requerimos el pago de 3.705,51 euros de principal por las facturas 2025-014 y 2025-031 y le proponemos "
    "negociar el pago antes de acudir a los tribunales (Ley Orgánica 1/2025). Conteste en treinta días.»",
]
_EMAIL = """From: Administracion Vallejera <administracion@vallejera.example>
To: cobros@ibaizabal.example
Subject: Facturas pendientes
Date: Wed, 5 Mar 2025 17:03:11 +0100
Message-ID: <20250305.170311@vallejera.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Buenas tardes:

Reconocemos las facturas 2025-014 y 2025-031, por 3.955,51 euros en total.
Esperamos pagar una parte a final de mes; les pedimos algo más de plazo.

Un saludo,
Administración, Construcciones Vallejera, S.A.
"""
_FACTURAE = """<?xml version="1.0" encoding="UTF-8"?>
<fe:Facturae xmlns:fe="http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml">
  <FileHeader><SchemaVersion>3.2.2</SchemaVersion><Modality>I</Modality><InvoiceIssuerType>EM</InvoiceIssuerType>
    <Batch><BatchIdentifier>B487654322025-031</BatchIdentifier><InvoicesCount>1</InvoicesCount>
      <TotalInvoicesAmount><TotalAmount>2095.50</TotalAmount></TotalInvoicesAmount>
      <TotalOutstandingAmount><TotalAmount>2095.50</TotalAmount></TotalOutstandingAmount>
      <TotalExecutableAmount><TotalAmount>2095.50</TotalAmount></TotalExecutableAmount>
      <InvoiceCurrencyCode>EUR</InvoiceCurrencyCode></Batch></FileHeader>
  <Parties>
    <SellerParty><TaxIdentification><PersonTypeCode>J</PersonTypeCode><ResidenceTypeCode>R</ResidenceTypeCode>
      <TaxIdentificationNumber>B48765432</TaxIdentificationNumber></TaxIdentification>
      <LegalEntity><CorporateName>Suministros Ibaizábal, S.L.</CorporateName><AddressInSpain>
        <Address>Calle Licenciado Poza 55</Address><PostCode>48013</PostCode><Town>Bilbao</Town>
        <Province>Bizkaia</Province><CountryCode>ESP</CountryCode></AddressInSpain></LegalEntity></SellerParty>
    <BuyerParty><TaxIdentification><PersonTypeCode>J</PersonTypeCode><ResidenceTypeCode>R</ResidenceTypeCode>
      <TaxIdentificationNumber>A28543213</TaxIdentificationNumber></TaxIdentification>
      <LegalEntity><CorporateName>Construcciones Vallejera, S.A.</CorporateName><AddressInSpain>
        <Address>Avenida de la Industria 14</Address><PostCode>28823</PostCode><Town>Coslada</Town>
        <Province>Madrid</Province><CountryCode>ESP</CountryCode></AddressInSpain></LegalEntity></BuyerParty>
  </Parties>
  <Invoices><Invoice>
    <InvoiceHeader><InvoiceNumber>2025-031</InvoiceNumber><InvoiceDocumentType>FC</InvoiceDocumentType>
      <InvoiceClass>OO</InvoiceClass></InvoiceHeader>
    <InvoiceIssueData><IssueDate>2025-01-21</IssueDate><InvoiceCurrencyCode>EUR</InvoiceCurrencyCode>
      <TaxCurrencyCode>EUR</TaxCurrencyCode><LanguageName>es</LanguageName></InvoiceIssueData>
    <TaxesOutputs><Tax><TaxTypeCode>01</TaxTypeCode><TaxRate>21.00</TaxRate>
      <TaxableBase><TotalAmount>1731.82</TotalAmount></TaxableBase>
      <TaxAmount><TotalAmount>363.68</TotalAmount></TaxAmount></Tax></TaxesOutputs>
    <InvoiceTotals><TotalGrossAmount>1731.82</TotalGrossAmount>
      <TotalGrossAmountBeforeTaxes>1731.82</TotalGrossAmountBeforeTaxes><TotalTaxOutputs>363.68</TotalTaxOutputs>
      <TotalTaxesWithheld>0.00</TotalTaxesWithheld><InvoiceTotal>2095.50</InvoiceTotal>
      <TotalOutstandingAmount>2095.50</TotalOutstandingAmount>
      <TotalExecutableAmount>2095.50</TotalExecutableAmount></InvoiceTotals>
    <Items><InvoiceLine><ItemDescription>Saco de mortero M-7,5 de 25 kg</ItemDescription><Quantity>60.0</Quantity>
      <UnitOfMeasure>01</UnitOfMeasure><UnitPriceWithoutTax>28.863667</UnitPriceWithoutTax>
      <TotalCost>1731.82</TotalCost><GrossAmount>1731.82</GrossAmount>
      <TaxesOutputs><Tax><TaxTypeCode>01</TaxTypeCode><TaxRate>21.00</TaxRate>
        <TaxableBase><TotalAmount>1731.82</TotalAmount></TaxableBase>
        <TaxAmount><TotalAmount>363.68</TotalAmount></TaxAmount></Tax></TaxesOutputs></InvoiceLine></Items>
    <PaymentDetails><Installment><InstallmentDueDate>2025-02-20</InstallmentDueDate>
      <InstallmentAmount>2095.50</InstallmentAmount><PaymentMeans>04</PaymentMeans></Installment></PaymentDetails>
  </Invoice></Invoices>
</fe:Facturae>
"""
