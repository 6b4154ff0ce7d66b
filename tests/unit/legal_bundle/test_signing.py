"""Our signature: appended, valid, time-stamped by an authority on this machine; and the signed ENI index."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext

from cobranza.kernel import loops
from cobranza.kernel.secrets import Secret
from cobranza.legal.bundle import CertificateError, SigningFailed, eni, load_signer, pdfa, preflight
from cobranza.legal.bundle.signing import Level, Signer, certificates, is_signed, level_of, sign_pdf
from tests import legal_example
from tests.unit.legal_bundle import authority as authorities
from tests.unit.legal_bundle import plain
from tests.unit.legal_bundle.authority import Authority
from tests.unit.legal_bundle.test_preflight import entry, package


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("firma")
    return (folder / plain.document(folder, "escrito").file).read_bytes()


def sound(file: Path, signer: Signer) -> bool:
    """The signature is intact and valid."""
    root = asn1_x509.Certificate.load(signer.certificate.public_bytes(Encoding.DER))
    with file.open("rb") as content:
        signature = PdfFileReader(content).embedded_signatures[0]
        context = ValidationContext(trust_roots=[root])
        status = loops.apart(lambda: validate_pdf_signature(signature, context))
        assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    return bool(status.intact and status.valid)


def test_the_signature_is_appended_and_holds_until_a_byte_changes(tmp_path: Path, paper: bytes) -> None:
    file = tmp_path / "escrito.pdf"
    file.write_bytes(paper)
    assert not is_signed(file)
    sign_pdf(file, plain.signer(), reason="prueba")
    content = file.read_bytes()
    assert content.startswith(paper) and is_signed(file)
    assert sound(file, plain.signer())
    place = content.index(b"%PDF") + 200
    file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    assert not sound(file, plain.signer())


@pytest.fixture(scope="module")
def office() -> Iterator[Authority]:
    with authorities.working() as found:
        yield found


@pytest.fixture
def authority(office: Authority) -> Authority:
    """An authority at work, of which nothing is out of order."""
    office.down = office.broken = False
    office.revoked.clear()
    return office


def own(authority: Authority, level: Level, **more: Any) -> Signer:
    """A signer whom the authority knows."""
    packed, _ = authority.identity()
    return load_signer(packed, Secret(authorities.PASSWORD), level=level, tsa=authority.url, **more)


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory, paper: bytes, office: Authority) -> dict[Level, Path]:
    """The same page signed at each level."""
    folder = tmp_path_factory.mktemp("niveles")
    made: dict[Level, Path] = {"B-B": folder / "bb.pdf", "B-T": folder / "bt.pdf", "B-LT": folder / "blt.pdf"}
    for level, file in made.items():
        file.write_bytes(paper)
        sign_pdf(file, own(office, level), reason="prueba")
    return made


def test_each_level_is_what_the_file_shows(levels: dict[Level, Path], paper: bytes, tmp_path: Path) -> None:
    for level, file in levels.items():
        assert file.read_bytes().startswith(paper) and level_of(file) == level
    (tmp_path / "escrito.pdf").write_bytes(paper)
    assert level_of(tmp_path / "escrito.pdf") is None


def test_a_lasting_signature_is_checked_when_nobody_answers_any_more(
    levels: dict[Level, Path], authority: Authority
) -> None:
    authority.down = True
    rules: Any = {
        "trust_roots": [asn1_x509.Certificate.load(authority.root.public_bytes(Encoding.DER))],
        "allow_fetching": False,
        "revocation_mode": "require",  # of every certificate, that of the time stamp too
    }
    with levels["B-LT"].open("rb") as content:
        reader = PdfFileReader(content)
        signature = reader.embedded_regular_signatures[0]
        kept = DocumentSecurityStore.read_dss(reader)
        context = kept.as_validation_context(dict(rules))
        status = loops.apart(lambda: validate_pdf_signature(signature, context, context))
        assert status.bottom_line and status.trusted
        assert status.timestamp_validity is not None and status.timestamp_validity.trusted
        without = ValidationContext(**rules, crls=[crl()])
        assert not loops.apart(lambda: validate_pdf_signature(signature, without, without)).bottom_line


def crl() -> bytes:
    """A revocation list of somebody else."""
    with authorities.working() as other:
        return other.revocations()


def test_what_cannot_be_proved_later_is_not_signed_as_lasting(
    tmp_path: Path, paper: bytes, authority: Authority
) -> None:
    file = tmp_path / "escrito.pdf"
    file.write_bytes(paper)
    signer = own(authority, "B-LT")
    authority.down = True
    with pytest.raises(SigningFailed):
        sign_pdf(file, signer, reason="prueba")
    authority.down = False
    authority.revoked.append(signer.certificate.serial_number)
    with pytest.raises(SigningFailed):
        sign_pdf(file, signer, reason="prueba")
    assert file.read_bytes() == paper and [each.name for each in tmp_path.iterdir()] == ["escrito.pdf"]
    authority.revoked.clear()
    sign_pdf(file, signer, reason="prueba")
    assert level_of(file) == "B-LT"


def test_a_time_stamp_of_another_house_needs_its_root(tmp_path: Path, paper: bytes, authority: Authority) -> None:
    file = tmp_path / "escrito.pdf"
    file.write_bytes(paper)
    packed, _ = authority.identity()
    with authorities.working() as other:
        without = load_signer(packed, Secret(authorities.PASSWORD), level="B-LT", tsa=other.url)
        with pytest.raises(SigningFailed):
            sign_pdf(file, without, reason="prueba")
        roots = certificates(other.root.public_bytes(Encoding.PEM))
        sign_pdf(file, replace(without, trust=(*without.trust, *roots)), reason="prueba")
    assert level_of(file) == "B-LT"
    with pytest.raises(CertificateError, match="PEM"):
        certificates(b"nada")


def test_the_profile_asks_for_a_level_and_a_lower_one_blocks(levels: dict[Level, Path]) -> None:
    asked = plain.requirements(firma_escrito=True, firma_nivel="B-T")
    for level, file in levels.items():
        files = package(entry(file, 1))
        found = {each.code for each in preflight.check(plain.claim(), files, file.parent, asked) if each.blocking}
        assert ("firma_nivel" in found) == (level == "B-B"), level


def test_without_its_time_stamp_the_file_stays_as_it_was(tmp_path: Path, paper: bytes, authority: Authority) -> None:
    file = tmp_path / "escrito.pdf"
    file.write_bytes(paper)
    authority.broken = True
    with pytest.raises(SigningFailed):
        sign_pdf(file, own(authority, "B-T"), reason="prueba")
    assert file.read_bytes() == paper and [each.name for each in tmp_path.iterdir()] == ["escrito.pdf"]


def test_certificates_that_cannot_sign_are_refused_by_name() -> None:
    with pytest.raises(CertificateError, match="contraseña"):
        load_signer(legal_example.identity(), Secret("otra"))
    with pytest.raises(CertificateError, match="sello"):
        load_signer(legal_example.identity(), Secret(legal_example.PASSWORD), level="B-T")
    with pytest.raises(CertificateError, match="http"):
        load_signer(legal_example.identity(), Secret(legal_example.PASSWORD), level="B-T", tsa="file:///etc/passwd")


def test_the_eni_index_is_valid_signed_and_notices_any_change(tmp_path: Path, paper: bytes) -> None:
    (tmp_path / "escrito.pdf").write_bytes(paper)
    files = package(entry(tmp_path / "escrito.pdf", 1))
    signer = plain.signer()
    file = eni.write_index(plain.claim(), files, tmp_path / "indice.xml", signer)
    content = file.read_bytes()
    eni.verify(content, signer)
    assert files.files[0].sha256.encode() in content
    assert len(eni.document_id(plain.claim(), "E00003901", 1)) <= 52
    with pytest.raises(eni.EniError, match="firma"):
        eni.verify(content.replace(files.files[0].sha256.encode(), b"0" * 64), signer)
    with pytest.raises(eni.EniError, match="esquema"):
        eni.verify(content.replace(b">E01<", b">E09<"))
    with pytest.raises(eni.EniError, match="no es XML"):
        eni.verify(content[:-40])


def test_the_eni_index_lasts_too(tmp_path: Path, paper: bytes, authority: Authority) -> None:
    (tmp_path / "escrito.pdf").write_bytes(paper)
    files = package(entry(tmp_path / "escrito.pdf", 1))
    signer = own(authority, "B-LT")
    content = eni.write_index(plain.claim(), files, tmp_path / "indice.xml", signer).read_bytes()
    eni.verify(content, signer)
    root = etree.fromstring(content)

    def inside(name: str) -> list[bytes]:
        return [b64decode(each.text or "") for each in root.iter("{http://uri.etsi.org/01903/v1.3.2#}" + name)]

    kept = {x509.load_der_x509_certificate(each).serial_number for each in inside("EncapsulatedX509Certificate")}
    assert {signer.certificate.serial_number, authority.root.serial_number} < kept and len(kept) == 3
    (listed,) = inside("EncapsulatedCRLValue")
    assert x509.load_der_x509_crl(listed).issuer == authority.root.subject
    (stamp,) = inside("EncapsulatedTimeStamp")
    other = eni.write_index(plain.claim(), files, tmp_path / "otro.xml", own(authority, "B-T")).read_bytes()
    taken = re.sub(rb"(<[^/>]*EncapsulatedTimeStamp>)[^<]*", rb"\g<1>" + b64encode(stamp), other)
    with pytest.raises(eni.EniError, match="sello"):
        eni.verify(taken, own(authority, "B-T"))
    authority.down = True
    with pytest.raises(SigningFailed):
        eni.write_index(plain.claim(), files, tmp_path / "indice.xml", signer)
    assert (tmp_path / "indice.xml").read_bytes() == content


def test_dates_come_from_the_case_and_never_from_the_clock(tmp_path: Path, paper: bytes) -> None:
    import pikepdf

    with pikepdf.open(tmp_path / plain.document(tmp_path, "a").file) as pdf:
        assert str(pdf.docinfo["/ModDate"]).startswith("D:20250617")
        with pdf.open_metadata() as metadata:
            assert metadata["xmp:MetadataDate"].startswith(plain.ON.isoformat())


def test_a_file_that_is_no_pdfa_claims_nothing(tmp_path: Path) -> None:
    import io

    import pikepdf
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawString(50, 50, "letra sin incrustar")
    canvas.save()
    with pdfa.made(out.getvalue()) as pdf:
        proof = pdfa.save(pdf, tmp_path / "x.pdf", title="x", on=plain.ON)
    assert not proof.passed and any("not embedded" in each for each in proof.findings)
    with pikepdf.open(tmp_path / "x.pdf") as pdf, pdf.open_metadata() as metadata:
        assert "pdfaid:part" not in metadata
