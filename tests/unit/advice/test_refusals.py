"""Files made to harm, or that are no advice: refused with a reason and a remedy, never read as something else."""

from __future__ import annotations

import io
import subprocess
import zipfile

import openpyxl
import pytest
from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

from cobranza.reconciliation.advice import reading
from cobranza.reconciliation.advice.ports import MAX_BYTES
from cobranza.reconciliation.advice.records import AdviceError
from connectors.advices import pdf as pdf_reader
from tests.unit.advice.builders import SPANISH, Told, pdf, xlsx
from tests.unit.advice.test_layouts import TOLD

PDF = pdf(TOLD, SPANISH)
XLSX = xlsx(TOLD, SPANISH)


def _refused(raw: bytes, name: str) -> AdviceError:
    with pytest.raises(AdviceError) as caught:
        reading.read(raw, name)
    assert caught.value.remedy
    return caught.value


def _scanned() -> bytes:
    page = FPDF()
    page.add_page()
    page.image(Image.new("L", (300, 400), 200), w=150)
    return bytes(page.output())


def test_a_scanned_pdf_is_refused_and_says_why() -> None:
    error = _refused(_scanned(), "escaneado.pdf")

    assert "solo contiene imágenes" in error.message
    assert "OCR" in error.remedy


def test_an_encrypted_pdf_is_refused() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(PDF)))
    writer.encrypt("secreta", algorithm="AES-256")
    target = io.BytesIO()
    writer.write(target)

    assert "contraseña" in _refused(target.getvalue(), "aviso.pdf").message


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.97])
def test_a_cut_pdf_is_refused(kept: float) -> None:
    assert "cortado" in _refused(PDF[: int(len(PDF) * kept)], "aviso.pdf").message


def test_a_pdf_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[float] = []

    def stuck(*arguments: object, timeout: float, **others: object) -> None:
        started.append(timeout)
        raise subprocess.TimeoutExpired("extract", timeout)

    monkeypatch.setattr(pdf_reader.subprocess, "run", stuck)

    assert "puede ser un ataque" in _refused(PDF, "aviso.pdf").message
    assert started == [pdf_reader.SECONDS]


def test_a_pdf_that_takes_too_much_processor_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_reader, "CPU_SECONDS", 0)

    assert "demasiado tiempo o memoria" in _refused(PDF, "aviso.pdf").message


def test_a_pdf_that_takes_too_much_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_reader, "MEMORY_BYTES", 16 * 1024 * 1024)

    assert "demasiado tiempo o memoria" in _refused(PDF, "aviso.pdf").message


def test_a_pdf_of_too_many_pages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_reader, "MAX_PAGES", 1)

    assert "páginas" in _refused(pdf(TOLD, SPANISH, per_page=2), "aviso.pdf").message


def test_a_stream_that_unpacks_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_reader, "CPU_SECONDS", 1)
    page = FPDF()
    page.add_page()
    page.set_font("helvetica", size=10)
    page.cell(0, 5, "Factura F-1 100,00")
    bomb = b"(A) Tj " * 3_000_000
    raw = bytes(page.output())
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(raw)))
    stream = StreamObject()
    stream.set_data(b"BT /F1 8 Tf " + bomb + b" ET")
    del bomb
    writer.pages[0][NameObject("/Contents")] = writer._add_object(stream.flate_encode(9))
    target = io.BytesIO()
    writer.write(target)
    assert len(target.getvalue()) < MAX_BYTES

    assert "demasiado tiempo o memoria" in _refused(target.getvalue(), "bomba.pdf").message


def test_a_workbook_that_unpacks_without_end_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("[Content_Types].xml", "<Types/>")
        with bundle.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            for _ in range(80):
                member.write(b" " * 1024 * 1024)

    assert "bomba" in _refused(target.getvalue(), "aviso.xlsx").message


