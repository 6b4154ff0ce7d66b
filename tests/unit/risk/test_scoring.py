"""Scores on the ledger: one debtor and a whole company say the same, can be computed again, and move at once."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from django.db import connection

from cobranza.kernel import clock
from cobranza.ledger import agreements, holds
from cobranza.ledger.agreements import Payment, Terms
from cobranza.ledger.models import Agreement, Debtor, Event, Invoice, Rating, Task
from cobranza.ledger.verification import verify
from cobranza.risk import explaining, judging, listening, reading, rows, scoring
from cobranza.risk.models import Care, Cursor
from cobranza.risk.ports import OUTCOMES
from cobranza.risk.settings import risk_settings
from tests.unit.risk.conftest import ROBOT, TODAY, Company, day, rating

COMPARED = (*OUTCOMES, "as_of", "model", "band", "segment", "proposed", "to_person", "reasons", "inputs", "missing",
            "tags")  # fmt: skip


class Fixed:
    """A judge that says what the test wants, by debtor."""

    slug = "fijo"

    def __init__(self, **outcomes: float) -> None:
        self.outcomes = outcomes

    @property
    def name(self) -> str:
        return "fijo/1"

    def judge(self, table: pd.DataFrame) -> pd.DataFrame:
        base = {"pay_30": 0.5, "pay_60": 0.5, "pay_90": 0.5, "days_late": 20.0, "recovery": 0.8,
                "first_miss": float("nan"), "relapse": float("nan")} | self.outcomes  # fmt: skip
        found = pd.DataFrame({name: [base[name]] * len(table) for name in OUTCOMES}, index=table.index)
        for number, (name, points) in enumerate([("overdue_days", -0.5), ("open_count", 0.2), ("", 0.0)], start=1):
            found[f"reason_{number}"], found[f"points_{number}"] = name, points
        return found


def test_a_company_at_once_writes_what_one_by_one_would(company: Company) -> None:
    debtors = [company.owes("Ana, S.L.", -40, 10), company.owes('Luis «El "Bueno"»', 20), company.owes("Sin nada")]
    assert scoring.score_creditor(company.creditor, actor=ROBOT).written == 3
    swept = {row.debtor_id: row for row in Rating.objects.filter(current=True)}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_rating")

    single = scoring.score([each.pk for each in debtors], actor=ROBOT)

    assert len(single) == 3
    for row in Rating.objects.filter(current=True):
        for name in COMPARED:
            assert getattr(row, name) == getattr(swept[row.debtor_id], name), name
    assert swept[debtors[0].pk].first_miss is None, "who owes something overdue has no first miss to come"
    assert swept[debtors[1].pk].first_miss is not None


def test_every_score_is_computed_again_from_what_is_stored(company: Company) -> None:
    company.owes("Ana, S.L.", -40, -5, 10)
    company.owes("Luis, S.L.", 20)
    scoring.score_creditor(company.creditor, actor=ROBOT)
    for row in Rating.objects.filter(current=True):
        told = explaining.explained(row)
        assert (told.equal, told.differences) == (True, {})
        assert 1 <= len(told.reasons) <= 3
        assert [abs(each.points) for each in told.reasons] == sorted(
            (abs(each.points) for each in told.reasons), reverse=True
        )

    Rating.objects.filter(pk=row.pk).update(inputs=row.inputs | {"overdue_count": [30, TODAY.isoformat()]})
    row.refresh_from_db()
    assert explaining.explained(row).equal is False


def test_a_model_that_is_gone_is_said(company: Company) -> None:
    debtor = company.owes("Ana, S.L.", -40)
    scoring.score([debtor.pk], actor=ROBOT, judge=Fixed())

    told = explaining.explain(debtor.pk)
    assert (told.equal, told.changes) == (None, ())
    with pytest.raises(explaining.NotRated):
        explaining.explain(debtor.pk + 1)


def test_what_would_change_it_is_true_of_the_judge(company: Company) -> None:
    debtor = company.owes("Ana, S.L.", -90, -60, -30)
    scoring.score([debtor.pk], actor=ROBOT)
    told = explaining.explain(debtor.pk)

    assert told.changes
    assert any(each.what == "Si pagara todo lo vencido" for each in told.changes)
    for each in told.changes:
        assert each.pay_60 > float(told.rating.pay_60)
        if each.turns:
            assert (each.band, each.segment) != (told.rating.band, told.rating.segment)


def test_a_night_writes_only_what_moved_and_tells_only_what_changed(company: Company) -> None:
    ana, _ = company.owes("Ana, S.L.", -40), company.owes("Luis, S.L.", 20)
    assert scoring.score_creditor(company.creditor, actor=ROBOT, judge=Fixed()).written == 2
    assert not Event.objects.filter(kind="rating.changed").exists(), "the first score of all is no change"

    again = scoring.score_creditor(company.creditor, actor=ROBOT, judge=Fixed(pay_60=0.503))
    assert (again.debtors, again.written, again.changed) == (2, 0, 0)
    moved = scoring.score_creditor(company.creditor, actor=ROBOT, judge=Fixed(pay_60=0.52))
    assert (moved.written, moved.changed) == (2, 0)
    turned = scoring.score_creditor(company.creditor, actor=ROBOT, judge=Fixed(pay_60=0.9))
    assert (turned.written, turned.changed, turned.bands) == (2, 2, {"bajo": 2})
    assert Event.objects.filter(kind="rating.changed", subject=f"debtor:{ana.pk}").count() == 1
    assert Rating.objects.filter(debtor=ana).count() == 3
    run = Event.objects.filter(kind="rating.run").latest("pk")
    assert run.payload["rows"] == turned.digest
    assert run.payload["changed"] == 2
    assert not verify().problems


def test_a_proposed_case_for_the_court_is_a_review_and_nothing_more(company: Company) -> None:
    debtor = company.owes("Ana, S.L.", -400)
    hopeless = Fixed(pay_30=0.01, pay_60=0.02, pay_90=0.03, recovery=0.05)
    run = scoring.score_creditor(company.creditor, actor=ROBOT, judge=hopeless)

    row = rating(debtor)
    assert (row.segment, row.proposed, row.to_person) == ("negociacion", "caso_legal", "propuesto como caso legal")
    assert (run.proposed, run.reviews) == (1, 1)
    task = Task.objects.get(debtor=debtor)
    assert (task.kind, task.source) == ("revisar", scoring.REVIEW)
    scoring.score([debtor.pk], actor=ROBOT, judge=hopeless)
    scoring.score_creditor(company.creditor, actor=ROBOT, judge=hopeless)
    assert Task.objects.count() == 1


def test_much_money_and_special_care_go_to_a_person(company: Company) -> None:
    rich = company.owes("Cara, S.L.", -5, amount="20000.00")
    frail = company.owes("Ana", 20)
    plain = company.owes("Luis, S.L.", -5, amount="19999.99")
    Care.objects.create(debtor=frail, reason="lo pidió su familia", by="ana", since=clock.now())
    scoring.score_creditor(company.creditor, actor=ROBOT, judge=Fixed(pay_60=0.99))

    assert rating(rich).to_person == "importe alto (20.000,00 EUR)"
    assert rating(frail).to_person == "cuidado especial: lo pidió su familia"
    assert (rating(plain).to_person, rating(plain).segment) == ("", "recordatorio")


def test_two_sweeps_over_one_company_do_not_run_together(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_alone", lambda _: False)
    with pytest.raises(scoring.Scoring):
        scoring.score_creditor(company.creditor, actor=ROBOT)


# ---- at once


def _before(company: Company, *dues: int) -> tuple[Debtor, Rating]:
    debtor = company.owes("Ana, S.L.", *dues)
    scoring.score_creditor(company.creditor, actor=ROBOT)
    return debtor, rating(debtor)


@pytest.fixture
def heard(django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs what is told after a commit."""
    listening._heard.clear()
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_a_booked_payment_moves_the_score_at_once(company: Company, heard: Any) -> None:
    debtor, before = _before(company, -60)
    with heard():
        company.pays(debtor)

    after = rating(debtor)
    assert after.pk != before.pk
    assert after.pay_60 > before.pay_60
    assert after.inputs["overdue_count"][0] == 0


