"""Redaction: what was asked for is nowhere any more, or the file is refused."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from cobranza.legal.inputs import Converter, State, search
from tests.unit.legal_inputs import samples

ACCOUNT = "ES91 2100 0418 4502 0005 1332"
SLIP = (400, 220)
LINES = ("Pague en la cuenta", ACCOUNT, "antes del día 30")


def _bytes_of_everything(file: Path) -> str:
    """All streams unpacked and all strings, whatever they are."""
    found = []
    with pikepdf.open(file) as pdf:
        for each in pdf.objects:
            if isinstance(each, pikepdf.Stream):
                found.append(each.read_bytes().decode("latin-1") if each.get("/Subtype") != "/Image" else "")
            found.append(repr(each))
    return " ".join(found)


def test_the_string_is_gone_from_the_page_and_everything_else(converter: Converter, tmp_path: Path) -> None:
    def properties(pdf: pikepdf.Pdf) -> None:
        pdf.docinfo["/Subject"] = f"Cuenta {ACCOUNT}"
        pdf.Root.Outlines = pdf.make_indirect(
            pikepdf.Dictionary(First=pdf.make_indirect(pikepdf.Dictionary(Title=pikepdf.String(ACCOUNT))), Count=1)
        )

    plain = samples.text_pdf(tmp_path / "t.pdf", pages=1, size=SLIP, lines=LINES)
    source = samples.change(plain, tmp_path / "p.pdf", properties)
    taken = converter.take(source, redact=("ES9121000418450200051332",))
    assert taken.verdict.state is State.CONVERTED, taken.verdict.reasons
    assert (taken.verdict.pdfa, taken.verdict.method, taken.verdict.text_layer) == ("2b", "tachado", True)
    assert taken.pdf is not None
    text = samples.words(taken.pdf)
    assert "antes del día 30" in text
    assert not search.holds(text + _bytes_of_everything(taken.pdf), (ACCOUNT,))
    assert not search.holds(text, ("0418",))


def test_the_place_is_black_and_the_rest_is_not(converter: Converter, tmp_path: Path) -> None:
    taken = converter.take(samples.text_pdf(tmp_path / "t.pdf", pages=1, size=SLIP, lines=LINES), redact=(ACCOUNT,))
    assert taken.pdf is not None
    image = pypdfium2.PdfDocument(taken.pdf)[0].render(scale=1).to_pil().convert("L")
    row = [image.getpixel((x, 98)) for x in range(60, 200)]  # the account's line, 100 points below the top edge
    assert max(row) < 60
    assert min(image.getpixel((x, 140)) for x in range(image.width)) > 200


@pytest.mark.parametrize("rotate", [90])
def test_rotated_pages_are_blackened_where_the_string_is(converter: Converter, tmp_path: Path, rotate: int) -> None:
    file = samples.text_pdf(tmp_path / "r.pdf", pages=1, size=SLIP, rotate=rotate, lines=LINES)
    taken = converter.take(file, redact=(ACCOUNT,))
    assert taken.verdict.state is State.CONVERTED, taken.verdict.reasons
    assert taken.pdf is not None
    assert not search.holds(samples.words(taken.pdf), (ACCOUNT,))
    before, after = pypdfium2.PdfDocument(file)[0], pypdfium2.PdfDocument(taken.pdf)[0]
    assert before.get_size() == pytest.approx(after.get_size(), abs=1)


def test_only_pages_that_hold_it_become_pictures(converter: Converter, tmp_path: Path) -> None:
    two = samples.text_pdf(tmp_path / "t.pdf", pages=2, size=SLIP)
    taken = converter.take(two, redact=("Página 2",))
    assert taken.verdict.state is State.CONVERTED, taken.verdict.reasons
    assert taken.pdf is not None
    with pikepdf.open(taken.pdf) as pdf:
        assert [bool(page.get_images()) for page in pdf.pages] == [False, True]
    assert "Página 1" in samples.words(taken.pdf)


def test_a_note_over_the_page_is_found_too(converter: Converter, tmp_path: Path) -> None:
    def note(pdf: pikepdf.Pdf) -> None:
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        look = pdf.make_stream(
            b"BT /F 14 Tf 2 4 Td (Paciente: Zacarias) Tj ET",
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 200, 20],
            Resources=pikepdf.Dictionary(Font=pikepdf.Dictionary(F=pdf.make_indirect(font))),
        )  # fmt: skip
        pdf.pages[0].obj.Annots = pikepdf.Array(
            [
                pdf.make_indirect(
                    pikepdf.Dictionary(
                        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[50, 80, 250, 100], F=4,
                        Contents=pikepdf.String("Paciente: Zacarias"), AP=pikepdf.Dictionary(N=look),
                        DA=pikepdf.String("/F 14 Tf"),
                    )
                )
            ]
        )  # fmt: skip

    source = samples.text_pdf(tmp_path / "t.pdf", pages=1, size=SLIP, lines=LINES)
    taken = converter.take(samples.change(source, tmp_path / "n.pdf", note), redact=("Zacarías",))
    assert taken.verdict.state is State.CONVERTED, taken.verdict.reasons
    assert taken.pdf is not None
    text = samples.words(taken.pdf)
    assert not search.holds(text + _bytes_of_everything(taken.pdf), ("Zacarias",)) and "Paciente" in text


def test_a_scan_is_searched_by_ocr(converter: Converter, tmp_path: Path) -> None:
    taken = converter.take(samples.scan_pdf(tmp_path / "e.pdf", lines=LINES), redact=(ACCOUNT,))
    assert taken.verdict.state is State.CONVERTED, taken.verdict.reasons
    assert taken.pdf is not None
    assert not search.holds(samples.words(taken.pdf), (ACCOUNT,), ocr=True)


def test_what_is_not_found_refuses_the_file(converter: Converter, tmp_path: Path) -> None:
    taken = converter.take(samples.text_pdf(tmp_path / "t.pdf", pages=1), redact=("Zacarías",))
    assert taken.verdict.rejected and taken.verdict.has("tachado_no_encontrado")


def test_two_letters_are_too_few(converter: Converter, tmp_path: Path) -> None:
    assert converter.take(samples.text_pdf(tmp_path / "t.pdf", pages=1), redact=("S.L",)).verdict.has("tachado")


def test_a_signed_pdf_is_never_redacted(converter: Converter, tmp_path: Path) -> None:
    file = samples.signed(tmp_path / "s.pdf", samples.text_pdf(tmp_path / "t.pdf", pages=1))
    before = file.read_bytes()
    taken = converter.take(file, redact=("Olmo",))
    assert taken.verdict.rejected and taken.verdict.has("firmado_tachado")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "string"),
    [("García  Peña", "garcia peña"), ("12.345.678-Z", "12345678Z"), ("a\u00adb c", "ABC"), ("ﬁnca 7", "finca 7")],
)
def test_spacing_accents_and_signs_do_not_hide_a_string(text: str, string: str) -> None:
    assert search.holds(text, (string,)) == (string,)
