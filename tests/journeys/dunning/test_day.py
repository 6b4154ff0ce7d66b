"""A day's reminders, from the ledger to the wire: nothing leaves on stale facts, and nothing twice."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cobranza.dunning import workflow
from cobranza.dunning.models import Message, Told
from cobranza.dunning.ports import Delivery, Event, SendResult
from cobranza.dunning.store import StoredOutbox
from cobranza.dunning.strategy import Proposal
from cobranza.ledger import consents, conversation, holds, links, ratings
from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.models import Creditor, Debtor, Invoice, Rating, Task
from cobranza.ledger.models import Event as Recorded
from cobranza.ledger.verification import verify
from tests.journeys.dunning.conftest import NOW, Clock, Wire, invoice
from tests.journeys.ledger.conftest import ANA, ROBOT, line

pytestmark = pytest.mark.django_db


def queue_all(creditor: Creditor) -> list[Message]:
    queued = [workflow.queue(creditor, each, actor=ROBOT) for each in workflow.plan(creditor)]
    return [each for each in queued if each is not None]


def only() -> Message:
    return Message.objects.get()


def test_a_reminder_leaves_once_with_what_is_owed_then(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    [planned] = workflow.plan(creditor)
    assert planned.goes
    assert Message.objects.count() == 0, "a plan changes nothing"

    assert len(queue_all(creditor)) == 1
    assert queue_all(creditor) == [], "queueing again is the same message"
    assert workflow.send(creditor) == {Delivery.ACCEPTED: 1}
    assert workflow.send(creditor) == {}

    [mail] = wire.taken
    assert mail.to == "pagos@pepa.example"
    assert "500,00 EUR" in mail.text
    assert "F-1" in mail.text
    assert "18/11/2026" in mail.text
    [link] = pepa.links.all()
    assert f"https://pagos.example.com/d/{links.token_of(link)}" in mail.text
    assert link.expires_at == NOW + timedelta(days=30)
    [word] = conversation.thread(pepa)
    assert (word.direction, word.text, word.reference) == ("out", mail.text, only().key)
    sent = only()
    assert (sent.state, sent.amount, sent.text) == (Delivery.ACCEPTED.value, Decimal("500.000"), mail.text)
    assert [each["decision"] for each in sent.decisions] == ["allow", "allow"]
    assert all(each["rules"] for each in sent.decisions), "the rules that decided are kept"
    act = Recorded.objects.get(kind="contact.sent")
    assert (act.subject, act.payload["channel"]) == (f"debtor:{pepa.pk}", "email")
    assert verify().ok


def test_paid_between_queue_and_send_is_never_claimed(
    creditor: Creditor, pepa: Debtor, wire: Wire, paid: Any, clock: Clock
) -> None:
    queue_all(creditor)
    [money] = paid(line("500.00", "PAGO F-1", date(2026, 11, 24)))
    allocate(money, [Part(invoice=Invoice.objects.get().pk, applied=Decimal("500.00"))], actor=ANA)
    workflow.send(creditor)
    assert wire.taken == []
    assert only().state == Delivery.SUPPRESSED.value
    assert "PROPIA-SALDO-CERO" in only().rules


def test_a_dispute_takes_its_part_out_of_the_claim(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    queue_all(creditor)
    holds.put(Invoice.objects.get(), source="disputa:1", reason="portes", actor=ROBOT, amount=Decimal("200.00"))
    workflow.send(creditor)
    [mail] = wire.taken
    assert "300,00 EUR" in mail.text
    assert "500,00" not in mail.text


def test_a_dispute_of_all_of_it_holds_the_message_back(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    queue_all(creditor)
    holds.put(Invoice.objects.get(), source="disputa:1", reason="no llegó", actor=ROBOT)
    workflow.send(creditor)
    assert wire.taken == []
    assert only().state == Delivery.SUPPRESSED.value


def test_stop_counts_from_that_second(creditor: Creditor, pepa: Debtor, wire: Wire, clock: Clock) -> None:
    queue_all(creditor)
    consents.stop(pepa, "email", said="BAJA", actor=ROBOT, at=clock.at)
    workflow.send(creditor)
    assert wire.taken == []
    assert only().state == Delivery.SUPPRESSED.value
    [planned] = workflow.plan(creditor)
    assert not planned.goes, "nor is it proposed again"

    clock.at += timedelta(days=1)
    consents.give(pepa, "email", proof="escrito del 25 de noviembre", actor=ROBOT, at=clock.at)
    assert [each.revoked_reason != "" for each in pepa.consents.order_by("pk")] == [True, False]


def test_without_consent_nothing_is_queued(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    consents.revoke(pepa.consents.get(), reason="lo retira por carta", actor=ANA)
    assert queue_all(creditor) == []


def test_old_bank_data_wait_for_a_new_reading(
    creditor: Creditor, pepa: Debtor, wire: Wire, paid: Any, owed: Any, clock: Clock
) -> None:
    queue_all(creditor)
    clock.at = NOW + timedelta(days=2)
    assert workflow.send(creditor) == {Delivery.QUEUED: 1}
    assert "PROPIA-SALDO-FRESCO" in only().rules
    owed(invoice("1", date(2026, 11, 18)))
    paid(line("-4.00", "COMISION", date(2026, 11, 26)))
    clock.at += timedelta(hours=2)
    assert workflow.send(creditor) == {Delivery.ACCEPTED: 1}


def test_outside_hours_it_waits_for_the_first_permitted_second(
    creditor: Creditor, pepa: Debtor, wire: Wire, clock: Clock
) -> None:
    clock.at = NOW.replace(hour=21)
    queue_all(creditor)
    waiting = only()
    assert workflow.send(creditor) == {}
    assert waiting.not_before > clock.at
    clock.at = waiting.not_before
    assert workflow.send(creditor) == {Delivery.ACCEPTED: 1}


def test_a_field_that_is_empty_holds_it_back_with_the_reason(
    creditor: Creditor, pepa: Debtor, wire: Wire, home: Any
) -> None:
    queue_all(creditor)
    (home / "config" / "portal.toml").write_text('direccion = ""\n', encoding="utf-8")
    workflow.send(creditor)
    assert wire.taken == []
    assert "enlace" in only().reason


def test_the_hold_out_gets_nothing_and_is_recorded_as_such(
    creditor: Creditor, pepa: Debtor, wire: Wire, home: Any
) -> None:
    file = home / "config" / "dunning.toml"
    file.write_text(
        file.read_text() + '[empresas.talleres.ensayo]\nnombre = "x"\ncuota_control = 100\ndesde = 2026-11-01\n'
    )
    [planned] = workflow.plan(creditor)
    assert (planned.arm, planned.goes) == ("holdout", False)
    assert queue_all(creditor) == []


def test_whoever_dies_while_sending_leaves_a_message_that_is_looked_up(
    creditor: Creditor, pepa: Debtor, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(message: object) -> SendResult:
        raise Died

    queue_all(creditor)
    with monkeypatch.context() as patch:
        patch.setattr(wire, "send", die, raising=False)
        with pytest.raises(Died):
            workflow.send(creditor)
    assert only().state == Delivery.SENDING.value
    assert workflow.send(creditor) == {}, "its lease still runs"
    clock.at += timedelta(minutes=6)
    assert workflow.send(creditor) == {Delivery.UNKNOWN: 1}
    clock.at += timedelta(minutes=6)
    assert workflow.send(creditor) == {Delivery.QUEUED: 1, Delivery.ACCEPTED: 1}
    assert (only().tries, len(wire.taken)) == (2, 1)


def test_webhooks_doubled_late_and_early(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    outbox = StoredOutbox()
    early = Event(id="e1", provider_id="p-1", state=Delivery.DELIVERED, at=NOW)
    assert outbox.hear(early) is None, "the provider's id is not known yet"
    queue_all(creditor)
    workflow.send(creditor)
    assert only().state == Delivery.DELIVERED.value
    assert outbox.hear(early) is None
    assert outbox.hear(Event(id="e2", provider_id="p-1", state=Delivery.SENT, at=NOW)) is None
    read = outbox.hear(Event(id="e3", provider_id="p-1", state=Delivery.READ, at=NOW))
    assert read is not None
    assert read.state is Delivery.READ
    assert Told.objects.filter(message=only()).count() == 3
    assert Recorded.objects.filter(kind="contact.sent").count() == 1


def test_a_queued_message_can_be_taken_back_and_a_sent_one_cannot(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    [message] = queue_all(creditor)
    assert workflow.cancel(message, reason="ya hemos hablado", actor=ANA)
    assert workflow.send(creditor) == {}
    assert not workflow.cancel(message, reason="otra vez", actor=ANA)


def test_by_smtp_with_a_message_id_made_of_its_key(
    creditor: Creditor, pepa: Debtor, home: Any, smtpd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.journeys.disputes.conftest import toml

    box = {"direccion": "cobros@talleres.example", "carpeta": "correo", "salida": "principal"}
    (home / "config" / "mail.toml").write_text(
        toml("buzones.demo", {"conector": "folder", **box}) + toml("salidas.principal", smtpd.way_out()),
        encoding="utf-8",
    )
    queue_all(creditor)
    assert workflow.send(creditor) == {Delivery.ACCEPTED: 1}
    [taken] = smtpd.accepted
    assert taken.recipients == ("pagos@pepa.example",)
    assert taken.message["Message-ID"] == only().provider_id
    assert taken.message["Subject"] == only().subject
    assert "Auto-Submitted" not in taken.message or taken.message["Auto-Submitted"] != "auto-replied"


def test_how_a_debtor_is_treated_comes_from_the_score_and_a_persons_verdict_outranks_it(
    creditor: Creditor, pepa: Debtor, wire: Wire
) -> None:
    values = {name: Decimal("0.5") for name in ("pay_30", "pay_60", "pay_90", "recovery")}
    score = Rating(
        as_of=NOW.date(), at=NOW, model="reglas", days_late=Decimal(10), band="medio", segment="negociacion",
        proposed="negociacion", **values,
    )  # fmt: skip
    ratings.rate(pepa, score, actor=ROBOT)

    [planned] = workflow.plan(creditor)
    assert isinstance(planned.found, Proposal)
    assert (planned.found.step, planned.task) == ("asesor", "llamar")
    workflow.queue_all(creditor, actor=ROBOT)
    assert [task.kind for task in Task.objects.all()] == ["llamar"]
    [planned] = workflow.plan(creditor)
    assert isinstance(planned.found, Proposal)
    assert planned.found.step == "recordatorio", "the adviser has it; the reminder goes its way"

    ratings.decide(pepa, "recordatorio", reason="Es un despiste, lo conozco.", actor=ANA)
    Task.objects.all().delete()
    [planned] = workflow.plan(creditor)
    assert isinstance(planned.found, Proposal)
    assert planned.found.step == "recordatorio"
    assert "segmento recordatorio" in planned.found.why