def test_a_dispute_moves_the_score_at_once(company: Company, heard: Any) -> None:
    debtor, before = _before(company, -60, -30)
    invoice = Invoice.objects.filter(debtor=debtor).first()
    assert invoice is not None
    with heard():
        holds.put(invoice, source="disputa:1", reason="No llegó.", actor=ROBOT)

    after = rating(debtor)
    assert after.pk != before.pk
    assert after.inputs["disputes_year"][0] == 1


def _plan(debtor: Debtor) -> Agreement:
    invoice = Invoice.objects.get(debtor=debtor)
    terms = Terms(
        key=f"plan:{debtor.pk}", currency="EUR", kind="promise",
        payments=(Payment(due=day(1), amount=invoice.open, principal=invoice.open),),
        covers={invoice.pk: invoice.open}, channel="portal", proof="casilla", accepted_at=clock.now(), approved_by="x",
    )  # fmt: skip
    return agreements.conclude(debtor, terms, actor=ROBOT)


def test_a_broken_promise_moves_the_score_at_once(company: Company, heard: Any) -> None:
    debtor, _ = _before(company, -60)
    with heard():
        plan = _plan(debtor)
    before = rating(debtor)
    with heard():
        agreements.stand(plan, "incumplido", reason="no pagó", actor=ROBOT)

    after = rating(debtor)
    assert after.pk != before.pk
    assert after.pay_60 < before.pay_60
    assert after.inputs["broken_two_years"][0] == 1


