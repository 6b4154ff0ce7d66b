"""The negotiation assistant: what it understands, what it may conclude, and when it keeps quiet."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cobranza.agreements.assistant import dialogue
from cobranza.agreements.assistant.dialogue import Does, Phase, Talk, Turn, Voice, answer
from cobranza.agreements.assistant.understanding import Intent, understand
from cobranza.agreements.matrix import approve
from cobranza.agreements.terms import Debt, Kind
from tests.unit.agreements.test_offers import POLICY, debt, money

TODAY = date(2026, 11, 23)  # a Monday
VOICE = Voice(debtor="Ana Ruiz", creditor="Luz Norte", link="https://pagos.example.com/d/8fj2")
KNOWN = Talk(identified=True)

SAID = {
    Intent.PAY: [
        "¿Cómo puedo pagar?",
        "Quiero liquidar hoy la deuda",
        "mándenme el enlace de pago",
        "¿a qué número de cuenta?",
    ],
    Intent.PROMISE: ["lo pago el viernes", "cuando cobre os pago", "pagaré mañana sin falta", "a fin de mes lo abono"],
    Intent.PART: [
        "¿puedo dar la mitad ahora?",
        "de momento solo puedo abonar una parte",
        "les ingreso 200 euros a cuenta",
    ],
    Intent.PLAN: [
        "¿Se puede fraccionar?",
        "me gustaría pagarlo en seis cuotas",
        "¿puedo pagarlo en dos veces?",
        "podría pagar 80 € al mes",
        "necesito facilidades, algo mensual",
        "no puedo pagar todo de golpe, ¿en 4 plazos?",
    ],
    Intent.CANNOT: ["ahora mismo no puedo pagar", "no tengo dinero", "me resulta imposible abonarlo"],
    Intent.HARDSHIP: ["me he quedado sin trabajo y no puedo pagar", "estoy en paro", "mi marido falleció en junio"],
    Intent.ALREADY_PAID: [
        "Eso ya está pagado",
        "ya lo aboné el día 3",
        "hice la transferencia ayer",
        "les adjunto el comprobante",
    ],
    Intent.DISPUTE: [
        "no reconozco esa factura",
        "nunca me entregaron el pedido",
        "el importe está mal",
        "me han cobrado dos veces",
        "no pago porque la máquina llegó defectuosa",
    ],
    Intent.NOT_ME: [
        "se ha equivocado de persona",
        "no soy Marta",
        "no conozco a nadie con ese nombre",
        "número equivocado",
    ],
    Intent.STOP: [
        "BAJA",
        "stop",
        "no me vuelvan a escribir",
        "dejen de llamarme",
        "quiero darme de baja de los mensajes",
    ],
    Intent.TERMS: ["¿qué intereses me están cobrando?", "¿me hacen un descuento?", "¿me van a meter en ASNEF?"],
    Intent.PERSON: ["quiero hablar con una persona", "que me llamen por favor", "agente"],
    Intent.ACCEPT: ["sí", "de acuerdo", "Vale, acepto", "me quedo con la segunda"],
    Intent.REJECT: ["no", "ninguna me sirve", "no me conviene, ¿otra opción?"],
    Intent.GREETING: ["hola", "Buenos días"],
    Intent.UNKNOWN: ["xyz", "el perro de san roque", "👍🏽 jajaja", ""],
}


@pytest.mark.parametrize(("intent", "text"), [(intent, text) for intent, texts in SAID.items() for text in texts])
def test_what_is_understood(intent: Intent, text: str) -> None:
    read = understand(text, TODAY, "EUR")
    assert read.intent is intent
    assert (read.confidence >= dialogue.SURE) == (intent is not Intent.UNKNOWN)


@pytest.mark.parametrize(
    ("text", "amount", "monthly", "day", "count", "option"),
    [
        ("pagaré 1.250,50 € el 3/12", "1250.50", False, date(2026, 12, 3), None, None),
        ("puedo pagar unos 90 al mes", "90", True, None, None, None),
        ("el viernes", None, False, date(2026, 11, 27), None, None),
        ("el lunes", None, False, date(2026, 11, 30), None, None),
        ("el día 5", None, False, date(2026, 12, 5), None, None),
        ("el 15 de enero", None, False, date(2027, 1, 15), None, None),
        ("el 15/01/2020", None, False, None, None, None),
        ("el 31/02", None, False, None, None, None),
        ("por la mañana", None, False, None, None, None),
        ("dentro de dos semanas", None, False, date(2026, 12, 7), None, None),
        ("en doce mensualidades", None, False, None, 12, None),
        ("la tercera", None, False, None, None, 3),
        ("2", None, False, None, None, 2),
        ("250", "250", False, None, None, None),
    ],
)
def test_figures_and_days(
    text: str, amount: str | None, monthly: bool, day: date | None, count: int | None, option: int | None
) -> None:
    read = understand(text, TODAY, "EUR")
    assert read.amount == (None if amount is None else Decimal(amount))
    assert (read.monthly, read.day, read.count, read.option) == (monthly, day, count, option)


def test_an_amount_without_cents_groups_by_any_sign() -> None:
    assert understand("pago $ 150.000 mañana", TODAY, "CLP").amount == 150000
    assert understand("pago 1,200 pesos hoy", TODAY, "MXN").amount == 1200
    assert understand("pago 1,20 euros hoy", TODAY, "EUR").amount == Decimal("1.20")


def talk(*messages: str, owed: Debt | None = None, start: Talk = KNOWN) -> list[Turn]:
    owed = owed or debt("900.00", debtor="consumer")
    turns: list[Turn] = []
    state = start
    for message in messages:
        turns.append(answer(state, message, owed, POLICY, VOICE))
        state = turns[-1].talk
    return turns


def test_from_cannot_to_a_recorded_plan() -> None:
    turns = talk("no puedo pagar todo", "unos 200 al mes, el día 5", "la primera", "sí")
    assert [turn.says for turn in turns] == ["ask_capacity", "offer_one", "confirm", "agreed"] or [
        turn.says for turn in turns
    ] == ["ask_capacity", "offer", "confirm", "agreed"]
    agreed = turns[-1].agreed
    assert agreed is not None
    assert agreed.proposal.total == money("900.00")
    assert all(row.amount <= money("200.00") for row in agreed.proposal.instalments)
    assert [does for does, _ in turns[-1].does] == [Does.AGREE]
    for row in agreed.proposal.instalments:
        assert row.due.strftime("%d/%m/%Y") in turns[2].text, "the terms are repeated in full before the yes"


@pytest.mark.parametrize(
    ("message", "does", "phase"),
    [
        ("no reconozco esta deuda", Does.OPEN_DISPUTE, Phase.PERSON),
        ("ya lo pagué", Does.CHECK_PAYMENT, Phase.OPEN),
        ("no soy esa persona", Does.SUPPRESS, Phase.STOPPED),
        ("BAJA", Does.STOP_CHANNEL, Phase.STOPPED),
        ("quiero hablar con un agente", Does.HAND_OVER, Phase.PERSON),
        ("¿qué intereses son esos?", Does.HAND_OVER, Phase.PERSON),
        ("estoy en paro", Does.HAND_OVER, Phase.PERSON),
        ("quiero pagar", Does.SEND_LINK, Phase.OPEN),
    ],
)
def test_what_each_wish_makes_us_do(message: str, does: Does, phase: Phase) -> None:
    (turn,) = talk(message)
    assert [each for each, _ in turn.does] == [does]
    assert turn.talk.phase is phase
    assert turn.text


def test_what_is_not_understood_is_asked_once_and_then_goes_to_a_person() -> None:
    first, second, third = talk("xyz", "zyx", "¿hola?")
    assert (first.says, second.says) == ("clarify", "person")
    assert second.does == ((Does.HAND_OVER, "no se le entiende por segunda vez"),)
    assert third.says == "closed", "with a person in charge the assistant goes no further"
    assert third.does == ()


@pytest.mark.parametrize(
    "message", ["en 12 cuotas", "lo pago el 1 de marzo", "puedo dar 50 euros ahora", "podría pagar 20 al mes"]
)
def test_beyond_the_limits_a_person_decides(message: str) -> None:
    (turn,) = talk(message)
    assert turn.talk.phase is Phase.PERSON
    assert turn.says == "none_fits"
    assert turn.agreed is None


def test_a_debt_that_changed_before_the_yes_is_not_agreed_on_the_old_figures() -> None:
    confirming = talk("en 3 cuotas")[-1].talk
    assert confirming.phase is Phase.CONFIRMING
    turn = answer(confirming, "sí", debt("800.00", debtor="consumer"), POLICY, VOICE)
    assert (turn.agreed, turn.talk.phase) == (None, Phase.PERSON)


def test_a_wish_to_change_what_was_agreed_goes_to_a_person() -> None:
    done = talk("en 3 cuotas", "sí")[-1]
    assert done.talk.phase is Phase.AGREED
    turn = answer(done.talk, "al final prefiero 6 cuotas", debt("900.00", debtor="consumer"), POLICY, VOICE)
    assert turn.does == ((Does.HAND_OVER, "quiere cambiar lo acordado"),)


messages = st.sampled_from([text for texts in SAID.values() for text in texts]) | st.text(max_size=40)


@settings(max_examples=150, deadline=None)
@given(st.lists(messages, min_size=1, max_size=6))
def test_an_unknown_sender_learns_nothing(said: list[str]) -> None:
    for turn in talk(*said, start=Talk()):
        assert not re.search(r"\d", turn.text)
        assert "Luz Norte" not in turn.text
        assert "deuda" not in turn.text.lower()
        assert {does for does, _ in turn.does} <= {Does.STOP_CHANNEL, Does.SUPPRESS}
        assert turn.agreed is None


@settings(max_examples=250, deadline=None)
@given(
    st.lists(messages, min_size=1, max_size=7),
    st.decimals(min_value="50", max_value="9000", places=2),
    st.sampled_from(["bajo", "medio", "alto"]),
)
@example(["100000000000000000000000000"], Decimal(50), "bajo")  # a number that is no amount
def test_nothing_outside_the_matrix_is_shown_or_concluded(said: list[str], owed: Decimal, risk: str) -> None:
    whole = replace(debt("1.00", debtor="consumer"), principal=money(str(owed)), risk=risk)  # type: ignore[arg-type]
    before: Turn | None = None
    for turn in talk(*said, owed=whole):
        for scenario in turn.talk.shown:
            assert approve(whole, scenario.proposal, POLICY.levels).state == "approved"
        if turn.agreed is not None:
            assert before is not None
            assert before.talk.phase is Phase.CONFIRMING, "a yes counts only after the terms were repeated"
            assert turn.agreed.proposal.total == whole.covered - turn.agreed.proposal.waived.total
            assert approve(whole, turn.agreed.proposal, POLICY.levels).state == "approved"
            if turn.agreed.proposal.kind is Kind.PROMISE:
                assert (turn.agreed.proposal.last_day - whole.as_of).days <= POLICY.promise_days
        if before is not None and before.talk.phase is Phase.STOPPED:
            assert turn.text == ""
        before = turn


ABROAD = {
    "en": {
        Intent.PAY: ["How can I pay?", "I want to settle today"],
        Intent.PROMISE: ["I'll pay on friday", "once I get paid I will pay it"],
        Intent.PART: ["can I pay half now?"],
        Intent.PLAN: ["could I pay in three instalments?", "I could pay 80 a month", "can we spread the payments?"],
        Intent.CANNOT: ["I can't afford it", "we don't have the money"],
        Intent.HARDSHIP: ["I lost my job and cannot pay"],
        Intent.ALREADY_PAID: ["this has been paid already", "I paid last week"],
        Intent.DISPUTE: ["we never received the goods", "the invoice is wrong"],
        Intent.NOT_ME: ["wrong person"],
        Intent.STOP: ["stop", "do not write to me", "no more messages please"],
        Intent.TERMS: ["how much interest do you charge?"],
        Intent.PERSON: ["I want to talk to a person"],
        Intent.ACCEPT: ["yes, agreed", "I accept"],
    },
    "pt": {
        Intent.PAY: ["Como posso pagar?"],
        Intent.PROMISE: ["pago na sexta-feira", "pagarei amanhã"],
        Intent.PART: ["posso pagar metade agora?"],
        Intent.PLAN: ["posso pagar em três prestações?", "dá para parcelar?", "posso pagar 80 € por mês"],
        Intent.CANNOT: ["não posso pagar", "não tenho dinheiro"],
        Intent.HARDSHIP: ["fiquei sem emprego"],
        Intent.ALREADY_PAID: ["já paguei", "fiz a transferência ontem"],
        Intent.DISPUTE: ["não reconheço esta fatura", "nunca recebi a encomenda"],
        Intent.NOT_ME: ["pessoa errada"],
        Intent.STOP: ["PARAR", "não quero receber mais mensagens"],
        Intent.TERMS: ["quanto são os juros?"],
        Intent.PERSON: ["quero falar com uma pessoa"],
        Intent.ACCEPT: ["sim, aceito"],
    },
}


@pytest.mark.parametrize(
    ("language", "intent", "text"),
    [(language, intent, text) for language, of in ABROAD.items() for intent, texts in of.items() for text in texts],
)
def test_what_is_said_in_english_and_portuguese(language: str, intent: Intent, text: str) -> None:
    read = understand(text, TODAY, "EUR", language)
    assert (read.intent, read.confidence >= dialogue.SURE) == (intent, True)


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("en", "I'll pay on friday", date(2026, 11, 27)),
        ("en", "I will pay on 5 December", date(2026, 12, 5)),
        ("en", "I can pay it in two weeks", date(2026, 12, 7)),
        ("pt", "pago na sexta-feira", date(2026, 11, 27)),
        ("pt", "pago dia 30", date(2026, 11, 30)),
        ("pt", "pagarei depois de amanhã", date(2026, 11, 25)),
    ],
)
def test_days_named_in_english_and_portuguese(language: str, text: str, day: date) -> None:
    assert understand(text, TODAY, "EUR", language).day == day


def test_figures_named_in_english_and_portuguese() -> None:
    english = understand("I could pay € 1,200.50 a month", TODAY, "EUR", "en")
    assert (english.amount, english.monthly) == (Decimal("1200.50"), True)
    assert understand("in four payments", TODAY, "EUR", "en").count == 4
    assert understand("em quatro vezes", TODAY, "EUR", "pt").count == 4
    assert understand("the second", TODAY, "EUR", "en").option == 2
    assert understand("¿cómo puedo pagar?", TODAY, "EUR", "en").intent is Intent.PAY, "Spanish on an English page"


def test_the_full_stop_of_a_company_form_ends_the_sentence() -> None:
    assert "Luz, S.L. ¿Cómo" in dialogue.says("greet", deudor="Pepa, S.A.", importe="1,00 EUR", acreedor="Luz, S.L.")


def test_every_language_says_every_thing_with_the_same_fields() -> None:
    whole = dialogue._texts()
    for language in ("en", "pt"):
        assert whole[language].keys() == whole["es"].keys()
        for name, text in whole[language].items():
            assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", whole["es"][name])), (language, name)


@pytest.mark.parametrize(
    ("language", "asks", "yes"), [("en", "in three instalments", "yes"), ("pt", "em três vezes", "sim")]
)
def test_a_plan_is_agreed_in_the_language_of_the_page(language: str, asks: str, yes: str) -> None:
    voice = replace(VOICE, language=language)
    first = answer(KNOWN, asks, debt("600.00"), POLICY, voice)
    second = answer(first.talk, yes, debt("600.00"), POLICY, voice)
    assert (first.says, second.says, second.does[0][0]) == ("confirm", "agreed", Does.AGREE)
    assert "204,25 EUR" in first.text
    assert second.does[0][1].startswith("3 pagos"), "staff read Spanish"
