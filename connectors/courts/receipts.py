"""Reads a court's receipt: signed XML, its signature checked against the court's own certificate, and its PDF.

The XML is not believed before its signature: only what the signature covers is read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from lxml import etree
from signxml.exceptions import InvalidInput, InvalidSignature
from signxml.xades.xades import XAdESVerifier

from cobranza.legal.ports import PortalDown, Receipt, ReceiptRow

_MOST_BYTES = 8 * 1024 * 1024
_REFERENCES = 3  # the receipt, its key and the signed properties


def read(xml: bytes, pdf: bytes, authority: str) -> Receipt:
    """The receipt in `xml`.

    Args:
        xml: As downloaded.
        pdf: The same for people, as downloaded.
        authority: PEM file with the certificate that receipts chain to; "" leaves the signature unchecked, and such a
            receipt never counts.

    Raises:
        PortalDown: it is cut short or no receipt at all; worth another download.
    """
    if not pdf.startswith(b"%PDF-") or b"%%EOF" not in pdf[-2048:]:
        raise PortalDown("El PDF del acuse llega a medias.")
    root = _parse(xml)
    covered, signer = _covered(root, authority)
    valid = covered is not None
    said = covered if covered is not None else root
    try:
        return Receipt(
            registry=_text(said, "registro"),
            filed_at=datetime.fromisoformat(_text(said, "fechaHora")),
            court=_text(said, "organo"),
            csv=_text(said, "csv"),
            reference=_text(said, "referenciaInterna"),
            rows=_rows(said),
            pdf=pdf,
            xml=xml,
            signer=signer,
            signature_valid=valid,
        )
    except ValueError as exc:
        raise PortalDown(f"El acuse no trae lo que tiene que traer: {exc}.") from exc


def confirm(receipt: Receipt, told: tuple[str, tuple[str, ...]]) -> Receipt:
    """Compare a receipt with what the portal says of its verification code; one that it contradicts is not valid.

    Args:
        receipt: As read.
        told: Registry number and hashes that the code leads to.
    """
    registry, hashes = told
    same = registry == receipt.registry and hashes == tuple(row.sha256 for row in receipt.rows)
    return receipt if same else replace(receipt, signature_valid=False)


def _parse(xml: bytes) -> etree._Element:
    if len(xml) > _MOST_BYTES:
        raise PortalDown("El acuse es desmesurado.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as exc:
        raise PortalDown(f"El XML del acuse llega a medias o no es un XML ({exc.msg}).") from exc
    if root.getroottree().docinfo.internalDTD is not None:
        raise PortalDown("El XML del acuse trae definiciones propias.")
    return root


def _covered(root: etree._Element, authority: str) -> tuple[etree._Element | None, str]:
    """What a valid signature of the court covers, and its signer; None without one."""
    if not authority or not Path(authority).is_file():
        return None, ""
    try:
        results = XAdESVerifier().verify(root, ca_pem_file=authority, expect_references=_REFERENCES)
    except (InvalidSignature, InvalidInput, ValueError, etree.LxmlError):
        return None, ""
    first = results[0]
    signed = first.signed_xml
    if signed is None or etree.QName(signed).localname != etree.QName(root).localname:
        return None, ""
    certificate = getattr(first, "signing_certificate", None)
    return signed, _subject(certificate)


def _subject(certificate: object) -> str:
    name = getattr(certificate, "subject", None)
    if name is None:
        return "sello del órgano"
    return str(name.rfc4514_string()) if hasattr(name, "rfc4514_string") else str(name)


def _text(root: etree._Element, name: str) -> str:
    for child in root:
        if isinstance(child.tag, str) and etree.QName(child).localname == name:
            return (child.text or "").strip()
    raise ValueError(f"falta «{name}»")


def _rows(root: etree._Element) -> tuple[ReceiptRow, ...]:
    found = []
    for element in root.iter():
        if isinstance(element.tag, str) and etree.QName(element).localname == "documento":
            found.append(
                ReceiptRow(
                    order=int(element.get("orden", "")),
                    name=element.get("nombre", ""),
                    sha256=element.get("sha256", "").lower(),
                )
            )
    return tuple(found)
