"""The worklist, early warnings, what follows a kept agreement, and a possible customer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from cobranza.gate.acts import Act, Purpose, State
from cobranza.gate.decision import decide
from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.ledger import agreements, consents, conversation, ratings
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Contact, Creditor, Debtor, Invoice, Survey, Task, Wanted
from cobranza.regimes import contact
from cobranza.risk import aftercare, credit, judging, reach, scoring, warning, worklist
from cobranza.risk.models import EarlyWarning, NextAction
from cobranza.risk.next_action import Counts, Way, chance, choose
from cobranza.risk.ports import Report
from cobranza.risk.sources import Answer
from cobranza.screens.access import Role
from tests.unit.risk.conftest import ROBOT, TODAY, Company, day, rating
from tests.unit.risk.test_scoring import Fixed, _plan

People = Callable[..., Actor]
ANA = Actor.person("ana")


def listed(company: Company, **options: Any) -> list[str]:
    return [row.name for row in worklist.rows(company.creditor, "EUR", **options)[0]]


def test_the_list_holds_everybody_but_whom_a_reminder_is_enough(company: Company, person: People) -> None:
    people = {
        name: company.owes(name, -20, amount=amount)
        for name, amount in (("basta", "900"), ("negocia", "500"), ("decidido", "300"), ("cara", "30000"))
    }
    company.owes("nada")
    for name, pay in (("basta", 0.9), ("negocia", 0.5), ("decidido", 0.9), ("cara", 0.95), ("nada", 0.1)):
        pk = Debtor.objects.get(erp_key=name).pk
        scoring.score([pk], actor=ROBOT, judge=Fixed(pay_60=pay, recovery=0.9))
    person("luis", Role.LEGAL)
    ratings.decide(people["decidido"], "caso_legal", reason="x", actor=Actor.person("luis"))

    assert listed(company) == ["cara", "negocia", "decidido"]
    assert listed(company, segment="caso_legal") == ["decidido"]
    assert listed(company, person=True) == ["cara"]
    assert worklist.rows(company.creditor, "USD")[0] == []
    ratings.withdraw(people["decidido"], reason="x", actor=Actor.person("luis"))
    assert listed(company) == ["cara", "negocia"]


def test_the_order_follows_the_switch(company: Company) -> None:
    """A sure payer of much comes first by recovery, who only pays when asked comes first by cash."""
    sure, asked = company.owes("seguro", -20, amount="1000"), company.owes("pedido", -20, amount="900")
    scoring.score([sure.pk], actor=ROBOT, judge=Fixed(pay_30=0.6, pay_60=0.65, recovery=0.95))
    scoring.score([asked.pk], actor=ROBOT, judge=Fixed(pay_30=0.1, pay_60=0.4, recovery=0.9))

    assert listed(company, order="cobro") == ["seguro", "pedido"]
    assert listed(company, order="caja") == ["pedido", "seguro"]
    first = worklist.rows(company.creditor, "EUR", order="caja")[0][0]
    assert first.worth == Decimal("720.00"), "900 at 0.9 - 0.1"


def _reachable(debtor: Debtor) -> None:
    for kind, value in (("email", "ana@ejemplo.invalid"), ("phone", "600 000 001")):
        Contact.objects.create(debtor=debtor, kind=kind, value=value, source="erp")
    for channel in ("email", "whatsapp", "sms", "call"):
        consents.give(debtor, channel, proof="contrato", actor=ROBOT)


def test_the_next_action_is_inside_the_law_and_told_once_a_day(company: Company) -> None:
    debtor = company.owes("Ana, S.L.", -20, tax_id="B12345674")
    _reachable(debtor)
    scoring.score([debtor.pk], actor=ROBOT, judge=Fixed())
    row = worklist.rows(company.creditor, "EUR")[0][0]
    made = worklist.next_action(row, Counts(), now=clock.now())

    assert (made.action, made.tone) == ("escribir", "amable")
    assert made.at is not None
    assert made.channel
    assert made.at >= clock.now() - timedelta(minutes=1)
    local = made.at.astimezone(clock.zone("Europe/Madrid"))
    question = Act(country="ES", debtor_type="business", channel=made.channel, at=made.at,
                   address=reach.read(debtor, Decimal(1), clock.now(), memory=30, answer_days=7)
                   .addresses[made.channel])  # fmt: skip
    found = reach.read(debtor, Decimal(1000), made.at, memory=30, answer_days=7)
    assert decide(question, found.state, contact.law("ES")).allowed, local
    assert worklist.next_action(row, Counts()).pk == made.pk
    assert NextAction.objects.count() == 1


def test_somebody_stopped_everywhere_is_not_contacted(company: Company) -> None:
    debtor = company.owes("Ana, S.L.", -20)
    _reachable(debtor)
    consents.stop(debtor, "", said="no más", actor=ROBOT)
    scoring.score([debtor.pk], actor=ROBOT, judge=Fixed())
    made = worklist.next_action(worklist.rows(company.creditor, "EUR")[0][0], Counts())

    assert (made.channel, made.at) == ("", None)
    assert "La compuerta no permite" in made.reason


def test_what_the_debtor_answers_to_outweighs_what_others_do() -> None:
    at = datetime(2026, 3, 4, 9, tzinfo=UTC)
    ways = [Way(channel=channel, hour=hour, at=at) for channel, hour in (("email", 9), ("whatsapp", 18))]
    house, own = Counts(), Counts()
    house.add("email", 9, 60, 100)
    house.add("whatsapp", 18, 20, 100)
    first = choose(ways, own, house, worth=Decimal(100), prior=8)
    own.add("whatsapp", 18, 20, 20)
    own.add("email", 9, 0, 20)
    then = choose(ways, own, house, worth=Decimal(100), prior=8)

    assert first is not None
    assert then is not None
    assert (first.way.channel, then.way.channel) == ("email", "whatsapp")
    assert chance(Counts(), Counts(), "sms", 12, 8) == pytest.approx(0.5)


def test_a_dear_channel_is_not_worth_a_small_debt() -> None:
    at = datetime(2026, 3, 4, 9, tzinfo=UTC)
    ways = [
        Way(channel="email", hour=9, at=at, cost=Decimal("0.01")), Way(channel="call", hour=9, at=at, cost=Decimal(3)),
    ]  # fmt: skip
    house = Counts()
    house.add("email", 9, 30, 100)
    house.add("call", 9, 60, 100)
    chosen = [choose(ways, Counts(), house, worth=Decimal(worth), prior=8) for worth in (2, 2000)]
    assert [each.way.channel for each in chosen if each is not None] == ["email", "call"]


# ---- before the first miss


@pytest.fixture
def warned(company: Company) -> EarlyWarning:
    debtor = company.owes("Ana, S.L.", 10)
    company.owes("Luis, S.L.", -3, 10)
    company.owes("Eva, S.L.", 60)
    for pk in Debtor.objects.values_list("pk", flat=True):
        scoring.score([pk], actor=ROBOT, judge=Fixed(first_miss=0.5))
    opened = warning.look_out(company.creditor, actor=ROBOT)
    assert [row.debtor_id for row in opened] == [debtor.pk], "who is in arrears, or owes nothing soon, is not warned of"
    return opened[0]


def test_one_warning_each_with_signals_and_an_action(company: Company, warned: EarlyWarning) -> None:
    assert warning.look_out(company.creditor, actor=ROBOT) == []
    assert (warned.due_on, warned.signals) == (day(10), rating(warned.debtor).reasons)
    assert warned.amount == Decimal(1000)
    with pytest.raises(warning.WarningError):
        warning.act(warned, "llamar", actor=ROBOT)
    with pytest.raises(warning.WarningError):
        warning.act(warned, "demandar", actor=ANA)
    for action, kind in (("llamar", "llamar"), ("reestructurar", "negociar"), ("descuento", "negociar")):
        assert warning.act(warned, action, actor=ANA).owner == "ana"
        assert Task.objects.filter(source=f"aviso:{warned.pk}").latest("pk").kind == kind
    assert "2 %" in Task.objects.latest("pk").why


@pytest.mark.parametrize("what", ["pago", "impago", "acuerdo", "falsa_alarma"])
def test_what_came_of_a_warning(company: Company, warned: EarlyWarning, what: str) -> None:
    then = TODAY
    if what == "pago":
        company.pays(warned.debtor)
    elif what == "impago":
        then = day(10 + warning.GRACE + 1)
    elif what == "acuerdo":
        _plan(warned.debtor)
    else:
        warning.dismiss(warned, actor=ANA, note="Es un error del ERP.")
    warning.follow(company.creditor, actor=ROBOT, today=then)

    warned.refresh_from_db()
    assert warned.outcome == what
    with pytest.raises(warning.WarningError):
        warning.act(warned, "llamar", actor=ANA)
    assert warning.look_out(company.creditor, actor=ROBOT) == [], "not warned of again so soon"


def test_nothing_comes_of_a_warning_before_its_day(company: Company, warned: EarlyWarning) -> None:
    assert not warning.follow(company.creditor, actor=ROBOT, today=day(10 + warning.GRACE))


# ---- after a kept agreement


def _keeps(company: Company, debtor: Debtor) -> Agreement:
    plan = _plan(debtor)
    company.pays(debtor)
    return agreements.stand(plan, "cumplido", reason="todo pagado", actor=ROBOT)


def test_a_kept_agreement_is_asked_about_once_inside_the_hours(
    company: Company, django_capture_on_commit_callbacks: Any
) -> None:
    debtor = company.owes("Ana, S.L.", -20)
    with django_capture_on_commit_callbacks(execute=True):
        plan = _keeps(company, debtor)
    survey, wanted = Survey.objects.get(), Wanted.objects.get()

    assert (survey.agreement_id, wanted.purpose, wanted.template) == (plan.pk, "service", "encuesta")
    assert plan.ended_at is not None
    assert wanted.not_before == plan.ended_at + timedelta(days=1)
    assert aftercare.ask_all(company.creditor) == 0
    night = datetime(2026, 3, 4, 3, tzinfo=UTC)
    act = Act(country="ES", debtor_type="business", channel="sms", at=night, purpose=Purpose.SERVICE)
    said = decide(act, State(consents=(), balance=None), contact.law("ES"))
    assert not said.allowed, "hours and consents hold for a message that asks for no money"


def test_what_a_crash_lost_is_asked_later_and_what_is_old_is_not(company: Company) -> None:
    plan = _keeps(company, company.owes("Ana, S.L.", -20))
    assert not Survey.objects.exists()
    assert aftercare.ask_all(company.creditor) == 1
    Survey.objects.all().delete()
    Wanted.objects.all().delete()
    Agreement.objects.filter(pk=plan.pk).update(ended_at=clock.now() - timedelta(days=15))
    assert aftercare.ask_all(company.creditor) == 0


def test_recovered_with_low_risk_comes_and_goes(company: Company) -> None:
    debtor = company.owes("Ana, S.L.", -20)
    easy = Fixed(pay_60=0.95, first_miss=0.05, relapse=0.12)
    assert scoring.score([debtor.pk], actor=ROBOT, judge=easy)[0].tags == []
    _keeps(company, debtor)
    kept = scoring.score([debtor.pk], actor=ROBOT, judge=easy)[0]
    advice = aftercare.recommendation(kept)

    assert kept.tags == [judging.RECOVERED]
    assert advice is not None
    assert ("domiciliar" in advice.text, advice.relapse) == (True, 0.12)
    assert scoring.score_creditor(company.creditor, actor=ROBOT, judge=easy).written == 0
    risky = scoring.score([debtor.pk], actor=ROBOT, judge=Fixed(pay_60=0.5, first_miss=0.6))[0]
    assert risky.tags == [], "low risk is part of it"
    again = scoring.score([debtor.pk], actor=ROBOT, judge=easy)[0]
    Invoice.objects.filter(debtor=debtor).update(elsewhere=0)
    company.listed["Ana, S.L."][1].append(_overdue())
    company.read()
    assert aftercare.recommendation(again) is None, "at once, before the next score"
    assert scoring.score([debtor.pk], actor=ROBOT, judge=easy)[0].tags == []


def _overdue() -> Any:
    from tests.unit.risk.conftest import document

    return document("Ana, S.L.", "nueva", -2, "50")


def test_a_conversation_moves_no_money(company: Company) -> None:
    """The house's counts: words out, and what came within a week."""
    debtor = company.owes("Ana, S.L.", -20)
    for number, (hours, direction) in enumerate([(400, "out"), (399, "in"), (300, "out")]):
        conversation.note(
            f"w:{number}", channel="email", direction=direction, text="x", at=clock.now() - timedelta(hours=hours),
            actor=ROBOT, debtor=debtor,
        )  # fmt: skip
    found = reach.house(Creditor.objects.get(), clock.now(), memory=400, answer_days=7)
    assert found.channel["email"] == [1, 2]
    own = reach.own(reach.read(debtor, Decimal(1), clock.now(), memory=400, answer_days=7))
    assert own.channel["email"] == [1, 2]
    assert connection.vendor == "postgresql"


