"""A few pages as pictures beside those that a person looked at: a break of the layout is seen here first.

The pictures in `looks/` are small, grey and blurred: the same page drawn by another version of the same program or
with other edges of its letters passes, a block that moved, vanished or grew does not. After a change of the layout that
is meant, look at the pages (``COBRANZA_LOOKS=write`` draws them anew) and commit them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from cobranza.legal.bundle import annexes, review, writ_pages
from cobranza.legal.bundle.writ import compose
from tests.unit.legal_bundle import plain

HERE = Path(__file__).parent / "looks"
WIDE = 150
MEAN, MOST = 0.8, 18
Pictures = dict[str, Image.Image]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Cover, index, writ, account, record of contacts, a turned page, a signed copy, its sheet and one refused."""
    folder = tmp_path_factory.mktemp("aspecto")
    papers = [plain.document(folder, "poder"), plain.document(folder, "contrato"), plain.signed(folder, "burofax")]
    with pikepdf.open(folder / "contrato.pdf", allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj.Rotate = 90
        pdf.save(folder / "contrato.pdf")
    (folder / "roto.pdf").write_bytes(b"nada")
    case = plain.claim(*papers, replace(papers[0], key="roto", file="roto.pdf", title="Documento roto"))
    found = annexes.annexes_of(case, {each.key: plain.Looks().take(folder / each.file) for each in case.documents})
    writ = compose(case, found)
    built = review.build_review(
        case,
        court="Portal de pruebas",
        proceeding="Proceso monitorio",
        writ=writ_pages.writ_pages(writ, case.id),
        writ_name=writ.name,
        annexes=found,
        file=folder / "revision.pdf",
        warnings=["Falta el poder."],
    )
    first = {each.key: each.first for each in built.folios}
    wanted = {
        "portada": 1, "indice": 2, "escrito": first["escrito"], "liquidacion": first["doc-1"] + 1,
        "acta": first["doc-2"] + 1, "girada": first["doc-4"] + 1, "separador_firmado": first["doc-5"],
        "copia": first["doc-5"] + 1, "rechazado": first["doc-6"],
    }  # fmt: skip
    document = pypdfium2.PdfDocument(built.file)
    drawn = {name: _small(document[folio - 1]) for name, folio in wanted.items()}
    document.close()
    return drawn


def _small(page: pypdfium2.PdfPage) -> Image.Image:
    """A page, small, grey and blurred."""
    large: Image.Image = page.render(scale=2).to_pil().convert("L")
    return large.resize((WIDE, round(WIDE * large.height / large.width)), Image.Resampling.BOX).filter(
        ImageFilter.GaussianBlur(1.5)
    )


def _apart(one: Image.Image, other: Image.Image) -> tuple[float, int]:
    """Mean and greatest difference of grey, 0 to 255."""
    if one.size != other.size:
        return 255.0, 255
    statistics = ImageStat.Stat(ImageChops.difference(one, other))
    return statistics.mean[0], int(statistics.extrema[0][1])


def _alike(one: Image.Image, other: Image.Image) -> bool:
    mean, most = _apart(one, other)
    return mean <= MEAN and most <= MOST


def test_the_pages_look_as_they_were_looked_at(pages: Pictures) -> None:
    if os.environ.get("COBRANZA_LOOKS") == "write":
        HERE.mkdir(exist_ok=True)
        for name, picture in pages.items():
            picture.save(HERE / f"{name}.png", optimize=True)
    kept = {file.stem: Image.open(file).convert("L") for file in HERE.glob("*.png")}
    assert set(kept) == set(pages)
    wrong = {name: _apart(pages[name], kept[name]) for name in pages if not _alike(pages[name], kept[name])}
    assert not wrong


def _moved(picture: Image.Image) -> Image.Image:
    return ImageChops.offset(picture, 0, 4)  # some 16 points further down


def _narrow(picture: Image.Image) -> Image.Image:
    return picture.resize((int(picture.width * 0.9), picture.height)).crop((0, 0, *picture.size))


def _cut(picture: Image.Image) -> Image.Image:
    """What stands in the middle third is gone."""
    bare = picture.copy()
    bare.paste(255, (0, picture.height // 6, picture.width, picture.height // 2))
    return bare


@pytest.mark.parametrize("harm", [_moved, _narrow, _cut])
@pytest.mark.parametrize("name", ["portada", "indice", "escrito", "liquidacion", "separador_firmado"])
def test_a_broken_layout_is_seen(pages: Pictures, name: str, harm: Callable[[Image.Image], Image.Image]) -> None:
    assert not _alike(pages[name], harm(pages[name]))


@pytest.mark.parametrize(
    ("name", "place"), [("copia", (0, 0, WIDE, 8)), ("girada", (100, 90, WIDE, 106)), ("acta", (100, 200, WIDE, 212))]
)
def test_a_mark_or_a_folio_that_is_missing_is_seen(
    pages: Pictures, name: str, place: tuple[int, int, int, int]
) -> None:
    bare = pages[name].copy()
    bare.paste(255, place)
    assert not _alike(pages[name], bare)
