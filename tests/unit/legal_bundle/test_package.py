"""The filing package: what the portal takes, in its sizes; signed originals byte for byte; nothing confidential."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pikepdf
import pytest

from cobranza.legal.bundle import Bundle, images, preparation, prepare, writ_docx
from cobranza.legal.bundle.assembly import Assembled
from cobranza.legal.bundle.images import Wanted
from cobranza.legal.bundle.pdfa import Proof
from cobranza.legal.bundle.review import Review
from cobranza.legal.case import Case, DocumentKind
from cobranza.legal.package import MANIFEST, PackageError, read_package
from cobranza.legal.requirements import Requirements
from tests.unit.legal_bundle import plain


def build(
    case: Case,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: Requirements,
    out: str = "salida",
    *,
    review: bool = False,
    **more: object,
) -> Bundle:
    """Prepare for an invented court; without `review` its PDF is an empty file, which has tests of its own."""
    monkeypatch.setattr(preparation, "requirements", lambda court: asked)
    if not review:
        monkeypatch.setattr(preparation, "build_review", _no_review)
    made = prepare(case, folder, "pruebas", folder / out, converter=plain.looks(), **more)  # type: ignore[arg-type]
    monkeypatch.undo()
    return made


def _no_review(case: Case, *, file: Path, **more: object) -> Review:
    file.touch()
    assembled = Assembled(pages=0, first={}, proof=Proof(flavour="", asked="2b"))
    return Review(file=file, folios=(), assembled=assembled, proof=file)


def codes(made: Bundle) -> set[str]:
    return {each.code for each in made.findings}


def blocking(made: Bundle) -> set[str]:
    return {each.code for each in made.objections}


def test_writ_first_index_second_then_the_annexes_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = [plain.document(tmp_path, "poder", kind=DocumentKind.POWER), plain.document(tmp_path, "factura", 2)]
    made = build(plain.claim(*papers), tmp_path, monkeypatch, plain.requirements(), review=True)
    files = made.package.files
    assert [each.role for each in files] == ["escrito", "indice", "anexo", "anexo", "anexo", "anexo"]
    assert [each.kind for each in files[2:]] == ["liquidacion", "acta_gestiones", "poder", "factura"]
    assert files[5].title == "Documento n.º 4. Título de factura" and files[5].pages == 2
    assert files[0].catalogue == "MON" and files[5].catalogue == "DOC"
    assert all(each.pdfa == "2b" for each in files)
    assert not made.blocked
    assert read_package(made.folder) == made.package
    sums = (made.folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert sums == [f"{each.sha256}  {each.name}" for each in files]
    kept = json.loads(made.report.read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(made.as_dict())) and kept["review"]["pdfa"] == "2b"


def test_the_index_as_filed_tells_every_file_with_its_final_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.unit.legal_bundle.test_review import texts

    asked = plain.requirements(firma_escrito=True, firma_anexos=True)
    case = plain.claim(plain.document(tmp_path, "poder"))
    made = build(case, tmp_path, monkeypatch, asked, signer=plain.signer(), review=True)
    told = "".join(texts(made.folder / made.package.files[1].name)).replace("\r\n", "")
    for each in made.package.files:
        assert each.name in told and each.signed
    for each in made.package.files[2:]:
        assert each.sha256 in told
    assert not made.blocked


def test_a_signed_original_is_filed_byte_for_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = plain.signed(tmp_path, "burofax")
    asked = plain.requirements(firma_anexos=True, gris=True, kb_por_imagen=10, version_pdf="1.4")
    made = build(plain.claim(paper), tmp_path, monkeypatch, asked, signer=plain.signer(), review=True)
    filed = next(each for each in made.package.files if each.document == "burofax")
    assert (made.folder / filed.name).read_bytes() == (tmp_path / paper.file).read_bytes()
    assert filed.signed and filed.sha256 == filed.source_sha256
    assert "tamano_fichero" not in codes(made)


def test_a_signed_original_that_is_too_large_is_told_and_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = plain.signed(tmp_path, "burofax")
    size = (tmp_path / paper.file).stat().st_size
    made = build(plain.claim(paper), tmp_path, monkeypatch, plain.requirements(por_fichero=size - 1))
    assert "tamano_fichero" in blocking(made)
    assert any("firmado y no puede dividirse" in each.text for each in made.objections)
    assert not (made.folder / MANIFEST).exists(), "nobody can sign off or file what is blocked"
    with pytest.raises(PackageError):
        read_package(made.folder)


def test_what_is_confidential_never_enters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = replace(plain.document(tmp_path, "oferta"), confidential=True)
    quoted = plain.document(tmp_path, "quita")
    paper = plain.document(tmp_path, "poder")
    case = plain.claim(paper, offer, quoted)
    claim = replace(case.prior_claims[0], document="quita", confidential_offer=True)
    made = build(replace(case, prior_claims=(claim,)), tmp_path, monkeypatch, plain.requirements())
    assert "confidencial" in codes(made) and not made.blocked
    everything = b"".join(each.read_bytes() for each in sorted((tmp_path / "salida").rglob("*")) if each.is_file())
    names = " ".join(made.verdicts) + " ".join(each.title for each in made.package.files)
    assert "oferta" not in names and "quita" not in names
    assert hashlib.sha256((tmp_path / "oferta.pdf").read_bytes()).hexdigest().encode() not in everything


def test_a_rejected_document_blocks_and_stops_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = plain.document(tmp_path, "poder"), plain.document(tmp_path, "roto")
    (tmp_path / "roto.pdf").write_bytes(b"nada")
    made = build(plain.claim(good, bad), tmp_path, monkeypatch, plain.requirements())
    assert blocking(made) == {"danado"}
    assert [each.document for each in made.package.files if each.document] == ["poder"]
    assert made.review.is_file() and (made.folder / preparation.BLOCKED_MANIFEST).is_file()


def test_a_document_that_changed_since_it_was_taken_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = replace(plain.document(tmp_path, "poder"), sha256="0" * 64)
    assert "cambiado" in blocking(build(plain.claim(paper), tmp_path, monkeypatch, plain.requirements()))


def test_a_large_document_is_cut_by_pages_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = plain.scan(tmp_path, "albaran", 6, size=500)
    limit = (tmp_path / paper.file).stat().st_size // 2
    made = build(plain.claim(paper), tmp_path, monkeypatch, plain.requirements(por_fichero=limit))
    parts = [each for each in made.package.files if each.document == "albaran"]
    assert [each.part for each in parts] == [f"{place}/{len(parts)}" for place in range(1, len(parts) + 1)]
    assert len(parts) >= 2 and sum(each.pages for each in parts) == 6
    assert all(each.size <= limit and each.pdfa == "2b" for each in made.package.files)
    assert parts[0].title.endswith(f"(parte 1 de {len(parts)})") and f"1de{len(parts)}" in parts[0].name
    assert not made.blocked
    from tests.unit.legal_bundle.test_review import texts

    told = [text for each in parts for text in texts(made.folder / each.name)]
    assert [f"hoja {page + 1}" in text for page, text in enumerate(told)] == [True] * 6
    before = _images(tmp_path / paper.file)
    assert [each for part in parts for each in _images(made.folder / part.name)] == before, "cut, not pressed"


def test_a_page_that_is_too_large_alone_gets_a_smaller_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = plain.scan(tmp_path, "albaran", 1, size=1400)
    limit = (tmp_path / paper.file).stat().st_size // 3
    made = build(plain.claim(paper), tmp_path, monkeypatch, plain.requirements(por_fichero=limit))
    filed = next(each for each in made.package.files if each.document == "albaran")
    assert filed.size <= limit and filed.part == "" and not made.blocked


def test_the_whole_filing_is_pressed_under_its_limit_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = plain.scan(tmp_path, "albaran", 2, size=1200)
    case = plain.claim(paper)
    free = build(case, tmp_path, monkeypatch, plain.requirements(), "libre")
    total = sum(each.size for each in free.package.files)
    image = next(each for each in free.package.files if each.document == "albaran").size
    limit = total - image // 2 + preparation._INDEX_ROOM
    made = build(case, tmp_path, monkeypatch, plain.requirements(por_envio=limit))
    assert sum(each.size for each in made.package.files) <= limit and not made.blocked
    tight = build(case, tmp_path, monkeypatch, plain.requirements(por_envio=60_000), "corto")
    assert "tamano_envio" in blocking(tight)


def test_images_in_grey_and_under_their_bytes_with_the_text_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.unit.legal_bundle.test_review import texts

    paper = plain.scan(tmp_path, "albaran", 2, size=1300)
    asked = plain.requirements(gris=True, kb_por_imagen=120, ppp_maximo=150)
    made = build(plain.claim(paper), tmp_path, monkeypatch, asked)
    filed = next(each for each in made.package.files if each.document == "albaran")
    with pikepdf.open(made.folder / filed.name) as pdf:
        found = list(images.placed(pdf))
        assert len(found) == 2
        for each in found:
            assert each.grey and each.size <= 120 * 1024 and each.dpi <= 150 * 1.02
            assert not images.offends(each, Wanted(dpi=150, grey=True, kb=120))
    assert "hoja 2" in texts(made.folder / filed.name)[1] and filed.pdfa == "2b" and not made.blocked


def test_an_older_pdf_version_where_the_portal_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = plain.document(tmp_path, "poder")
    made = build(plain.claim(paper), tmp_path, monkeypatch, plain.requirements(version_pdf="1.4", pdfa=""))
    for each in made.package.files:
        assert (made.folder / each.name).read_bytes().startswith(b"%PDF-1.4")
    assert not made.blocked


def test_one_single_pdf_where_the_portal_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = plain.claim(plain.document(tmp_path, "poder", 2), plain.signed(tmp_path, "burofax"))
    made = build(case, tmp_path, monkeypatch, plain.requirements(documento_unico="si"))
    assert len(made.package.files) == 1 and not made.blocked
    assert "firma_no_presentada" in codes(made)
    with pikepdf.open(made.folder / made.package.files[0].name) as pdf:
        assert len(pdf.pages) == made.package.files[0].pages >= 5


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = [plain.document(tmp_path, "poder"), plain.signed(tmp_path, "burofax"), plain.scan(tmp_path, "albaran")]
    case = plain.claim(*papers)
    asked = plain.requirements(gris=True)
    first = build(case, tmp_path, monkeypatch, asked, "uno", review=True)
    second = build(case, tmp_path, monkeypatch, asked, "otro", review=True)
    assert _all(tmp_path / "uno") == _all(tmp_path / "otro")
    assert first.package.hash == second.package.hash
    changed = build(replace(case, title="Otro título"), tmp_path, monkeypatch, asked, "tercero")
    assert changed.package.hash != first.package.hash


def test_preparing_again_replaces_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = plain.claim(plain.document(tmp_path, "poder"), plain.document(tmp_path, "factura"))
    build(case, tmp_path, monkeypatch, plain.requirements())
    fewer = replace(case, documents=case.documents[:1])
    made = build(fewer, tmp_path, monkeypatch, plain.requirements())
    there = {each.name for each in made.folder.iterdir()}
    assert there == {each.name for each in made.package.files} | {MANIFEST, "SHA256SUMS"}
    assert not list((tmp_path / "salida").glob(".*"))


def test_an_edited_writ_comes_back_in_and_ours_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = plain.claim(plain.document(tmp_path, "poder"))
    asked = plain.requirements()
    made = build(case, tmp_path, monkeypatch, asked)
    assert made.writ_file.origin == "generado"
    untouched = tmp_path / "igual.docx"
    untouched.write_bytes(made.writ.read_bytes())
    same = build(case, tmp_path, monkeypatch, asked, writ=untouched)
    assert same.writ_file.origin == "generado" and same.package.hash == made.package.hash
    edited = tmp_path / "corregido.pdf"
    edited.write_bytes((tmp_path / plain.document(tmp_path, "corregido").file).read_bytes())
    other = build(case, tmp_path, monkeypatch, asked, writ=edited)
    assert other.writ_file.origin == "aportado" and other.package.hash != made.package.hash
    assert other.package.files[0].source_sha256 == hashlib.sha256(edited.read_bytes()).hexdigest()
    assert "escrito_aportado" in codes(other)
    edited.write_bytes(b"nada")
    with pytest.raises(preparation.BundleError, match="dañado"):
        build(case, tmp_path, monkeypatch, asked, writ=edited)


def test_the_docx_says_what_the_pdf_says(tmp_path: Path) -> None:
    import docx

    from cobranza.legal.bundle.writ import compose

    case = plain.claim()
    writ = compose(case, [])
    sha256 = writ_docx.write_docx(writ, case, tmp_path / "escrito.docx")
    document = docx.Document(str(tmp_path / "escrito.docx"))
    told = "\n".join(each.text for each in document.paragraphs)
    for block in writ.blocks:
        if block.kind != "table":
            assert block.text.replace("**", "").replace("\n", "") in told.replace("\n", ""), block
    cells = [cell.text for row in document.tables[0].rows for cell in row.cells]
    assert cells[-2:] == ["Total reclamado", "3.984,77\u00a0€"]
    bold = [run.text for each in document.paragraphs for run in each.runs if run.bold]
    assert "PRIMERO.-" in bold
    assert not writ_docx.edited(tmp_path / "escrito.docx", sha256)
    with (tmp_path / "escrito.docx").open("ab") as file:
        file.write(b" ")
    assert writ_docx.edited(tmp_path / "escrito.docx", sha256)


def test_the_export_holds_everything_and_its_cells_are_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = replace(plain.document(tmp_path, "poder"), title="=cmd|' /C calc'!A0")
    made = build(plain.claim(paper), tmp_path, monkeypatch, plain.requirements())
    with zipfile.ZipFile(made.export) as archive:
        names = set(archive.namelist())
        account = archive.read("cuenta.csv").decode("utf-8-sig")
        listed = archive.read("documentos.csv").decode("utf-8-sig")
        kept = json.loads(archive.read("expediente.json"))
        for each in made.package.files:
            assert hashlib.sha256(archive.read(f"presentacion/{each.name}")).hexdigest() == each.sha256
    assert {"manifest.json", "expediente.json", "documentos.csv", "cuenta.csv", "escrito.docx"} <= names
    assert ";3984.77;EUR" in account and ";-206.25;EUR" in account
    assert kept["claim"]["total"] == "3984.77"
    assert "Documento n.º 3. =cmd" in listed and not [line for line in listed.splitlines() if ";=" in line]


def test_colombia_gets_its_electronic_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpyxl import load_workbook

    case = replace(plain.claim(plain.document(tmp_path, "poder", 3)), country="CO")
    asked = plain.requirements().model_copy(update={"pais": "CO"})
    made = build(case, tmp_path, monkeypatch, asked)
    comma, sheet = made.archive
    rows = [line.split(";") for line in comma.read_text(encoding="utf-8-sig").splitlines()]
    assert rows[0][0] == "Nombre documento" and len(rows) == 1 + len(made.package.files)
    ends = [(int(row[5]), int(row[6])) for row in rows[1:]]
    assert all(later[0] == former[1] + 1 for former, later in pairwise(ends))
    assert ends[-1][1] == sum(each.pages for each in made.package.files)
    book = load_workbook(sheet)
    assert book["Indice"]["A1"].value == "Ciudad"


def _all(folder: Path) -> dict[str, str]:
    return {
        each.relative_to(folder).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


def _images(file: Path) -> list[str]:
    with pikepdf.open(file) as pdf:
        return [hashlib.sha256(each.image.read_raw_bytes()).hexdigest() for each in images.placed(pdf)]