def test_a_workbook_that_lies_about_its_size_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("xl/worksheets/sheet1.xml", b" " * (80 * 1024 * 1024))
    raw = target.getvalue()
    lying = raw.replace((80 * 1024 * 1024).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != raw

    _refused(lying, "aviso.xlsx")


def test_a_workbook_with_a_doctype_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(XLSX)) as source, zipfile.ZipFile(target, "w") as bundle:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                content = b'<!DOCTYPE x [<!ENTITY e "x">]>' + content
            bundle.writestr(info.filename, content)

    assert "DOCTYPE" in _refused(target.getvalue(), "aviso.xlsx").message


@pytest.mark.parametrize("kept", [0.4, 0.8, 0.99])
def test_a_cut_workbook_is_refused(kept: float) -> None:
    assert "cortado" in _refused(XLSX[: int(len(XLSX) * kept)], "aviso.xlsx").message


def test_an_encrypted_workbook_is_refused() -> None:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 600

    assert "contraseña" in _refused(head, "aviso.xlsx").message


def test_formulas_that_were_never_worked_out_are_an_objection() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Factura", "Importe"])
    sheet.append(["F-1", 100])
    sheet.append(["F-2", "=B2*2"])
    target = io.BytesIO()
    book.save(target)

    [advice] = reading.read(target.getvalue(), "aviso.xlsx")

    assert any("fórmulas sin calcular (B3)" in objection for objection in advice.objections)


def test_a_formula_is_text_and_never_worked_out() -> None:
    raw = b"Factura;Importe\nF-1;100,00\n=HYPERLINK(1);50,00\nTOTAL;150,00\n"

    [advice] = reading.read(raw, "aviso.csv")

    assert [line.document for line in advice.lines] == ["F-1", "=HYPERLINK(1)"]


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        bundle.writestr("aviso.pdf", PDF)

    assert "ZIP" in _refused(target.getvalue(), "avisos.zip").message


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"", "vacio.csv"),
        (b"  \n ", "vacio.txt"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "foto.png"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 100, "foto.jpg"),
        (b"<?xml version='1.0'?><a/>", "datos.xml"),
        ("Buenos días, ¿me pueden enviar la factura 123? Gracias.".encode(), "cuerpo.txt"),
        (b"<html><body><p>Gracias por su pago.</p></body></html>", "cuerpo.html"),
        (b"x" * (MAX_BYTES + 1), "grande.txt"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_advice_is_refused(raw: bytes, name: str) -> None:
    _refused(raw, name)


def test_hidden_rows_of_a_message_are_not_read() -> None:
    raw = (
        b"<html><body><table><tr><td>Factura</td><td>Importe</td></tr><tr><td>F-1</td><td>100,00</td></tr>"
        b'<tr style="display:none"><td>F-2</td><td>900,00</td></tr><tr><td>TOTAL</td><td>100,00</td></tr></table>'
        b"<script>document.write('F-3 900,00')</script></body></html>"
    )

    [advice] = reading.read(raw, "cuerpo.html")

    assert [line.document for line in advice.lines] == ["F-1"]
    assert advice.objections == ()


def test_a_wrong_total_is_an_objection_with_both_figures() -> None:
    raw = b"Factura;Importe\nF-1;100,00\nF-2;50,00\nTOTAL;160,00\n"

    [advice] = reading.read(raw, "aviso.csv")

    assert advice.objections == ("las líneas suman 150,00 y el aviso declara 160,00",)
    assert not advice.total_stated


def test_an_amount_that_cannot_be_read_is_an_objection_by_its_row() -> None:
    raw = b"Factura;Importe\nF-1;100,00\nF-2;5O,00\nTOTAL;150,00\n"

    [advice] = reading.read(raw, "aviso.csv")

    assert any("fila 3: «5O,00» no es un importe" in objection for objection in advice.objections)


def test_thousands_or_decimals_without_a_total_is_an_objection() -> None:
    raw = b"Factura;Importe\nF-1;1.250\nF-2;2.500\n"

    [advice] = reading.read(raw, "aviso.csv")

    assert any("de varias formas" in objection for objection in advice.objections)


def test_an_empty_advice_of_the_right_shape_is_refused() -> None:
    _refused(xlsx(Told(()), SPANISH), "aviso.xlsx")
