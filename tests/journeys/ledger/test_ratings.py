"""Scores and verdicts: one current score, a person above it, and no legal treatment by a program."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cobranza.kernel import clock
from cobranza.ledger import ratings
from cobranza.ledger.events import told
from cobranza.ledger.models import Event, Rating, Survey
from cobranza.ledger.verification import verify
from tests.journeys.ledger.conftest import ANA, ROBOT, document

pytestmark = pytest.mark.django_db
D = Decimal


def score(segment: str = "recordatorio", band: str = "bajo", **more: object) -> Rating:
    """A score that says little else."""
    values = {"pay_30": D("0.7"), "pay_60": D("0.8"), "pay_90": D("0.9"), "days_late": D("4.0"), "recovery": D("0.95")}
    return Rating(
        as_of=date(2026, 3, 2), at=clock.now(), model="reglas:1", band=band, segment=segment, proposed=segment,
        reasons=[{"feature": "late_share", "points": "-0.4"}], **(values | more),
    )  # fmt: skip


@pytest.fixture
def debtor(owed):
    """Somebody who owes."""
    [invoice] = owed(document("1", "300.00"))
    return invoice.debtor


def test_the_newest_score_counts_and_an_event_tells_a_changed_treatment_only(debtor) -> None:
    ratings.rate(debtor, score(), actor=ROBOT)
    ratings.rate(debtor, score(pay_30=D("0.6")), actor=ROBOT)
    last = ratings.rate(debtor, score("negociacion", "medio"), actor=ROBOT)

    assert ratings.current(debtor) == last
    assert Rating.objects.filter(debtor=debtor).count() == 3
    assert Event.objects.filter(kind="rating.changed").count() == 2


def test_no_program_stores_a_legal_segment(debtor) -> None:
    with pytest.raises(IntegrityError, match="never_legal"), transaction.atomic():
        ratings.rate(debtor, score("caso_legal", "alto"), actor=ROBOT)
    with pytest.raises(ratings.VerdictError, match="no es una persona"):
        ratings.decide(debtor, "caso_legal", reason="no paga", actor=ROBOT)


def test_a_verdict_outranks_the_score_until_it_ends(debtor, creditor) -> None:
    ratings.rate(debtor, score(), actor=ROBOT)
    today = clock.now().date()
    ratings.decide(debtor, "negociacion", reason="llamó y pide plazos", actor=ANA, until=today)
    ratings.decide(debtor, "caso_legal", reason="no cumple nada", actor=ANA, until=today + timedelta(days=30))

    found = ratings.standings(creditor)[debtor.pk]
    assert (found.segment, found.band, found.by) == ("caso_legal", "bajo", "ana")
    later = ratings.standing(debtor, today=today + timedelta(days=32))
    assert later is not None
    assert later.segment == "recordatorio"
    assert ratings.withdraw(debtor, reason="pagó", actor=ANA)
    assert not ratings.withdraw(debtor, reason="pagó", actor=ANA)
    assert ratings.standings([debtor.pk])[debtor.pk].by == "reglas:1"
    assert verify().problems == []


@pytest.mark.parametrize(("segment", "reason"), [("premium", "x"), ("negociacion", "  ")])
def test_a_verdict_needs_a_segment_and_a_reason(debtor, segment, reason) -> None:
    with pytest.raises(ratings.VerdictError):
        ratings.decide(debtor, segment, reason=reason, actor=ANA)
    with pytest.raises(ratings.VerdictError, match="ya pasó"):
        ratings.decide(debtor, "negociacion", reason="x", actor=ANA, until=date(2020, 1, 1))


def test_a_survey_is_asked_once_and_the_first_answer_counts(debtor) -> None:
    asked = ratings.ask_survey(debtor, "acuerdo:1", actor=ROBOT)
    assert ratings.ask_survey(debtor, "acuerdo:1", actor=ROBOT).pk == asked.pk
    with pytest.raises(ratings.SurveyError):
        ratings.answer_survey(asked, 11, actor=ROBOT)
    ratings.answer_survey(asked, 9, comment=" bien ", actor=ROBOT)
    ratings.answer_survey(asked, 1, actor=ROBOT)
    assert Survey.objects.values_list("score", "comment").get() == (9, "bien")


@pytest.mark.django_db(transaction=True)
def test_who_listens_hears_of_an_event_after_its_commit_only(debtor) -> None:
    heard: list[str] = []

    def listen(event: Event, **_: object) -> None:
        heard.append(event.kind)

    told.connect(listen)
    try:
        with transaction.atomic():
            ratings.rate(debtor, score(), actor=ROBOT)
            assert heard == []
        assert heard == ["rating.changed"]
    finally:
        told.disconnect(listen)
