"""Our own signature: PAdES on PDF files, with a time stamp when an authority is configured. Always the last step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pikepdf
from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

from cobranza.kernel import loops
from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.kernel.secrets import Secret

Level = Literal["B-B", "B-T", "B-LT"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT")
TSA_SECONDS = 20
_FETCH_SECONDS = 20
_TIME_STAMP = "signature_time_stamp_token"
_FIELD = "FirmaCobranza"


class CertificateError(BusinessError):
    """A certificate with which nothing can be signed."""

    code = "COB-LEG-031"
    remedy = "Revise el fichero PKCS#12, su contraseña y que el certificado no haya caducado."


class SigningFailed(ApplicationError):
    """The signature or its time stamp could not be made."""

    code = "COB-LEG-032"
    remedy = "Compruebe la dirección del sello de tiempo y las listas de revocación, y repítalo."


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs, and how.

    Attributes:
        name: Common name of the certificate.
        key: Private key.
        certificate: Of the signer.
        chain: Others of the file.
        pades: The same for PDF.
        level: "B-B", "B-T" (time stamp) or "B-LT" (with what is needed to check it later).
        tsa: Address of the RFC 3161 authority, "" for none.
        trust: Roots that the signer's chain and that of the time stamp have to reach, for "B-LT".
    """

    name: str
    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    pades: signers.SimpleSigner
    level: Level = "B-B"
    tsa: str = ""
    trust: tuple[x509.Certificate, ...] = ()


def load_signer(
    content: bytes, password: Secret, *, level: Level = "B-B", tsa: str = "", trust: tuple[x509.Certificate, ...] = ()
) -> Signer:
    """The signer in a PKCS#12.

    Args:
        content: Bytes of the file.
        password: Of the file.
        level: Of the signatures; "B-T" and "B-LT" need `tsa`.
        tsa: http or https address of the time stamp authority.
        trust: More roots, beside those of the file, that a "B-LT" signature and its time stamp may hang on.

    Raises:
        CertificateError: it cannot be opened, holds no key that signs, or the level needs what is missing.
    """
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(content, password.reveal().encode("utf-8"))
    except ValueError as exc:
        raise CertificateError("El fichero PKCS#12 no se abre: la contraseña no es esa o está dañado.") from exc
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)) or certificate is None:
        raise CertificateError("El fichero PKCS#12 no trae una clave RSA o EC con su certificado.")
    if level != "B-B" and not tsa:
        raise CertificateError(
            f"Una firma {level} necesita un sello de tiempo.", remedy="Indique la dirección del sello."
        )
    if tsa and urlsplit(tsa).scheme not in ("http", "https"):
        raise CertificateError(f"«{tsa}» no es una dirección http o https.", remedy="Corrija la dirección del sello.")
    pades = signers.SimpleSigner.load_pkcs12_data(content, other_certs=[], passphrase=password.reveal().encode("utf-8"))
    if pades is None:
        raise CertificateError("Con ese certificado no se puede firmar.")
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    name = str(common[0].value) if common else certificate.subject.rfc4514_string()
    return Signer(
        name=name,
        key=key,
        certificate=certificate,
        chain=tuple(others),
        pades=pades,
        level=level,
        tsa=tsa,
        trust=(*_anchors(certificate, others), *trust),
    )


def certificates(content: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file; raises `CertificateError` when there is none."""
    try:
        return tuple(x509.load_pem_x509_certificates(content))
    except ValueError as exc:
        raise CertificateError(
            "El fichero de certificados de confianza no es PEM.", remedy="Indique uno con BEGIN CERTIFICATE."
        ) from exc


def _anchors(certificate: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Where the chain of the file ends: its roots, else the authorities that came along, else the signer's own."""
    roots = tuple(each for each in others if each.issuer == each.subject)
    return roots or tuple(others) or (certificate,)


def sign_pdf(file: Path, signer: Signer, *, reason: str, place: str = "") -> None:
    """Sign `file` where it lies: the bytes from before stay as they are, the signature is appended.

    Raises:
        SigningFailed: the time stamp did not come, or the chain cannot be checked.
    """
    stamped = signer.level != "B-B"
    lasting = signer.level == "B-LT"
    metadata = signers.PdfSignatureMetadata(
        field_name=_FIELD,
        reason=reason,
        location=place or None,
        subfilter=SigSeedSubFilter.PADES,
        md_algorithm="sha256",
        embed_validation_info=lasting,
        validation_context=validation_context(signer) if lasting else None,
    )
    stamper: Any = HTTPTimeStamper(signer.tsa, timeout=TSA_SECONDS) if stamped else None
    draft = file.with_name(f".{file.name}.firma")
    try:
        with file.open("rb") as plain, draft.open("wb+") as out:
            writer = IncrementalPdfFileWriter(plain)
            machine = signers.PdfSigner(metadata, signer=signer.pades, timestamper=stamper)
            loops.apart(lambda: asyncio.run(machine.async_sign_pdf(writer, output=out)))
        draft.replace(file)
    except (SigningError, PdfError, TimestampRequestError, PathError, ValidationError, OSError, ValueError) as exc:
        raise SigningFailed(f"No se ha podido firmar {file.name}: {exc}") from exc
    finally:
        draft.unlink(missing_ok=True)


def level_of(file: Path) -> Level | None:
    """The level of the last signature of a PDF as its bytes show it; None without one.

    B-LT: a time stamp, and certificates and revocation data in the file for whoever checks it when nobody answers.
    """
    with file.open("rb") as content:
        try:
            reader = PdfFileReader(content)
            found = reader.embedded_regular_signatures
            if not found:
                return None
            kinds = [each["type"].native for each in found[-1].signer_info["unsigned_attrs"]]
            if _TIME_STAMP not in kinds:
                return "B-B"
            try:
                kept = DocumentSecurityStore.read_dss(reader)
            except NoDSSFoundError:
                return "B-T"
        except (PdfError, ValueError):
            return None
    return "B-LT" if kept.certs and (kept.crls or kept.ocsps) else "B-T"


def is_signed(file: Path) -> bool:
    """The PDF carries a signature that was filled in."""
    try:
        with pikepdf.open(file) as pdf:
            form = pdf.Root.get("/AcroForm")
            fields = list(form.get("/Fields", pikepdf.Array())) if form is not None else []
            while fields:
                field = fields.pop()
                if field.get("/FT") == "/Sig" and "/V" in field:
                    return True
                fields += list(field.get("/Kids", pikepdf.Array()))
    except (pikepdf.PdfError, pikepdf.PasswordError):
        return False
    return False


def validation_context(signer: Signer) -> ValidationContext:
    """Lists of revocation are fetched, and one that a certificate names and that does not come is a failure: a
    signature without it would say B-LT and not be it."""
    roots = [asn1_x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in signer.trust]
    others = [asn1_x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in signer.chain]
    return ValidationContext(
        trust_roots=roots,
        other_certs=others,
        allow_fetching=True,
        revocation_mode="hard-fail",
        fetcher_backend=RequestsFetcherBackend(per_request_timeout=_FETCH_SECONDS),
    )
