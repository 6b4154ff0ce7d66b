"""The template linter: planted violations are all caught, clean texts all pass. Every text is invented."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cobranza.gate import sms, texts
from cobranza.regimes import contact

DAY = date(2026, 3, 4)
SIGNED = "Marta Ruiz, de Gestora Alba, por cuenta de Aceites del Sur. "
CLEAN = [
    "Le recordamos que su factura F-101 vence el 7 de marzo. Puede pagar en https://pagos.alba.example/x7.",
    "Su factura F-102 venció ayer y quedan 1.250,00 por pagar. Si ya pagó, no haga caso de este mensaje.",
    "Hola, Ana: tiene pendiente el recibo de febrero. Escríbanos y buscamos una solución.",
    "Puede dividir el pago en tres cuotas sin coste. Elija la suya en https://alba.example/plan.",
    "Hemos recibido su pago de 300,00. Gracias. Quedan 200,00 hasta el 30 de abril.",
    "Su próxima cuota, de 83,34, vence dentro de dos días.",
    "Si no está de acuerdo con la factura, díganoslo y la revisamos antes de seguir.",
    "Para dejar de recibir mensajes por este canal responda BAJA.",
    "Le llamamos ayer sin encontrarle. ¿Qué hora le viene bien?",
    "Adjuntamos las facturas F-7 y F-8 con sus albaranes.",
    "Quedó en pagar el viernes 6 de marzo; gracias por avisarnos.",
    "El importe pendiente es de 99,95. Transferencia a la cuenta que figura en la factura.",
    "Nuestro horario es de lunes a viernes de 9 a 14. Pregunte por Marta en cobros@alba.example.",
    "Puede descargar sus documentos en https://www.alba.example/documentos?id=abc123",
    "Su caso lo lleva ahora una persona de nuestro equipo, que le escribirá mañana.",
    "Hemos cambiado su fecha de pago al día 10, como pidió.",
    "¿Por qué no hablamos mañana? Llámenos cuando pueda.",
]
PLANTED: list[tuple[str, str, str]] = [  # country or "*", rule, what is said after a proper signature
    ("*", "PROPIA-TEXTO-CAMPOS", "Hola, {{ nombre }}: vence su factura."),
    ("*", "PROPIA-TEXTO-CAMPOS", "Debe pagar {importe} antes del viernes."),
    ("*", "PROPIA-TEXTO-CAMPOS", "Su factura None vence mañana."),
    ("*", "PROPIA-TEXTO-CAMPOS", "Quedan nan por pagar."),
    ("*", "PROPIA-TEXTO-CAMPOS", "Quedan ${saldo} por pagar."),
    ("*", "PROPIA-TEXTO-CAMPOS", "Quedan %(saldo)s por pagar."),
    ("*", "PROPIA-TEXTO-CAMPOS", "Estimado [NOMBRE DEL CLIENTE]: vence su factura."),
    ("*", "PROPIA-TEXTO-CAMPOS", "Quedan <<saldo>> por pagar."),
    ("*", "PROPIA-TEXTO-CAMPOS", "{% if moroso %}Pague{% endif %}"),
    ("*", "PROPIA-TEXTO-ENLACES", "Pague en https://pagos-alba.example.net/x7."),
    ("*", "PROPIA-TEXTO-ENLACES", "Pague en http://alba.example/x7."),
    ("*", "PROPIA-TEXTO-ENLACES", "Pague en http://127.0.0.1:8010/x7."),
    ("*", "PROPIA-TEXTO-ENLACES", "Pague en bit.ly/3xYz9."),
    ("*", "PROPIA-TEXTO-ENLACES", "Pague en https://alba.example@otro.example/x7."),
    ("*", "PROPIA-TEXTO-ENLACES", "Pague en https://alba.example.otro.example/x7."),
    ("*", "PROPIA-TEXTO-ENLACES", "Pague en https://аlba.example/x7."),  # the first letter is Cyrillic
    ("*", "PROPIA-TEXTO-ENLACES", "Pague en www.otro.example."),
    ("*", "PROPIA-TEXTO-ENLACES", "Entre en pagosrapidos.com y pague."),
    ("*", "PROPIA-TEXTO-IDIOMA", "Please pay your invoice with this link and you have our thanks."),
    ("*", "PROPIA-TEXTO-IDIOMA", "Gracias por su atención. Você não pagou a sua fatura em março."),
    ("*", "PROPIA-FORMAS", "CÉDULA DE NOTIFICACIÓN. Pague antes del viernes."),
    ("*", "PROPIA-FORMAS", "Se le cita y emplaza para el día 9."),
    ("*", "PROPIA-FORMAS", "Mandamiento de pago número 33."),
    ("*", "PROPIA-FORMAS", "Este es un requerimiento judicial."),
    ("*", "PROPIA-FORMAS", "Informaremos a su jefe de lo que debe."),
    ("*", "PROPIA-FORMAS", "Hablaremos con sus vecinos."),
    ("*", "PROPIA-FORMAS", "Daremos parte a la policía."),
    ("*", "PROPIA-TRATO", "Atén\u200bgase a las consecuencias."),  # with an invisible character inside
    ("*", "PROPIA-TRATO", "Puede acabar en la cárcel."),
    ("*", "PROPIA-TRATO", "Sabemos donde trabaja."),
    ("*", "PROPIA-TRATO", "Es usted un MOROSO."),
    ("*", "PROPIA-TRATO", "No sea irresponsable."),
    ("PE", "PE-FORMA-JUDICIAL", "Notificación judicial por falta de pago."),
    ("PE", "PE-LISTAS", "Publicaremos su nombre en la lista de deudores."),
    ("CL", "CL-FORMA-JUDICIAL", "Orden de embargo a nombre de usted."),
    ("CL", "CL-AMENAZA", "Iniciaremos acciones judiciales."),
    ("CL", "CL-AMENAZA", "Tendremos que demandarle."),
    ("CL", "CL-AMENAZA", "Irá a DICOM."),
    ("CL", "CL-AMENAZA", "Embargaremos su sueldo."),
    ("CL", "CL-GASTOS-20-DIAS", "Se suman gastos de cobranza."),
    ("CO", "CO-MOTIVO", "¿Por qué no ha pagado?"),
    ("CO", "CO-MOTIVO", "Díganos el motivo del impago."),
    ("CO", "CO-MOTIVO", "¿A qué se debe su atraso?"),
    ("CO", "CO-MOTIVO", "¿Qué le impide pagar?"),
    ("CO", "CO-MOTIVO", "Explíquenos las razones, por favor."),
    ("CO", "CO-MOTIVO", "¿Cuál es la razón por la que no ha pagado?"),
    ("MX", "MX-FORMAS", "Citatorio: preséntese el lunes."),
    ("MX", "MX-FORMAS", "Orden de aprehensión en trámite."),
    ("MX", "MX-COBRO-DESPACHO", "Deposite en la cuenta de nuestro despacho."),
    ("EC", "EC-TRATO", "Se arrepentirá."),
    ("EC", "EC-TRATO", "Le va a dar vergüenza."),
    ("AR", "AR-TRATO-DIGNO", "Auto de embargo 12/2026."),
    ("AR", "AR-TRATO-DIGNO", "Habrá graves consecuencias."),
]


def message(text: str, **more: Any) -> texts.Message:
    told: dict[str, Any] = {
        "channel": "email",
        "on": DAY,
        "senders": ("Gestora Alba",),
        "creditors": ("Aceites del Sur",),
        "own_hosts": frozenset({"alba.example"}),
    }
    return texts.Message(text=text, **(told | more))


def rules(found: tuple[texts.Finding, ...]) -> set[str]:
    return {finding.rule for finding in found}


@pytest.mark.parametrize("country", contact.countries())
@pytest.mark.parametrize("text", CLEAN)
def test_a_clean_text_passes(country: str, text: str) -> None:
    assert texts.lint(message(SIGNED + text, subject="Su factura de febrero"), contact.law(country)) == ()


@pytest.mark.parametrize(("country", "rule", "text"), PLANTED)
def test_a_planted_violation_is_caught(country: str, rule: str, text: str) -> None:
    for code in contact.countries() if country == "*" else (country,):
        found = texts.lint(message(SIGNED + text), contact.law(code))
        assert rule in rules(found)
        assert all(finding.told and finding.rule in contact.law(code).by_id for finding in found)


def test_who_writes_and_for_whom() -> None:
    law = contact.law("ES")
    assert rules(texts.lint(message("Su factura vence mañana."), law)) == {"PROPIA-IDENTIFICACION"}
    assert len(texts.lint(message("Aceites del Sur: su factura vence mañana."), law)) == 1
    assert texts.lint(message("ACEITES  DEL SUR, por Gestora Álba: su factura vence mañana."), law) == ()


def test_what_others_may_see_names_no_debt() -> None:
    law = contact.law("ES")
    for subject in ("Deuda pendiente", "IMPAGO de su factura", "Aviso de embargo", "Cobranza: última oportunidad"):
        assert "PROPIA-FORMAS" in rules(texts.lint(message(SIGNED + CLEAN[0], subject=subject), law))


def test_a_court_that_has_begun_may_be_named() -> None:
    text = SIGNED + "El juzgado ha fijado fecha para el juicio."
    law = contact.law("CL")
    assert rules(texts.lint(message(text), law)) == {"CL-AMENAZA"}
    assert texts.lint(message(text, court_begun=True), law) == ()
    assert texts.lint(message(text), contact.law("ES")) == ()  # no norm of Spain forbids saying so


def test_what_a_text_betrays_is_what_the_gate_forbids() -> None:
    told = texts.betrayed(message("¿Por qué no ha pagado? Cédula de notificación."))
    assert told == {"reason_for_non_payment": "por que no ha pagado", "court_look": "cedula de notificacion"}


def test_a_text_message_that_is_too_long() -> None:
    law = contact.law("ES")
    long = SIGNED + "Le recordamos su factura con el importe de siempre, como cada mes de este año. " * 4
    assert rules(texts.lint(message(long, channel="sms"), law)) == {"PROPIA-TEXTO-SMS"}
    assert texts.lint(message(long, channel="sms", sms_parts=5), law) == ()
    assert texts.lint(message(long), law) == ()


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("ñ" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),  # the escape and its character stay together
        ("á" * 70, "UCS-2", 70, 1),
        ("á" * 71, "UCS-2", 71, 2),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 67, "UCS-2", 134, 3),  # 33 to a part: a surrogate pair is not cut
    ],
)
def test_the_length_of_a_text_message(text: str, encoding: str, units: int, parts: int) -> None:
    found = sms.size(text)
    assert (found.encoding, found.units, found.parts) == (encoding, units, parts)
