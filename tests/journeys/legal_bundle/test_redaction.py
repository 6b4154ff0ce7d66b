"""What is redacted is gone from everything that leaves the house: text, pixels, metadata; bundle, package, export."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont

from cobranza.legal.bundle import Bundle, letters, prepare
from cobranza.legal.case_file import read_case
from cobranza.legal.inputs import Converter, Tools, search
from cobranza.legal.settings import rate_book
from tests import legal_example

ACCOUNT = legal_example.IBAN
PHOTO = "justificante.pdf"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, tuple[Path, Bundle]]:
    """The same case, as it came and redacted: an account number in a text, in a scan and in a file's properties."""
    tools = Tools.found()
    if not tools.tesseract:
        pytest.skip("tesseract is not installed")
    cache = tmp_path_factory.mktemp("conversiones")
    found = {}
    with Converter(cache, tools=tools) as converter:
        for redact in (False, True):
            folder = tmp_path_factory.mktemp("tachado" if redact else "entero")
            example = legal_example.write(folder, redact=redact, only=("extracto.pdf",))
            (example.documents / PHOTO).write_bytes(_photographed())
            hide = f'tachar = ["{ACCOUNT}"]\n' if redact else ""
            with example.case.open("a", encoding="utf-8") as case:
                case.write(f'\n[[documentos]]\nfichero = "{PHOTO}"\ntitulo = "Justificante"\nclase = "otro"\n{hide}')
            case_of = read_case(example.case, rate_book())
            bundle = prepare(case_of, example.documents, example.court, folder / "out", converter=converter)
            found[redact] = folder / "out", bundle
    return found


def _photographed() -> bytes:
    """A scan without text, its subject and its bookmark telling what is on it."""
    sheet = Image.new("L", (1240, 700), 255)
    font = ImageFont.truetype(str(letters.FOLDER / "CobranzaSans-Regular.ttf"), 34)
    for row, text in enumerate(("JUSTIFICANTE DE TRANSFERENCIA", f"Cuenta {ACCOUNT}", "Importe 250,00 euros")):
        ImageDraw.Draw(sheet).text((80, 90 + 110 * row), text, font=font, fill=0)
    out = io.BytesIO()
    sheet.save(out, "PDF", resolution=150)
    with pikepdf.open(out) as pdf:
        pdf.docinfo["/Subject"] = f"Cuenta {ACCOUNT}"
        with pdf.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem(ACCOUNT, 0))
        again = io.BytesIO()
        pdf.save(again)
    return again.getvalue()


def _texts(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    told = " ".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return told


def _insides(content: bytes) -> str:
    """Every string and every unpacked stream that is no picture: properties, XMP, bookmarks, fonts, content."""
    found = []
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for each in pdf.objects:
            if isinstance(each, pikepdf.Stream) and each.get("/Subtype") != "/Image":
                found.append(each.read_bytes().decode("latin-1"))
            found.append(repr(each))
        found += [str(value) for value in pdf.docinfo.values()]
    return " ".join(found)


def _seen(content: bytes, folder: Path, pages: range | None = None) -> str:
    """What tesseract reads on the pages as they look."""
    document = pypdfium2.PdfDocument(content)
    told = []
    for number in pages or range(len(document)):
        file = folder / f"{number}.png"
        document[number].render(scale=200 / 72).to_pil().convert("L").save(file, dpi=(200, 200))
        command = ["tesseract", str(file), "stdout", "-l", "spa"]
        told.append(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout)
    document.close()
    return " ".join(told)


def _everything(out: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that was left, and what is in the containers."""
    for file in sorted(each for each in out.rglob("*") if each.is_file()):
        yield str(file.relative_to(out)), file.read_bytes()
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as container:
                for name in container.namelist():
                    yield f"{file.name}/{name}", container.read(name)


def _found_in(out: Path) -> set[str]:
    """Files in which the account number can be read by a program, PDF unpacked."""
    there = set()
    for name, content in _everything(out):
        text = _texts(content) + _insides(content) if name.endswith(".pdf") else content.decode("utf-8", "ignore")
        if search.holds(text, (ACCOUNT,)):
            there.add(name.rsplit("/", 1)[-1])
    return there


def test_no_file_holds_it_any_more(made: dict[bool, tuple[Path, Bundle]]) -> None:
    before, after = (_found_in(made[redacted][0]) for redacted in (False, True))
    bundle = made[False][1]
    papers = {each.name for each in bundle.package.files if each.document in ("extracto", "justificante")}
    assert {bundle.review.name, *papers} <= before, "the control: as it came it is found in all of these"
    assert after == set()


def test_no_page_shows_it_any_more(made: dict[bool, tuple[Path, Bundle]], tmp_path: Path) -> None:
    for redacted, (_, bundle) in made.items():
        for key, beside in (("extracto", "Cuenta de abono"), ("justificante", "250,00")):
            (file,) = (each for each in bundle.package.files if each.document == key)
            part = next(each for each in bundle.folios if each.title == file.title.partition(". ")[2])
            for content, pages in (
                ((bundle.folder / file.name).read_bytes(), None),
                (bundle.review.read_bytes(), range(part.first, part.last)),  # after its separator
            ):
                told = _seen(content, tmp_path, pages)
                assert bool(search.holds(told, (ACCOUNT,), ocr=True)) is not redacted, (key, redacted, told)
                assert bool(search.holds(told, (ACCOUNT[-9:],), ocr=True)) is not redacted, (key, redacted, told)
                assert search.holds(told, (beside,)), "what stands beside it is still there"


def test_the_findings_say_which_pages_became_pictures(made: dict[bool, tuple[Path, Bundle]]) -> None:
    notes = " ".join(made[True][1].notes)
    assert notes.count("Datos tachados en las páginas 1") == 2
    assert "tachados" not in " ".join(made[False][1].notes)
