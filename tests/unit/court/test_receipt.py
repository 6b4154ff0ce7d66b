"""The acuse: it verifies, its index is what was filed, and any changed byte is noticed."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from lxml import etree
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from signxml.exceptions import InvalidSignature
from signxml.xades.xades import XAdESVerifier

from cobranza.demo.court import checks, profiles
from cobranza.demo.court.receipt import NAMESPACE
from cobranza.kernel import loops
from tests.unit.court.visitor import Visitor

Enter = Callable[..., Visitor]


def verified(visitor: Visitor, content: bytes, folder: Path) -> Any:
    """The element that the court's signature covers."""
    (folder / "ac.pem").write_bytes(visitor.client.get(f"/{visitor.slug}/ac.pem").content)
    found: Any = XAdESVerifier().verify(
        etree.fromstring(content), ca_pem_file=str(folder / "ac.pem"), expect_references=3
    )
    return found[0].signed_xml


def download(visitor: Visitor, filing: Any, suffix: str) -> bytes:
    answer = visitor.client.get(f"/{visitor.slug}/presentaciones/{filing['id']}/acuse.{suffix}")
    assert answer.status_code == 200
    return bytes(answer.content)


def test_the_xml_verifies_and_lists_exactly_what_was_filed(visit: Enter, tmp_path: Path) -> None:
    visitor = visit()
    filing = visitor.file()
    root = verified(visitor, download(visitor, filing, "xml"), tmp_path)
    find = {etree.QName(each).localname: each for each in root.iter(f"{{{NAMESPACE}}}*")}
    rows = [dict(each.attrib) for each in root.iter(f"{{{NAMESPACE}}}documento")]
    assert [(row["nombre"], row["sha256"], int(row["bytes"])) for row in rows] == [
        (one["name"], one["sha256"], one["size"]) for one in filing["documents"]
    ]
    assert find["registro"].text == filing["registry"]
    assert find["fechaHora"].text == "2026-11-23T10:02:00+01:00"
    assert find["referenciaInterna"].text == "EXP-2026-0007"
    assert find["cuantia"].attrib == {"moneda": "EUR"}


@pytest.mark.parametrize("old", [b"<registro>2026", b'nombre="escrito.pdf"', b">EXP-2026-0007<"])
def test_a_changed_byte_breaks_the_signature(visit: Enter, tmp_path: Path, old: bytes) -> None:
    visitor = visit()
    content = download(visitor, visitor.file(), "xml")
    assert old in content
    with pytest.raises(InvalidSignature):
        verified(
            visitor,
            content.replace(old, old[:-1] + b"x" if old.endswith(b"6") else old[:-2] + b"x" + old[-1:]),
            tmp_path,
        )


def test_what_f5_alters_no_longer_verifies(visit: Enter, tmp_path: Path) -> None:
    visitor = visit()
    filing = visitor.file()
    visitor.admin("fallos", F5={"count": 1, "mode": "altered"})
    with pytest.raises(InvalidSignature):
        verified(visitor, download(visitor, filing, "xml"), tmp_path)
    verified(visitor, download(visitor, filing, "xml"), tmp_path)


def test_what_f5_gives_of_another_case_verifies_and_is_another_case(visit: Enter, tmp_path: Path) -> None:
    visitor = visit()
    filing = visitor.file()
    visitor.admin("fallos", F5={"count": 1, "mode": "other"})
    root = verified(visitor, download(visitor, filing, "xml"), tmp_path)
    assert root.findtext(f"{{{NAMESPACE}}}registro") != filing["registry"]


def test_the_pdf_is_sealed_says_the_same_and_stays_the_same(visit: Enter) -> None:
    visitor = visit()
    filing = visitor.file()
    content = download(visitor, filing, "pdf")
    assert download(visitor, filing, "pdf") == content
    (root,) = load_certs_from_pemder_data(visitor.court.authority.root.pem)
    signature = PdfFileReader(io.BytesIO(content)).embedded_signatures[0]
    context = ValidationContext(trust_roots=[root])
    status = loops.apart(lambda: validate_pdf_signature(signature, context))
    assert status.bottom_line
    text = "".join(checks.text_of(content).split())
    for expected in (filing["registry"], filing["csv"], *(one["sha256"] for one in filing["documents"])):
        assert expected in text


def test_the_code_is_verified_without_a_login(visit: Enter) -> None:
    filing = visit().file()
    stranger = visit(inside=False)
    stranger.get("csv", codigo=filing["csv"].lower())
    assert filing["registry"] in stranger.page
    assert filing["documents"][0]["sha256"] in stranger.page
    stranger.get("csv", codigo="AAAA-BBBB-CCCC-DDDD")
    assert "no corresponde a ningún documento" in stranger.page
    answer = stranger.client.get("/csv", params={"codigo": filing["csv"]})
    assert answer.url.path == "/es_lexnet/csv"


def test_a_receipt_of_sixty_documents_fits_its_pages(visit: Enter) -> None:
    visitor = visit()
    draft = visitor.ready()
    row = visitor.court.store.get("draft", f"es_lexnet/{draft}") or {}
    one = row["documents"][1]
    row["documents"] += [
        one | {"n": n, "order": n, "name": f"anexo_{n:02d}_" + "x" * 45 + ".pdf", "description": "Un anexo " * 20}
        for n in range(3, 61)
    ]
    visitor.court.store.put("draft", f"es_lexnet/{draft}", row)
    visitor.send(draft)
    content = download(visitor, visitor.truth()["filings"][0], "pdf")
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) > 5
    assert "anexo_60" in "".join(checks.text_of(content).split())


def test_every_profile_gives_numbers_of_its_own_form(visit: Enter) -> None:
    forms = {
        "es_lexnet": "20260000000001",
        "pe_mpe": "000001-2026",
        "cl_ojv": "00000001",
        "co": "2026-0000001",
        "mx": "00000001/2026",
        "ar_meed": "MEED-2026-0000001",
    }
    assert set(forms) == set(profiles.slugs())
    for slug, number in forms.items():
        assert visit(slug).file()["registry"] == number
