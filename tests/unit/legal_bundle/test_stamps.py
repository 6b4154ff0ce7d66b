"""The folio is in the lower right corner, upright and readable, on every page there can be."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageStat

from cobranza.legal.bundle.stamps import Stamper, sight

SIZES = [(595, 842), (842, 595), (298, 420), (2384, 3370), (150, 900), (900, 150), (80, 80)]
FOLIO = "folio 123 de 4567"


def page(
    pdf: pikepdf.Pdf, size: tuple[int, int], rotation: int, origin: tuple[int, int] = (0, 0), content: bytes = b""
) -> pikepdf.Page:
    left, bottom = origin
    box = [left, bottom, left + size[0], bottom + size[1]]
    made = pdf.add_blank_page(page_size=size)
    made.obj.MediaBox = pikepdf.Array(box)
    made.obj.Rotate = rotation
    made.obj.Contents = pdf.make_stream(content)
    return made


def shown(pdf: pikepdf.Pdf, scale: float = 1.0) -> Image.Image:
    out = io.BytesIO()
    pdf.save(out)
    document = pypdfium2.PdfDocument(out.getvalue())
    picture: Image.Image = document[0].render(scale=scale).to_pil().convert("L")
    document.close()
    return picture


def ink(picture: Image.Image) -> tuple[int, int, int, int]:
    """Where the picture is dark."""
    box = picture.point(lambda value: 255 if value < 128 else 0).getbbox()
    assert box is not None, "nothing was printed"
    return box


def words(pdf: pikepdf.Pdf) -> str:
    out = io.BytesIO()
    pdf.save(out)
    document = pypdfium2.PdfDocument(out.getvalue())
    told: str = document[0].get_textpage().get_text_bounded()
    document.close()
    return told


@pytest.mark.parametrize("rotation", [0, 90, 180, 270, -90, 450])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("origin", [(0, 0), (-30, 200)], ids=str)
def test_upright_in_the_corner_of_any_page(size: tuple[int, int], rotation: int, origin: tuple[int, int]) -> None:
    with pikepdf.new() as pdf:
        made = page(pdf, size, rotation, origin)
        Stamper(pdf).stamp(made, FOLIO)
        scale = 900 / min(size)
        picture = shown(pdf, scale)
        assert FOLIO in words(pdf)
        seen = sight(made)
    assert abs(picture.width - seen.width * scale) < 3 and abs(picture.height - seen.height * scale) < 3
    left, top, right, bottom = ink(picture)
    assert right <= picture.width and bottom <= picture.height
    assert right > picture.width * 0.6 and bottom > picture.height * 0.85, "in the lower right corner"
    assert right - left > 5 * (bottom - top), "lying, so not turned on its side"
    letters = picture.crop((left, top, right, bottom))
    assert letters.height >= 6, "large enough to be read"
    upright = upright_letters().resize(letters.size)
    for wrong in (Image.Transpose.ROTATE_180, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM):
        assert apart(letters, upright) < apart(letters, upright.transpose(wrong))


@cache
def upright_letters() -> Image.Image:
    """The stamp of a plain page without rotation, large: looked at by a person, it stands."""
    with pikepdf.new() as pdf:
        Stamper(pdf).stamp(page(pdf, (595, 842), 0), FOLIO)
        picture = shown(pdf, 8)
    return picture.crop(ink(picture))


def apart(one: Image.Image, other: Image.Image) -> float:
    """How different two pictures are, mean of the grey levels."""
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])


def test_readable_on_black() -> None:
    with pikepdf.new() as pdf:
        made = page(pdf, (595, 842), 0, content=b"0 g 0 0 595 842 re f")
        Stamper(pdf).stamp(made, FOLIO)
        picture = shown(pdf, 2)
    light = picture.point(lambda value: 255 if value > 200 else 0).getbbox()
    assert light is not None and light[0] > picture.width * 0.6 and light[1] > picture.height * 0.9


@pytest.mark.parametrize(
    "content", [b"q 0.1 0 0 0.1 300 300 cm", b"q q 0 1 -1 0 0 0 cm", b"Q Q 2 0 0 2 9 9 cm", b"q (Q) Tj"]
)
def test_a_page_that_leaves_its_drawing_state_open_does_not_move_the_stamp(content: bytes) -> None:
    with pikepdf.new() as plain:
        Stamper(plain).stamp(page(plain, (595, 842), 90), FOLIO)
        expected = ink(shown(plain))
    with pikepdf.new() as pdf:
        Stamper(pdf).stamp(page(pdf, (595, 842), 90, content=content), FOLIO)
        assert ink(shown(pdf)) == expected


def test_a_smaller_crop_box_is_what_counts() -> None:
    with pikepdf.new() as pdf:
        made = page(pdf, (595, 842), 0)
        made.obj.CropBox = pikepdf.Array([100, 400, 500, 800])
        Stamper(pdf).stamp(made, FOLIO)
        picture = shown(pdf)
        assert (picture.width, picture.height) == (400, 400)
        assert ink(picture)[3] > 360


def test_the_copy_mark_is_on_top_and_the_page_keeps_its_own_text(tmp_path: Path) -> None:
    from tests.unit.legal_bundle import plain

    with pikepdf.open(tmp_path / plain.document(tmp_path, "algo").file) as pdf:
        Stamper(pdf).stamp(pdf.pages[0], FOLIO, "COPIA DEL ORIGINAL FIRMADO")
        told = words(pdf)
        picture = shown(pdf)
    assert "Contenido de algo, hoja 1" in told and "COPIA DEL ORIGINAL FIRMADO" in told and FOLIO in told
    assert ink(picture)[1] < 40
