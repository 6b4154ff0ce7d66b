"""From a ledger to a judge in use, by the commands; and back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection

from classifiers.payers import taught
from classifiers.payers.heads import linear
from cobranza import suite
from cobranza.cli.risk_models import card, drift, models, rollback, train, use
from cobranza.ledger.models import Allocation, Movement
from cobranza.risk import reading, training
from cobranza.risk.features import table
from cobranza.risk.model_settings import ModelEntry
from tests.bench.ledgers import TODAY, filled

pytestmark = pytest.mark.django_db


def _run(command: Any, *words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(command, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of 400 debtors, always the same ids, whose models go to a folder of their own.

    Who is kept apart to check follows from the id: with other ids, the small check set is another.
    """
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE ledger_debtor_id_seq RESTART WITH 1000001")  # undone with the test
    filled(400)
    monkeypatch.setattr(taught, "models_folder", lambda: tmp_path / "models")
    monkeypatch.setattr(suite, "data_folder", lambda: tmp_path)
    monkeypatch.setattr(training, "model_settings", lambda: ModelEntry(meses=18, pasos=2, minimo=60))
    monkeypatch.setattr(training, "MOST_DEBTORS", 390)
    noon = f"{TODAY.isoformat()}T12:00:00+00:00"
    monkeypatch.setattr("cobranza.kernel.clock.now", lambda: datetime.fromisoformat(noon))
    return tmp_path


def test_learn_use_watch_and_go_back(apart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = _run(train, "--model", "logistica")
    assert not tried["applied"] and not training.check_file().exists()

    made = _run(train, "--model", "logistica", "--apply")

    assert made["name"] == tried["name"]
    assert made["check"]["pay_60"]["brier"] < made["before"]["check"]["pay_60"]["brier"]
    assert {row["kind"] for row in made["groups"]} == {"tamaño", "país"}
    version = made["name"].partition("/")[2]
    assert [(row["version"], row["state"]) for row in _run(models)["versions"]] == [(version, "in_use")]
    judge: Any = suite.adapters("classifiers.payers")["logistica"]
    assert judge.name == made["name"]
    found = judge.judge(table(reading.read(next(iter(reading.batches()))), TODAY))
    assert found["pay_60"].between(0, 1).all()
    assert judge.named(made["name"]).name == made["name"]

    frozen = training.check_file().read_bytes()

    def worse(given: Any, outcomes: Any, seed: int) -> Any:
        turned = {name: 1 - values if name != "days_late" else values for name, values in outcomes.items()}
        return linear(given, turned, seed)

    with monkeypatch.context() as patch:
        patch.setattr(type(judge), "_fit", lambda _self: worse)
        refused = _run(train, "--model", "logistica", "--apply", code=3)
    assert refused["refused"] and judge.name == made["name"]
    assert training.check_file().read_bytes() == frozen

    text = CliRunner().invoke(card, ["--model", "logistica"]).output
    assert "Calibración por decilas" in text and "Límites" in text
    watched = _run(drift, "--model", "logistica", code=_alarmed(judge))
    assert list(watched["psi"].values()) == sorted(watched["psi"].values(), reverse=True)

    bad = refused["name"].partition("/")[2]
    assert _run(use, bad, "--model", "logistica")["in_use"] == bad
    assert _run(rollback, "--model", "logistica")["in_use"] == version
    assert _run(rollback, "--model", "logistica")["in_use"] == ""


def _alarmed(judge: Any) -> int:
    """The command's own code: 3 when something drifted."""
    return 3 if training.watch(judge.slug)["alarmed"] else 0


def test_nobody_of_the_check_set_teaches(apart: Path) -> None:
    examples = training.from_ledger(None, TODAY, ModelEntry(meses=12, pasos=3))
    aside = training.reserved(examples.debtor, 0.2)

    taught_ids, kept = set(examples.debtor[~aside]), set(examples.debtor[aside])

    assert taught_ids and kept and not taught_ids & kept
    assert 0.1 < len(kept) / (len(kept) + len(taught_ids)) < 0.3


def test_labels_are_only_those_known_when_training(apart: Path) -> None:
    """Trained as of half a year ago, a ledger that went on since teaches the same."""
    then = TODAY - timedelta(days=180)
    settings = ModelEntry(meses=12, pasos=3)
    whole = training.from_ledger(None, then, settings)
    later = Movement.objects.filter(booked_on__gt=then)
    assert later.exists()
    Allocation.objects.filter(movement__in=later).delete()

    assert training.from_ledger(None, then, settings).outcomes.equals(whole.outcomes)
