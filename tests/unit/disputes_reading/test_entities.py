"""What a message names, with the check digits proved."""

from __future__ import annotations

import pytest

from cobranza.disputes.ports import Zone
from tests.unit.disputes_reading import builders
from tests.unit.disputes_reading.builders import values


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("Debo 1.234,56 € desde ayer", "ES", ["1234.56 EUR"]),
        ("Son 700 euros y luego 38 €", "ES", ["700.00 EUR", "38.00 EUR"]),
        ("El saldo de EUR 1.250,40 y 12,5 EUR", "ES", ["1250.40 EUR", "12.50 EUR"]),
        ("pagué $ 18,400.00 y $899", "MX", ["18400.00 MXN", "899.00 MXN"]),
        ("son $1,450.00 M.N.", "MX", ["1450.00 MXN"]),
        ("el giro de $ 2.415.000", "CO", ["2415000.00 COP"]),
        ("los $ 45.990 del mes", "CL", ["45990.00 CLP"]),
        ("transferí $ 540.000,50", "AR", ["540000.50 ARS"]),
        ("son U$S 1.200 o US$ 300,50", "AR", ["1200.00 USD", "300.50 USD"]),
        ("S/ 233.10 y S/. 1,860.00 y 50 soles", "PE", ["233.10 PEN", "1860.00 PEN", "50.00 PEN"]),
        ("pagamos $ 300.00 de la letra", "PE", ["300.00 USD"]),
        ("R$ 7.300,00 e 50 reais", "BR", ["7300.00 BRL", "50.00 BRL"]),
        ("$U 7.800 al mes", "UY", ["7800.00 UYU"]),
        ("£4,431.20 plus €980.00", "GB", ["4431.20 GBP", "980.00 EUR"]),
        ("only $1,325.00 is left", "US", ["1325.00 USD"]),
        ("1.500 pesos", "CO", ["1500.00 COP"]),
        ("USD 4.125,00 por licencias", "CO", ["4125.00 USD"]),
        ("1 250,40 € y 1'250.00 EUR", "ES", ["1250.40 EUR", "1250.00 EUR"]),
        ("el importe es 27,144.00 en total", "MX", ["27144.00 MXN"]),
        ("145,20 â‚¬ de la fuga", "ES", ["145.20 EUR"]),
        ("son 1,5 millones de pesos", "CL", ["1500000.00 CLP"]),
        ("un 21 % de 300 cajas en 2025 a las 10.30", "ES", []),
        ("versión 12.50 del programa", "ES", []),
    ],
)
def test_amounts_have_their_currency(text: str, country: str, expected: list[str]) -> None:
    assert values(text, "amount", country=country) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("la factura 1556 está mal", ["1556"]),
        ("Factura n.º 07 y factura nº F-12", ["07", "F-12"]),
        ("las facturas 5590, 5611 y 5634", ["5590", "5611", "5634"]),
        ("facturas HL-101 a HL-119", ["HL-101", "HL-119"]),
        ("fra. 25/771 y fact. 6671", ["25/771", "6671"]),
        ("La 25-C-0612 lo tiene al revés", ["25-C-0612"]),
        ("pagué la F001-00001190 ayer", ["F001-00001190"]),
        ("la B 0001-00000918 está paga", ["B 0001-00000918"]),
        ("CFDI VA-8871 con error", ["VA-8871"]),
        ("na NF 6.612 consta", ["6.612"]),
        ("fatura FT 2024/90 vencida", ["FT 2024/90"]),
        ("Invoice RC-4402 says otherwise", ["RC-4402"]),
        ("descuenten de la 88102.", ["88102"]),
        ("boleta 70112 de las velas", ["70112"]),
        ("cuenta de cobro N.º 07", ["07"]),
        ("la factura electrónica FE-8812 y FV-2025-0012", ["FE-8812", "FV-2025-0012"]),
        ("INV/2025/00012 is wrong", ["INV/2025/00012"]),
        ("factura 001-001-000001234", ["001-001-000001234"]),
        ("two invoices, #882 and #897, case #4410", ["882", "897"]),
        ("the PO on INV-30071 is wrong", ["INV-30071"]),
        ("las facturas 118 y 131: la 118 sí, la 131 no", ["118", "131", "118", "131"]),
        ("dos facturas, la 24/551 y la 24/588", ["24/551", "24/588"]),
        ("las facturas del 9914", []),
        ("2 facturas de 2024 y 3 facturas más", []),
        ("el lote C-118 y la cotización Q-3381", []),
        ("el certificado F30-10, el ticket TK-559021 y la ley 1116", []),
        ("la factura del 12/03/2025 por 300 €", []),
        ("las facturas de marzo", []),
        ("llame al 600 123 456", []),
        ("el pedido 7712-A y la OC 1187", []),
        ("me vacuné de COVID-19 y tengo la ISO-9001", []),
    ],
)
def test_invoice_numbers(text: str, expected: list[str]) -> None:
    assert values(text, "invoice") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("del pedido 7712-A", ["7712-A"]),
        ("OC 1187 y orden de compra PC-5520", ["1187", "PC-5520"]),
        ("la póliza, 8890-11", ["8890-11"]),
        ("contrato 4410-7", ["4410-7"]),
        ("la letra L-0445", ["L-0445"]),
        ("rental agreement SL-220", ["SL-220"]),
        ("nuestro número de pedido (2291)", ["2291"]),
    ],
)
def test_other_papers_are_references(text: str, expected: list[str]) -> None:
    assert values(text, "reference") == expected
    assert values(text, "invoice") == []


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("el 27 de marzo", "ES", ["--03-27"]),
        ("el 2 de abril de 2025", "MX", ["2025-04-02"]),
        ("el 12/3 transferí", "AR", ["--03-12"]),
        ("out through 3/28", "US", ["--03-28"]),
        ("27/03/2025 y 27-03-25 y 2025-03-27", "ES", ["2025-03-27"] * 3),
        ("on 18 March 2025 and May 15, 2025", "GB", ["2025-03-18", "2025-05-15"]),
        ("dia 5 de março", "BR", ["--03-05"]),
        ("1º de julio y primero de mayo", "CO", ["--07-01", "--05-01"]),
        ("30 de febrero y 31/04/2025", "ES", []),
        ("24/7, la cuota 2/6, 1/2 kilo, IVA 10/21", "ES", []),
        ("mañana o el lunes", "ES", []),
    ],
)
def test_days(text: str, country: str, expected: list[str]) -> None:
    assert values(text, "date", country=country) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NIF 12345678Z", "12345678Z"),
        ("CIF B-58378431", "B58378431"),
        ("NIT 800.197.268-4", "8001972684"),
        ("RUT 12.531.909-2", "125319092"),
        ("CUIT 20-26756539-3", "20267565393"),
        ("RUC 20512333797", "20512333797"),
        ("CNPJ 16.727.230/0001-97", "16727230000197"),
        ("CPF 390.533.447-05", "39053344705"),
        ("RFC GODE561231GR8", "GODE561231GR8"),
        ("contribuinte 501 964 843", "501964843"),
        ("RUC 1792060346001", "1792060346001"),
    ],
)
def test_tax_ids(text: str, value: str) -> None:
    (found,) = [each for each in builders.of(f"Somos {text}, gracias").entities if each.type == "tax_id"]

    assert (found.value, found.valid) == (value, True)


