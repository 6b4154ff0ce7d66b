"""Own words, quotes, forwards, signatures and notices."""

from __future__ import annotations

import pytest

from cobranza.disputes.ports import Zone
from cobranza.disputes.reading import reader, zones
from tests.unit.disputes_reading import builders

WORDS = "No debemos esa cantidad.\nLa transferencia salió el lunes."


@pytest.mark.parametrize(
    "announcement",
    [
        "El lun, 3 mar 2025 a las 10:22, Cobros Iber <cobros@iber.example> escribió:",
        "El lun., 3 de mar. de 2025 10:22 a. m., Cobros <cobros@iber.example>\nescribió:",
        "El 3/3/25 a las 10:22, Cobros Iber escribió:",
        "El lunes, 3 de marzo de 2025, 10:22:33 GMT-5, Cobros <cobros@iber.example> escribió:",
        "En lunes, 3 de marzo de 2025, 10:22, Cobros escribió:",
        "Cobros Iber <cobros@iber.example> escribió el lun, 3 mar 2025:",
        "Em seg., 3 de mar. de 2025 às 10:22, Cobranças <cobros@iber.example> escreveu:",
        "Em segunda-feira, 3 de março de 2025 10:22:33 BRT, Cobranças escreveu:",
        "On Mon, 3 Mar 2025 at 10:22, Collections <cobros@iber.example> wrote:",
        "On Mon, 3 Mar 2025 at 10:22, The Collections Department <\ncobros@iber.example> wrote:",
        "On Mar 3, 2025,\nat 10:22,\nCollections wrote:",
        "-----Mensaje original-----\nDe: Cobros [mailto:cobros@iber.example]\nEnviado el: lunes, 3 de marzo\nAsunto: x",
        "-----Original Message-----\nFrom: Collections\nSent: Monday\nTo: Ana\nSubject: x",
        "________________________________\nDe: Cobros <cobros@iber.example>\nEnviado: lunes, 3 de marzo de 2025 10:22"
        "\nPara: Ana\nAsunto: Factura",
        "De: Cobros\nAsunto: Factura vencida",
        "*De:* Cobros <cobros@iber.example>\n*Enviado:* lunes, 3 de marzo\n*Para:* Ana\n*Asunto:* Factura",
        "De: Cobranças <cobros@iber.example>\nEnviada em: segunda-feira\nPara: Ana\nAssunto: Fatura",
        "2025-03-03 10:22 GMT+01:00 Cobros <cobros@iber.example>:",
        "##- Por favor, escriba su respuesta por encima de esta línea -##",
    ],
)
@pytest.mark.parametrize("quote", ["Le recordamos la factura F-77.", "> Le recordamos la factura F-77."])
def test_what_an_announcement_opens_is_quoted(announcement: str, quote: str) -> None:
    mail = builders.of(f"{WORDS}\n\n{announcement}\n\n{quote}", subject="Re: Factura")

    assert mail.own_text == WORDS
    assert "F-77" in builders.zone(mail, Zone.QUOTED)


@pytest.mark.parametrize(
    "text",
    [
        "El cliente me escribió: no piensa pagar.",
        "El 3 de marzo les escribí y nadie contestó.",
        "Como les escribió mi socio, la factura está mal.\nEspero respuesta.",
        "De: lo que hablamos, nada.\nA: ver si lo arreglan.",
        "Fecha: 3 de marzo\nImporte: 300 €\nBanco: el de siempre",
        "On the other hand, nobody wrote to us.",
        "Reenviado por el banco, dicen. No es verdad.",
        "Advertencia: si vuelven a llamar iré a consumo.",
        "Aviso legal: lo pondré en manos de mi abogado.",
        "Mi teléfono es el 600 000 000. Llámenme.",
        "Solicito la supresión de mis datos personales según el RGPD y que me digan quién es el responsable.",
        "Enviado desde mi banco el justificante el martes, ya lo tendrán.",
        "Este mensaje es el tercero que mando. ¿Alguien lo lee?",
        "Un saludo,\nAna Ruiz",
        "Gracias",
        "-- no es una firma, es que escribo así --\ny sigo.",
    ],
)
def test_a_persons_words_are_left_whole(text: str) -> None:
    mail = builders.of(text, subject="Re: Factura")

    assert builders.zone(mail, Zone.NEW) == text


