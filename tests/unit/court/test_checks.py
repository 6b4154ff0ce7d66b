"""What each portal refuses when a file is uploaded, and with which reason."""

from __future__ import annotations

import io
import random
import zipfile
from typing import Any

import pikepdf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cobranza.demo.court import checks, profiles
from tests.unit.court.visitor import sha256, writ


def codes(slug: str | profiles.Profile, name: str, content: bytes, *, main: bool = False, others: Any = ()) -> set[str]:
    """What a portal says against a file."""
    profile = profiles.load(slug) if isinstance(slug, str) else slug
    verdict = checks.look(profile, name=name, content=content, sha256=sha256(content), main=main, others=others)
    return {reason.code for reason in verdict.reasons}


def changed(content: bytes, change: Any, **how: Any) -> bytes:
    """A PDF with something done to it."""
    pdf = pikepdf.open(io.BytesIO(content))
    change(pdf)
    out = io.BytesIO()
    pdf.save(out, **how)
    return out.getvalue()


def scan(width: int, height: int, *, mode: str = "L", quality: int = 60, noise: bool = False) -> bytes:
    """An A4 page that is one picture of so many pixels."""
    picture = Image.new("L", (width, height), 230)
    if noise:
        picture.frombytes(random.Random(1).randbytes(width * height))
    out = io.BytesIO()
    picture.convert(mode).save(out, "PDF", resolution=width / 8.27, quality=quality)
    return out.getvalue()


def test_a_good_file_has_nothing_against_it_anywhere() -> None:
    for slug in profiles.slugs():
        assert codes(slug, "escrito.pdf", writ(), main=True) == set()
        assert codes(slug, "anexo-1.pdf", writ()) == set()


def test_names() -> None:
    assert codes("co", "demanda ñ.pdf", writ()) == {"DOC-04"}
    assert codes("co", "x" * 57 + ".pdf", writ()) == {"DOC-03"}
    assert codes("mx", "anexo.v2.pdf", writ()) == {"DOC-04"}, "one dot only"
    assert codes("co", "A.pdf", writ(), others=[{"name": "a.PDF", "sha256": "", "size": 1}]) == {"DOC-07"}


def test_sizes() -> None:
    profile = profiles.load("ar_meed")
    limits = profile.limits
    tight = profile.model_copy(update={"limits": limits.model_copy(update={"file_bytes": len(writ())})})
    assert codes(tight, "a.pdf", writ()) == set()
    assert codes(tight, "a.pdf", writ() + b"\n") == {"DOC-02"}
    room: dict[str, Any] = {"name": "b.pdf", "sha256": "b", "size": limits.total_bytes - len(writ())}
    assert codes("ar_meed", "a.pdf", writ(), others=[room]) == set()
    assert codes("ar_meed", "a.pdf", writ(), others=[room | {"size": room["size"] + 1}]) == {"DOC-10"}
    many = [{"name": f"{n}.pdf", "sha256": str(n), "size": 1} for n in range(limits.documents)]
    assert codes("ar_meed", "a.pdf", writ(), others=many) == {"DOC-09"}
    assert codes("ar_meed", "a.pdf", writ(), others=many[:-1]) == set()


def test_the_same_file_twice_and_nothing_at_all() -> None:
    assert codes("co", "a.pdf", writ(), others=[{"name": "b.pdf", "sha256": sha256(writ()), "size": 1}]) == {"DOC-08"}
    assert codes("co", "a.pdf", b"") == {"DOC-01"}


def test_formats_by_suffix_and_by_content() -> None:
    png = io.BytesIO()
    Image.new("L", (4, 4)).save(png, "PNG")
    assert codes("co", "foto.png", png.getvalue()) == set()
    assert codes("co", "foto.png", png.getvalue(), main=True) == {"DOC-05"}
    assert codes("es_lexnet", "foto.png", png.getvalue()) == {"DOC-05"}
    assert codes("co", "foto.jpg", png.getvalue()) == {"DOC-06"}
    assert codes("co", "factura.pdf", b"not a PDF at all") == {"DOC-06"}
    assert codes("mx", "cfdi.xml", b'<?xml version="1.0"?><a/>') == set()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert codes("cl_ojv", "escrito.docx", packed.getvalue(), main=True) == set()
    assert codes("cl_ojv", "anexos.zip", packed.getvalue()) == {"DOC-06"}


def test_encrypted_damaged_and_active_files() -> None:
    locked = changed(writ(), lambda pdf: None, encryption=pikepdf.Encryption(owner="a", user="b"))
    readable = changed(writ(), lambda pdf: None, encryption=pikepdf.Encryption(owner="a", user=""))
    assert codes("co", "a.pdf", locked) == codes("co", "a.pdf", readable) == {"DOC-11"}
    assert codes("co", "a.pdf", b"%PDF-1.7\n" + b"\0garbage" * 20) == {"DOC-12"}

    def script(pdf: pikepdf.Pdf) -> None:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")

    assert codes("co", "a.pdf", changed(writ(), script)) == {"DOC-13"}


def test_pdfa_signature_and_text_where_they_are_asked_for() -> None:
    assert codes("es_lexnet", "a.pdf", writ(pdfa=False), main=True) == {"DOC-15"}
    assert codes("es_lexnet", "a.pdf", writ(pdfa=False)) == set(), "annexes need not be PDF/A"
    assert codes("es_lexnet", "a.pdf", writ(signed=False), main=True) == {"DOC-16"}
    assert codes("es_lexnet", "a.pdf", writ(signed=False)) == {"DOC-16"}
    assert codes("pe_mpe", "a.pdf", scan(1240, 1754)) == {"DOC-20"}


def test_a_main_writ_that_holds_its_annexes() -> None:
    def outline(*titles: str) -> Any:
        def change(pdf: pikepdf.Pdf) -> None:
            with pdf.open_outline() as found:
                found.root += [pikepdf.OutlineItem(title, 0) for title in titles]

        return change

    combined = changed(writ(), outline("Petición", "Documento 1", "DOCUMENTO n.º 2"))
    assert codes("es_lexnet", "a.pdf", combined, main=True) == {"DOC-17"}
    assert codes("es_lexnet", "a.pdf", combined) == set()
    assert codes("co", "a.pdf", combined, main=True) == set()
    chapters = changed(writ(), outline("Hechos", "Fundamentos", "Documentos que se acompañan"))
    assert codes("es_lexnet", "a.pdf", chapters, main=True) == set()


def test_scans_in_mendoza_are_grey_light_and_fine_enough() -> None:
    assert codes("ar_meed", "a.pdf", scan(1240, 1754)) == set()
    assert codes("ar_meed", "a.pdf", scan(1240, 1754, mode="RGB")) == {"DOC-19"}
    assert codes("ar_meed", "a.pdf", scan(820, 1160)) == {"DOC-21"}
    assert codes("ar_meed", "a.pdf", scan(1240, 1754, noise=True, quality=95)) == {"DOC-18"}


@given(st.binary(max_size=300))
def test_no_bytes_upset_the_portal(tail: bytes) -> None:
    profile = profiles.load("es_lexnet")
    for content in (tail, b"%PDF-1.4\n" + tail, b"PK\x03\x04" + tail):
        verdict = checks.look(profile, name="a.pdf", content=content, sha256="x", main=True, others=[])
        assert verdict.reasons, "random bytes are no filing"