# ---- a possible customer

MOST = Money("EUR", Decimal(50_000))


def applicant(**changes: Any) -> credit.Applicant:
    given: dict[str, Any] = {
        "tax_id": "B12345674", "country": "ES", "name": "Nueva, S.L.", "monthly": Money("EUR", Decimal(3000)),
    }  # fmt: skip
    return credit.Applicant(**(given | changes))


def answer(default: float, *, weight: float = 1, incidents: int = 0) -> Answer:
    report = Report(default=default, incidents=incidents, as_of=TODAY, provenance="registro")
    return Answer(source=f"f{weight}", weight=weight, report=report)


def test_a_check_blends_sources_by_weight_and_says_who_is_missing() -> None:
    late = Answer(source="tarda", weight=5, report=None, missing="no ha contestado a tiempo")
    found = credit.weigh(applicant(), [answer(0.02, weight=3), answer(0.10), late], None, MOST)

    assert found.default == pytest.approx(0.04)
    assert (found.band, found.terms, found.needs_person) == ("bajo", "plazo normal", False)
    assert found.limit == Money("EUR", Decimal("5760.00"))
    assert found.missing == ("tarda: no ha contestado a tiempo",)


def test_nobody_is_refused_by_a_machine() -> None:
    found = credit.weigh(applicant(incidents=4, years=1), [answer(0.5)], None, MOST)
    assert (found.band, found.needs_person, found.limit) == ("alto", True, Money("EUR", Decimal("0.00")))
    assert found.terms == "pago por adelantado"


def test_more_risk_never_gives_more_limit() -> None:
    limits = [credit.weigh(applicant(), [answer(share / 100)], None, MOST).limit.amount for share in range(0, 101, 5)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] <= MOST.amount


def test_a_check_is_kept_with_all_that_entered(company: Company) -> None:
    row, found = credit.check(applicant(), actor=ANA, bureaus=[])
    assert row.missing == ["ninguna fuente externa está en marcha"]
    assert (row.band, row.limit) == (found.band, found.limit.amount)
    with pytest.raises(credit.CreditError):
        credit.check(applicant(tax_id=" "), actor=ANA, bureaus=[])
    with pytest.raises(credit.CreditError):
        credit.check(applicant(monthly=Money("EUR", Decimal(0))), actor=ANA, bureaus=[])
