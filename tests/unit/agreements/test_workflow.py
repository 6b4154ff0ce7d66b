"""Agreements on the ledger: concluded inside the matrix, by people outside it, followed by the money alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cobranza.agreements import schedule, workflow
from cobranza.agreements.models import Waiting
from cobranza.agreements.owed import owed_by
from cobranza.agreements.settings import AgreementSettings
from cobranza.agreements.terms import AgreementError, Kind, Waived
from cobranza.agreements.workflow import Changed, NotAllowed, NothingToAgree
from cobranza.kernel import clock
from cobranza.kernel.config import ConfigError, load
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day
from cobranza.ledger import agreements, allocations, holds, ratings
from cobranza.ledger.agreements import AgreementConflict
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Cover, Invoice, Rating, Task, Wanted
from cobranza.screens.access import Role
from tests.unit.payments.conftest import ROBOT, Room, make_room, room

__all__ = ["make_room", "room"]
TODAY = clock.now().astimezone(clock.MADRID).date()
PORTAL = Actor.robot("portal")


def person(name: str, *roles: Role) -> Actor:
    user, _ = User.objects.get_or_create(username=name)
    user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
    return Actor.person(name)


@pytest.fixture
def ana(db: None) -> Actor:
    return person("ana", Role.ADMINISTRATION)


@pytest.fixture
def luis(db: None) -> Actor:
    return person("luis", Role.SUPERVISION)


def accept(room: Room, key: str, today: date = TODAY) -> Agreement | Waiting:
    return workflow.accept(room.debtor, "EUR", key, channel="portal", proof="casilla", actor=PORTAL, today=today)


def plan(room: Room, count: int) -> str:
    offered = workflow.offer(room.debtor, "EUR", today=TODAY)
    return next(
        workflow.key_of(each)
        for each in offered
        if each.proposal.kind is Kind.INSTALMENTS and len(each.proposal.instalments) == count
    )


def agreed(room: Room, count: int = 2) -> Agreement:
    made = accept(room, plan(room, count))
    assert isinstance(made, Agreement)
    return made


def propose(room: Room, actor: Actor, count: int = 2, waived: str = "0") -> Agreement | Waiting:
    debt = workflow.debt_of(room.debtor, "EUR", TODAY)
    none = Money("EUR", Decimal(0))
    proposal = schedule.build(
        debt,
        Kind.INSTALMENTS,
        schedule.pay_days(TODAY, count, "ES", None),
        waived=Waived(interest=none, costs=none, principal=Money("EUR", Decimal(waived))),
    )
    return workflow.propose(
        room.debtor, "EUR", proposal, channel="call", proof="llamada de hoy", actor=actor, today=TODAY
    )


def test_an_offer_is_accepted_once_and_covers_what_is_owed(room: Room) -> None:
    key = plan(room, 2)
    made = accept(room, key)
    assert isinstance(made, Agreement)
    assert accept(room, key) == made, "a second click is the same agreement"
    assert agreements.covered(made) == 410
    assert [row.amount for row in made.instalments.order_by("number")] == [205, 205]
    assert made.approved_by == "matriz: automático"
    with pytest.raises(NothingToAgree):
        workflow.offer(room.debtor, "EUR", today=TODAY)


@pytest.mark.parametrize("key", ["", "instalments-2-", "%", "instalments-2-0000000000000000"])
def test_what_was_never_offered_cannot_be_accepted(room: Room, key: str) -> None:
    with pytest.raises(Changed):
        accept(room, key)
    agreed(room)
    with pytest.raises((Changed, NothingToAgree)):
        accept(room, key)


def test_a_payment_between_the_offer_and_the_yes_changes_the_offer(room: Room) -> None:
    key = plan(room, 2)
    allocations.allocate(
        room.movement("60.00", "TRANSFERENCIA"), [allocations.Part(invoice=room.invoices[2].pk, applied=Decimal(60))],
        actor=ROBOT,
    )  # fmt: skip
    with pytest.raises(Changed):
        accept(room, key)
    assert not Agreement.objects.exists()


def test_what_is_disputed_is_not_agreed_about(room: Room) -> None:
    holds.put(room.invoices[1], source="disputa:1", reason="En disputa.", actor=ROBOT, amount=Decimal(200))
    debt = workflow.debt_of(room.debtor, "EUR", TODAY)
    assert (debt.covered.amount, debt.disputed.amount) == (Decimal("210.00"), Decimal("200.00"))
    assert agreements.covered(agreed(room)) == 210


def test_outside_the_limits_nothing_is_concluded_before_a_person_says_so(room: Room, ana: Actor, luis: Actor) -> None:
    waiting = propose(room, PORTAL, waived="10")
    assert isinstance(waiting, Waiting)
    assert (waiting.role, waiting.people) == ("supervisor", 1)
    assert Task.objects.get(kind="aprobar").done_at is None
    assert propose(room, PORTAL, waived="10") == waiting
    with pytest.raises(NotAllowed):
        workflow.approve(waiting, actor=ana)
    with pytest.raises(NotAllowed):
        workflow.approve(waiting, actor=Actor.robot("luis"))
    assert not Agreement.objects.exists()
    made = workflow.approve(waiting, actor=luis)
    assert isinstance(made, Agreement)
    assert (made.approved_by, made.waived_principal) == ("luis", 10)
    assert workflow.approve(waiting, actor=luis) == made
    assert Task.objects.get(kind="aprobar").done_by == "luis"


def test_an_adviser_whose_level_it_is_needs_nobody_else(room: Room, luis: Actor) -> None:
    made = propose(room, luis, waived="10")
    assert isinstance(made, Agreement)
    assert made.approved_by == "luis"


def test_the_second_person_is_another_one(room: Room, luis: Actor) -> None:
    waiting = propose(room, PORTAL, waived="10")
    Waiting.objects.update(people=2)
    assert isinstance(workflow.approve(waiting, actor=luis), Waiting)
    with pytest.raises(NotAllowed, match="otra"):
        workflow.approve(waiting, actor=luis)
    assert not Agreement.objects.exists()
    made = workflow.approve(waiting, actor=person("eva", Role.SUPERVISION))
    assert isinstance(made, Agreement)
    assert made.approved_by == "eva y luis" or made.approved_by == "luis y eva"


def test_a_person_refuses_with_a_reason_and_a_robot_never(room: Room, luis: Actor) -> None:
    waiting = propose(room, PORTAL, waived="10")
    with pytest.raises(AgreementError):
        workflow.refuse(waiting, actor=luis, reason=" ")
    with pytest.raises(NotAllowed):
        workflow.refuse(waiting, actor=PORTAL, reason="No.")
    assert workflow.refuse(waiting, actor=luis, reason="Paga bien otras.").state == Waiting.States.REFUSED
    with pytest.raises(NotAllowed):
        workflow.approve(waiting, actor=luis)


def test_an_approval_that_comes_too_late_concludes_nothing(room: Room, luis: Actor) -> None:
    waiting = propose(room, PORTAL, waived="10")
    holds.put(room.invoices[0], source="disputa:1", reason="En disputa.", actor=ROBOT)
    answer = workflow.approve(waiting, actor=luis)
    assert isinstance(answer, Waiting)
    assert answer.state == Waiting.States.STALE
    assert not Agreement.objects.exists()


def test_below_the_floor_nobody_may_propose(room: Room, luis: Actor) -> None:
    with pytest.raises(AgreementError, match="suelo"):
        propose(room, luis, waived="100")


def test_the_bank_closes_an_instalment_and_the_last_one_the_agreement(room: Room) -> None:
    made = agreed(room)
    assert workflow.follow_up(room.creditor, TODAY)["followed"] == 1
    part = allocations.Part(invoice=room.invoices[1].pk, applied=Decimal(205))
    row = allocations.allocate(room.movement("205.00", "TRANSFERENCIA"), [part], actor=ROBOT)[0]
    assert workflow.follow_up(room.creditor, TODAY)["paid"] == 1
    assert made.instalments.get(number=1).closed_on == TODAY

    allocations.reverse(row, actor=ROBOT, reason="Devuelto.")
    workflow.follow_up(room.creditor, TODAY)
    assert made.instalments.get(number=1).closed_on is None, "money that left opens it again"

    parts = [allocations.Part(invoice=each.pk, applied=each.open) for each in room.invoices]
    allocations.allocate(room.movement("410.00", "TRANSFERENCIA 2"), parts, actor=ROBOT)
    assert workflow.follow_up(room.creditor, TODAY)["kept"] == 1
    made.refresh_from_db()
    assert made.standing == "cumplido"


def test_a_gateway_payment_and_its_movement_count_once(room: Room) -> None:
    made = agreed(room)
    parts = workflow.to_pay(made)
    assert sum(parts.values()) == 205
    room.start(*(str(parts.get(row.pk, 0)) for row in room.invoices[:2]), agreement=made.pk)
    room.hear(room.gateway.pay("k1"))
    workflow.follow_up(room.creditor, TODAY)
    assert [row.paid for row in made.instalments.order_by("number")] == [205, 0]
    assert sum(workflow.to_pay(made).values()) == 205, "the next instalment, not this one again"
    room.gateway.charges["k1"].payout = "po_5"
    room.movement("204.00", "STRIPE PO_5")
    workflow.follow_up(room.creditor, TODAY)
    assert [row.paid for row in made.instalments.order_by("number")] == [205, 0]


def test_what_was_paid_before_the_agreement_is_no_part_of_it_when_its_money_arrives(room: Room) -> None:
    room.start("40")
    room.hear(room.gateway.pay("k1"))
    made = agreed(room)
    assert agreements.covered(made) == 370
    room.gateway.charges["k1"].payout = "po_6"
    room.movement("39.00", "STRIPE PO_6")
    workflow.follow_up(room.creditor, TODAY)
    assert [row.paid for row in made.instalments.order_by("number")] == [0, 0]


def test_a_reminder_then_one_call_then_a_person(room: Room) -> None:
    made = agreed(room)
    first, second = (row.due_on for row in made.instalments.order_by("number"))
    for _ in range(2):
        workflow.follow_up(room.creditor, first - timedelta(days=1))
        workflow.follow_up(room.creditor, first + timedelta(days=5))
    reminder = Wanted.objects.get()
    assert reminder.purpose == "instalment"
    assert (reminder.template, reminder.values) == ("cuota", {"vence": write_day(first)})
    call = Task.objects.get()
    assert (call.kind, call.due_on > first) == ("llamar", True)
    made.refresh_from_db()
    assert made.standing == "impago"

    assert workflow.follow_up(room.creditor, second + timedelta(days=5))["broken"] == 1
    made.refresh_from_db()
    assert (made.standing, Task.objects.filter(kind="negociar").count()) == ("incumplido", 1)
    assert workflow.debt_of(room.debtor, "EUR", TODAY).broken == 1


def test_a_wish_to_change_goes_to_a_person_and_silences_the_robot(room: Room, ana: Actor) -> None:
    made = agreed(room)
    for _ in range(2):
        workflow.wants_change(made, said="No llego al 205.", actor=PORTAL)
    due = made.instalments.get(number=1).due_on
    workflow.follow_up(room.creditor, due - timedelta(days=1))
    assert Task.objects.get().kind == "negociar"
    assert not Wanted.objects.exists()
    assert workflow.settle_change(made, actor=ana)
    workflow.follow_up(room.creditor, due - timedelta(days=1))
    assert Wanted.objects.count() == 1


def test_a_kept_agreement_with_a_waiver_tells_who_keeps_the_erp(room: Room, luis: Actor) -> None:
    made = propose(room, luis, waived="10")
    assert isinstance(made, Agreement)
    parts = [
        allocations.Part(invoice=row.pk, applied=amount)
        for row, amount in zip(room.invoices, map(Decimal, ("100", "240", "60")), strict=True)
    ]
    allocations.allocate(room.movement("400.00", "TRANSFERENCIA"), parts, actor=ROBOT)
    workflow.follow_up(room.creditor, TODAY)
    made.refresh_from_db()
    assert made.standing == "cumplido"
    assert "10,00 EUR" in Task.objects.get(kind="revisar").why


def test_only_a_person_cancels(room: Room, ana: Actor) -> None:
    made = agreed(room)
    with pytest.raises(NotAllowed):
        workflow.cancel(made, reason="x", actor=PORTAL)
    assert workflow.cancel(made, reason="Se equivocó.", actor=ana).standing == "anulado"
    assert agreed(room).pk != made.pk, "the same terms may be agreed on again"


ACTS = ("accept", "propose_in", "propose_out", "approve_low", "approve", "approve_other", "refuse", "pay", "dispute")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 3)), min_size=3, max_size=10))
def test_no_plan_outside_the_matrix_without_people_in_any_order(
    make_room: Callable[[], Room], steps: list[tuple[str, int]]
) -> None:
    with transaction.atomic():
        _live(make_room(), steps)
        transaction.set_rollback(True)


def _live(room: Room, steps: list[tuple[str, int]]) -> None:
    who = {
        "approve_low": person("ana", Role.ADMINISTRATION),
        "approve": person("luis", Role.SUPERVISION),
        "approve_other": person("eva", Role.SUPERVISION),
    }
    for place, (step, number) in enumerate(steps):
        waiting = Waiting.objects.order_by("pk").last()
        try:
            if step == "accept":
                offered = workflow.offer(room.debtor, "EUR", today=TODAY)
                accept(room, workflow.key_of(offered[number % len(offered)]))
            elif step == "propose_in":
                propose(room, PORTAL, 2 + number)
            elif step == "propose_out":
                propose(room, PORTAL, 2, str(5 + number))
                Waiting.objects.filter(state="en_espera").update(people=2)
            elif step in who and waiting is not None:
                workflow.approve(waiting, actor=who[step])
            elif step == "refuse" and waiting is not None:
                workflow.refuse(waiting, actor=who["approve"], reason="No.")
            elif step == "pay":
                part = allocations.Part(invoice=room.invoices[0].pk, applied=Decimal(10))
                allocations.allocate(room.movement("10.00", f"PAGO {place}"), [part], actor=ROBOT)
            elif step == "dispute":
                holds.put(room.invoices[1], source=f"d:{number}", reason="Disputa.", actor=ROBOT, amount=Decimal(20))
        except (AgreementError, AgreementConflict):
            pass
        for made in Agreement.objects.all():
            rows = list(made.instalments.all())
            covers = sum((row.amount for row in made.covers.all()), Decimal(0))
            assert sum(row.amount for row in rows) + made.waived_principal == covers, "instalments sum to the debt"
            if made.waived_principal:
                asked = Waiting.objects.get(agreement=made)
                names = set(asked.decisions.filter(approves=True).values_list("person", flat=True))
                assert len(names & {"luis", "eva"}) >= asked.people, made.approved_by
        for invoice in room.invoices:
            assert Cover.objects.filter(invoice=invoice, agreement__ended_at=None).count() <= 1


def test_the_covers_are_the_principal_to_the_cent(room: Room) -> None:
    owed = owed_by(room.debtor, "EUR", TODAY)
    assert sum(owed.covers.values()) == owed.debt.principal.amount - owed.debt.disputed.amount


def score(band: str) -> Rating:
    """A score that says little but its band."""
    share = Decimal("0.2")
    return Rating(
        as_of=TODAY, at=clock.now(), model="reglas:1", band=band, segment="negociacion", proposed="negociacion",
        days_late=Decimal(60), pay_30=share, pay_60=share, pay_90=share, recovery=share,
    )  # fmt: skip


def test_the_score_says_who_has_to_approve(room: Room, luis: Actor) -> None:
    key = plan(room, 3)
    assert owed_by(room.debtor, "EUR", TODAY).debt.risk == "medio", "before the first score"

    ratings.rate(room.debtor, score("alto"), actor=ROBOT)
    assert owed_by(room.debtor, "EUR", TODAY).debt.risk == "alto"
    assert isinstance(accept(room, key), Waiting), "nobody with a high risk gets a plan unattended"

    ratings.rate(room.debtor, score("bajo"), actor=ROBOT)
    assert owed_by(room.debtor, "EUR", TODAY).debt.risk == "bajo"
    ratings.decide(room.debtor, "caso_legal", reason="no cumple", actor=luis)
    assert owed_by(room.debtor, "EUR", TODAY).debt.risk == "alto"


@pytest.mark.parametrize(
    "text",
    ["intereses = true", "compensacion = true", '[interes_plan]\nempresa = "3.5"', '[interes_plan]\nempresa = "x"'],
)
def test_what_no_invoice_asks_for_is_refused_by_name(text: str, tmp_path: Path) -> None:
    file = tmp_path / "agreements.toml"
    file.write_text(text, encoding="utf-8")
    name = text.partition(" ")[0].strip("[]").partition("]")[0]
    with pytest.raises(ConfigError, match=f"«{name}» no vale: .*(nota de cargo|no es un número)"):
        load(file, AgreementSettings)


def test_a_debit_note_of_interest_is_agreed_to_the_cent(room: Room) -> None:
    note, day = Decimal("23.47"), TODAY - timedelta(days=9)
    Invoice.objects.create(
        creditor=room.creditor, debtor=room.debtor, erp="tryton", erp_key="n1", number="ND-1", kind="invoice",
        issued_on=day, due_on=day, currency="EUR", net=note, tax=Decimal(0), gross=note, read_at=clock.now(),
    )  # fmt: skip
    found = next(
        each for each in workflow.scenarios(room.debtor, "EUR", today=TODAY) if each.proposal.kind is Kind.INSTALMENTS
    )
    assert found.proposal.total.amount == Decimal("433.47")
    assert sum(row.principal.amount for row in found.proposal.instalments) == Decimal("433.47")
