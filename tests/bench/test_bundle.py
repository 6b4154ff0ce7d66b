"""What a large case costs: 60 sources of 500 pages, cold and with its conversions in the cache."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from tests import legal_example

pytestmark = pytest.mark.bench
ROOT = Path(__file__).resolve().parents[2]
TEXTS, SCANS, PAGES = 44, 16, 500


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """44 files of text (fonts not embedded) and 16 of scans with their text, 500 pages, some landscape or turned."""
    folder = tmp_path_factory.mktemp("bundle")
    example = legal_example.write(folder, only=("burofax.pdf",))
    for file in example.documents.iterdir():
        if file.name != "burofax.pdf":
            file.unlink()
    chance = random.Random(5)
    left = PAGES
    entries = []
    for number in range(TEXTS + SCANS):
        pages = min(left - (TEXTS + SCANS - number - 1), 8 + number % 3) if number < TEXTS + SCANS - 1 else left
        left -= pages
        name = f"anexo-{number:02d}.pdf"
        content = _text(number, pages) if number < TEXTS else _scans(number, pages, chance)
        (example.documents / name).write_bytes(content)
        entries.append(f'[[documentos]]\nfichero = "{name}"\ntitulo = "Anexo {number} del contrato"\nclase = "otro"\n')
    case = example.case.read_text(encoding="utf-8")
    start = case.index("[[documentos]]")
    burofax = case[case.index('[[documentos]]\nclave = "burofax"') :]
    text = case[:start].replace('poder = "poder"\n', "") + burofax.split("\n\n")[0] + "\n" + "\n".join(entries)
    example.case.write_text(text, encoding="utf-8")
    return folder


def test_sixty_sources_of_five_hundred_pages(large: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cold = _once(large, "prepare")
    warm = min((_once(large, "prepare") for _ in range(2)), key=lambda each: each["cpu"])
    merge = _once(large, "merge")
    with capsys.disabled():
        print(f"\nbundle, cold:  {cold}\nbundle, warm:  {warm}\nmerge + stamp: {merge}")
        print(f"merge + stamp / raw merge = {merge['ours'] / merge['raw']:.2f}")
    assert cold["pdfa"] == warm["pdfa"] == "2b"
    assert warm["pages"] > PAGES
    assert merge["ours"] <= 3 * merge["raw"]
    assert warm["cpu"] <= 12 and cold["cpu"] <= 35  # of one processor, whatever else the machine does
    assert max(cold["peak_mib"], cold["peak_worker_mib"], warm["peak_mib"]) <= 400


def _once(folder: Path, what: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bundle_once", what, str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _text(number: int, pages: int) -> bytes:
    out = io.BytesIO()
    size = landscape(A4) if number % 5 == 0 else A4
    canvas = Canvas(out, pagesize=size, invariant=1)
    for page in range(pages):
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
