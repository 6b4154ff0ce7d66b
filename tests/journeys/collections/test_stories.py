"""Collections in one piece, as the people on both sides see it, in real Chromium, at a desk and on a phone.

From the reminder to the agreement that was kept; from the missed instalment to a person; from a word on any channel to
the queue that it stops.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from cobranza.agreements import workflow as agreements
from cobranza.demo.channels.server import RunningProviders
from cobranza.dunning import wishes, workflow
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Delivery
from cobranza.kernel import clock
from cobranza.ledger import consents, conversation, links
from cobranza.ledger.models import Agreement, Event, Instalment, OptOut, Task, Word
from cobranza.ledger.verification import verify
from tests.journeys.collections.conftest import DESK, MOBILE, ROBOT, TODAY, Eyes, House
from tests.smtpd import Smtpd

pytestmark = pytest.mark.browser
D = Decimal
CERTAIN = "automatic"
"""How the engine takes money that it may apply without asking."""


def test_from_the_reminder_to_the_agreement_that_was_kept(
    house: Callable[..., House], staff: Callable[..., Eyes], visitor: Callable[..., Eyes], smtp: Smtpd
) -> None:
    ours = house(6, 4)
    consents.give(ours.debtor, "email", proof="contrato marco, cláusula 9", actor=ROBOT)
    ana = staff("ana")
    ana.page.goto("/dunning/")
    ana.page.get_by_role("button", name="Poner en cola lo marcado").click()
    expect(ana.page.locator("body")).to_contain_text("1 mensajes en la bandeja de salida")
    ana.look("cola")
    assert workflow.send(ours.creditor) == {Delivery.ACCEPTED: 1}
    [mail] = smtp.accepted
    text = mail.message.get_content()
    assert "1.815,50 EUR" in text
    link = re.search(r"http://127\.0\.0\.1:\d+/d/\S+", text)
    assert link is not None, text

    debtor = visitor(link[0], "movil")
    page = debtor.page
    expect(page.locator(".sum")).to_have_text("1.815,50\xa0€")
    debtor.look("cuenta")
    page.get_by_role("link", name="Plan de pagos", exact=True).click()
    page.get_by_role("link", name=re.compile("Ver el acuerdo En 2 pagos")).click()
    page.get_by_label("He leído este acuerdo y lo acepto.").check()
    debtor.look("acuerdo")
    page.get_by_role("button", name="Aceptar el acuerdo").click()
    page.get_by_role("heading", name="Acuerdo aceptado").wait_for()
    made = Agreement.objects.get()
    assert (made.channel, made.total, made.instalments.count()) == ("portal", D("1815.500"), 2)
    [planned] = workflow.plan(ours.creditor)
    assert not planned.goes, "while it is kept, the debt itself is not reminded of"

    first = ours.bank("907.75", "TRANSF FERRETERIA PEPA F2026-00381 A CUENTA")
    assert ours.reconcile(first) == (CERTAIN, [("F2026-00381", D("907.750"))])
    done = agreements.follow_up(ours.creditor, TODAY)
    assert (done["paid"], done["kept"]) == (1, 0)
    assert agreements.follow_up(ours.creditor, TODAY)["paid"] == 0, "counted once"
    page.get_by_role("link", name="Mi cuenta", exact=True).first.click()
    expect(page.get_by_text("Le quedan 907,75\xa0€.")).to_be_visible()
    debtor.look("cuenta-con-plan")
    ana.page.goto(f"/agreements/{made.pk}/")
    expect(ana.page.get_by_role("cell", name="Pagado")).to_have_count(1)
    expect(ana.page.get_by_text("Por vencer")).to_be_visible()
    ana.look("acuerdo-en-marcha", narrow=True)

    second = ours.bank("907.75", "FERRETERIA PEPA F2026-00381 F2026-00400")
    assert ours.reconcile(second) == (
        CERTAIN, [("F2026-00381", D("302.250")), ("F2026-00400", D("605.500"))]
    )  # fmt: skip
    assert agreements.follow_up(ours.creditor, TODAY)["kept"] == 1
    made.refresh_from_db()
    assert (made.standing, made.ended_reason) == ("cumplido", "Está todo pagado.")
    ana.page.reload()
    expect(ana.page.get_by_role("cell", name="Pagado")).to_have_count(2)
    expect(ana.page.locator(".lead")).to_contain_text("Cumplido")
    ana.look("acuerdo-cumplido", narrow=True)
    page.reload()
    expect(page.get_by_text("No consta nada pendiente a su nombre.")).to_be_visible()
    debtor.look("todo-pagado")
    assert list(workflow.plan(ours.creditor)) == []
    assert not Task.objects.exists(), "nobody of the house had to do anything"
    assert verify().ok


def test_a_missed_instalment_is_one_call_and_the_second_a_person(
    house: Callable[..., House], staff: Callable[..., Eyes], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = house(120, 110)
    real = clock.now()

    def on(days: int) -> None:
        monkeypatch.setattr("cobranza.kernel.clock.now", lambda: real - timedelta(days=days))

    on(75)
    found = agreements.offer(ours.debtor, "EUR", today=TODAY - timedelta(days=75))
    key = next(agreements.key_of(each) for each in found if len(each.proposal.instalments) == 3)
    agreements.accept(
        ours.debtor, "EUR", key, channel="call", proof="grabación 4711", actor=ROBOT, today=TODAY - timedelta(days=75)
    )
    due = list(Instalment.objects.order_by("number").values_list("due_on", flat=True))
    missed = due[0] + timedelta(days=3)
    for day in (missed, missed, missed + timedelta(days=1)):
        on((TODAY - day).days)
        agreements.follow_up(ours.creditor, day)
    [call] = Task.objects.all()
    assert (call.kind, call.due_on > missed) == ("llamar", True)
    assert Agreement.objects.get().standing == "impago"

    later = due[1] + timedelta(days=3)
    for day in (later, later):
        on((TODAY - day).days)
        agreements.follow_up(ours.creditor, day)
    monkeypatch.undo()
    assert list(Task.objects.order_by("pk").values_list("kind", flat=True)) == ["llamar", "negociar"]
    assert Agreement.objects.get().standing == "incumplido"

    ana = staff("ana")
    ana.page.goto("/dunning/tareas/")
    rows = ana.page.get_by_role("region", name="Tareas")
    expect(rows).to_contain_text("No ha llegado el pago 1 de 3 de su acuerdo")
    expect(rows).to_contain_text("2 pagos sin cumplir")
    ana.look("tareas", narrow=True)
    ana.page.goto(f"/agreements/{Agreement.objects.get().pk}/")
    expect(ana.page.locator(".lead")).to_contain_text("Incumplido")
    ana.look("incumplido", narrow=True)


def test_words_of_every_channel_are_one_conversation_and_a_stop_empties_the_queue(
    house: Callable[..., House],
    staff: Callable[..., Eyes],
    visitor: Callable[..., Eyes],
    deliver: Callable[..., list[int]],
    providers: RunningProviders,
    smtp: Smtpd,
    portal: str,
) -> None:
    ours = house(6)
    for channel in ("email", "whatsapp"):
        consents.give(ours.debtor, channel, proof="contrato marco, cláusula 9", actor=ROBOT)
    conversation.note(
        "mail:1", channel="email", direction="in", subject="Su factura F2026-00381",
        text="¿Me mandan otra vez la factura?", at=_ago(90), actor=ROBOT, debtor=ours.debtor,
        address="pagos@pepa.example",
    )  # fmt: skip
    assert len(workflow.queue_all(ours.creditor, actor=ROBOT).queued) == 1
    reminder = Message.objects.get()
    assert (reminder.channel, reminder.state) == ("email", Delivery.QUEUED.value)

    providers.debtor("whatsapp", MOBILE, "Hola, ¿la han encontrado ya?")
    assert set(deliver(spoil=" ")) == {403}
    assert Word.objects.filter(channel="whatsapp").count() == 0
    assert set(deliver()) == {200}
    ana = staff("ana")
    ana.page.goto(f"/dunning/deudor/{ours.debtor.pk}/")
    talk = ana.page.locator("ol.talk")
    expect(talk.locator("li")).to_have_count(2)
    expect(talk.locator("li").nth(0)).to_contain_text("¿Me mandan otra vez la factura?")
    expect(talk.locator("li").nth(1)).to_contain_text("whatsapp")
    ana.page.get_by_label("Contestar").fill("Se la acabo de enviar.")
    ana.page.get_by_label("Por", exact=True).select_option("whatsapp")
    ana.page.get_by_role("button", name="Enviar").click()
    expect(ana.page.locator("body")).to_contain_text("Enviada.")
    expect(talk.locator("li")).to_have_count(3)
    ana.look("conversacion", narrow=True)
    [answer] = providers.truth()["whatsapp"]
    assert "Se la acabo de enviar." in str(answer)

    conversation.want(ours.debtor, "x:1", purpose="answer", source="asistente:1", text="¿Algo más?", channel="whatsapp")
    [waiting] = wishes.take_up(ours.creditor, actor=ROBOT)
    providers.debtor("whatsapp", MOBILE, "BAJA")
    assert set(deliver()) == {200}
    waiting.refresh_from_db()
    assert waiting.state == Delivery.CANCELLED.value, "a word on the channel stops it at once"
    reminder.refresh_from_db()
    assert reminder.state == Delivery.QUEUED.value, "and no other channel"

    _, token = links.issue(ours.debtor, days=3, actor=ROBOT)
    debtor = visitor(f"{portal}/d/{token}", "baja", DESK)
    debtor.page.get_by_role("link", name="No quiero recibir mensajes").click()
    debtor.look("baja")
    debtor.page.get_by_role("button", name="No quiero recibir más mensajes").click()
    expect(debtor.page.get_by_role("status")).to_contain_text("Hecho")
    assert workflow.send(ours.creditor) == {Delivery.SUPPRESSED: 1}
    assert smtp.accepted == []
    assert sorted(OptOut.objects.values_list("channel", flat=True)) == ["", "whatsapp"]
    assert Event.objects.filter(kind="message.cancelled").count() == 1

    debtor.page.goto(f"/d/{token}/mensajes/")
    debtor.page.get_by_label("Su mensaje").fill("¿Puedo pagarlo en dos veces?")
    debtor.page.get_by_role("button", name="Enviar").click()
    debtor.page.locator("#ultimo").wait_for()
    expect(debtor.page.locator("#ultimo")).to_contain_text("2 pagos, 1.210,00 EUR en total")
    ana.page.reload()
    expect(talk).to_contain_text("¿Puedo pagarlo en dos veces?")
    ana.page.get_by_label("Contestar").fill("Soy Ana: cuando quiera, conteste SÍ.")
    ana.page.get_by_label("Por", exact=True).select_option("portal")
    ana.page.get_by_role("button", name="Enviar").click()
    expect(ana.page.locator("body")).to_contain_text("Escrita en su página")
    ana.look("baja", narrow=True)
    debtor.page.reload()
    expect(debtor.page.locator("#ultimo")).to_contain_text("Soy Ana")
    debtor.look("mensajes", narrow=True)
    assert smtp.accepted == [], "who wants no messages is answered where they ask, and nowhere else"
    assert verify().ok


def _ago(minutes: int) -> datetime:
    return clock.now() - timedelta(minutes=minutes)