def test_what_a_crash_lost_is_caught_up_once(company: Company) -> None:
    debtor, before = _before(company, -60)
    company.pays(debtor)  # nobody hears of it: the process died right after the commit
    assert rating(debtor).pk == before.pk

    assert listening.catch_up(company.creditor) == 1
    after = rating(debtor)
    assert after.inputs["overdue_count"][0] == 0
    assert listening.catch_up(company.creditor) == 0
    assert rating(debtor).pk == after.pk


def test_a_crash_in_the_middle_of_catching_up_loses_nothing(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    debtor, _ = _before(company, -60)
    company.pays(debtor)

    def dies(*_: object, **__: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "score", dies)
        with pytest.raises(OSError, match="killed"):
            listening.catch_up(company.creditor)

    assert listening.catch_up(company.creditor) == 1
    assert rating(debtor).inputs["overdue_count"][0] == 0


def test_nothing_is_heard_of_companies_that_were_never_scored(company: Company, heard: Any) -> None:
    debtor = company.owes("Ana, S.L.", -60)
    with heard():
        company.pays(debtor)
    assert not Rating.objects.exists()
    assert not Cursor.objects.exists()
    assert listening.catch_up(company.creditor) == 0


def test_a_flood_of_events_is_left_to_the_catch_up(company: Company, heard: Any) -> None:
    debtor, before = _before(company, -60)
    listening._heard.extend([time.monotonic()] * listening.BURST)
    with heard():
        company.pays(debtor)
    assert rating(debtor).pk == before.pk
    assert listening.catch_up(company.creditor) == 1


def test_rows_say_what_is_missing_in_json_that_any_reader_takes(company: Company) -> None:
    debtor = company.owes("Ana, S.L.", -60)
    scored = judging.look(reading.read([debtor.pk]), TODAY, Fixed(), risk_settings())
    (entered,), (told,) = rows.inputs(scored).to_pylist(), rows.reasons(scored).to_pylist()
    stored = json.loads(entered)
    assert set(stored) == {name for name in scored.table if not scored.table[name].isna().iloc[0]}
    assert all(json.loads(told)[place]["feature"] for place in range(2))
    assert all(pair[1] <= (TODAY + timedelta(days=0)).isoformat() for pair in stored.values())
