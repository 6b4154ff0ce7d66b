"""The assistant over the conversation: answers once, concludes with a recorded yes, hands over, and keeps silent."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cobranza.agreements import talking, workflow
from cobranza.kernel import clock
from cobranza.ledger import consents, conversation, holds, links
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Debtor, OptOut, Task, Wanted, Word
from tests.unit.payments.conftest import Room, make_room, room

__all__ = ["make_room", "room"]
HEARD = Actor.robot("canales")
TODAY = clock.now().astimezone(clock.MADRID).date()


def write(
    room: Room,
    text: str,
    *,
    key: str = "",
    at: datetime | None = None,
    debtor: Debtor | None = None,
    known: bool = True,
) -> Word:
    name = key or f"whatsapp:{Word.objects.count() + 1}"
    who = (debtor or room.debtor) if known else None
    return conversation.note(
        name, channel="whatsapp", direction="in", text=text, at=at or clock.now(), actor=HEARD, debtor=who,
        address="+34600000001",
    )  # fmt: skip


def said(room: Room, *texts: str) -> list[str]:
    for text in texts:
        write(room, text)
        talking.answer_all(room.creditor)
    return list(Wanted.objects.order_by("pk").values_list("text", flat=True))


def test_a_plan_is_agreed_in_words_and_the_yes_is_on_record(room: Room) -> None:
    answers = said(room, "Hola, ¿puedo pagarlo en tres cuotas?", "sí, de acuerdo")
    assert "¿Lo confirma?" in answers[0]
    assert answers[1].startswith("Acordado:")
    made = Agreement.objects.get()
    assert made.instalments.count() == 3
    assert "sí, de acuerdo" in made.proof
    assert made.channel == "whatsapp"
    assert not talking.answer_all(room.creditor), "again, it finds nothing"
    assert all(row.purpose == "answer" and row.channel == "whatsapp" for row in Wanted.objects.all())


def test_a_payment_before_the_yes_is_not_agreed_over(room: Room) -> None:
    said(room, "¿Puedo pagarlo en tres cuotas?")
    room.start("100")
    room.hear(room.gateway.pay("k1"))
    answers = said(room, "sí")
    assert not Agreement.objects.exists()
    assert not answers[-1].startswith("Acordado")
    assert Task.objects.get().kind == "negociar"


def test_an_unknown_sender_learns_nothing_and_a_person_who_leads_is_not_disturbed(room: Room) -> None:
    write(room, "¿Cuánto debo?", known=False)
    conversation.take_over(room.debtor, actor=Actor.person("ana"))
    write(room, "¿Cuánto debo?")
    assert talking.answer_all(room.creditor)["left"] == 1
    assert not Wanted.objects.exists()
    conversation.give_back(room.debtor, actor=Actor.person("ana"))
    assert talking.answer_all(room.creditor)["answered"] == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Estoy en el paro y no tengo ingresos", "negociar"),
        ("¿Qué intereses me cobran?", "negociar"),
        ("Quiero hablar con una persona", "negociar"),
        ("Ya pagué la semana pasada", "revisar"),
        ("No estoy conforme, la mercancía llegó rota", "revisar"),
        ("Se equivoca de persona, no soy yo", "datos_de_contacto"),
    ],
)
def test_what_a_robot_must_not_decide_goes_to_a_person(room: Room, text: str, kind: str) -> None:
    said(room, text)
    assert [row.kind for row in Task.objects.all()] == [kind]
    assert not Agreement.objects.exists()


def test_who_is_not_content_is_not_asked_for_it_meanwhile(room: Room) -> None:
    said(room, "No estoy conforme con la factura, la mercancía llegó rota")
    assert all(holds.held(row) == row.open for row in room.invoices)


def test_stop_stops_the_channel_once(room: Room) -> None:
    word = write(room, "BAJA")
    consents.stop(room.debtor, "whatsapp", said="BAJA", actor=HEARD, at=word.at)
    talking.answer_all(room.creditor)
    assert OptOut.objects.count() == 1
    said(room, "no me escriban más")
    assert OptOut.objects.filter(channel="whatsapp").count() == 2


def test_under_an_agreement_a_change_is_a_persons(room: Room) -> None:
    key = workflow.key_of(workflow.offer(room.debtor, "EUR", today=TODAY)[0])
    workflow.accept(room.debtor, "EUR", key, channel="portal", proof="x", actor=HEARD, today=TODAY)
    answers = said(room, "hola", "no puedo pagar, ¿en más cuotas?")
    assert "El próximo pago" in answers[0]
    assert Task.objects.get().kind == "negociar"
    assert workflow.standing_of(Agreement.objects.get(), TODAY).acts[0].does.value == "revisar"


def test_words_of_days_ago_go_to_a_person(room: Room) -> None:
    write(room, "¿Cuánto debo?", at=clock.now() - timedelta(days=4))
    assert talking.answer_all(room.creditor) == {"handed": 1}


def test_the_link_in_an_answer_is_the_debtors_own(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COBRANZA_PORTAL", "https://pagos.example.com")
    (answer,) = said(room, "Quiero pagar ya")
    assert f"https://pagos.example.com/d/{links.token_of(room.debtor.links.get())}" in answer
    assert "{" not in answer
