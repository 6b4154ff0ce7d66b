"""The court's certificates: its own authority, its seal, its site, and those of the people who log in or sign.

Everything is made on first use and kept among the court's rows, so that a court started again on the same folder
verifies its old receipts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cobranza.demo.court.store import Store

_FROM, _TO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
_AUTHORITY = "AC Juzgado de Pruebas"
_EXPIRED_ON = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key, in clear."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


class Authority:
    """Makes and recognises certificates."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.root = self._pair("root")
        self.seal = self._pair("seal")

    def _pair(self, name: str) -> Pair:
        kept = self._store.get("key", name)
        if kept is None:
            pair = self._make(name)
            self._store.put("key", name, {"key": pair.key_pem.decode(), "certificate": pair.pem.decode()})
            return pair
        key = serialization.load_pem_private_key(kept["key"].encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the court's keys are elliptic")
        return Pair(key, x509.load_pem_x509_certificate(kept["certificate"].encode()))

    def _make(self, name: str) -> Pair:
        if name == "root":
            return _issue(_AUTHORITY, authority=None)
        if name == "seal":
            return _issue("Sello electrónico del Juzgado de Pruebas", authority=self.root)
        if name == "site":
            return _issue("127.0.0.1", authority=self.root, site=True)
        _, tax_id, holder, state = name.split("|")
        return _issue(
            holder, authority=self.root, serial=tax_id, until=_EXPIRED_ON if state == "expired" else _TO, client=True
        )

    def site(self) -> Pair:
        """The certificate of the TLS port."""
        return self._pair("site")

    def holder(self, tax_id: str, name: str, state: str = "valid") -> Pair:
        """A person's certificate. `state`: valid, expired (since 2024) or revoked (by the court's list)."""
        pair = self._pair(f"holder|{tax_id}|{name}|{state}")
        if state == "revoked":
            serial = str(pair.certificate.serial_number)
            if self._store.get("revoked", serial) is None:
                self._store.put("revoked", serial, {"serial": serial})
        return pair

    def pfx(self, tax_id: str, name: str, password: str, state: str = "valid") -> bytes:
        """The same as a PKCS #12 file."""
        pair = self.holder(tax_id, name, state)
        return pkcs12.serialize_key_and_certificates(
            name.encode(),
            pair.key,
            pair.certificate,
            [self.root.certificate],
            serialization.BestAvailableEncryption(password.encode()),
        )

    def problem(self, certificate: x509.Certificate, now: datetime) -> str:
        """Why a person's certificate is not taken: "desconocido", "caducado", "revocado", or "" when it is."""
        try:
            certificate.verify_directly_issued_by(self.root.certificate)
        except (InvalidSignature, ValueError, TypeError):
            return "desconocido"
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return "caducado"
        if self._store.get("revoked", certificate.serial_number) is not None:
            return "revocado"
        return ""


def tax_id_of(certificate: x509.Certificate) -> str:
    """The serial number in the subject, where Spanish certificates carry the NIF."""
    found = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    return str(found[0].value) if found else ""


def _issue(
    name: str,
    *,
    authority: Pair | None,
    serial: str = "",
    until: datetime = _TO,
    site: bool = False,
    client: bool = False,
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "ES"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    parts += [x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)] if serial else []
    subject = x509.Name(parts)
    is_root = authority is None
    signer = authority.key if authority else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.certificate.subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .add_extension(_usage(is_root), critical=True)
    )
    if site:
        names = [x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("localhost")]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    if client:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return Pair(key, builder.sign(signer, hashes.SHA256()))


def _usage(is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=not is_root,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )
