"""What a large case costs: 60 sources of 500 pages, cold and with its conversions in the cache."""

from __future__ import annotations

import io
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from pikepdf import pdfa
from PIL import Image
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from tests import bundle_reading, legal_example
from tests.bench import memory

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]
ROOT = Path(__file__).resolve().parents[2]
TEXTS, SCANS, SIGNED, PAGES = 40, 16, 4, 500
_TURNS = (0, 0, 90, 0, 270, 180)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 sources of 500 pages: 40 of text (fonts not embedded), 16 scans with their text, 4 that somebody signed.

    Some pages are landscape, some turned by /Rotate.
    """
    folder = tmp_path_factory.mktemp("bundle")
    example = legal_example.write(folder)
    for file in example.documents.iterdir():
        file.unlink()
    chance = random.Random(5)
    left, sources = PAGES, TEXTS + SCANS + SIGNED
    entries = []
    for number in range(sources):
        pages = 7 + number % 3 if number < sources - 1 else left
        left -= pages
        if number < SIGNED:
            content = legal_example.signed(_text(number, pages))
        elif number < SIGNED + SCANS:
            content = _scans(number, pages, chance)
        else:
            content = _text(number, pages)
        name = f"anexo-{number:02d}.pdf"
        (example.documents / name).write_bytes(content)
        entries.append(f'[[documentos]]\nfichero = "{name}"\ntitulo = "Anexo {number} del contrato"\nclase = "otro"\n')
    assert left == 0 and pages > 0
    case = example.case.read_text(encoding="utf-8")
    text = re.sub(r'^(poder|documento) = ".*"\n', "", case[: case.index("[[documentos]]")], flags=re.MULTILINE)
    example.case.write_text(text + "\n".join(entries), encoding="utf-8")
    return folder


def test_sixty_sources_of_five_hundred_pages(large: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cold = _once(large, "prepare")
    warm = min((_once(large, "prepare") for _ in range(2)), key=lambda each: each["cpu"])
    merge = _once(large, "merge")
    report = json.loads((large / "out" / "informe.json").read_text(encoding="utf-8"))
    review = large / "out" / report["review"]["file"]
    rows, folios = bundle_reading.index_rows(review), report["review"]["folios"]
    right = [row for row, part in zip(rows, folios, strict=True) if _leads_there(row, part)]
    unread = list(bundle_reading.bad_folios(review))
    files = report["package"]["files"]
    sources = {each["document"] for each in files if each["document"]}
    originals = {key: verdict for key, verdict in report["documents"].items() if verdict["signed"]}
    same = [key for key, verdict in originals.items() if _filed_as_it_came(large, files, key, verdict)]
    with capsys.disabled():
        print(f"\nbundle, cold:  {cold}\nbundle, warm:  {warm}\nmerge + stamp: {merge}")
        print(f"merge + stamp / raw merge = {merge['ours'] / merge['raw']:.2f}")
        print(f"{len(sources)} sources in {len(files)} files of {warm['pages']} folios; in the way: {cold['blocking']}")
        print(f"index rows that lead to the right page: {len(right)} of {len(rows)}")
        print(f"folios upright and readable: {warm['pages'] - len(unread)} of {warm['pages']} {unread[:5]}")
        print(f"signed inputs filed byte for byte: {len(same)} of {len(originals)}")
    assert len(sources) == TEXTS + SCANS + SIGNED and cold["blocking"] == warm["blocking"] == []
    assert cold["pdfa"] == warm["pdfa"] == "2b" and pdfa.validate_written(review, "2b").passed
    assert warm["pages"] > PAGES
    assert len(right) == len(rows) == len(folios)
    assert not unread
    assert len(same) == len(originals) == SIGNED
    assert merge["ours"] <= 3 * merge["raw"]
    assert warm["cpu"] <= 12 and cold["cpu"] <= 35  # of one processor, whatever else the machine does
    assert max(each[name] for each in (cold, warm) for name in ("peak_mib", "peak_tree_mib")) <= 400


def _leads_there(row: bundle_reading.Row, part: dict[str, Any]) -> bool:
    """The row tells the folio of its part, all its links lead there, and the page is that part's own sheet."""
    own = "AL JUZGADO" if part["key"] == "escrito" else f"DOCUMENTO N.º {part['key'].removeprefix('doc-')}\r"
    return row.folio == part["first"] and row.targets == (part["first"],) and own in row.sheets[0]


def _filed_as_it_came(folder: Path, files: list[dict[str, Any]], key: str, verdict: dict[str, Any]) -> bool:
    filed = [each for each in files if each["document"] == key]
    content = (folder / "documentos" / verdict["file"]).read_bytes()
    return [(folder / "out" / "presentacion" / each["name"]).read_bytes() for each in filed] == [content]


def _once(folder: Path, what: str) -> dict[str, Any]:
    done = memory.run([sys.executable, "-m", "tests.bench.bundle_once", what, str(folder)], cwd=ROOT, seconds=580)
    assert done.code == 0, done.errors[-2000:]
    found: dict[str, Any] = json.loads(done.out.splitlines()[-1])
    return found | {"peak_child_mib": done.child, "peak_tree_mib": done.tree}


def _text(number: int, pages: int) -> bytes:
    out = io.BytesIO()
    size = landscape(A4) if number % 5 == 0 else A4
    canvas = Canvas(out, pagesize=size, invariant=1)
    for page in range(pages):
        canvas.setPageRotation(_TURNS[number % len(_TURNS)])
        canvas.setFont("Helvetica", 9.5)
        for line in range(int((size[1] - 120) / 13)):
            told = f"{number}.{page}.{line} La parte compradora pagará el precio de cada entrega a los treinta días."
            canvas.drawString(60, size[1] - 60 - 13 * line, told)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _scans(number: int, pages: int, chance: random.Random) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    for page in range(pages):
        picture = Image.effect_noise((1654, 2339), 12 + chance.random())
        packed = io.BytesIO()
        picture.save(packed, "JPEG", quality=60, dpi=(200, 200))
        canvas.drawImage(ImageReader(packed), 0, 0, *A4)
        words = canvas.beginText(60, 700)
        words.setFont("Helvetica", 10)
        words.setTextRenderMode(3)
        words.textLine(f"Albarán {number} hoja {page}")
        canvas.drawText(words)
        canvas.showPage()
    canvas.save()
    return out.getvalue()
