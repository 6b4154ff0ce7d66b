"""Scoring every debtor of a ledger, features included: seconds of processor and memory, and that both grow as it does.

Run with ``-m bench``. `COBRANZA_DEBTORS` tries it out with fewer, and then it says nothing about the budget. Counted is
what the server spends too, by its own process's clock, because the features are read out of it.
"""

from __future__ import annotations

import os
import resource
import time

import psutil
import pytest
from django.db import connection, transaction

from classifiers.payers import learned
from classifiers.payers.heads import boosted
from cobranza.risk import reading, training
from cobranza.risk.features import table
from cobranza.risk.ports import Judge
from tests.bench.ledgers import TODAY, filled
from tests.unit.payers.payers_world import payers

pytestmark = [pytest.mark.bench, pytest.mark.django_db, pytest.mark.timeout(5400)]

WHOLE = int(os.environ.get("COBRANZA_DEBTORS", "1000000"))
BUDGET_SECONDS = 120 * 2
"""Of processor: 120 seconds of two cores."""
BUDGET_BYTES = 4 * 1024**3


def _spent() -> float:
    """Processor seconds of this process and of the server's one that serves it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return time.process_time() + server.user + server.system


def scored(judge: Judge) -> int:
    """Judge every debtor, in batches."""
    count = 0
    for ids in reading.batches():
        found = judge.judge(table(reading.read(ids), TODAY))
        assert found["pay_60"].between(0, 1).all()
        count += len(found)
    return count


def test_every_debtor(capsys: pytest.CaptureFixture[str]) -> None:
    examples = training.gather([payers(200)], training.looks(TODAY, 20, 3), TODAY)
    learnt = learned.learn("gradiente", boosted, examples, seed=1, least=100)
    with transaction.atomic():
        begun = time.monotonic()
        filled(WHOLE)
        with capsys.disabled():
            print(f"\nledger of {WHOLE} debtors written in {time.monotonic() - begun:.0f} s")
        before, wall = _spent(), time.monotonic()

        assert scored(learnt) == WHOLE

        cpu, wall = _spent() - before, time.monotonic() - wall
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        with capsys.disabled():
            print(f"{WHOLE} debtors: {cpu:.1f} s of processor ({wall:.1f} s on the wall), {memory / 1e9:.2f} GB")
            print(f"per million: {cpu * 1e6 / WHOLE:.0f} s of processor")
        transaction.set_rollback(True)  # nobody checks the references of millions of rows that go away
    if WHOLE >= 1_000_000:
        assert cpu <= BUDGET_SECONDS
        assert memory <= BUDGET_BYTES
