"""Our own signature: PAdES on PDF files, with a time stamp when an authority is configured. Always the last step."""

from __future__ import annotations

import asyncio
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
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from cobranza.kernel import loops
from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.kernel.secrets import Secret

Level = Literal["B-B", "B-T", "B-LT"]
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_TSA_SECONDS = 20
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
        trust: Roots for "B-LT".
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
        trust: Roots that a "B-LT" signature is checked against; empty takes the chain of the file.

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
        trust=trust or tuple(others) or (certificate,),
    )


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
        validation_context=_context(signer) if lasting else None,
    )
    stamper: Any = HTTPTimeStamper(signer.tsa, timeout=_TSA_SECONDS) if stamped else None
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


def _context(signer: Signer) -> ValidationContext:
    roots = [asn1_x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in signer.trust]
    others = [asn1_x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in signer.chain]
    return ValidationContext(trust_roots=roots, other_certs=others, allow_fetching=True, revocation_mode="soft-fail")
