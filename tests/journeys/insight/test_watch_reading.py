"""Forecast, simulation and sample out of a real ledger: what is read is what is there, and the commands tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Sum

from cobranza.cli import insight_watch
from cobranza.dunning import config
from cobranza.dunning.config import CompanyEntry, TrialEntry
from cobranza.dunning.models import Message
from cobranza.dunning.trial import arm
from cobranza.insight import forecast_reading, reviewing, simulate_reading
from cobranza.insight.models import CashForecast, Review
from cobranza.insight.quality import FormError
from cobranza.insight.settings import read as read_settings
from cobranza.insight.simulate import NoHoldout
from cobranza.kernel import clock
from cobranza.ledger import conversation, holds
from cobranza.ledger.events import Actor, row_digest
from cobranza.ledger.models import Agreement, Contact, Cover, Creditor, Debtor, Instalment, Invoice, Seal, Word
from tests.insight_world import fill
from tests.journeys.runs.engine_room import REPO

TODAY = clock.now().astimezone(clock.MADRID).date()
YESTERDAY = TODAY - timedelta(days=1)
ROBOT = Actor.robot("vigilancia_de_cifras")
ANA = Actor.person("ana")


@pytest.fixture
def company(db: None) -> Creditor:
    return fill(TODAY, debtors=120, each=14, days=500)


def test_the_forecast_reads_what_is_open_what_is_held_and_what_is_agreed(company: Creditor) -> None:
    owed = Invoice.objects.filter(creditor=company, open__gt=0).order_by("-open")
    held, agreed = owed[0], owed[1]
    holds.put(held, source="disputa:1", reason="Disputa", actor=ROBOT)
    row = Agreement.objects.create(
        key="a", creditor=company, debtor=agreed.debtor, currency="EUR", kind="instalments", total=agreed.open,
        channel="call", proof="grabación", accepted_at=clock.now() - timedelta(days=2), approved_by="matriz",
    )  # fmt: skip
    Cover.objects.create(agreement=row, invoice=agreed, amount=agreed.open)
    Instalment.objects.create(
        agreement=row, number=1, due_on=TODAY + timedelta(days=9), amount=agreed.open, principal=agreed.open
    )
    whole = owed.aggregate(sum=Sum("open"))["sum"]

    found = forecast_reading.make(company, "EUR", read_settings().prevision, TODAY)

    assert found.held == held.open.quantize(Decimal("0.01"))
    assert found.open == (whole - held.open - agreed.open).quantize(Decimal("0.01"))
    assert sum(week.plans for week in found.weeks) > 0
    assert found.tested is not None and found.tested.wape < found.tested.naive_due


def test_the_command_tells_the_forecast_and_keeps_it_once(company: Creditor) -> None:
    said = CliRunner().invoke(insight_watch.forecast_command, ["--company", "talleres", "--json"])
    again = CliRunner().invoke(insight_watch.forecast_command, ["--company", "talleres", "--json"])

    told = json.loads(said.output)
    assert len(told["weeks"]) == 13
    assert told["currency"] == "EUR" and told["as_of"] == YESTERDAY.isoformat()
    assert all(Decimal(each["low"]) <= Decimal(each["expected"]) <= Decimal(each["high"]) for each in told["weeks"])
    assert json.loads(again.output) == told
    assert CashForecast.objects.get().weeks == told["weeks"]


@pytest.fixture
def tried(company: Creditor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Creditor]:
    """The company wrote to everybody but a hold-out for a year; who was written to was reminded on the third day."""
    entry = CompanyEntry(
        remitente="Talleres Invención, S.A.",
        ensayo=TrialEntry(nombre="cartas", cuota_control=40, desde=TODAY - timedelta(days=400)),
    )
    monkeypatch.setattr(config, "company", lambda key: entry)
    trial = entry.ensayo.trial()  # type: ignore[union-attr]
    for debtor in Debtor.objects.filter(creditor=company):
        Contact.objects.create(debtor=debtor, kind="email", value=f"d{debtor.pk}@deudor.example", source="erp")
    for number, row in enumerate(Invoice.objects.filter(creditor=company, due_on__lt=TODAY - timedelta(days=5))):
        if arm(trial, f"{row.debtor_id}:EUR", row.due_on) != "holdout":
            Message.objects.create(
                key=f"recordado:{number}", creditor=company, debtor_id=row.debtor_id, currency="EUR",
                strategy="general@1",
                step="recordatorio", anchor=row.due_on, channel="email", address="x", template="t", state="entregado",
                not_before=clock.now(),
                sent_at=datetime.combine(row.due_on + timedelta(days=3), time(9), tzinfo=clock.MADRID),
            )  # fmt: skip
    yield company


def test_a_year_is_read_with_its_hold_out_and_replayed(tried: Creditor, tmp_path: Path) -> None:
    file = tmp_path / "otra.toml"
    text = (REPO / "config" / "strategies" / "general.toml").read_text(encoding="utf-8")
    file.write_text(text.replace('version = "2026-11-22"', 'version = "otra"'), encoding="utf-8")

    said = CliRunner().invoke(
        insight_watch.simulate_command, ["--company", "talleres", "--strategy", str(file), "--json"]
    )

    assert said.exception is None, said.exception
    told = json.loads(said.output)
    assert told["strategy"] == "otra@otra"
    assert told["held_out_debtors"] >= 30
    assert "email" in [each["channel"] for each in told["effects"]]
    assert Decimal(told["recovery"]["difference"]) == 0  # the same steps under another name
    assert any("grupo de control" in each for each in told["cannot_know"])


def test_without_a_trial_there_is_no_simulation(tried: Creditor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "company", lambda key: CompanyEntry(remitente="Talleres"))
    text = (REPO / "config" / "strategies" / "general.toml").read_text(encoding="utf-8")

    with pytest.raises(NoHoldout):
        simulate_reading.run_text(tried, "EUR", "general", text, read_settings(), by="ana")


def _say(debtor: Debtor, key: str, actor: Actor, **changes: Any) -> Word:
    at = datetime.combine(reviewing.last_week(), time(10), tzinfo=clock.MADRID)
    told: dict[str, Any] = {"channel": "email", "direction": "out", "text": "Le recordamos…", "at": at}
    return conversation.note(key, debtor=debtor, actor=actor, **(told | changes))


def test_a_week_is_drawn_once_and_nobody_reviews_their_own(company: Creditor) -> None:
    settings = read_settings().calidad
    User.objects.create_user("ana")
    debtor = Debtor.objects.filter(creditor=company).first()
    assert debtor is not None
    for number in range(10):
        _say(debtor, f"r{number}", Actor.robot("recordatorios"))
        _say(debtor, f"a{number}", ANA, channel="call")
    _say(debtor, "in", Actor.person("deudor"), direction="in")
    _say(debtor, "old", ANA, at=clock.now() - timedelta(days=60))

    made, again = reviewing.sample(settings), reviewing.sample(settings)

    assert (made.contacts, made.drawn, made.new, again.new) == (20, 6, 6, 0)
    assert set(Review.objects.values_list("kind", "author")) == {("robot", "recordatorios"), ("persona", "ana")}
    own = Review.objects.filter(author="ana")[0]
    answers = {each.clave: "cumple" for each in reviewing.form(own, settings)}
    with pytest.raises(reviewing.ReviewRefused, match="propios"):
        reviewing.review(own, answers, settings=settings, actor=ANA)
    with pytest.raises(reviewing.ReviewRefused, match="persona"):
        reviewing.review(own, answers, settings=settings, actor=ROBOT)
    with pytest.raises(IntegrityError), transaction.atomic():  # whatever program it is
        Review.objects.filter(pk=own.pk).update(reviewer="ana")
    with pytest.raises(FormError):
        reviewing.review(own, {}, settings=settings, actor=Actor.person("eva"))
    done = reviewing.review(own, answers, settings=settings, actor=Actor.person("eva"))
    with pytest.raises(reviewing.ReviewRefused, match="ya está hecha"):
        reviewing.review(own, answers, settings=settings, actor=Actor.person("leo"))
    assert (done.score, done.passed, done.reviewer) == (Decimal("100.00"), True, "eva")
    assert reviewing.waiting("ana").count() == 3
    (found,) = reviewing.results("author", since=made.week, until=TODAY, settings=settings)
    assert (found.group, found.reviews, found.stands_for, found.score) == ("ana", 1, 10, 100)
    sealed = Seal.objects.filter(table="insight.review", row=own.pk).latest("pk")
    assert sealed.digest == row_digest(Review.objects.get(pk=own.pk))
