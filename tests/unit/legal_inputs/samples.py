"""Small files made on the spot: nothing binary lies in the repository, and every name and amount is invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pikepdf import Dictionary, Name, String
from PIL import Image, ImageDraw, ImageFont
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from cobranza.kernel import loops

FONT = "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"
LINES = (
    "Factura 2024-117 de Ferretería Olmo, S.L.",
    "Base imponible 1.000,00 €",
    "Total 1.210,00 € · vence 30/06/2024",
)


def text_pdf(
    file: Path, *, pages: int = 2, size: tuple[float, float] = A4, rotate: int = 0, lines: tuple[str, ...] = LINES
) -> Path:
    """Born-digital, with the standard Helvetica that it does not carry."""
    canvas = Canvas(str(file), pagesize=size, invariant=1)
    for number in range(1, pages + 1):
        canvas.setFont("Helvetica", 12)
        for row, line in enumerate((f"Página {number}", *lines)):
            canvas.drawString(50, size[1] - 60 - 20 * row, line)
        canvas.setFont("Times-Bold", 12)
        canvas.drawString(50, 40, "Fin de la página")
        if rotate:
            canvas.setPageRotation(rotate)
        canvas.showPage()
    canvas.save()
    return file


def change(source: Path, target: Path, edit, **save) -> Path:
    """`source` after `edit(pdf)`."""
    with pikepdf.open(source) as pdf:
        edit(pdf)
        pdf.save(target, **save)
    return target


def encrypted(file: Path, source: Path, *, user: str = "", owner: str = "dueño") -> Path:
    return change(source, file, lambda pdf: None, encryption=pikepdf.Encryption(user=user, owner=owner))


def active(file: Path, source: Path) -> Path:
    """With JavaScript on opening, a launch link and an embedded file."""

    def edit(pdf: pikepdf.Pdf) -> None:
        pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
        pdf.attachments["datos.xml"] = b"<datos/>"
        link = Dictionary(
            Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.Launch, F=String("cmd.exe"))
        )
        pdf.pages[0].obj[Name.Annots] = pdf.make_indirect([pdf.make_indirect(link)])

    return change(source, file, edit)


def damaged(file: Path, source: Path) -> Path:
    """Cut off before its cross-reference table, which qpdf can build again."""
    content = source.read_bytes()
    file.write_bytes(content[: content.rindex(b"xref") - 5])
    return file


_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(name: str = "Notaría de Prueba") -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A self-made certificate and its key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(_KEY.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True)
        .sign(_KEY, hashes.SHA256())
    )
    return _KEY, made


def signed(file: Path, source: Path, name: str = "Notaría de Prueba") -> Path:
    """`source` with a visible signature of a self-made certificate."""
    key, made = certificate(name)
    password = b"x"
    box = serialization.pkcs12.serialize_key_and_certificates(
        b"p", key, made, None, serialization.BestAvailableEncryption(password)
    )
    signer = signers.SimpleSigner.load_pkcs12_data(box, other_certs=[], passphrase=password)
    assert signer is not None
    with source.open("rb") as given:
        writer = IncrementalPdfFileWriter(given)
        fields.append_signature_field(writer, fields.SigFieldSpec("Firma", on_page=0, box=(300, 60, 500, 110)))
        asked = signers.PdfSignatureMetadata(field_name="Firma")
        output = loops.apart(lambda: signers.sign_pdf(writer, asked, signer=signer))
        file.write_bytes(output.getvalue())
    return file


def page_image(lines: tuple[str, ...] = LINES, *, size: tuple[int, int] = (1240, 600)) -> Image.Image:
    """A slip as a scanner at 150 dpi gives it: small, because every point of it costs OCR time."""
    image = Image.new("L", size, 255)
    drawing = ImageDraw.Draw(image)
    font = ImageFont.truetype(FONT, 34)
    for row, line in enumerate(lines):
        drawing.text((120, 120 + 70 * row), line, font=font, fill=0)
    return image


def scan_pdf(file: Path, *, pages: int = 1, lines: tuple[str, ...] = LINES) -> Path:
    """A PDF of pictures, without any text."""
    sheets = [page_image((*lines, f"Hoja {number}")) for number in range(1, pages + 1)]
    sheets[0].save(file, "PDF", resolution=150, save_all=True, append_images=sheets[1:])
    return file


def picture(file: Path, kind: str, *, dpi: int | None = 150, pages: int = 1) -> Path:
    """An image file; TIFF may have several pages."""
    sheet = page_image()
    more = {"dpi": (dpi, dpi)} if dpi else {}
    if kind == "TIFF":
        sheet.save(file, kind, save_all=True, append_images=[page_image() for _ in range(pages - 1)], **more)
    else:
        sheet.save(file, kind, **more)
    return file


def words(file: Path) -> str:
    """All the text of a PDF, blanks folded."""
    import pypdfium2

    document = pypdfium2.PdfDocument(BytesIO(file.read_bytes()))
    found = [page.get_textpage().get_text_bounded() for page in document]
    document.close()
    return " ".join(" ".join(found).split())
