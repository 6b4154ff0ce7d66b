"""PDF files: what is said of them and what is made of them."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pikepdf.pdfa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cobranza.legal.inputs import Converter, InputLimits, State, Tools
from tests.unit.legal_inputs import samples


def test_a_text_pdf_gets_its_fonts_and_keeps_its_words(converter: Converter, tmp_path: Path) -> None:
    file = samples.text_pdf(tmp_path / "factura.pdf")
    taken = converter.take(file)
    assert taken.verdict.state is State.CONVERTED
    assert (taken.verdict.pages, taken.verdict.pdfa, taken.verdict.method) == (2, "2b", "fuentes")
    assert taken.pdf is not None and pikepdf.pdfa.validate_written(taken.pdf, "2b").passed
    assert samples.words(taken.pdf) == samples.words(file)
    assert taken.filed == taken.view == taken.pdf


def test_what_conforms_already_is_left_byte_for_byte(converter: Converter, tmp_path: Path) -> None:
    made = converter.take(samples.text_pdf(tmp_path / "a.pdf")).pdf
    assert made is not None
    again = tmp_path / "conforme.pdf"
    again.write_bytes(made.read_bytes())
    taken = converter.take(again)
    assert taken.verdict.state is State.OK
    assert taken.filed == again


@pytest.mark.parametrize(("size", "rotate"), [((842, 595), 0), ((595, 842), 90), ((842, 1191), 270)])
def test_size_and_rotation_stay(converter: Converter, tmp_path: Path, size: tuple[int, int], rotate: int) -> None:
    file = samples.text_pdf(tmp_path / "plano.pdf", size=size, rotate=rotate, pages=1)
    taken = converter.take(file)
    assert taken.pdf is not None
    with pikepdf.open(file) as before, pikepdf.open(taken.pdf) as after:
        assert [list(map(float, page.mediabox)) for page in before.pages] == [
            list(map(float, page.mediabox)) for page in after.pages
        ]
        assert before.pages[0].rotation == after.pages[0].rotation == rotate


def test_a_password_to_open_rejects(converter: Converter, tmp_path: Path) -> None:
    taken = converter.take(samples.encrypted(tmp_path / "c.pdf", samples.text_pdf(tmp_path / "t.pdf"), user="clave"))
    assert taken.verdict.rejected and taken.verdict.has("cifrado")
    assert taken.pdf is taken.view is taken.filed is None


def test_restrictions_without_password_are_told_and_gone(converter: Converter, tmp_path: Path) -> None:
    taken = converter.take(samples.encrypted(tmp_path / "p.pdf", samples.text_pdf(tmp_path / "t.pdf")))
    assert taken.verdict.state is State.CONVERTED and taken.verdict.has("protegido")
    assert taken.pdf is not None
    with pikepdf.open(taken.pdf) as pdf:
        assert not pdf.is_encrypted


def test_active_content_is_stripped_and_named(converter: Converter, tmp_path: Path) -> None:
    taken = converter.take(samples.active(tmp_path / "j.pdf", samples.text_pdf(tmp_path / "t.pdf")))
    assert taken.verdict.state is State.CONVERTED and taken.verdict.pdfa == "2b"
    told = next(each.text for each in taken.verdict.reasons if each.code == "activo")
    assert "JavaScript" in told and "datos.xml" in told and "abrir programas" in told
    assert taken.pdf is not None
    assert b"app.alert" not in taken.pdf.read_bytes()
    with pikepdf.open(taken.pdf) as pdf:
        assert pikepdf.Name.OpenAction not in pdf.Root and not list(pdf.attachments)


def test_a_form_that_only_adobe_reader_can_draw_is_refused(converter: Converter, tmp_path: Path) -> None:
    def dynamic(pdf: pikepdf.Pdf) -> None:
        pdf.Root.NeedsRendering = True
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA=pdf.make_stream(b"<xdp/>"))

    file = samples.change(samples.text_pdf(tmp_path / "t.pdf", pages=1), tmp_path / "x.pdf", dynamic)
    assert converter.take(file).verdict.has("activo") and converter.take(file).verdict.rejected


def test_a_filled_form_is_drawn_into_its_page(converter: Converter, tmp_path: Path) -> None:
    def fill(pdf: pikepdf.Pdf) -> None:
        font = pdf.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        )
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T=pikepdf.String("importe"),
                V=pikepdf.String("987,65"), Rect=[50, 300, 250, 320], F=4, DA=pikepdf.String("/Helv 12 Tf 0 g"),
            )
        )  # fmt: skip
        pdf.pages[0].obj.Annots = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(
            Fields=[field],
            NeedAppearances=True,
            DR=pikepdf.Dictionary(Font=pikepdf.Dictionary(Helv=font)),
            DA=pikepdf.String("/Helv 12 Tf 0 g"),
        )

    file = samples.change(samples.text_pdf(tmp_path / "t.pdf", pages=1), tmp_path / "f.pdf", fill)
    taken = converter.take(file)
    assert taken.verdict.pdfa == "2b" and taken.pdf is not None
    assert "987,65" in samples.words(taken.pdf)
    with pikepdf.open(taken.pdf) as pdf:
        assert pikepdf.Name.AcroForm not in pdf.Root


def test_a_cut_off_file_is_repaired_and_said(converter: Converter, tmp_path: Path) -> None:
    taken = converter.take(samples.damaged(tmp_path / "d.pdf", samples.text_pdf(tmp_path / "t.pdf")))
    assert taken.verdict.state is State.CONVERTED and taken.verdict.has("reparado")
    assert taken.pdf is not None and "1.210,00" in samples.words(taken.pdf)


@pytest.mark.parametrize(("content", "code"), [(b"", "vacio"), (b"%PDF-1.7\nnada", "danado"), (b"\x00\x01", "formato")])
def test_what_is_no_document_is_rejected(converter: Converter, tmp_path: Path, content: bytes, code: str) -> None:
    file = tmp_path / "x.pdf"
    file.write_bytes(content)
    taken = converter.take(file)
    assert taken.verdict.rejected and taken.verdict.has(code)


def test_a_file_that_is_not_there_is_a_verdict(converter: Converter, tmp_path: Path) -> None:
    assert converter.take(tmp_path / "no.pdf").verdict.has("no_existe")


def test_the_same_input_gives_the_same_bytes(converter: Converter, tmp_path: Path) -> None:
    text = samples.text_pdf(tmp_path / "t.pdf", pages=1)
    files = [text, samples.scan_pdf(tmp_path / "e.pdf"), _in_cmyk(tmp_path / "c.pdf", text)]
    with Converter(tmp_path / "otra") as other:
        for file in files:
            first, second = converter.take(file).pdf, other.take(file).pdf
            assert first is not None and second is not None
            assert first != second and first.read_bytes() == second.read_bytes(), file.name


def _in_cmyk(file: Path, source: Path) -> Path:
    """With a colour that only a rewriting of the page brings to PDF/A's sRGB."""
    return samples.change(source, file, lambda pdf: pdf.pages[0].contents_add(b"0 1 1 0 k 50 500 60 20 re f"))


