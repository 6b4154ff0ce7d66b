"""XML from strangers: no entities, no network, no document type, bounded depth."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from lxml import etree

from cobranza.legal.inputs.verdict import reject

DS = "http://www.w3.org/2000/09/xmldsig#"


def parse(content: bytes) -> Any:
    """The root element.

    Raises:
        Rejected: it is not well-formed, or brings a document type (entities, addresses to fetch).
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as exc:
        raise reject(
            "danado", f"El XML está mal formado ({exc.msg}).", "Descárguelo de nuevo de donde se emitió."
        ) from exc
    info: Any = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise reject(
            "activo",
            "El XML trae un tipo de documento (DOCTYPE), que no se admite.",
            "Pida el fichero original al emisor.",
        )
    return root


def read(file: Path) -> Any:
    """`parse` of a file."""
    return parse(file.read_bytes())


def local(element: Any) -> str:
    """Name without its namespace."""
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def namespace(element: Any) -> str:
    """The namespace, "" when there is none."""
    return str(etree.QName(element).namespace or "") if isinstance(element.tag, str) else ""


def find(element: Any, path: str) -> Any:
    """The first element down a path of local names ("Parties/SellerParty"), None when there is none."""
    return next(every(element, path), None)


def every(element: Any, path: str) -> Iterator[Any]:
    """All elements down a path of local names."""
    if element is None:
        return
    name, _, rest = path.partition("/")
    for each in element:
        if local(each) == name:
            if rest:
                yield from every(each, rest)
            else:
                yield each


def text(element: Any, path: str) -> str:
    """The text at the end of a path, stripped; "" when there is none."""
    found = find(element, path)
    return (found.text or "").strip() if found is not None else ""


def signers(root: Any) -> tuple[int, tuple[str, ...]]:
    """How many XML signatures the document carries, and the names on their certificates."""
    signatures = list(root.iter(f"{{{DS}}}Signature"))
    names = []
    for each in signatures:
        found = next(each.iter(f"{{{DS}}}X509Certificate"), None)
        if found is None:
            continue
        try:
            subject = x509.load_der_x509_certificate(b64decode("".join((found.text or "").split()))).subject
            names.append(str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value))
        except (ValueError, IndexError):
            continue
    return len(signatures), tuple(names)
