"""Invoices in XML: read, added up, shown; and XML that means harm."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.legal.inputs import Converter
from cobranza.legal.inputs.invoices import cfdi, facturae, ubl, xmlfile
from cobranza.legal.inputs.verdict import Rejected
from tests.unit.legal_inputs import papers, samples

READERS = {"facturae": facturae, "cfdi": cfdi, "ubl": ubl}


@pytest.mark.parametrize("kind", READERS)
def test_the_sums_of_a_sound_invoice_come_out(kind: str) -> None:
    xml, total = papers.INVOICES[kind]
    root = xmlfile.parse(xml.format(total=total).encode())
    assert [each for each in READERS if READERS[each].recognises(root)] == [kind]
    (invoice,) = READERS[kind].read(root)
    assert invoice.problems == []
    assert Decimal(total) in [amount for _, amount in invoice.totals]


@pytest.mark.parametrize("kind", READERS)
def test_a_total_that_does_not_add_up_is_named_with_both_figures(kind: str) -> None:
    xml, total = papers.INVOICES[kind]
    (invoice,) = READERS[kind].read(xmlfile.parse(xml.format(total="1999.99").encode()))
    (problem,) = invoice.problems
    assert "1.999,99" in problem and total.replace(".", ",") in problem.replace(".", "")


def test_a_line_that_does_not_add_up_is_named() -> None:
    xml = papers.FACTURAE.format(total="1210.00").replace("<Quantity>100<", "<Quantity>10<")
    (invoice,) = facturae.read(xmlfile.parse(xml.encode()))
    assert invoice.problems == ["Línea 1 («Tornillos»), coste: el fichero dice 750,00 EUR y las partes dan 75,00 EUR."]


def test_half_a_cent_for_each_rounded_line_is_no_mistake() -> None:
    xml = papers.UBL.format(total="121.00").replace("25.00</cbc:PriceAmount", "25.0012</cbc:PriceAmount")
    (invoice,) = ubl.read(xmlfile.parse(xml.encode()))
    assert invoice.problems == []


def test_an_invoice_is_shown_readable(converter: Converter, tmp_path: Path) -> None:
    file = tmp_path / "factura.xml"
    file.write_text(papers.FACTURAE.format(total="1210.00"), encoding="utf-8")
    taken = converter.take(file)
    assert (taken.verdict.kind, taken.verdict.pdfa, taken.verdict.signed) == ("xml_invoice", "2b", False)
    assert taken.pdf is not None
    text = samples.words(taken.pdf)
    for each in ("Factura 2024-117", "Ferretería Olmo, S.L.", "Íñigo Peña", "1.210,00", "30/06/2024", "cuadran"):
        assert each in text, text
    assert "No lleva firma" in text


def test_a_wrong_total_is_told_in_the_verdict_and_on_the_page(converter: Converter, tmp_path: Path) -> None:
    file = tmp_path / "cfdi.xml"
    file.write_text(papers.CFDI.format(total="999.00"), encoding="utf-8")
    taken = converter.take(file)
    assert taken.verdict.has("totales") and taken.filed == taken.pdf
    assert taken.pdf is not None and "208,80" in samples.words(taken.pdf)


def test_the_colombian_envelope_is_opened() -> None:
    outer = papers.attached_document(papers.UBL.format(total="121.00"))
    root = xmlfile.parse(outer.encode())
    assert ubl.recognises(root)
    (invoice,) = ubl.read(root)
    assert (invoice.number, invoice.problems) == ("U-5", [])


def test_a_signature_is_told_with_its_signer(converter: Converter, tmp_path: Path) -> None:
    from base64 import b64encode

    from cryptography.hazmat.primitives.serialization import Encoding

    _, made = samples.certificate("Firmante de Prueba")
    body = b64encode(made.public_bytes(Encoding.DER)).decode()
    signature = (
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
        f"{body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
    )
    file = tmp_path / "firmada.xsig"
    file.write_text(papers.FACTURAE.format(total="1210.00").replace("</fe:Facturae>", f"{signature}</fe:Facturae>"))
    verdict = converter.take(file).verdict
    assert verdict.signers == ("Firmante de Prueba",) and verdict.has("firma_xml")
    assert not verdict.signed  # what is filed is its rendering


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        '<!DOCTYPE x SYSTEM "http://espia.example/x.dtd"><x/>',
        "<x><y></x>",
    ],
)
def test_xml_with_a_document_type_or_broken_is_refused(xml: str) -> None:
    with pytest.raises(Rejected):
        xmlfile.parse(xml.encode())