def test_other_colours_are_rewritten_by_ghostscript_with_the_same_words(converter: Converter, tmp_path: Path) -> None:
    file = _in_cmyk(tmp_path / "c.pdf", samples.text_pdf(tmp_path / "t.pdf"))
    taken = converter.take(file)
    assert (taken.verdict.pdfa, taken.verdict.method) == ("2b", "ghostscript")
    assert taken.pdf is not None and samples.words(taken.pdf) == samples.words(file)


def test_the_last_resort_is_a_picture_and_beyond_it_the_file_as_it_is(tmp_path: Path) -> None:
    file = _in_cmyk(tmp_path / "c.pdf", samples.text_pdf(tmp_path / "t.pdf", pages=1, size=(400, 220)))
    tools = Tools(tesseract=Tools.found().tesseract)
    with Converter(tmp_path / "a", tools=tools) as converter:
        drawn = converter.take(file)
    assert (drawn.verdict.state, drawn.verdict.pdfa, drawn.verdict.method) == (State.CONVERTED, "2b", "imagen")
    assert drawn.verdict.has("imagen") and drawn.pdf is not None and "1.210,00" in samples.words(drawn.pdf)
    with Converter(tmp_path / "b", tools=tools, limits=InputLimits(raster_pages=0)) as converter:
        kept = converter.take(file)
    assert (kept.verdict.state, kept.verdict.pdfa, kept.filed) == (State.AS_IS, "", file)
    assert kept.verdict.has("no_pdfa") and kept.view is not None
    assert pikepdf.pdfa.validate_written(kept.view, "2b").passed


def test_a_signed_pdf_is_filed_as_it_is_and_shown_as_a_copy(converter: Converter, tmp_path: Path) -> None:
    file = samples.signed(tmp_path / "s.pdf", samples.text_pdf(tmp_path / "t.pdf"))
    before = file.read_bytes()
    taken = converter.take(file)
    assert taken.verdict.state is State.AS_IS and taken.verdict.signed and taken.verdict.signature_intact
    assert taken.verdict.signers == ("Notaría de Prueba",)
    assert taken.pdf is None and taken.filed == file and file.read_bytes() == before
    assert taken.view is not None
    with pikepdf.open(taken.view) as copy:
        assert pikepdf.Name.AcroForm not in copy.Root
    assert pikepdf.pdfa.validate_written(taken.view, "2b").passed
    assert "Notaría de Prueba" in samples.words(taken.view)


def test_a_signed_pdf_changed_afterwards_says_so(converter: Converter, tmp_path: Path) -> None:
    file = samples.signed(tmp_path / "s.pdf", samples.text_pdf(tmp_path / "t.pdf"))
    file.write_bytes(file.read_bytes().replace(b"/CreationDate (D:2", b"/CreationDate (D:1", 1))
    taken = converter.take(file)
    assert taken.verdict.signed and not taken.verdict.signature_intact and taken.verdict.has("firma_rota")
    assert taken.filed == file


def test_a_signed_pdf_with_active_content_is_refused(converter: Converter, tmp_path: Path) -> None:
    source = samples.active(tmp_path / "j.pdf", samples.text_pdf(tmp_path / "t.pdf"))
    taken = converter.take(samples.signed(tmp_path / "s.pdf", source))
    assert taken.verdict.rejected and taken.verdict.has("activo")


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # every example signs and converts: no long shrinking
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pages=st.integers(1, 3),
    rotate=st.sampled_from([0, 90, 180]),
    name=st.text("abcñÑÁçüß ·ΩЖ", min_size=1, max_size=12).filter(str.strip),
)
def test_signed_inputs_come_out_byte_identical(
    converter: Converter, tmp_path: Path, pages: int, rotate: int, name: str
) -> None:
    file = samples.signed(tmp_path / "s.pdf", samples.text_pdf(tmp_path / "t.pdf", pages=pages, rotate=rotate), name)
    before = file.read_bytes()
    taken = converter.take(file)
    assert taken.filed is not None and taken.filed.read_bytes() == before
    assert taken.verdict.signed and taken.verdict.signature_intact and taken.verdict.signers == (name,)
