"""People and programs."""

from __future__ import annotations

import pytest

from cobranza.disputes.ports import Kind
from cobranza.disputes.reading import reader
from tests.unit.disputes_reading import builders


@pytest.mark.parametrize(
    ("header", "value", "kind"),
    [
        ("Auto_Submitted", "auto-replied", Kind.AUTO_REPLY),
        ("Auto_Submitted", "auto-generated; type=x", Kind.AUTO_REPLY),
        ("Auto_Submitted", "no", Kind.HUMAN),
        ("X_Autoreply", "yes", Kind.AUTO_REPLY),
        ("X_Auto_Response_Suppress", "All", Kind.AUTO_REPLY),
        ("X_Auto_Response_Suppress", "None", Kind.HUMAN),
        ("Precedence", "auto_reply", Kind.AUTO_REPLY),
        ("Precedence", "bulk", Kind.LIST),
        ("List_Id", "<socios.camara.example>", Kind.LIST),
        ("List_Id", "<cobros.nosotros.example>", Kind.HUMAN),
        ("List_Unsubscribe", "<mailto:baja@x.example>", Kind.LIST),
        ("Return_Path", "<>", Kind.AUTO_REPLY),
        ("Return_Path", "<ana@taller.example>", Kind.HUMAN),
        ("X_Failed_Recipients", "eva@x.example", Kind.BOUNCE),
        ("X_Priority", "1", Kind.HUMAN),
    ],
)
def test_headers_tell_programs(header: str, value: str, kind: Kind) -> None:
    mail = reader.read(builders.raw("Buenos días a todos.", **{header: value}))

    assert mail.kind is kind, mail.kind_reason
    assert mail.kind_reason


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("Respuesta automática: Factura", "Estoy fuera de la oficina. A mi regreso le contesto.", Kind.AUTO_REPLY),
        ("Automatic reply: invoice", "I am on annual leave until Monday.", Kind.AUTO_REPLY),
        ("Resposta automática: fatura", "Estou de férias até dia 5.", Kind.AUTO_REPLY),
        ("Re: factura", "Me encuentro de vacaciones hasta el lunes. Para urgencias contacte con Eva.", Kind.AUTO_REPLY),
        ("[Caso 123456] Hemos recibido su correo", "Un asesor le responderá en 48 horas.", Kind.AUTO_REPLY),
        ("Leído: Factura F-3301", "Su mensaje se leyó el martes. Asunto: Factura F-3301", Kind.AUTO_REPLY),
        ("Aceptada: Reunión saldos", "Eva ha aceptado la invitación a esta reunión.", Kind.CALENDAR),
        ("¿Cansado de impagos?", "Pruebe gratis. Si no desea recibir más correos, pulse aquí.", Kind.LIST),
        # a person speaks inside a note that looks automatic
        ("Respuesta automática: x", "Estoy de viaje. De la factura 771 no llegó nada, mándenlo y se paga.", Kind.HUMAN),
        # and people say these words too
        ("Re: factura", "El correo automático de ustedes dice que debo, y no es así.", Kind.HUMAN),
        ("Re: factura", "Estaba fuera de la oficina. ¿Me mandan la copia?", Kind.HUMAN),
        ("Baja", "No quiero recibir más correos de ustedes, quiero darme de baja.", Kind.HUMAN),
        ("Re: recibo", "Recibido, gracias.", Kind.HUMAN),
        ("Re: aviso", "Gracias por su mensaje. Pagaremos el viernes.", Kind.HUMAN),
        ("Devolución de mercancía", "Les devuelvo el pedido, llegó roto.", Kind.HUMAN),
    ],
)
def test_phrases_tell_programs_where_headers_are_silent(subject: str, text: str, kind: Kind) -> None:
    mail = builders.of(text, subject=subject)

    assert mail.kind is kind, mail.kind_reason


def test_legal_notices_from_a_box_that_nobody_reads_are_read() -> None:
    text = "Se le notifica la declaración de concurso. No responda a este mensaje."

    assert builders.of(text, sender="notificaciones@juzgado.example").kind is Kind.HUMAN


def test_mass_mail_with_a_bank_account_is_looked_at() -> None:
    text = "Paguen desde hoy en ES91 2100 0418 4502 0005 1332. Si no desea recibir más correos, pulse aquí."

    assert reader.read(builders.raw(text, List_Unsubscribe="<x:y>")).kind is Kind.HUMAN
    assert reader.read(builders.raw(text, Auto_Submitted="auto-generated")).kind is Kind.AUTO_REPLY


def test_an_answer_with_the_stamp_of_a_sales_tool_is_a_persons() -> None:
    mail = reader.read(
        builders.raw(
            "No estoy conforme.", subject="RE: Factura", In_Reply_To="<a@nosotros.example>", List_Unsubscribe="<x:y>"
        )
    )

    assert mail.kind is Kind.HUMAN


def test_an_invitation_is_calendar() -> None:
    raw = (
        b"From: ana@taller.example\nSubject: Llamada\nMIME-Version: 1.0\n"
        b"Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n"
    )

    assert reader.read(raw).kind is Kind.CALENDAR
