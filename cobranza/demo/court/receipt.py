"""The acuse: what the court answers a filing with, as signed XML (XAdES, enveloped) and as a signed PDF.

The shape of the XML is in COURT.md. Both are made once and kept: a receipt downloaded twice is the same bytes.
"""

from __future__ import annotations

from typing import Any

from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from signxml.xades.xades import XAdESSigner

from cobranza.demo.court import drafts
from cobranza.demo.court.court import Portal
from cobranza.demo.court.pki import Authority
from cobranza.demo.court.store import Row

NAMESPACE = "urn:cobranza:juzgado-de-pruebas:acuse:1"


def xml(portal: Portal, filing: Row) -> bytes:
    """The signed XML receipt of a filing."""
    kept = portal.store.content(f"xml/{filing['id']}")
    if not kept:
        kept = sign(portal.court.authority, _receipt(portal, filing))
        portal.store.keep(f"xml/{filing['id']}", kept)
    return kept


def sign(authority: Authority, root: etree._Element) -> bytes:
    """Sign an element as a whole with the court's seal."""
    # Inclusive canonicalisation: with the exclusive one signxml writes XAdES signatures that it cannot verify itself.
    signer = XAdESSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm="ecdsa-sha256",
        c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_1,
    )
    seal, ca = authority.seal.certificate, authority.root.certificate
    signed = signer.sign(root, key=authority.seal.key, cert=[seal, ca])
    return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")


def _receipt(portal: Portal, filing: Row) -> etree._Element:
    said = drafts.spoken(portal.profile, filing)
    names: Any = {None: NAMESPACE}  # the stubs know no default namespace
    root = etree.Element(f"{{{NAMESPACE}}}acuse", nsmap=names, version="1.0", perfil=portal.slug)
    _add(root, "titulo", portal.profile.receipt.title)
    _add(root, "registro", filing["receipt_registry"])
    _add(root, "fechaHora", filing["stamped_at"])
    _add(root, "fechaEfectos", filing["counts_on"])
    _add(root, "csv", filing["csv"])
    _add(root, "organo", said["organ"], codigo=filing["organ"])
    _add(root, "tipo", said["kind"], codigo=filing["kind"])
    _add(root, "procedimiento", said["procedure"], codigo=filing["procedure"])
    _add(root, "cuantia", filing["amount"], moneda=portal.profile.currency)
    _add(root, "asunto", filing["subject"])
    _add(root, "referenciaInterna", filing["reference"])
    if filing["identifier"]:
        _add(root, "identificador", filing["identifier"])
    if filing["corrects"]:
        _add(root, "subsana", filing["corrects"])
    _add(root, "presentador", filing["signed_name"], documento=filing["signed_by"], buzon=filing["mailbox"])
    parties = _add(root, "intervinientes")
    for party in filing["parties"]:
        _add(parties, "interviniente", party["name"], calidad=party["role"], documento=party["id_number"])
    index = _add(root, "indice", total=str(len(filing["documents"])), algoritmo="SHA-256")
    for one in filing["documents"]:
        _add(
            index,
            "documento",
            orden=str(one["order"]),
            nombre=one["name"],
            tipo=one["type"],
            descripcion=one["description"],
            bytes=str(one["size"]),
            paginas=str(one["pages"]),
            sha256=one["sha256"],
            soporte="físico" if one["overflow"] else "electrónico",
        )
    return root


def _add(parent: etree._Element, name: str, text: Any = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    element.text = None if text is None else str(text)
    return element
