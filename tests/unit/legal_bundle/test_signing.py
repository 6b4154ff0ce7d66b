"""Our signature: appended, valid, time-stamped by an authority on this machine; and the signed ENI index."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from asn1crypto import keys, tsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from cobranza.kernel import loops
from cobranza.kernel.secrets import Secret
from cobranza.legal.bundle import CertificateError, SigningFailed, eni, load_signer, pdfa
from cobranza.legal.bundle.signing import Level, Signer, is_signed, sign_pdf
from tests import legal_example
from tests.unit.legal_bundle import plain
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


class _Authority(BaseHTTPRequestHandler):
    stamper: DummyTimeStamper
    broken = False

    def do_POST(self) -> None:
        asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
        answer = b"nada" if self.broken else self.stamper.request_tsa_response(asked).dump()
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def authority() -> Iterator[str]:
    signer = plain.signer()
    private = signer.key.private_bytes(Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _Authority.stamper = DummyTimeStamper(
        asn1_x509.Certificate.load(signer.certificate.public_bytes(Encoding.DER)), keys.PrivateKeyInfo.load(private)
    )
    _Authority.broken = False
    server = HTTPServer(("127.0.0.1", 0), _Authority)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def with_level(level: Level, tsa: str) -> Signer:
    return load_signer(legal_example.identity(), Secret(legal_example.PASSWORD), level=level, tsa=tsa)


def test_a_time_stamp_where_it_is_asked(tmp_path: Path, paper: bytes, authority: str) -> None:
    file = tmp_path / "escrito.pdf"
    file.write_bytes(paper)
    sign_pdf(file, with_level("B-T", authority), reason="prueba")
    assert sound(file, plain.signer())
    with file.open("rb") as content:
        signature = PdfFileReader(content).embedded_signatures[0]
        kinds = [each["type"].native for each in signature.signer_info["unsigned_attrs"]]
    assert "signature_time_stamp_token" in kinds


def test_without_its_time_stamp_the_file_stays_as_it_was(tmp_path: Path, paper: bytes, authority: str) -> None:
    file = tmp_path / "escrito.pdf"
    file.write_bytes(paper)
    _Authority.broken = True
    with pytest.raises(SigningFailed):
        sign_pdf(file, with_level("B-T", authority), reason="prueba")
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
