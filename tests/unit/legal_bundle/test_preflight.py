"""Each known cause of refusal is told before anything is sent, and a sound package raises none."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from cobranza.legal.bundle import preflight
from cobranza.legal.case import Case
from cobranza.legal.package import Package, PackageFile
from cobranza.legal.ports import Objection
from tests.unit.legal_bundle import plain


def entry(file: Path, order: int, **more: object) -> PackageFile:
    content = file.read_bytes()
    base = PackageFile(
        order=order,
        name=file.name,
        role="escrito" if order == 1 else "anexo",
        kind="escrito" if order == 1 else "factura",
        catalogue="MON" if order == 1 else "DOC",
        title=file.stem,
        media_type="application/pdf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        pages=1,
        pdfa="2b",
    )
    return replace(base, **more)  # type: ignore[arg-type]


def package(*files: PackageFile, **more: object) -> Package:
    base = Package(
        case="EXP-2025-000007",
        court="pruebas",
        proceeding="monitorio",
        reference="IBZ-7",
        total="3984.77",
        currency="EUR",
        claimants=("B48765432",),
        defendants=("A28543213",),
        files=files,
    )
    return replace(base, **more)  # type: ignore[arg-type]


@pytest.fixture
def sound(tmp_path: Path) -> tuple[Case, Package, Path]:
    plain.document(tmp_path, "escrito")
    plain.document(tmp_path, "factura")
    files = (entry(tmp_path / "escrito.pdf", 1), entry(tmp_path / "factura.pdf", 2))
    return plain.claim(), package(*files), tmp_path


def codes(found: tuple[Objection, ...], *, blocking: bool = True) -> set[str]:
    return {each.code for each in found if each.blocking or not blocking}


def test_a_sound_package_raises_nothing(sound: tuple[Case, Package, Path]) -> None:
    assert preflight.check(*sound, plain.requirements(por_fichero=200_000, por_envio=400_000, ficheros=2)) == ()


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"por_fichero": 1000}, "tamano_fichero"),
        ({"por_envio": 1000}, "tamano_envio"),
        ({"ficheros": 1}, "ficheros"),
        ({"formatos": ["odt"]}, "formato"),
        ({"escrito": ["docx"]}, "formato"),
        ({"nombre_caracteres": "A-Z."}, "nombre"),
        ({"version_pdf": "1.3"}, "version_pdf"),
        ({"pdfa": "1b"}, "pdfa"),
        ({"firma_escrito": True}, "firma"),
        ({"firma_anexos": True}, "firma"),
    ],
)
def test_every_limit_of_the_portal(sound: tuple[Case, Package, Path], limits: dict[str, object], code: str) -> None:
    assert code in codes(preflight.check(*sound, plain.requirements(**limits)))


@pytest.mark.parametrize(
    ("limits", "code"),
    [({"ppp_maximo": 60}, "ppp"), ({"gris": True}, "gris"), ({"kb_por_imagen": 20}, "kb_por_imagen")],
)
def test_the_limits_of_images(tmp_path: Path, limits: dict[str, object], code: str) -> None:
    plain.scan(tmp_path, "escrito", size=600)
    case, files = plain.claim(), package(entry(tmp_path / "escrito.pdf", 1))
    assert preflight.check(case, files, tmp_path, plain.requirements()) == ()
    assert codes(preflight.check(case, files, tmp_path, plain.requirements(**limits))) == {code}


def test_what_is_wrong_with_a_file(sound: tuple[Case, Package, Path]) -> None:
    case, files, folder = sound
    good = (folder / "factura.pdf").read_bytes()

    def spoilt(content: bytes) -> set[str]:
        (folder / "factura.pdf").write_bytes(content)
        return codes(preflight.check(case, files, folder, plain.requirements()))

    assert spoilt(b"") == {"vacio"}
    assert spoilt(b"hola, no soy un PDF") == {"contenido"}
    assert spoilt(b"%PDF-1.7 y nada mas") == {"danado"}
    with pikepdf.open(folder / "escrito.pdf") as pdf:
        pdf.save(folder / "x.pdf", encryption=pikepdf.Encryption(owner="o", user=""))
    assert "cifrado" in spoilt((folder / "x.pdf").read_bytes())
    with pikepdf.open(folder / "escrito.pdf") as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        pdf.save(folder / "x.pdf")
    assert "activo" in spoilt((folder / "x.pdf").read_bytes())
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page()
        page.contents_add(b"0 0 200 200 re f")
        pdf.save(folder / "x.pdf")
    assert "texto" in spoilt((folder / "x.pdf").read_bytes())
    (folder / "factura.pdf").unlink()
    assert codes(preflight.check(case, files, folder, plain.requirements())) == {"falta"}
    (folder / "factura.pdf").write_bytes(good)
    assert not codes(preflight.check(case, files, folder, plain.requirements()))


def test_what_is_wrong_with_the_order_and_the_names(sound: tuple[Case, Package, Path]) -> None:
    case, files, folder = sound
    asked = plain.requirements()
    writ, annex = files.files

    def with_files(*changed: PackageFile) -> set[str]:
        return codes(preflight.check(case, replace(files, files=changed), folder, asked))

    assert "escrito" in with_files(replace(annex, order=1), replace(writ, order=2))
    assert "orden" in with_files(writ, replace(annex, order=3))
    assert "nombre_repetido" in with_files(writ, annex, replace(annex, order=3))
    assert "fichero_repetido" in with_files(writ, annex, replace(annex, order=3))
    assert "catalogo" in with_files(writ, replace(annex, catalogue="ZZZ"))
    long = "x" * 70 + ".pdf"
    (folder / long).write_bytes((folder / annex.name).read_bytes())
    assert with_files(writ, replace(annex, name=long)) == {"nombre"}


def test_what_is_wrong_with_the_claim(sound: tuple[Case, Package, Path]) -> None:
    case, files, folder = sound
    asked = plain.requirements()
    wrong = replace(case.parties[1], tax_id="A28543214")
    unknown = replace(case.parties[1], tax_id="", address="")
    assert "procedimiento" in codes(preflight.check(case, replace(files, proceeding="otro"), folder, asked))
    assert "pais" in codes(preflight.check(replace(case, country="PE"), files, folder, asked))
    assert "nif" in codes(preflight.check(replace(case, parties=(case.parties[0], wrong)), files, folder, asked))
    told = preflight.check(replace(case, parties=(case.parties[0], unknown)), files, folder, asked)
    assert codes(told) == set() and codes(told, blocking=False) == {"nif", "domicilio"}
    unverified = plain.requirements(verificado=None)
    assert codes(preflight.check(case, files, folder, unverified), blocking=False) == {"limites_sin_verificar"}


def test_a_signed_original_is_excused_from_what_would_break_it(tmp_path: Path) -> None:
    plain.document(tmp_path, "escrito")
    plain.signed(tmp_path, "burofax")
    kept = entry(tmp_path / "burofax.pdf", 2, signed=True, pdfa="")
    kept = replace(kept, source_sha256=kept.sha256)
    asked = plain.requirements(version_pdf="1.3", firma_anexos=True)
    found = preflight.check(plain.claim(), package(entry(tmp_path / "escrito.pdf", 1), kept), tmp_path, asked)
    assert {each.code for each in found if each.file == "burofax.pdf" and not each.blocking} == {"pdfa", "version_pdf"}
    assert not [each for each in found if each.file == "burofax.pdf" and each.blocking]
    ours = replace(kept, source_sha256="")
    found = preflight.check(plain.claim(), package(entry(tmp_path / "escrito.pdf", 1), ours), tmp_path, asked)
    assert {each.code for each in found if each.file == "burofax.pdf" and each.blocking} == {"pdfa", "version_pdf"}
