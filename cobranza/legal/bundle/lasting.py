"""What makes an XML signature checkable in later years: a time stamp over it, and what its certificates hang on.

XAdES baseline T and LT: unsigned properties, which change nothing of what was signed. Source: ETSI EN 319 132-1, 5.3
to 5.5.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Sequence

from asn1crypto import cms, tsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import PathError, ValidationError

from cobranza.kernel import loops
from cobranza.legal.bundle.signing import TSA_SECONDS, Signer, SigningFailed, validation_context

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def prolong(root: etree._Element, signer: Signer) -> None:
    """Add to the one signature below `root` what the signer's level asks: nothing for B-B.

    Raises:
        SigningFailed: no time stamp, or a certificate or list of revocation that cannot be had.
    """
    if signer.level == "B-B":
        return
    try:
        token = loops.apart(lambda: asyncio.run(_stamp(_imprint(root), signer)))
        held = loops.apart(lambda: asyncio.run(_evidence(token, signer))) if signer.level == "B-LT" else None
    except (TimestampRequestError, PathError, ValidationError, OSError, ValueError) as exc:
        raise SigningFailed(f"La firma del índice no puede sellarse: {exc}") from exc
    qualifying = root.find(f".//{_XADES}QualifyingProperties")
    if qualifying is None:
        raise SigningFailed("La firma del índice no lleva propiedades XAdES.")
    unsigned = etree.SubElement(qualifying, f"{_XADES}UnsignedProperties")
    properties = etree.SubElement(unsigned, f"{_XADES}UnsignedSignatureProperties")
    stamp = etree.SubElement(properties, f"{_XADES}SignatureTimeStamp")
    etree.SubElement(stamp, f"{_DS}CanonicalizationMethod", Algorithm=_EXCLUSIVE)
    _add(stamp, "EncapsulatedTimeStamp", token.dump())
    if held is not None:
        certificates, lists, answers = held
        values = etree.SubElement(properties, f"{_XADES}CertificateValues")
        for each in certificates:
            _add(values, "EncapsulatedX509Certificate", each)
        revocation = etree.SubElement(properties, f"{_XADES}RevocationValues")
        for name, inner, found in (("CRL", "CRLValues", lists), ("OCSP", "OCSPValues", answers)):
            if found:
                group = etree.SubElement(revocation, f"{_XADES}{inner}")
                for each in found:
                    _add(group, f"Encapsulated{name}Value", each)


def stamped(root: etree._Element) -> bool:
    """The signature below `root` carries a time stamp, and it is one over this signature."""
    found = root.find(f".//{_XADES}EncapsulatedTimeStamp")
    if found is None or not found.text:
        return False
    try:
        told = _info(cms.ContentInfo.load(base64.b64decode(found.text)))["message_imprint"]
        return bool(told["hashed_message"].native == _imprint(root))
    except (ValueError, KeyError, TypeError):
        return False


def _imprint(root: etree._Element) -> bytes:
    value = root.find(f".//{_DS}SignatureValue")
    if value is None:
        raise SigningFailed("El índice no lleva firma.")
    return hashlib.sha256(etree.tostring(value, method="c14n", exclusive=True, with_tail=False)).digest()


async def _stamp(digest: bytes, signer: Signer) -> cms.ContentInfo:
    token: cms.ContentInfo = await HTTPTimeStamper(signer.tsa, timeout=TSA_SECONDS).async_timestamp(digest, "sha256")
    if _info(token)["message_imprint"]["hashed_message"].native != digest:
        raise SigningFailed("El sello de tiempo no es de lo que se pidió.")
    return token


async def _evidence(token: cms.ContentInfo, signer: Signer) -> tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes]]:
    """Certificates, revocation lists and OCSP answers of the signer's chain and of the time stamp's, DER."""
    context = validation_context(signer)
    own = asn1_x509.Certificate.load(signer.certificate.public_bytes(Encoding.DER))
    kept: dict[bytes, None] = {}
    for leaf, others in ((own, ()), _authority(token)):
        path = await CertificateValidator(leaf, others, validation_context=context).async_validate_path()
        kept |= {each.dump(): None for each in path.iter_certs(include_root=True)}
    return list(kept), [each.dump() for each in context.crls], [each.dump() for each in context.ocsps]


def _authority(token: cms.ContentInfo) -> tuple[asn1_x509.Certificate, tuple[asn1_x509.Certificate, ...]]:
    """Whose time stamp it is, and the certificates that came with it."""
    signed = token["content"]
    there = [each.chosen for each in signed["certificates"]]
    serial = signed["signer_infos"][0]["sid"].chosen["serial_number"].native
    leaf = next((each for each in there if each.serial_number == serial), None)
    if leaf is None:
        raise SigningFailed("El sello de tiempo no trae el certificado de quien lo pone.")
    return leaf, tuple(each for each in there if each is not leaf)


def _info(token: cms.ContentInfo) -> tsp.TSTInfo:
    return token["content"]["encap_content_info"]["content"].parsed


def _add(parent: etree._Element, name: str, content: bytes) -> None:
    etree.SubElement(parent, f"{_XADES}{name}").text = base64.b64encode(content).decode("ascii")
