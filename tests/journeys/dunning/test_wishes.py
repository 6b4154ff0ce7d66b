"""What others want said, what people get to do, and that many debtors are read as one is."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cobranza.dunning import facts, wishes, workflow
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Delivery
from cobranza.ledger import agreements, consents, conversation, holds, tasks
from cobranza.ledger.agreements import Payment, Terms
from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.models import Creditor, Debtor, Invoice, Task, Wanted
from tests.journeys.dunning.conftest import NOW, Clock, Wire, invoice
from tests.journeys.ledger.conftest import ANA, ROBOT, line

pytestmark = pytest.mark.django_db


def agree(debtor: Debtor, *, kind: str = "instalments", first: date = date(2026, 11, 26)) -> None:
    """Two payments of 250 over the whole of F-1."""
    half = Decimal(250)
    days = (first, first + timedelta(days=30)) if kind == "instalments" else (first,)
    amounts = [half, half] if kind == "instalments" else [2 * half]
    terms = Terms(
        key="acuerdo:1",
        currency="EUR",
        kind=kind,
        payments=tuple(Payment(due=day, amount=each, principal=each) for day, each in zip(days, amounts, strict=True)),
        covers={Invoice.objects.get(debtor=debtor).pk: 2 * half},
        channel="portal",
        proof="botón",
        accepted_at=NOW,
        approved_by="matriz",
    )
    agreements.conclude(debtor, terms, actor=ROBOT)


def remind(debtor: Debtor) -> Wanted:
    return conversation.want(
        debtor,
        "acuerdo:1:1:recordar",
        purpose="instalment",
        source="acuerdo:1",
        text="Le recordamos el pago 1 de 2 de su plan, 250,00 EUR, el 26/11/2026.",
        currency="EUR",
        values={"vence": "26/11/2026"},
    )


def test_a_plan_in_good_standing_silences_the_strategy_and_lets_its_own_reminder_through(
    creditor: Creditor, pepa: Debtor, wire: Wire
) -> None:
    agree(pepa)
    [planned] = workflow.plan(creditor)
    assert not planned.goes
    wanted = remind(pepa)
    day = workflow.queue_all(creditor, actor=ROBOT)
    assert [each.purpose for each in day.wishes] == ["instalment"]
    assert workflow.queue_all(creditor, actor=ROBOT).wishes == (), "a wish is taken up once"
    assert workflow.send(creditor) == {Delivery.ACCEPTED: 1}
    [mail] = wire.taken
    assert mail.text.startswith(wanted.text)
    assert "Talleres Invención, S.A." in mail.text, "who writes is said where the text forgot it"
    assert Message.objects.get().amount == Decimal(250)


def test_an_instalment_s_own_template_says_which_how_much_and_where(
    creditor: Creditor, pepa: Debtor, wire: Wire
) -> None:
    agree(pepa)
    wanted = {"purpose": "instalment", "source": "acuerdo:1", "template": "cuota", "values": {"vence": "26/11/2026"}}
    conversation.want(pepa, "acuerdo:1:1:recordar", currency="EUR", **wanted)  # type: ignore[arg-type]
    workflow.queue_all(creditor, actor=ROBOT)
    assert workflow.send(creditor) == {Delivery.ACCEPTED: 1}
    [mail] = wire.taken
    assert "el 26/11/2026 vence el pago 1 de 2 de su acuerdo con Talleres Invención, S.A., 250,00 EUR." in mail.text
    assert "https://pagos.example.com/d/" in mail.text


def test_an_instalment_that_was_paid_meanwhile_is_not_reminded(
    creditor: Creditor, pepa: Debtor, wire: Wire, paid: Any, clock: Clock
) -> None:
    agree(pepa)
    remind(pepa)
    workflow.queue_all(creditor, actor=ROBOT)
    [money] = paid(line("250.00", "PAGO PLAN", date(2026, 11, 24)))
    clock.at += timedelta(minutes=1)
    allocate(money, [Part(invoice=Invoice.objects.get().pk, applied=Decimal(250))], actor=ANA)
    clock.at += timedelta(days=9)
    Invoice.objects.update(read_at=clock.at)
    paid(line("-1.00", "COMISION", date(2026, 12, 3)))
    workflow.send(creditor)
    assert wire.taken == []
    assert "ya está pagada" in Message.objects.get().reason


def test_money_at_the_gateway_counts_for_the_instalment(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    agree(pepa)
    held = {"reason": "pagado en la pasarela", "actor": ROBOT, "amount": Decimal(250)}
    holds.put(Invoice.objects.get(), source="pasarela:9", **held)  # type: ignore[arg-type]
    [due] = facts.read(pepa, "EUR", NOW).due
    assert (due.number, due.on) == (2, date(2026, 12, 26))


def test_a_promise_covers_until_its_day_and_no_longer(creditor: Creditor, pepa: Debtor, clock: Clock) -> None:
    agree(pepa, kind="promise")
    [item] = facts.read(pepa, "EUR", NOW).account.items
    assert item.claimable.amount == 0
    [item] = facts.read(pepa, "EUR", NOW + timedelta(days=20)).account.items
    assert item.claimable.amount == 500


def test_choices_reach_the_gate(creditor: Creditor, pepa: Debtor, wire: Wire, clock: Clock) -> None:
    consents.prefer(pepa, said="portal", actor=ROBOT, channels=["sms"])
    [planned] = workflow.plan(creditor)
    assert not planned.goes
    clock.at += timedelta(seconds=1)
    consents.prefer(pepa, said="portal", actor=ROBOT, channels=["email"], weekdays=[3], zone="Atlantic/Canary")
    known = facts.read(pepa, "EUR", clock.at)
    assert (known.state.zone, known.state.preferences.weekdays) == ("Atlantic/Canary", frozenset({3}))
    workflow.queue_all(creditor, actor=ROBOT)
    waiting = Message.objects.get().not_before
    assert waiting.date() == date(2026, 11, 26), "a Thursday, as they chose"


def test_who_leads_is_not_interrupted_and_may_write(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    conversation.note(
        "w1", channel="email", direction="in", text="¿Y el albarán?", at=NOW - timedelta(hours=1), actor=ROBOT,
        debtor=pepa, address="compras@pepa.example",
    )  # fmt: skip
    workflow.queue_all(creditor, actor=ROBOT)
    conversation.take_over(pepa, actor=ANA)
    conversation.want(pepa, "p1", purpose="answer", source="persona:ana", text="Se lo envío hoy.", channel="email")
    conversation.want(pepa, "b1", purpose="answer", source="asistente:1", text="Soy el robot.", channel="email")
    assert workflow.say_now(pepa, actor=ANA) == {Delivery.ACCEPTED: 1}
    workflow.send(creditor)
    [mail] = wire.taken
    assert (mail.to, mail.text[:16]) == ("compras@pepa.example", "Se lo envío hoy.")
    assert [each.author for each in conversation.thread(pepa)] == ["deudor", "ana"]
    assert "la lleva ana" in Wanted.objects.get(key="b1").reason
    assert Message.objects.get(purpose="claim").state == Delivery.QUEUED.value, "the cap of the day comes first"


def test_what_was_held_back_goes_when_the_reason_is_gone(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    workflow.queue_all(creditor, actor=ROBOT)
    conversation.take_over(pepa, actor=ANA)
    assert workflow.send(creditor) == {Delivery.SUPPRESSED: 1}
    assert workflow.queue_all(creditor, actor=ROBOT).queued == ()
    conversation.give_back(pepa, actor=ANA)
    assert len(workflow.queue_all(creditor, actor=ROBOT).queued) == 1
    assert workflow.send(creditor) == {Delivery.ACCEPTED: 1}
    assert len(wire.taken) == 1


def test_nobody_answers_who_has_not_written(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    conversation.want(pepa, "a1", purpose="answer", source="asistente:1", text="Hola.", channel="email")
    conversation.want(pepa, "a2", purpose="answer", source="portal:1", text="Su código es 123456.")
    conversation.want(pepa, "a3", purpose="answer", source="x", text="Hola.", expires_at=NOW - timedelta(minutes=1))
    [message] = wishes.take_up(creditor, actor=ROBOT)
    assert message.channel == "email", "asked for on their own page, it goes by the consented channel"
    assert [(each.state, each.reason != "") for each in Wanted.objects.order_by("key")] == [
        ("descartado", True),
        ("en_cola", False),
        ("descartado", True),
    ]


def test_middle_arrears_are_one_task_for_a_person(creditor: Creditor, pepa: Debtor, wire: Wire, clock: Clock) -> None:
    clock.at = NOW + timedelta(days=12)
    day = workflow.queue_all(creditor, actor=ROBOT)
    assert ([each.task for each in day.tasks], day.queued) == (["llamar"], ())
    workflow.queue_all(creditor, actor=ROBOT)
    task = Task.objects.get()
    assert (task.kind, task.due_on) == ("llamar", date(2026, 12, 6))
    assert "500,00 EUR (F-1)" in task.why
    tasks.done(task, outcome="paga el viernes", actor=ANA)
    clock.at += timedelta(days=1)
    assert workflow.queue_all(creditor, actor=ROBOT).tasks == (), "the next one comes after a week"
    clock.at += timedelta(days=6)
    assert len(workflow.queue_all(creditor, actor=ROBOT).tasks) == 1


def test_an_answer_that_we_owe_stops_reminders(creditor: Creditor, pepa: Debtor, wire: Wire) -> None:
    tasks.open_task(pepa, "t", kind="contestar", due_on=date(2026, 11, 25), why="pregunta", source="x", actor=ROBOT)
    [planned] = workflow.plan(creditor)
    assert not planned.goes


def test_many_are_read_as_one_is(creditor: Creditor, pepa: Debtor, wire: Wire, owed: Any, clock: Clock) -> None:
    from cobranza.ledger.intake import import_ledger
    from cobranza.ledger.receivables import Customer
    from tests.journeys.ledger.conftest import PEPA, listed

    others = [Customer(key=f"o{n}", name=f"Otro {n}", country="ES", email=f"o{n}@example.com") for n in range(4)]
    papers = [invoice("1", date(2026, 11, 18))]
    for number, other in enumerate(others):
        row = invoice(f"9{number}", date(2026, 11, 20))
        papers.append(type(row)(**{name: getattr(row, name) for name in row.__slots__} | {"customer": other.key}))
    import_ledger(creditor, "tryton", listed(*papers, customers=(PEPA, *others)), actor=ROBOT)
    workflow.queue_all(creditor, actor=ROBOT)
    workflow.send(creditor)
    first = Debtor.objects.get(erp_key="o0")
    consents.stop(first, "", said="BAJA", actor=ROBOT)
    consents.prefer(Debtor.objects.get(erp_key="o2"), said="x", actor=ROBOT, channels=["email"], language="pt")
    conversation.take_over(Debtor.objects.get(erp_key="o3"), actor=ANA)
    agree_first = Debtor.objects.get(erp_key="o1")
    half = Payment(due=date(2026, 12, 1), amount=Decimal(500), principal=Decimal(500))
    agreements.conclude(
        agree_first,
        Terms(
            key="x", currency="EUR", kind="full", payments=(half,), channel="x", proof="x", accepted_at=NOW,
            covers={Invoice.objects.get(debtor=agree_first).pk: Decimal(500)}, approved_by="x",
        ),
        actor=ROBOT,
    )  # fmt: skip
    pairs = [(each, "EUR") for each in Debtor.objects.select_related("creditor").order_by("pk")]
    together = list(facts.read_many(pairs, clock.at, size=3))
    assert together == [facts.read(debtor, currency, clock.at) for debtor, currency in pairs]
    assert len({each.account for each in together}) == 5


def test_a_night_costs_a_few_queries_whatever_the_portfolio(
    creditor: Creditor, pepa: Debtor, wire: Wire, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(30):
        list(workflow.plan(creditor))