def test_a_wrong_check_digit_is_told_only_where_the_word_says_what_it_is() -> None:
    (found,) = [each for each in builders.of("El NIF es 12345678A").entities if each.type == "tax_id"]

    assert not found.valid
    assert values("El código 12345678A", "tax_id") == []


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("IBAN ES91 2100 0418 4502 0005 1332 gracias", "iban", "ES9121000418450200051332"),
        ("cuenta ES9121000418450200051332.", "iban", "ES9121000418450200051332"),
        ("la cuenta 2100-0418-45-0200051332", "iban", "ES9121000418450200051332"),
        ("CLABE 032180000118359719", "clabe", "032180000118359719"),
        ("CBU 2850590940090418135201", "cbu", "2850590940090418135201"),
        ("CCI 002-193-001234567890-12", "cci", "00219300123456789012"),
        ("UUID 93BEC3F4-7E28-4108-8C41-79922A5E69BD", "uuid", "93bec3f4-7e28-4108-8c41-79922a5e69bd"),
    ],
)
def test_accounts(text: str, type_: str, value: str) -> None:
    assert values(f"Paguen a {text}", type_) == [value]


def test_an_account_with_a_wrong_digit_is_still_an_account() -> None:
    (found,) = builders.of("Nueva cuenta: ES92 2100 0418 4502 0005 1332").entities

    assert (found.type, found.valid) == ("iban", False)


def test_entities_know_where_they_stand() -> None:
    mail = builders.of("Pagué la F-771.\n> Debe 300 € de la F-881", subject="Re: factura F-771")

    assert [(each.where, each.zone, each.value) for each in mail.entities] == [
        ("subject", Zone.NEW, "F-771"),
        ("body", Zone.NEW, "F-771"),
        ("body", Zone.QUOTED, "300.00 EUR"),
        ("body", Zone.QUOTED, "F-881"),
    ]
    for each in mail.entities:
        where = mail.subject if each.where == "subject" else mail.body
        assert where[each.start : each.end] == each.text


def test_the_day_of_a_quoted_header_is_not_named() -> None:
    mail = builders.of(
        "Pagado.\n\nDe: Cobros\nEnviado: 3 de marzo de 2025\nAsunto: x\n\nVence el 5/3/2025.", subject="Re: x"
    )

    assert [each.value for each in mail.entities if each.type == "date"] == ["2025-03-05"]


@pytest.mark.parametrize(
    ("text", "sender", "expected"),
    [
        ("Revisen la retención de la DIAN en el NIT", "a@x.example", "CO"),
        ("Ya pagué, gracias", "a@empresa.com.pe", "PE"),
        ("El complemento de pago del CFDI está mal, pagamos $ 1,200.00", "a@x.example", "MX"),
        ("La boleta del SII y la cartola", "a@x.example", "CL"),
        ("Os he enviado la transferencia, 38 €", "a@x.example", "ES"),
        ("Avisame si tenés el CUIT", "a@x.example", "AR"),
        ("Não recebi o boleto, R$ 50,00", "a@x.example", "BR"),
        ("Não recebi a fatura, paguei por multibanco", "a@x.example", "PT"),
        ("I sent the cheque to your solicitor", "a@x.example", "GB"),
        ("ok", "a@x.example", ""),
    ],
)
def test_the_country_is_told_by_words_ids_and_domain(text: str, sender: str, expected: str) -> None:
    assert builders.of(text, sender=sender).country == expected
