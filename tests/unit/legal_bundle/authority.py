"""A certification authority on this machine: it issues, revokes, publishes its list and stamps times."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

from asn1crypto import keys, tsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from cobranza.legal.bundle.signing import PrivateKey

PASSWORD = "clave-de-pruebas"
_DAY = timedelta(days=1)


@dataclass
class Authority:
    """Issues certificates; `down` stops its revocation list, `broken` its time stamps."""

    url: str
    key: ec.EllipticCurvePrivateKey
    root: x509.Certificate
    down: bool = False
    broken: bool = False
    revoked: list[int] = field(default_factory=list)
    _known: dict[str, tuple[bytes, x509.Certificate]] = field(default_factory=dict)
    _stamper: DummyTimeStamper | None = None

    def identity(self, name: str = "GARAY LASA NEREA (PRUEBAS)") -> tuple[bytes, x509.Certificate]:
        """A PKCS#12 whose certificate names the revocation list (its password is `PASSWORD`), and that certificate."""
        if name in self._known:
            return self._known[name]
        key, issued = self._issue(name, None)
        packed = pkcs12.serialize_key_and_certificates(
            b"pruebas", key, issued, [self.root], serialization.BestAvailableEncryption(PASSWORD.encode())
        )
        self._known[name] = packed, issued
        return packed, issued

    def revocations(self) -> bytes:
        """The list, DER."""
        now = datetime.now(UTC)
        made = x509.CertificateRevocationListBuilder().issuer_name(self.root.subject)
        made = made.last_update(now - _DAY / 24).next_update(now + _DAY)
        for serial in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - _DAY / 24)
            made = made.add_revoked_certificate(entry.build())
        return made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def stamp(self, asked: tsp.TimeStampReq) -> bytes:
        """A time stamp by a certificate of this authority."""
        if self._stamper is None:
            key, issued = self._issue("SELLO DE TIEMPO (PRUEBAS)", ExtendedKeyUsageOID.TIME_STAMPING)
            der = key.private_bytes(Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            self._stamper = DummyTimeStamper(
                asn1_x509.Certificate.load(issued.public_bytes(Encoding.DER)), keys.PrivateKeyInfo.load(der)
            )
        answer: bytes = self._stamper.request_tsa_response(asked).dump()
        return answer

    def _issue(self, name: str, use: x509.ObjectIdentifier | None) -> tuple[PrivateKey, x509.Certificate]:
        # RSA takes its time to make; only the stamps of the tests' own authority need it.
        key: PrivateKey = ec.generate_private_key(ec.SECP256R1())
        if use is not None:
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        made = _builder(name, key).issuer_name(self.root.subject)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        made = made.add_extension(_usage(digital_signature=True, content_commitment=use is None), critical=True)
        if use is not None:
            made = made.add_extension(x509.ExtendedKeyUsage([use]), critical=True)
        where = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{self.url}/ca.crl")], None, None, None)
        made = made.add_extension(x509.CRLDistributionPoints([where]), critical=False)
        return key, made.sign(self.key, hashes.SHA256())


@contextmanager
def working() -> Iterator[Authority]:
    """An authority that answers on a free port of this machine."""
    server = HTTPServer(("127.0.0.1", 0), _Desk)
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder("AC DE PRUEBAS", key).issuer_name(_named("AC DE PRUEBAS"))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = made.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    found = Authority(f"http://127.0.0.1:{server.server_port}", key, made.sign(key, hashes.SHA256()))
    server.authority = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Desk(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        authority = self._authority
        self._answer(503 if authority.down else 200, b"" if authority.down else authority.revocations(), "pkix-crl")

    def do_POST(self) -> None:
        authority = self._authority
        asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200, b"nada" if authority.broken else authority.stamp(asked), "timestamp-reply")

    @property
    def _authority(self) -> Authority:
        found: Authority = self.server.authority  # type: ignore[attr-defined]
        return found

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"application/{kind}")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


def _named(name: str) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "ES")
    return x509.Name([country, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(name: str, key: PrivateKey) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - _DAY
    made = x509.CertificateBuilder().subject_name(_named(name)).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + 400 * _DAY)
    return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: given.get(name, False) for name in names})
