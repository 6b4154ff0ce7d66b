"""The case as an *expediente electrónico* of the Spanish ENI (v1.0): an index of hashes, signed, for archives.

It is what an administration hands to a court or keeps; portals for claims do not ask for it. Source: Normas Técnicas
de Interoperabilidad de Expediente y de Documento Electrónico (resolutions of 19 July 2011).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.xades.xades import XAdESSigner, XAdESVerifier

from cobranza.kernel.errors import BusinessError
from cobranza.legal.bundle import lasting
from cobranza.legal.bundle.signing import Signer
from cobranza.legal.case import Case
from cobranza.legal.package import Package

SCHEMAS = Path(__file__).parent / "schemas" / "eni"
_BASE = "http://administracionelectronica.gob.es/ENI/XSD/v1.0/"
_EXP = _BASE + "expediente-e"
_INDEX = _BASE + "expediente-e/indice-e"
_CONTENT = _BASE + "expediente-e/indice-e/contenido"
_META = _BASE + "expediente-e/metadatos"
_SIGNATURES = _BASE + "firma"
_DS = "http://www.w3.org/2000/09/xmldsig#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_NTI = "http://administracionelectronica.gob.es/ENI/XSD/v1.0/expediente-e"
_MAP = {
    "eniexp": _EXP, "eniexpind": _INDEX, "eniconexpind": _CONTENT, "eniexpmeta": _META, "enids": _SIGNATURES, "ds": _DS
}  # fmt: skip
_CONTENT_ID = "INDICE_CONTENIDO_1"


class EniError(BusinessError):
    """An ENI index that is not valid or whose signature does not hold."""

    code = "COB-LEG-033"
    remedy = "Vuelva a preparar el expediente; si se repite, avise a soporte."


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """What the index says beside the files.

    Attributes:
        organ: DIR3 code of the organ that keeps the archive, nine characters.
        classification: Code of the procedure (SIA), or `ORGAN_PRO_<30>`.
    """

    organ: str = "E00003901"
    classification: str = ""


def write_index(case: Case, package: Package, file: Path, signer: Signer, archive: Archive | None = None) -> Path:
    """Write the signed index of `package`, after it has passed the schema and its own verification.

    Raises:
        EniError: it is not valid.
        SigningFailed: its level asks for a time stamp, or for proofs of its certificates, that cannot be had.
    """
    root = _expediente(case, package, archive or Archive())
    signed = _signed(root, signer)
    lasting.prolong(signed, signer)
    content = etree.tostring(signed, xml_declaration=True, encoding="UTF-8")
    verify(content, signer)
    file.write_bytes(content)
    return file


def verify(content: bytes, signer: Signer | None = None) -> None:
    """Check an index against the schemas of this folder, offline, and its signature.

    Args:
        content: Bytes of the index.
        signer: Whose certificate it has to be; None checks the schema alone.

    Raises:
        EniError: it is no XML, breaks the schema, or was changed since it was signed.
    """
    try:
        root = etree.fromstring(content, _parser())
    except etree.XMLSyntaxError as exc:
        raise EniError(f"El índice ENI no es XML: {exc}.") from exc
    try:
        _schema().assertValid(root)
    except etree.DocumentInvalid as exc:
        raise EniError(f"El índice ENI no cumple su esquema: {exc}") from exc
    if signer is None:
        return
    pem = signer.certificate.public_bytes(Encoding.PEM).decode("ascii")
    try:
        found = XAdESVerifier().verify(root, x509_cert=pem)
    except (SignXMLException, etree.DocumentInvalid, ValueError) as exc:
        raise EniError(f"La firma del índice ENI no es válida: {exc}") from exc
    covered = [each.signed_xml.get("Id") for each in found if each.signed_xml is not None]
    if _CONTENT_ID not in covered:
        raise EniError("La firma del índice ENI no cubre su contenido.")
    if signer.level != "B-B" and not lasting.stamped(root):
        raise EniError("El sello de tiempo del índice ENI falta o no es de su firma.")


def document_id(case: Case, organ: str, order: int) -> str:
    """Identifier of a document: `ES_<organ>_<year>_<30 characters>`, 52 at most."""
    tail = re.sub(r"[^A-Z0-9]", "", case.id.upper())[-24:]
    return f"ES_{organ}_{case.prepared_on.year}_{tail.rjust(24, '0')}D{order:05d}"


def _expediente(case: Case, package: Package, archive: Archive) -> etree._Element:
    moment = _moment(case.prepared_on)
    tail = re.sub(r"[^A-Z0-9]", "", case.id.upper())[-30:].rjust(30, "0")
    root = etree.Element(f"{{{_EXP}}}expediente", nsmap=_MAP, Id="EXP1")
    index = etree.SubElement(root, f"{{{_INDEX}}}indice", Id="IND1")
    content = etree.SubElement(index, f"{{{_INDEX}}}IndiceContenido", Id=_CONTENT_ID)
    _add(content, _CONTENT, "FechaIndiceElectronico", moment)
    for each in package.files:
        row = etree.SubElement(content, f"{{{_CONTENT}}}DocumentoIndizado", Id=f"DI{each.order}")
        _add(row, _CONTENT, "IdentificadorDocumento", document_id(case, archive.organ, each.order))
        _add(row, _CONTENT, "ValorHuella", each.sha256)
        _add(row, _CONTENT, "FuncionResumen", _SHA256)
        _add(row, _CONTENT, "FechaIncorporacionExpediente", moment)
        _add(row, _CONTENT, "OrdenDocumentoExpediente", str(each.order))
    holder = etree.SubElement(index, f"{{{_SIGNATURES}}}firmas")
    signature = etree.SubElement(holder, f"{{{_SIGNATURES}}}firma", Id="FIRMA_1", ref=_CONTENT_ID)
    _add(signature, _SIGNATURES, "TipoFirma", "TF02")
    inner = etree.SubElement(signature, f"{{{_SIGNATURES}}}ContenidoFirma")
    place = etree.SubElement(inner, f"{{{_SIGNATURES}}}FirmaConCertificado")
    etree.SubElement(place, f"{{{_DS}}}Signature", Id="placeholder")
    metadata = etree.SubElement(root, f"{{{_META}}}metadatosExp", Id="META1")
    _add(metadata, _META, "VersionNTI", _NTI)
    _add(metadata, _META, "Identificador", f"ES_{archive.organ}_{case.prepared_on.year}_EXP_{tail}")
    _add(metadata, _META, "Organo", archive.organ)
    _add(metadata, _META, "FechaAperturaExpediente", moment)
    _add(metadata, _META, "Clasificacion", archive.classification or f"{archive.organ}_PRO_{tail}")
    _add(metadata, _META, "Estado", "E01")
    for party in case.parties:
        _add(metadata, _META, "Interesado", party.tax_id or party.name)
    return root


def _signed(root: etree._Element, signer: Signer) -> etree._Element:
    """Enveloped with a placeholder and inclusive C14N: with the exclusive one signxml cannot verify what it writes."""
    machine = XAdESSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.RSA_SHA256
        if signer.certificate.public_key().__class__.__name__.startswith("RSA")
        else SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    pems = [each.public_bytes(Encoding.PEM).decode("ascii") for each in (signer.certificate, *signer.chain)]
    return machine.sign(root, key=signer.key, cert="".join(pems), reference_uri=f"#{_CONTENT_ID}")


def _add(parent: etree._Element, space: str, name: str, value: str) -> None:
    etree.SubElement(parent, f"{{{space}}}{name}").text = value


def _moment(on: date) -> str:
    return datetime(on.year, on.month, on.day, tzinfo=UTC).isoformat()


class _Offline(etree.Resolver):
    """Gives the schemas of this folder for the addresses that they name; nothing is ever fetched."""

    def resolve(self, system_url: str, public_id: str, context: Any = None) -> Any:
        """See `lxml.etree.Resolver.resolve`."""
        name = (system_url or "").rsplit("/", 1)[-1]
        file = SCHEMAS / name
        if name.endswith(".xsd") and file.is_file():
            return self.resolve_filename(str(file), context)  # type: ignore[attr-defined]
        return self.resolve_string("", context, base_url=None)  # a DTD: not needed, never fetched


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


@cache
def _schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, load_dtd=False)
    parser.resolvers.add(_Offline())
    return etree.XMLSchema(etree.parse(str(SCHEMAS / "expedienteEni.xsd"), parser))
