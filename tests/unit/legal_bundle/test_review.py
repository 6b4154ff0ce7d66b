"""The review bundle: folios, links, bookmarks, separators, PDF/A; read back from the finished file."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from pikepdf import pdfa as validator

from cobranza.legal.bundle import account, annexes, front, review, writ_pages
from cobranza.legal.bundle.writ import compose
from cobranza.legal.case import Case
from tests.unit.legal_bundle import plain


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[review.Review, Case]:
    folder = tmp_path_factory.mktemp("revision")
    papers = [plain.document(folder, f"factura-{number:02d}", 1 + number % 3) for number in range(34)]
    papers += [plain.signed(folder, "burofax"), plain.scan(folder, "albaran", size=200)]
    broken = replace(papers[0], key="roto", file="roto.pdf", title="Documento roto")
    (folder / "roto.pdf").write_bytes(b"nada")
    case = plain.claim(*papers, broken)
    taken = {each.key: plain.Looks().take(folder / each.file) for each in case.documents}
    found = annexes.annexes_of(case, taken)
    writ = compose(case, found)
    built = review.build_review(
        case,
        court="Portal",
        proceeding="Monitorio",
        writ=writ_pages.writ_pages(writ, case.id),
        writ_name=writ.name,
        annexes=found,
        file=folder / "revision.pdf",
    )
    return built, case


def texts(file: Path) -> list[str]:
    document = pypdfium2.PdfDocument(file)
    told = [document[place].get_textpage().get_text_bounded() for place in range(len(document))]
    document.close()
    return told


def test_every_page_bears_its_folio_and_every_label_is_that_folio(made: tuple[review.Review, Case]) -> None:
    told = texts(made[0].file)
    for place, text in enumerate(told, start=1):
        assert f"folio {place} de {len(told)}" in text
    with pikepdf.open(made[0].file) as pdf:
        assert [str(page.label) for page in pdf.pages] == [str(place) for place in range(1, len(told) + 1)]


def test_every_row_of_the_index_leads_to_the_page_with_its_title_and_folio(
    made: tuple[review.Review, Case],
) -> None:
    built, case = made
    told = texts(built.file)
    leads: dict[int, list[tuple[float, int]]] = {}
    with pikepdf.open(built.file) as pdf:
        numbers = {page.obj.objgen: place for place, page in enumerate(pdf.pages)}
        for place, page in enumerate(pdf.pages):
            for each in page.obj.get("/Annots", pikepdf.Array()):
                assert each.Subtype == "/Link" and int(each.F) == 4
                leads.setdefault(place, []).append((float(each.Rect[3]), numbers[each.Dest[0].objgen]))
    index = [place for place, text in enumerate(told) if "Índice" in text and place in leads]
    assert len(index) >= 2, "long enough to go over a page"
    assert set(leads) == set(index)
    targets = {target for place in index for _, target in leads[place]}
    assert targets == {each.first - 1 for each in built.folios}
    assert len(built.folios) == 1 + 2 + len(case.documents)
    for number, part in enumerate(built.folios[1:], start=1):
        sheet = told[part.first - 1]
        assert f"DOCUMENTO N.º {number}\r" in sheet and part.title.removesuffix(" (no incorporado)") in sheet
    document = pypdfium2.PdfDocument(built.file)
    for place in index:
        letters = document[place].get_textpage()
        for top, target in leads[place]:
            row = letters.get_text_bounded(left=60, bottom=top - 11, right=540, top=top + 1)
            shown = re.search(r"\b(\d+)(?:–\d+)?\s*$", row.split("\r\n")[0])
            assert shown is not None and int(shown[1]) == target + 1, row
    document.close()


def test_bookmarks_are_the_documents(made: tuple[review.Review, Case]) -> None:
    built, _ = made
    with pikepdf.open(built.file) as pdf, pdf.open_outline() as outline:
        titles = [each.title for each in outline.root]
    assert titles[:2] == ["Portada", "Índice"]
    assert titles[3:] == [
        f"Documento n.º {number}. {each.title.removesuffix(' (no incorporado)')}"
        for number, each in enumerate(built.folios[1:], start=1)
    ]


def test_the_validator_passes_the_file_and_its_word_is_kept(made: tuple[review.Review, Case]) -> None:
    built, _ = made
    assert validator.validate_written(built.file, "2b").passed
    kept = json.loads(built.proof.read_text(encoding="utf-8"))
    assert kept["passed"] is True and kept["asked"] == "2b"


def test_signed_pages_are_marked_as_copies_and_others_are_not(made: tuple[review.Review, Case]) -> None:
    built, _ = made
    told = texts(built.file)
    signed = next(each for each in built.folios if each.title == "Título de burofax")
    marked = [place for place, text in enumerate(told, start=1) if front.COPY_MARK in text]
    assert marked == list(range(signed.first + 1, signed.last + 1))
    sheet = told[signed.first - 1]
    assert "GARAY LASA NEREA" in sheet and "El original firmado, byte a byte" in sheet


def test_a_rejected_document_has_its_sheet_with_the_reason_and_no_pages(made: tuple[review.Review, Case]) -> None:
    built, _ = made
    told = texts(built.file)
    last = built.folios[-1]
    assert last.title == "Documento roto (no incorporado)" and last.pages == 0 and last.first == last.last
    assert "NO INCORPORADO" in told[last.first - 1] and "Está dañado." in told[last.first - 1]


def test_separators_tell_the_hash_of_the_original(made: tuple[review.Review, Case]) -> None:
    built, case = made
    told = texts(built.file)
    for each, document in zip(built.folios[3:], case.documents, strict=True):
        sha256 = plain.Looks().take(built.file.parent / document.file).verdict.sha256
        assert sha256 in told[each.first - 1].replace("\r\n", "")


def test_the_account_shows_every_line_and_foots() -> None:
    case = plain.claim()
    told = "\n".join(texts_of(account.account_pages(case).content))
    for each in case.sheet.invoices:
        assert each.statement is not None
        for line in each.statement.lines:
            assert f"{line.first:%d/%m/%Y}" in told and f"{line.last:%d/%m/%Y}" in told
            assert str(line.days) in told
            for source in line.sources:
                assert source in " ".join(told.split())
    assert "TOTAL RECLAMADO" in told and "3.984,77" in told
    rows = [row for each in case.sheet.invoices for row in each.rows]
    assert sum((row.money.amount for row in rows), start=case.costs[0].money.amount) == case.total.amount


def texts_of(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(content)
    told = [document[place].get_textpage().get_text_bounded() for place in range(len(document))]
    document.close()
    return told


def test_the_record_of_contacts_tells_each_ledger_event() -> None:
    from cobranza.legal.bundle import contacts

    case = plain.claim()
    told = "".join(texts_of(contacts.contact_pages(case).content))
    assert "91 " + "ab" * 32 in told.replace("\r\n", "") and "26/02/2025 12:40" in told
    unproved = replace(case, contacts=case.contacts[1:])
    assert "Ninguna de estas gestiones" in " ".join("".join(texts_of(contacts.contact_pages(unproved).content)).split())


def test_no_row_of_a_long_table_is_left_alone(made: tuple[review.Review, Case]) -> None:
    told = [text for text in texts(made[0].file) if "Índice" in text[:80]]
    for text in told:
        assert len(re.findall(r"Doc\. \d+", text)) >= 2


def test_text_that_no_font_has_is_shown_as_something() -> None:
    case = replace(plain.claim(), title="Suministro a 株式会社 <b>&\u0000 «ñ»")
    told = "".join(texts_of(front.cover(case, "P", "M", 3).content))
    assert "□□□□ <b>& «ñ»" in told
