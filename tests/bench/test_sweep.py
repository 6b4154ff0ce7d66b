"""A night's sweep: every debtor read, judged, treated, told why, and written to the ledger.

    COBRANZA_DEBTORS=1000000 python -m pytest -m bench tests/bench/test_sweep.py -q -s

Counted is what this process and its server spend on their processors. `COBRANZA_DEBTORS` is 50,000 unless it says
otherwise, and then the figure per million is an extrapolation. The deferred checks of the rows' references, which the
commit makes, are counted too.
"""

from __future__ import annotations

import os
import resource
import sys
import time

import psutil
import pytest
from django.db import connection

from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor, Debtor, Rating
from cobranza.risk import scoring
from tests.bench.ledgers import TODAY, filled

pytestmark = [pytest.mark.bench, pytest.mark.django_db, pytest.mark.timeout(5400)]

WHOLE = int(os.environ.get("COBRANZA_DEBTORS", "50000"))
BUDGET_SECONDS = 120 * 2
"""Of processor: 120 seconds of two cores."""
BUDGET_BYTES = 4 * 1024**3


def _spent() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return time.process_time() + server.user + server.system


def test_a_sweep_writes_every_debtor_and_the_next_one_only_what_moved() -> None:
    filled(WHOLE)
    creditors = list(Creditor.objects.filter(pk__in=Debtor.objects.values("creditor")))
    actor = Actor.robot("valoracion_de_riesgo")
    before = _spent()
    runs = [scoring.score_creditor(each, actor=actor, as_of=TODAY) for each in creditors]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    first = _spent() - before
    assert sum(run.written for run in runs) == WHOLE == Rating.objects.filter(current=True).count()

    before = _spent()
    again = [scoring.score_creditor(each, actor=actor, as_of=TODAY) for each in creditors]
    second = _spent() - before
    assert sum(run.written for run in again) == 0
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sys.stdout.write(
        f"\n{WHOLE} debtors: first night {first:.1f} s of processor ({first * 1e6 / WHOLE:.0f} s per million), "
        f"the next {second:.1f} s ({second * 1e6 / WHOLE:.0f} s per million), {memory / 1e9:.2f} GB\n"
    )
    if WHOLE >= 1_000_000:
        assert first <= BUDGET_SECONDS
    assert memory <= BUDGET_BYTES
