"""Writing on the page: answered there, agreed there, stopped there, and handed to a person plainly."""

from __future__ import annotations

import pytest

from cobranza.ledger import conversation, tasks
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Event, Hold, OptOut, Task, Wanted, Word
from cobranza.ledger.verification import verify
from tests.unit.portal.conftest import Browser

ANA = Actor.person("ana")


def say(browser: Browser, text: str) -> str:
    """The page after a message."""
    form = {"numero": browser.number("mensajes/"), "texto": text}
    sent = browser.post("mensajes/", form)
    assert sent.status_code == 302, sent.content.decode()
    assert sent["Location"].endswith("/mensajes/#ultimo")
    return str(browser.get("mensajes/").content.decode())


def test_a_plan_is_agreed_on_the_page_and_nothing_is_sent(browser: Browser) -> None:
    browser.enter()
    assert "¿Lo confirma?" in say(browser, "¿Puedo pagarlo en tres cuotas?")
    page = say(browser, "sí, de acuerdo")
    assert "Acordado: 3 pagos, 1.815,50 EUR en total" in page
    assert "en esta misma página" in page
    assert "Su caso lo tiene una persona" not in page
    made = Agreement.objects.get()
    assert (made.channel, made.instalments.count()) == ("portal", 3)
    assert "sí, de acuerdo" in made.proof
    assert not Wanted.objects.exists()
    said = [(word.channel, word.direction) for word in conversation.thread(browser.debtor)]
    assert said == [("portal", "in"), ("portal", "out")] * 2
    assert Event.objects.filter(kind="portal.sent").count() == 2
    assert verify().ok


def test_a_form_sent_twice_is_said_and_answered_once(browser: Browser) -> None:
    browser.enter()
    form = {"numero": browser.number("mensajes/"), "texto": "hola"}
    for _ in range(2):
        browser.post("mensajes/", form)
    assert Word.objects.filter(direction="in").count() == Word.objects.filter(direction="out").count() == 1


@pytest.mark.parametrize(
    ("text", "channels", "answer"),
    [
        ("no quiero recibir más mensajes", {""}, "por ningún canal"),
        ("BAJA", {""}, "por ningún canal"),
        ("no me llamen, dejen de llamarme por teléfono", {"call", "ivr"}, "por teléfono"),
        ("no quiero más sms ni correos, darme de baja", {"sms", "email"}, "por correo electrónico, SMS"),
    ],
)
def test_stop_is_of_what_it_names_or_of_everything(
    browser: Browser, text: str, channels: set[str], answer: str
) -> None:
    browser.enter()
    assert answer in say(browser, text)
    assert set(OptOut.objects.values_list("channel", flat=True)) == channels


def test_what_it_may_not_settle_goes_to_a_person_and_the_page_says_so(browser: Browser) -> None:
    browser.enter()
    page = say(browser, "Me he quedado sin trabajo y no puedo pagar")
    assert "Sentimos la situación" in page
    assert "Su caso lo tiene una persona de nuestro equipo" in page
    assert Task.objects.get().kind == "negociar"
    assert "Esta conversación la lleva ya una persona" in say(browser, "¿hay alguien?")


def test_who_does_not_agree_is_not_asked_meanwhile(browser: Browser) -> None:
    browser.enter()
    page = say(browser, "No reconozco esa factura")
    assert "no le reclamaremos esa parte mientras tanto" in page
    assert Hold.objects.filter(released_at=None).count() == 2, "both overdue invoices"
    assert "Su caso lo tiene una persona" in page


def test_a_person_who_leads_is_not_interrupted_and_answers_on_the_page(browser: Browser) -> None:
    browser.enter()
    conversation.take_over(browser.debtor, actor=ANA)
    page = say(browser, "¿Puedo pagarlo en tres cuotas?")
    assert Word.objects.get().handled_at is None
    assert "Su caso lo tiene una persona" in page
    key = f"{conversation.ON_PAGE}{browser.debtor.pk}:1"
    now = Word.objects.get().at
    conversation.note(
        key, channel="portal", direction="out", text="Soy Ana, sí.", at=now, actor=ANA, debtor=browser.debtor
    )
    page = browser.get("mensajes/").content.decode()
    assert "Soy Ana, sí." in page
    assert "Asistente" not in page.partition("<ol")[2].partition("</ol>")[0]


def test_only_what_was_said_here_is_shown_and_as_text(browser: Browser) -> None:
    browser.enter()
    at = browser.link.created_at
    for debtor, text in ((browser.debtor, "correo privado"), (browser.other, "de otro")):
        conversation.note(
            f"email:{debtor.pk}", channel="email", direction="in", text=text, at=at, actor=ANA, debtor=debtor
        )
    page = say(browser, "<b>hola</b>")
    assert "&lt;b&gt;hola" in page
    assert "correo privado" not in page
    assert "de otro" not in page


@pytest.mark.parametrize(("text", "told"), [("", "Escriba algo"), ("x" * 1001, "pasa de 1000 letras")])
def test_nothing_and_too_much_are_refused(browser: Browser, text: str, told: str) -> None:
    browser.enter()
    refused = browser.post("mensajes/", {"numero": browser.number("mensajes/"), "texto": text})
    assert refused.status_code == 422
    assert told in refused.content.decode()
    assert not Word.objects.exists()


def test_it_is_limited_as_all_that_is_sent(browser: Browser, configured: object) -> None:
    configured("[limites]\nenvios_por_hora = 1\n")  # type: ignore[operator]
    browser.enter()
    say(browser, "hola")
    refused = browser.post("mensajes/", {"numero": browser.number("mensajes/"), "texto": "hola otra vez"})
    assert (refused.status_code, Word.objects.filter(direction="in").count()) == (422, 1)
    assert browser.get("mensajes/", token=f"{browser.link.pk}-falso").status_code == 404


@pytest.mark.parametrize(
    ("language", "asks", "confirms", "yes"),
    [
        ("en", "Can I pay in three instalments?", "Do you confirm it?", "yes"),
        ("pt", "Posso pagar em três prestações?", "Confirma?", "sim"),
    ],
)
def test_it_speaks_the_language_of_the_page(
    browser: Browser, language: str, asks: str, confirms: str, yes: str
) -> None:
    browser.enter()
    browser.client.cookies["portal_idioma"] = language
    assert confirms in say(browser, asks)
    say(browser, yes)
    assert Agreement.objects.get().instalments.count() == 3


def test_a_person_s_answer_closes_no_task_of_others(browser: Browser) -> None:
    browser.enter()
    say(browser, "quiero hablar con una persona")
    [task] = tasks.waiting(browser.debtor)
    tasks.done(task, outcome="hablado", actor=ANA)
    assert "Su caso lo tiene una persona" not in browser.get("mensajes/").content.decode()
