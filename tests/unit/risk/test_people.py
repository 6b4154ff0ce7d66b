"""GDPR, art. 22: what no program decides, however it tries; and the way of whoever wants a person to look again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from cobranza.kernel import clock
from cobranza.ledger import conversation, holds, ratings
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Debtor, Event, Invoice, Rating, Task
from cobranza.risk import people, scoring
from cobranza.risk.models import Contest, Listing
from cobranza.risk.people import NotListable, PersonNeeded
from cobranza.screens.access import Role
from tests.unit.risk.conftest import ROBOT, Company, rating
from tests.unit.risk.test_scoring import Fixed

People = Callable[..., Actor]
HOPELESS = {"pay_30": 0.01, "pay_60": 0.02, "pay_90": 0.03, "recovery": 0.05}


@pytest.fixture
def debtor(company: Company) -> Debtor:
    made = company.owes("Ana, S.L.", -60)
    scoring.score([made.pk], actor=ROBOT, judge=Fixed(**HOPELESS))
    return made


def test_no_program_makes_a_case_for_the_court(debtor: Debtor, person: People) -> None:
    """Every way that a program could try."""
    for actor in (ROBOT, Actor.person("nadie"), person("ana", Role.ADMINISTRATION), person("eva", Role.AUDIT)):
        with pytest.raises(PersonNeeded):
            people.decide(debtor, "caso_legal", reason="porque sí", actor=actor)
    with pytest.raises(ratings.VerdictError):
        ratings.decide(debtor, "caso_legal", reason="porque sí", actor=ROBOT)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rating.objects.filter(debtor=debtor).update(segment="caso_legal")
    User.objects.create(username="ido", is_active=False)
    with pytest.raises(PersonNeeded):
        people.decide(debtor, "caso_legal", reason="porque sí", actor=Actor.person("ido"))
    standing = ratings.standing(debtor)
    assert standing is not None
    assert (standing.segment, rating(debtor).proposed) == ("negociacion", "caso_legal")


def test_a_person_decides_and_the_score_no_longer_counts(debtor: Debtor, person: People) -> None:
    luis = person("luis", Role.LEGAL)
    with pytest.raises(ratings.VerdictError):
        people.decide(debtor, "caso_legal", reason=" ", actor=luis)
    people.decide(debtor, "caso_legal", reason="No hay otra vía.", actor=luis)
    scoring.score([debtor.pk], actor=ROBOT, judge=Fixed(pay_60=0.99))
    standing = ratings.standing(debtor)

    assert standing is not None
    assert (standing.segment, standing.by, standing.band) == ("caso_legal", "luis", "bajo")
    with pytest.raises(PersonNeeded):
        people.withdraw(debtor, reason="ya paga", actor=ROBOT)
    assert people.withdraw(debtor, reason="Ya paga.", actor=luis)
    assert ratings.standing(debtor).segment == "recordatorio"  # type: ignore[union-attr]


def test_the_review_is_closed_by_the_decision(company: Company, person: People) -> None:
    debtor = company.owes("Ana, S.L.", -400)
    scoring.score_creditor(company.creditor, actor=ROBOT, judge=Fixed(**HOPELESS))
    assert Task.objects.get(debtor=debtor).done_at is None

    people.decide(debtor, "negociacion", reason="Acepta hablar.", actor=person("ana", Role.ADMINISTRATION))
    task = Task.objects.get(debtor=debtor)
    assert task.done_by == "ana"
    assert "Acepta hablar" in task.outcome


def test_a_contested_score_is_looked_at_by_a_person_with_its_evidence(debtor: Debtor, person: People) -> None:
    row = people.contest(debtor, said="Pagué en mano", via="portal", actor=Actor.robot("portal"))
    assert people.contest(debtor, said="otra vez", via="portal", actor=Actor.robot("portal")).pk == row.pk

    task = Task.objects.get(source=f"revision:{row.pk}")
    assert "Pagué en mano" in task.why
    assert f"Valoración {rating(debtor).pk}" in task.why
    assert rating(debtor).reasons[0]["text"].rstrip(".") in task.why
    with pytest.raises(PersonNeeded):
        people.answer(row, text="Está bien.", actor=ROBOT)
    with pytest.raises(PersonNeeded):
        people.answer(row, text=" ", actor=person("ana", Role.ADMINISTRATION))
    people.answer(row, text="Corregido el cobro.", actor=person("ana", Role.ADMINISTRATION))
    assert Task.objects.get(pk=task.pk).done_by == "ana"
    assert Contest.objects.get(pk=row.pk).answered_by == "ana"


def _asked(debtor: Debtor) -> None:
    conversation.note("w:1", channel="email", direction="out", text="Le requerimos el pago.", at=clock.now(),
                      actor=ROBOT, debtor=debtor)  # fmt: skip


def test_no_program_lists_anybody(debtor: Debtor, person: People) -> None:
    with pytest.raises(NotListable, match="requerido"):
        people.propose_listing(debtor, "fichero", "EUR", actor=ROBOT)
    _asked(debtor)
    row = people.propose_listing(debtor, "fichero", "EUR", actor=ROBOT)
    assert (row.state, row.amount) == ("propuesta", Decimal(1000))
    for actor in (ROBOT, Actor.person("nadie"), person("ana", Role.ADMINISTRATION)):
        with pytest.raises(PersonNeeded):
            people.decide_listing(row, approve=True, reason="porque sí", actor=actor)
    for values in (
        {"state": "aprobada"},
        {"state": "aprobada", "decided_by": "r", "decided_kind": "robot", "decided_at": clock.now(), "reason": "x"},
        {"state": "aprobada", "decided_by": "ana", "decided_kind": "person", "decided_at": clock.now(), "reason": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Listing.objects.filter(pk=row.pk).update(**values)
    done = people.decide_listing(row, approve=True, reason="Cumple.", actor=person("luis", Role.LEGAL))
    assert (done.state, done.decided_by) == ("aprobada", "luis")
    assert Event.objects.filter(kind="listing.decided").count() == 1


def test_what_is_disputed_or_paid_is_not_listed(company: Company, debtor: Debtor, person: People) -> None:
    _asked(debtor)
    row = people.propose_listing(debtor, "fichero", "EUR", actor=ROBOT)
    hold = holds.put(Invoice.objects.get(debtor=debtor), source="disputa:1", reason="No llegó.", actor=ROBOT)
    luis = person("luis", Role.LEGAL)
    with pytest.raises(NotListable):
        people.decide_listing(row, approve=True, reason="Cumple.", actor=luis)
    holds.release(hold, reason="Resuelta.", actor=ROBOT)
    company.pays(debtor, "960.00")
    with pytest.raises(NotListable):
        people.decide_listing(row, approve=True, reason="Cumple.", actor=luis)
    assert people.decide_listing(row, approve=False, reason="Ya casi pagó.", actor=luis).state == "rechazada"


def test_special_care_is_said_by_a_person_and_ends_with_one(debtor: Debtor, person: People) -> None:
    ana = person("ana", Role.ADMINISTRATION)
    with pytest.raises(PersonNeeded):
        people.care(debtor, reason="x", actor=ROBOT)
    people.care(debtor, reason="Lo ha pedido.", actor=ana)
    assert "cuidado especial" in scoring.score([debtor.pk], actor=ROBOT, judge=Fixed())[0].to_person
    assert people.end_care(debtor, actor=ana)
    assert not people.end_care(debtor, actor=ana)
    assert scoring.score([debtor.pk], actor=ROBOT, judge=Fixed())[0].to_person == ""
