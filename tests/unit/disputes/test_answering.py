"""What is answered, to whom, and to whom never."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cobranza.disputes.answering import acknowledge, address, suggest, why_silent
from cobranza.disputes.policy import new_accounts, outrank, review
from cobranza.disputes.ports import Kind, Question, ReadMail
from cobranza.disputes.threads import Answer, Earlier, place
from tests.unit.disputes import fakes
from tests.unit.disputes.test_linking import BOOK, document, said

TODAY = date(2026, 11, 20)
ENTRY = fakes.CATEGORIES["factura_incorrecta"]


def mail(text: str = "hola", **values: str) -> ReadMail:
    return fakes.read(fakes.raw(text, **values))


def silent(one: ReadMail, **values: Any) -> str:
    base: dict[str, Any] = {"ours": {"disputas@empresa.example"}, "suppressed": False, "sent": 0, "cap": 5}
    return why_silent(one, values.pop("entry", ENTRY), **(base | values))


@pytest.mark.parametrize(("lang", "word"), [("es", "Hemos recibido"), ("pt", "Recebemos"), ("en", "We have received")])
def test_in_the_senders_language_with_the_number(lang: str, word: str) -> None:
    text = acknowledge(mail(Content_Language=lang), ENTRY, ticket="4711", signature="Prueba, S.L.")
    assert word in text.body
    assert "4711" in text.body
    assert "4711" in text.subject
    assert fakes.THANKS[lang] in text.body
    assert text.body.rstrip().endswith("Prueba, S.L.")


def test_who_is_unsure_promises_nothing_in_particular() -> None:
    assert fakes.THANKS["es"] not in acknowledge(mail(), None, ticket="1", signature="X").body


def test_a_subject_cannot_smuggle_in_a_header() -> None:
    one = replace(mail(), subject="Hola\r\nBcc: todos@x.example")
    assert "\n" not in acknowledge(one, ENTRY, ticket="1", signature="X").subject
    assert "\r" not in acknowledge(one, ENTRY, ticket="1", signature="X").subject


def test_a_name_that_is_an_advert_is_not_repeated() -> None:
    one = replace(mail(), sender_name="Gane dinero http://x.example ya")
    assert "http" not in acknowledge(one, ENTRY, ticket="1", signature="X").body


def test_a_reply_to_of_another_domain_is_not_believed() -> None:
    assert address(mail(Reply_To="otro@ladron.example")) == "pagos@pepa.example"
    assert address(mail(Reply_To="facturas@pepa.example")) == "facturas@pepa.example"
    assert address(replace(mail(), sender="no es una dirección", reply_to="")) == ""


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.HUMAN])
def test_never_to_machines(kind: Kind) -> None:
    assert silent(replace(mail(), kind=kind, kind_reason="cabecera"))


@pytest.mark.parametrize(
    "sender",
    ["disputas@empresa.example", "no-reply@pepa.example", "mailer-daemon@mx.example", "lista-bounces@x.example", ""],
)
def test_never_to_ourselves_nor_to_robots(sender: str) -> None:
    assert silent(mail(sender=sender))


def test_never_beyond_the_cap_nor_to_what_bounced() -> None:
    assert silent(mail()) == ""
    assert silent(mail(), sent=5)
    assert silent(mail(), suppressed=True)
    assert silent(mail(), entry=fakes.CATEGORIES["no_accionable"])
    assert silent(mail(), sent_domain=9, cap_domain=9)
    assert silent(mail(sender="a@gmail.com"), sent_domain=9, cap_domain=9) == ""


def test_a_suggested_reply_cites_what_the_ledger_says() -> None:
    rows = [document(1, 1, "F-1", "1210"), document(2, 1, "F-2", "90", "0")]
    text = suggest(mail(), ENTRY, rows, known=True, today=TODAY, signature="X")
    assert "F-1, del 01/09/2026, por 1.210,00 EUR: pendientes 1.210,00 EUR, vencida el 01/10/2026" in text
    assert "F-2, del 01/09/2026, por 90,00 EUR: pagada" in text


def test_a_stranger_is_told_nothing() -> None:
    text = suggest(mail(), ENTRY, [], known=False, today=TODAY, signature="X")
    assert "empresa" in text
    assert "EUR" not in text


def test_nothing_is_written_about_a_change_of_bank_details() -> None:
    watched = fakes.CATEGORIES["cambio_datos_bancarios"]
    assert suggest(mail(), watched, [], known=True, today=TODAY, signature="X") == ""


# ---- policy and threads


def test_an_account_that_is_known_is_no_news() -> None:
    one = mail("Hemos pagado a ES9121000418450200051332")
    assert new_accounts(one, ["ES91 2100 0418 4502 0005 1332"]) == ()
    assert new_accounts(one, []) == ("ES9121000418450200051332",)


def test_a_new_account_outranks_any_judgement() -> None:
    [first] = fakes.FakeJudge().judge([Question(mail=mail("ya está pagada"))])
    top = outrank(first, ("ES91",), fakes.CATEGORIES)
    assert (top.label, top.secondary, top.abstain) == ("cambio_datos_bancarios", "pago_ya_realizado", False)
    assert outrank(first, (), fakes.CATEGORIES) == first


@pytest.mark.parametrize(
    ("text", "sender", "wanted"),
    [
        ("La F2026-00381 es incorrecta", "pagos@pepa.example", False),
        ("La F2026-00381 es incorrecta", "x@desconocido.example", True),
        ("Es incorrecta", "pagos@pepa.example", True),
        ("¿Cuál es su horario?", "x@desconocido.example", False),
        ("La 381 es incorrecta, quizá", "pagos@pepa.example", True),
    ],
)
def test_what_a_person_has_to_see(text: str, sender: str, wanted: bool) -> None:
    one = mail(text, sender=sender)
    [judgement] = fakes.FakeJudge().judge([Question(mail=one)])
    found = review(judgement, fakes.CATEGORIES[judgement.label], said(text, sender, BOOK), {})
    assert found.wanted == wanted, found.reasons


def test_a_thread_is_joined_by_its_people_alone() -> None:
    case = Earlier(case=7, waits=False, people=frozenset({"pagos@pepa.example"}))
    being_made = Earlier(case=None, waits=True, people=frozenset({"pagos@pepa.example"}))
    assert place("jefe@pepa.example", [case]) == Answer(case=7)
    assert place("x@otro.example", [case]) == Answer(stranger=True)
    assert place("", [case]) == Answer(stranger=True)
    assert place("jefe@pepa.example", [being_made]) == Answer(wait=True)
    assert place("x@otro.example", [being_made]) == Answer()
    assert place("x@otro.example", []) == Answer()