@pytest.mark.parametrize(
    "tail",
    [
        "Enviado desde mi iPhone",
        "Obtener Outlook para Android",
        "Enviado do meu Galaxy",
        "Sent from my mobile",
        "AVISO LEGAL: Este correo es confidencial y va dirigido solo a su destinatario.",
        "This e-mail and any attachments are confidential and intended solely for the recipient.",
        "Antes de imprimir este mensaje, piense en el medio ambiente.",
        "Advertencia: correo externo. Este mensaje se originó fuera de la organización.",
        "Esta mensagem é confidencial e destina-se exclusivamente ao destinatário.",
        "De conformidad con el RGPD le informamos de que sus datos serán tratados para gestionar el contrato.",
        "--\nAna Ruiz\nTaller Ruiz, S.L.\nTel. 910 000 000",
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_footer_is_no_own_text(tail: str, gap: str) -> None:
    mail = builders.of(f"{WORDS}{gap}{tail}")

    assert mail.own_text == WORDS
    assert tail.split("\n")[-1] in builders.zone(mail, Zone.SIGNATURE)


def test_sign_off_and_name_stay_but_what_stands_under_them_goes() -> None:
    mail = builders.of(
        f"{WORDS}\n\nUn saludo,\nAna Ruiz\nAdministración\nTaller Ruiz, S.L.\nTel. +34 910 000 000\nwww.taller.example"
    )

    assert mail.own_text == f"{WORDS}\n\nUn saludo,\nAna Ruiz"


def test_a_warning_of_the_gateway_on_top_is_not_the_senders() -> None:
    mail = builders.of(f"CAUTION: This email originated from outside of the organization.\n\n{WORDS}")

    assert mail.own_text == WORDS


def test_answers_between_quoted_lines_are_the_senders() -> None:
    assert builders.own("> ¿Ha pagado?\nSí, el lunes.\n> ¿Cuánto?\nTodo.") == "Sí, el lunes.\nTodo."


def test_a_notice_before_the_quote_hides_neither() -> None:
    mail = builders.of(
        f"{WORDS}\n\nEste mensaje es confidencial, para uso exclusivo de su destinatario.\n> Pague ya la F-77.",
        subject="RE: F-77",
    )

    assert [span.zone for span in mail.spans] == [Zone.NEW, Zone.SIGNATURE, Zone.QUOTED]
    assert mail.own_text == WORDS


FORWARD = (
    "---------- Forwarded message ---------\nDe: Eva <eva@x.example>\nAsunto: Precio\nPara: Ana\n\nEl precio está mal."
)


def test_what_is_only_handed_over_counts() -> None:
    mail = builders.of(f"Les paso esto, para su gestión.\n\n{FORWARD}", subject="RV: Precio")

    assert mail.own_text == "Les paso esto, para su gestión.\n\nEl precio está mal."
    assert "El precio está mal." in builders.zone(mail, Zone.FORWARDED)


def test_what_is_forwarded_to_ask_about_it_does_not_count() -> None:
    asked = "¿Es de ustedes este correo? No deposito nada hasta que me llamen."

    assert builders.own(f"{asked}\n\n{FORWARD}", subject="RV: Precio") == asked


def test_a_forward_without_a_word_is_its_content() -> None:
    assert builders.own(FORWARD, subject="Fwd: Precio") == "El precio está mal."


@pytest.mark.parametrize(
    "quote",
    [
        "<div class='gmail_quote'><div class='gmail_attr'>Cobros:</div><blockquote>Pague la F-77</blockquote></div>",
        "<blockquote type='cite'>Pague la F-77</blockquote>",
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>De:</b> Cobros<br><b>Asunto:</b> x</p></div>"
        "<p>Pague la F-77</p>",
        "<div id='divRplyFwdMsg'><b>De:</b> Cobros</div><p>Pague la F-77</p>",
        "<hr data-marker='__DIVIDER__'><p>Pague la F-77</p>",
        "<div class='yahoo_quoted'>Pague la F-77</div>",
        "<div class='protonmail_quote'>Pague la F-77</div>",
    ],
)
def test_quotes_of_html_are_known_by_their_markup(quote: str) -> None:
    raw = builders.raw("", html=f"<html><body><p>No debo&nbsp;nada.</p>{quote}</body></html>", subject="Re: x")

    mail = reader.read(raw)

    assert mail.own_text == "No debo nada."
    assert "F-77" in builders.zone(mail, Zone.QUOTED)


def test_markup_that_would_leave_nothing_is_not_believed() -> None:
    mail = builders.of("<blockquote type='cite'>No debo nada, repito.</blockquote>")

    assert mail.own_text == "No debo nada, repito."


def test_hints_never_leave_the_text() -> None:
    assert zones.find("", "x") == ()
    assert builders.of("").own_text == ""


def test_what_stands_under_a_wrapped_quote_is_the_senders() -> None:
    html = (
        "<p>No es correcto.</p><div class='moz-cite-prefix'>El 3/3/25 a las 10:22, Cobros escribió:</div>"
        "<blockquote type='cite'><p>Debe la F-77</p></blockquote><p>Y otra cosa: falta un bulto.</p>"
    )

    mail = builders.of(html, subject="Re: x")

    assert mail.own_text.split() == ["No", "es", "correcto.", "Y", "otra", "cosa:", "falta", "un", "bulto."]


def test_word_writes_its_empty_lines() -> None:
    mail = builders.of("<p class=MsoNormal>Hola</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>Adiós</p>")

    assert mail.body == "Hola\n\nAdiós"
