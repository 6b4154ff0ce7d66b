"""Files that are no PDF: images, text, tables, office files and mails."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pikepdf
import pikepdf.pdfa
import pypdfium2
import pytest
from PIL import Image

from cobranza.legal.inputs import Converter, InputLimits, State, Taken
from tests.unit.legal_inputs import papers, samples


def check(taken: Taken, kind: str, *words: str) -> str:
    """Converted, conforming, legible; its text."""
    verdict = taken.verdict
    assert (verdict.state, verdict.kind, verdict.pdfa) == (State.CONVERTED, kind, "2b"), verdict
    assert verdict.text_layer and taken.pdf is not None and taken.filed == taken.view == taken.pdf
    assert pikepdf.pdfa.validate_written(taken.pdf, "2b").passed
    text = samples.words(taken.pdf)
    for each in words:
        assert each in text, text
    return text


@pytest.mark.parametrize(("kind", "dpi", "pages"), [("JPEG", None, 1), ("TIFF", 150, 2)])
def test_a_picture_becomes_readable_pages(
    converter: Converter, tmp_path: Path, kind: str, dpi: int | None, pages: int
) -> None:
    taken = converter.take(samples.picture(tmp_path / "foto", kind, dpi=dpi, pages=pages))
    check(taken, "image", "Factura 2024-117", "1.210,00")
    assert taken.verdict.pages == taken.verdict.ocr == pages and taken.verdict.has("ocr")
    assert taken.pdf is not None
    width, height = pypdfium2.PdfDocument(taken.pdf)[0].get_size()
    # 1240 × 600 points at 150 to the inch; without a resolution as large as a sheet of A4 takes it
    assert (width, height) == pytest.approx((595, 288) if dpi else (842, 407), abs=2)


def test_a_photo_on_its_side_is_turned_and_its_transparency_is_white(converter: Converter, tmp_path: Path) -> None:
    sheet = samples.page_image(size=(700, 800)).convert("RGBA")
    clear = Image.composite(
        sheet, Image.new("RGBA", sheet.size, (0, 0, 0, 0)), sheet.convert("L").point(lambda v: 255 - v)
    )
    exif = Image.Exif()
    exif[274] = 6
    clear.rotate(90, expand=True).save(tmp_path / "foto.png", exif=exif)
    taken = converter.take(tmp_path / "foto.png")
    check(taken, "image", "1.210,00")
    assert taken.pdf is not None
    page = pypdfium2.PdfDocument(taken.pdf)[0]
    assert page.get_width() < page.get_height()
    assert page.render(scale=0.2).to_pil().convert("L").getpixel((20, 60)) > 240


def test_a_scan_keeps_its_look_and_gets_text(converter: Converter, tmp_path: Path) -> None:
    file = samples.scan_pdf(tmp_path / "escaneo.pdf")
    taken = converter.take(file)
    check(taken, "pdf", "Factura 2024-117", "1.210,00")
    assert (taken.verdict.ocr, taken.verdict.method) == (1, "ocr")
    assert taken.pdf is not None
    before, after = (pypdfium2.PdfDocument(each)[0].render(scale=1).to_pil().tobytes() for each in (file, taken.pdf))
    assert sum(abs(one - two) > 40 for one, two in zip(before, after, strict=True)) < len(before) / 1000


def test_a_scanners_mark_over_a_picture_does_not_pass_for_its_text(converter: Converter, tmp_path: Path) -> None:
    def mark(pdf: pikepdf.Pdf) -> None:
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        pdf.pages[0].add_resource(pdf.make_indirect(font), pikepdf.Name.Font, pikepdf.Name.Mark)
        pdf.pages[0].contents_add(b"BT /Mark 8 Tf 20 8 Td (Escaneado con MiMovil) Tj ET")

    file = samples.change(samples.scan_pdf(tmp_path / "e.pdf"), tmp_path / "m.pdf", mark)
    taken = converter.take(file)
    check(taken, "pdf", "Escaneado con MiMovil", "Factura 2024-117", "1.210,00")
    assert taken.verdict.ocr == 1


def test_a_pixel_bomb_is_refused_unopened(tmp_path: Path) -> None:
    Image.new("1", (4000, 4000)).save(tmp_path / "bomba.png")
    with Converter(tmp_path / "cache", limits=InputLimits(pixels=1_000_000)) as small:
        taken = small.take(tmp_path / "bomba.png")
    assert taken.verdict.rejected and taken.verdict.has("demasiado_grande")


def test_plain_text_is_printed_whole(converter: Converter, tmp_path: Path) -> None:
    file = tmp_path / "nota.txt"
    file.write_bytes("Reunión del 3/5: 100 € <b>no</b> & más\n    sangría\n".encode("cp1252"))
    check(converter.take(file), "text", "Reunión del 3/5: 100 € <b>no</b> & más", "sangría")


def test_a_csv_is_a_table(converter: Converter, tmp_path: Path) -> None:
    file = tmp_path / "movimientos.csv"
    file.write_text(
        "fecha;concepto;importe\n01/02/2024;Cobro <x>;1.234,56\n02/02/2024;Abono;-12,00\n", encoding="utf-8"
    )
    check(converter.take(file), "table", "concepto", "Cobro <x>", "1.234,56", "-12,00")


def test_a_workbook_shows_values_and_hides_hidden_sheets(converter: Converter, tmp_path: Path) -> None:
    taken = converter.take(papers.xlsx(tmp_path / "deuda.xlsx"))
    text = check(taken, "table", "Deuda", "2024-117", "30/06/2024", "1.210,50")
    assert "no enseñar" not in text and taken.verdict.has("hoja_oculta")


def test_a_docx_brings_its_text_lists_tables_and_pictures(converter: Converter, tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (200, 80), "red").save(picture, "PNG")
    taken = converter.take(papers.docx(tmp_path / "contrato.docx", picture.getvalue()))
    words = ("Contrato de suministro", "pagar a 30 días", "Segunda obligación", "1.210,00 €", "Ferretería Olmo")
    text = check(taken, "docx", *words)
    assert text.index("Contrato") < text.index("Primera") < text.index("Segunda") < text.index("Cuota")
    assert taken.pdf is not None
    with pikepdf.open(taken.pdf) as pdf:
        assert any(page.get_images() for page in pdf.pages)
    assert "1. Segunda" in text and taken.verdict.has("word")


def test_what_a_docx_cannot_bring_is_said(converter: Converter, tmp_path: Path) -> None:
    file = papers.docx(tmp_path / "c.docx")
    with zipfile.ZipFile(file, "a") as container:
        container.writestr("word/comments.xml", "<x/>")
        container.writestr("word/vbaProject.bin", b"x")
    told = next(each.text for each in converter.take(file).verdict.reasons if each.code == "word")
    assert "comentarios" in told and "macros" in told


@pytest.mark.parametrize(
    ("member", "content", "code"),
    [("word/x.bin", b"\0" * 20_000_000, "bomba"), ("../fuera.xml", b"<x/>", "danado")],
)
def test_a_bomb_or_a_name_that_leaves_the_container_is_refused(
    converter: Converter, tmp_path: Path, member: str, content: bytes, code: str
) -> None:
    file = papers.docx(tmp_path / "m.docx")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as container:
        container.writestr(member, content)
    assert converter.take(file).verdict.has(code)


def test_a_mail_shows_its_headings_text_and_attachments(converter: Converter, tmp_path: Path) -> None:
    invoice = samples.text_pdf(tmp_path / "t.pdf", pages=2).read_bytes()
    secret = samples.encrypted(tmp_path / "c.pdf", tmp_path / "t.pdf", user="x").read_bytes()
    inner = papers.mail(text="Correo de dentro")
    file = tmp_path / "correo.eml"
    file.write_bytes(
        papers.mail(
            ("factura.pdf", "application/pdf", invoice),
            ("secreto.pdf", "application/pdf", secret),
            ("anterior.eml", "application/octet-stream", inner),
        )
    )
    taken = converter.take(file)
    words = (
        "Íñigo Peña",
        "¿aplazamiento?",
        "14/05/2024 10:20:30 +0200",
        "no hemos pagado aún",
        "Página 2",
        "Correo de dentro",
    )
    check(taken, "mail", *words)
    assert taken.verdict.pages == 1 + 2 + 1
    told = next(each.text for each in taken.verdict.reasons if each.code == "adjunto_fuera")
    assert "secreto.pdf" in told and "contraseña" in told
    assert taken.pdf is not None
    with pikepdf.open(taken.pdf) as pdf, pdf.open_outline() as outline:
        assert [each.title for each in outline.root] == ["Correo", "factura.pdf", "anterior.eml"]


def test_a_mails_html_is_text_and_nothing_in_it_runs_or_is_fetched(converter: Converter, tmp_path: Path) -> None:
    file = tmp_path / "web.eml"
    page = "<html><script>alert(1)</script><img src='http://espia.example/x.png'><p>Pagaré el <b>lunes</b>.</p></html>"
    file.write_bytes(papers.mail(html=page, text=""))
    text = check(converter.take(file), "mail", "Pagaré el lunes.")
    assert "alert" not in text and "espia" not in text


def test_a_signed_pdf_inside_a_mail_is_told(converter: Converter, tmp_path: Path) -> None:
    inner = samples.signed(tmp_path / "s.pdf", samples.text_pdf(tmp_path / "t.pdf", pages=1)).read_bytes()
    file = tmp_path / "correo.eml"
    file.write_bytes(papers.mail(("burofax.pdf", "application/pdf", inner)))
    taken = converter.take(file)
    assert not taken.verdict.signed
    told = next(each for each in taken.verdict.reasons if each.code == "adjunto_firmado")
    assert "burofax.pdf" in told.text and "aparte" in told.remedy


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600), ("a.zip", b"PK\x05\x06" + b"\0" * 18)],
)
def test_other_formats_are_refused_with_a_way_out(
    converter: Converter, tmp_path: Path, name: str, content: bytes
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    verdict = converter.take(file).verdict
    assert verdict.rejected and verdict.has("formato") and verdict.reasons[0].remedy
