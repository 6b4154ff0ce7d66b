"""What providers and debtors tell, over HTTP: signature first, once, states only rise; a stop counts at once."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import pytest
from django.test import Client

from cobranza import suite
from cobranza.dunning import tasks, workflow
from cobranza.dunning.models import Message, Told
from cobranza.dunning.ports import Delivery
from cobranza.ledger import conversation
from cobranza.ledger.events import record
from cobranza.ledger.models import Contact, Creditor, Debtor, OptOut, Task, Wanted, Word
from cobranza.ledger.models import Event as Recorded
from cobranza.ledger.verification import verify
from tests.journeys.channels.conftest import Desk
from tests.journeys.ledger.conftest import ROBOT
from tests.unit.channels.conftest import MOBILE

pytestmark = pytest.mark.django_db

CHANNELS = ("sms", "whatsapp", "ivr", "letter")
_WEBHOOK = {"sms": "sms", "whatsapp": "whatsapp", "ivr": "voice", "letter": "burofax"}


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_delivery_is_told_whatever_the_order_and_however_often(desk: Desk, pepa: Debtor, channel: str) -> None:
    message = desk.queue(pepa, channel)
    assert desk.send() == {Delivery.ACCEPTED: 1}
    calls = desk.calls() * 2
    assert len(calls) >= 4
    random.Random(3).shuffle(calls)
    for call in calls:
        assert desk.post(call).status_code == 200
    message.refresh_from_db()
    assert message.state == Delivery.DELIVERED.value
    assert Told.objects.filter(message=message).count() == len(calls) // 2
    assert Recorded.objects.filter(kind="contact.sent").count() == 1
    assert verify().ok


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_answer_that_was_lost_is_settled_by_the_webhook(desk: Desk, pepa: Debtor, channel: str) -> None:
    message = desk.queue(pepa, channel)
    desk.providers.faults(plan=["drop_after"])
    assert desk.send() == {Delivery.UNKNOWN: 1}
    assert set(desk.hear()) == {200}
    message.refresh_from_db()
    assert message.state == Delivery.DELIVERED.value
    assert message.provider_id
    assert desk.send() == {}, "nobody sends it again"


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_forged_or_altered_call_changes_nothing(desk: Desk, pepa: Debtor, channel: str) -> None:
    message = desk.queue(pepa, channel)
    desk.send()
    call = desk.calls()[-1]
    for changed in (
        {"body": call["body"].replace("delivered", "read").replace("completed", "failed") + " "},
        {"headers": {name: value[:-3] + "abc" for name, value in call["headers"].items() if name != "Content-Type"}
                    | {"Content-Type": call["headers"]["Content-Type"]}},
        {"headers": {"Content-Type": call["headers"]["Content-Type"]}},
    ):  # fmt: skip
        assert desk.post(call, **changed).status_code == 403
    if channel in ("sms", "ivr"):
        assert desk.post(call, url=call["url"] + "x").status_code == 403, "the signature covers our key"
    message.refresh_from_db()
    assert message.state == Delivery.ACCEPTED.value
    assert Told.objects.count() == 0


def test_an_old_signature_is_refused_where_the_provider_signs_the_time(desk: Desk, pepa: Debtor) -> None:
    desk.queue(pepa, "letter")
    desk.send()
    [*_, old] = desk.providers.deliveries(age=3600)
    assert desk.post(old).status_code == 403


def test_what_is_no_connector_too_long_or_not_set_up(desk: Desk, pepa: Debtor, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    assert client.post("/dunning/avisos/fax/", data=b"", content_type="text/plain").status_code == 404
    big = client.post("/dunning/avisos/sms/", data=b"x" * (300 * 1024), content_type="text/plain")
    assert big.status_code == 413
    assert client.put("/dunning/avisos/sms/").status_code == 405
    assert client.get("/dunning/avisos/sms/").status_code == 404
    desk.queue(pepa, "sms")
    desk.send()
    [call, *_] = desk.calls()
    monkeypatch.delenv("COBRANZA_TWILIO_CLAVE")
    assert desk.post(call).status_code == 503, "it calls again when we can check it"


def test_meta_asks_for_our_word_before_it_calls(desk: Desk) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "palabra-de-prueba", "hub.challenge": "1158201444"}
    answer = Client().get("/dunning/avisos/whatsapp/", asked)
    assert (answer.status_code, answer.content) == (200, b"1158201444")
    assert Client().get("/dunning/avisos/whatsapp/", asked | {"hub.verify_token": "otra"}).status_code == 404
    assert Client().get("/dunning/avisos/whatsapp/", asked | {"hub.challenge": "<script>"}).status_code == 404


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_word_joins_the_conversation_and_answers_the_last_message(desk: Desk, pepa: Debtor, channel: str) -> None:
    message = desk.queue(pepa, channel)
    desk.send()
    desk.providers.debtor(channel, MOBILE, "¿Puedo pagar el día 30?")
    assert set(desk.hear(copies=2)) == {200}
    said = [word for word in conversation.thread(pepa) if word.direction == "in"]
    assert [(word.text, word.channel) for word in said] == [("¿Puedo pagar el día 30?", channel)]
    assert said[0].handled_at is None, "somebody has to answer"
    message.refresh_from_db()
    assert message.answered_at is not None
    assert not OptOut.objects.exists()
    assert verify().ok


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_stop_counts_at_once_and_takes_back_what_waits_there(desk: Desk, pepa: Debtor, channel: str) -> None:
    desk.queue(pepa, channel)
    desk.send()
    waiting, elsewhere = desk.queue(pepa, channel, 2), desk.queue(pepa, "letter", 3)
    desk.providers.debtor(channel, MOBILE, "BAJA")
    desk.hear(copies=2)
    stop = OptOut.objects.get()
    assert (stop.debtor, stop.channel) == (pepa, channel)
    assert "BAJA" in stop.said
    waiting.refresh_from_db()
    elsewhere.refresh_from_db()
    assert waiting.state == Delivery.CANCELLED.value
    assert elsewhere.state == Delivery.QUEUED.value, "another channel stays open"
    assert Recorded.objects.filter(kind="message.cancelled", subject=f"debtor:{pepa.pk}").count() == 1
    assert Word.objects.get(direction="in").handled_at is not None
    assert verify().ok


def test_a_key_of_the_telephone_stops_the_calls_and_the_call_says_thanks(desk: Desk, pepa: Debtor) -> None:
    desk.queue(pepa, "ivr")
    desk.send()
    waiting = desk.queue(pepa, "ivr", 2)
    desk.hear()
    desk.providers.debtor("voice", MOBILE, "9")
    [pressed] = desk.calls()
    answer = desk.post(pressed)
    assert answer["Content-Type"] == "text/xml"
    assert "<Say" in answer.content.decode()
    assert set(OptOut.objects.values_list("channel", flat=True)) == {"ivr", "call"}
    waiting.refresh_from_db()
    assert waiting.state == Delivery.CANCELLED.value


def test_an_unknown_sender_learns_nothing_and_is_kept_for_a_person(desk: Desk, pepa: Debtor) -> None:
    desk.providers.debtor("sms", "+34699999999", "¿Cuánto debo?")
    [call] = desk.calls()
    answer = desk.post(call)
    assert answer.content == b"<Response/>"
    word = Word.objects.get()
    assert (word.debtor, word.address) == (None, "+34699999999")
    assert Recorded.objects.filter(kind="word.heard").count() == 0


def test_a_shared_number_says_nothing_and_its_stop_counts_for_all_who_share_it(
    desk: Desk, pepa: Debtor, creditor: Creditor
) -> None:
    other = Debtor.objects.create(creditor=creditor, erp_key="c2", name="Otro, S.L.", country="ES")
    Contact.objects.create(debtor=other, kind="phone", value="+34 600 000 001", source="ERP")
    desk.providers.debtor("sms", MOBILE, "hola")
    desk.hear()
    assert Word.objects.get().debtor is None
    desk.providers.debtor("sms", MOBILE, "STOP")
    desk.hear()
    assert set(OptOut.objects.values_list("debtor", flat=True)) == {pepa.pk, other.pk}


def test_the_provider_s_own_stop_list_refuses_for_good(desk: Desk, pepa: Debtor) -> None:
    desk.providers.debtor("sms", MOBILE, "STOP")
    message = desk.queue(pepa, "sms")
    assert desk.send() == {Delivery.REFUSED: 1}
    message.refresh_from_db()
    assert "baja" in message.reason
    stop = OptOut.objects.get()
    assert (stop.debtor, stop.channel) == (pepa, "sms")
    desk.hear()
    desk.queue(pepa, "sms", 2)
    assert desk.send() == {Delivery.REFUSED: 1}
    assert OptOut.objects.count() == 1, "one stop, however often and by whomever it is told"
    assert not Task.objects.exists(), "nothing is wrong with the number"
    assert tasks.run(pepa.creditor) == {"rebotes": 0, "tareas": 0, "otra_via": 0}
    assert not Wanted.objects.exists(), "the provider has answered it"
    assert verify().ok


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_stop_is_confirmed_once_and_nothing_follows_it_there(desk: Desk, pepa: Debtor, channel: str) -> None:
    for _ in range(2):
        desk.providers.debtor(channel, MOBILE, "No quiero recibir más mensajes, gracias.")
        desk.hear()
        workflow.say_now(pepa, actor=ROBOT)
    taken = desk.providers.truth()[channel]
    [said] = [row.get("body") or row["text"] for row in taken]
    assert "Hemos anotado su baja" in said
    assert "Talleres" in said, "who writes is said"
    assert OptOut.objects.count() == 1
    farewell = Message.objects.get()
    assert (farewell.purpose, farewell.state) == ("farewell", Delivery.DELIVERED.value)

    conversation.want(pepa, "otra", purpose="farewell", source="prueba", text="Otra vez.", channel=channel)
    conversation.want(pepa, "mas", purpose="answer", source="prueba", text="Una cosa más.", channel=channel)
    workflow.say_now(pepa, actor=ROBOT)
    assert len(desk.providers.truth()[channel]) == 1
    dropped = Wanted.objects.filter(state=Wanted.States.DROPPED)
    assert [row.key for row in dropped.order_by("key")] == ["mas", "otra"]
    assert all("baja" in row.reason for row in dropped)
    assert verify().ok


# ---- addresses that are no good


def test_a_bounce_opens_one_task_and_takes_the_next_way_once(desk: Desk, pepa: Debtor, creditor: Creditor) -> None:
    desk.providers.fates({MOBILE: "undelivered"})
    message = desk.queue(pepa, "sms")
    desk.send()
    desk.hear(copies=2)
    message.refresh_from_db()
    assert message.state == Delivery.BOUNCED.value
    task = Task.objects.get()
    assert (task.kind, task.debtor) == (Task.Kinds.CONTACT_DATA.value, pepa)
    assert MOBILE in task.why
    second = Message.objects.exclude(pk=message.pk).get()
    assert (second.key, second.channel) == (f"{message.key}~email", "email")
    assert (second.anchor, second.template, second.currency) == (message.anchor, message.template, "EUR")
    assert second.decisions, "the gate was asked"

    assert tasks.run(creditor)["tareas"] == 0, "it was followed up already"
    Message.objects.filter(pk=second.pk).update(state=Delivery.BOUNCED.value)
    assert tasks.run(creditor) == {"rebotes": 0, "tareas": 1, "otra_via": 0}, "a second way has no third"
    assert verify().ok


def test_a_number_that_is_none_is_followed_up_by_the_night(desk: Desk, pepa: Debtor, creditor: Creditor) -> None:
    desk.queue(pepa, "sms", to="91 0")
    assert desk.send() == {Delivery.REFUSED: 1}
    assert tasks.run(creditor) == {"rebotes": 0, "tareas": 1, "otra_via": 1}
    assert tasks.run(creditor) == {"rebotes": 0, "tareas": 0, "otra_via": 0}


def test_an_account_without_money_is_nobody_s_contact_data(
    desk: Desk, pepa: Debtor, creditor: Creditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = desk.queue(pepa, "sms")
    monkeypatch.setenv("COBRANZA_TWILIO_CLAVE", "otra")
    desk.send()
    message.refresh_from_db()
    assert message.state == Delivery.QUEUED.value
    assert tasks.run(creditor)["tareas"] == 0


def test_a_mail_that_bounced_is_read_back_from_the_ledger(
    desk: Desk, pepa: Debtor, creditor: Creditor, django_user_model: Any
) -> None:
    gone = desk.queue(pepa, "email")
    older = desk.queue(pepa, "email", 2)
    for message, minutes in ((older, 90), (gone, 30)):
        Message.objects.filter(pk=message.pk).update(
            state=Delivery.ACCEPTED.value, sent_at=message.not_before, provider_id=f"<{message.pk}@talleres.example>"
        )
        Message.objects.filter(pk=message.pk).update(sent_at=_ago(minutes))
    payload = {"address": "PAGOS@pepa.example", "status": "5.1.1", "contacts": []}
    record("contact.suppressed", f"debtor:{pepa.pk}", payload, ROBOT, creditor=creditor)
    assert tasks.run(creditor) == {"rebotes": 1, "tareas": 1, "otra_via": 1}
    gone.refresh_from_db()
    older.refresh_from_db()
    assert (gone.state, older.state) == (Delivery.BOUNCED.value, Delivery.ACCEPTED.value)
    assert "5.1.1" in gone.reason
    second = Message.objects.get(key__contains="~")
    assert second.channel != "email"
    assert tasks.run(creditor) == {"rebotes": 0, "tareas": 0, "otra_via": 0}


def test_a_bounce_of_somebody_else_s_mail_is_not_ours(desk: Desk, pepa: Debtor, creditor: Creditor) -> None:
    message = desk.queue(pepa, "email")
    Message.objects.filter(pk=message.pk).update(state=Delivery.ACCEPTED.value, sent_at=_ago(60 * 24 * 9))
    payload = {"address": "pagos@pepa.example", "status": "5.1.1", "contacts": []}
    record("contact.suppressed", f"debtor:{pepa.pk}", payload, ROBOT, creditor=creditor)
    assert tasks.run(creditor)["rebotes"] == 0, "nine days later it is about another mail"


def test_a_bounce_is_tied_to_the_message_that_it_names(desk: Desk, pepa: Debtor, creditor: Creditor) -> None:
    older, newer = desk.queue(pepa, "email"), desk.queue(pepa, "email", 2)
    for message, minutes in ((older, 90), (newer, 30)):
        Message.objects.filter(pk=message.pk).update(
            state=Delivery.ACCEPTED.value, sent_at=_ago(minutes), provider_id=f"<r.{message.pk}@talleres.example>"
        )
    payload = {"address": "otra@pepa.example", "status": "5.1.1", "original": f"<r.{older.pk}@talleres.example>"}
    record("contact.suppressed", f"debtor:{pepa.pk}", payload, ROBOT, creditor=creditor)
    assert tasks.run(creditor)["rebotes"] == 1, "a forwarding host names another address; the message is ours"
    older.refresh_from_db()
    newer.refresh_from_db()
    assert (older.state, newer.state) == (Delivery.BOUNCED.value, Delivery.ACCEPTED.value)


def test_a_mail_provider_s_stop_list_is_a_stop_and_no_wrong_address(
    desk: Desk, pepa: Debtor, creditor: Creditor
) -> None:
    message = desk.queue(pepa, "email")
    Message.objects.filter(pk=message.pk).update(state=Delivery.ACCEPTED.value, sent_at=_ago(5))
    why = "smtp; 550 5.7.1 Recipient is on the suppression list"
    payload = {"address": "pagos@pepa.example", "status": "5.7.1", "why": why}
    for _ in range(2):
        record("contact.suppressed", f"debtor:{pepa.pk}", payload, ROBOT, creditor=creditor)
        tasks.run(creditor)
    message.refresh_from_db()
    assert message.state == Delivery.REFUSED.value
    assert [(stop.debtor, stop.channel) for stop in OptOut.objects.all()] == [(pepa, "email")]
    assert Message.objects.count() == 1, "no second way: nothing is wrong with the address"


def test_a_bounce_of_no_message_that_we_know_is_a_task_and_never_lost(
    desk: Desk, pepa: Debtor, creditor: Creditor
) -> None:
    payload = {"address": "PAGOS@pepa.example", "status": "5.1.1", "contacts": []}
    record("contact.suppressed", f"debtor:{pepa.pk}", payload, ROBOT, creditor=creditor)
    for _ in range(2):
        assert tasks.run(creditor)["rebotes"] == 0
    task = Task.objects.get()
    assert (task.debtor, task.kind) == (pepa, Task.Kinds.CONTACT_DATA.value)
    assert "PAGOS@pepa.example" in task.why


def test_the_certificate_of_a_letter_is_kept_once_with_its_digest(desk: Desk, pepa: Debtor, creditor: Creditor) -> None:
    message = desk.queue(pepa, "letter")
    desk.send()
    assert tasks.certificates(creditor) == 0, "it has not ended as far as we know"
    desk.hear()
    desk.providers.faults(on="read", plan=["drop_before"])
    assert tasks.certificates(creditor) == 0, "the service is away"
    assert tasks.certificates(creditor) == 1
    assert tasks.certificates(creditor) == 0
    told = Recorded.objects.get(kind="message.certified").payload
    content = (suite.output_folder() / told["file"]).read_bytes()
    assert content.startswith(b"%PDF-")
    assert (told["key"], told["sha256"]) == (message.key, hashlib.sha256(content).hexdigest())
    assert verify().ok


def _ago(minutes: float) -> Any:
    from datetime import timedelta

    from cobranza.kernel import clock

    return clock.now() - timedelta(minutes=minutes)
