"""A hundred thousand debtors: what a night costs, that it grows as the portfolio does, and what a strategy is worth.

Run with ``-m bench``. Costs are seconds of one processor, so that a busy machine does not change them much.
"""

from __future__ import annotations

import os
import resource
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime

import numpy as np
import pytest
from django.db import connection

from cobranza.dunning import config, workflow
from cobranza.dunning.config import CompanyEntry
from cobranza.dunning.models import Message
from cobranza.dunning.settings import strategy
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor, Debtor
from cobranza.ledger.registry import register_account, register_creditor
from tests import portfolio
from tests.journeys.ledger.conftest import IBAN

pytestmark = [pytest.mark.bench, pytest.mark.django_db, pytest.mark.timeout(5400)]
ROBOT = Actor.robot("banco")
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday
WHOLE = int(os.environ.get("COBRANZA_PORTFOLIO", "100000"))
"""Debtors; fewer to try it out, and then it says nothing about the budget."""
BUDGET_SECONDS = 600
BUDGET_BYTES = 2 * 1024**3

_FILL = """
INSERT INTO ledger_debtor (creditor_id, erp, erp_key, name, trade_name, tax_id, country, group_key, created_at,
                           updated_at)
SELECT %(creditor)s, 'b', 'd' || n, 'Deudor ' || n, '', CASE WHEN n %% 3 = 0 THEN 'A58818501' ELSE '' END, 'ES', '',
       %(now)s, %(now)s
FROM generate_series(%(first)s, %(last)s) n;

INSERT INTO ledger_contact (debtor_id, kind, value, source, created_at)
SELECT id, 'email', erp_key || '@example.com', 'b', %(now)s FROM ledger_debtor WHERE creditor_id = %(creditor)s;

INSERT INTO ledger_consent (debtor_id, channel, address, proof, other_hours, given_at, given_by, given_by_name,
                            revoked_reason)
SELECT id, 'email', '', 'contrato', '', '2025-01-01Z', 'person', 'b', '' FROM ledger_debtor
WHERE creditor_id = %(creditor)s AND id %% 20 <> 0;

INSERT INTO ledger_invoice (creditor_id, debtor_id, erp, erp_key, kind, number, issued_on, due_on, currency, net, tax,
                            gross, elsewhere, allocated, payment_reference, customer_reference, mandate, remittance,
                            read_at, created_at)
SELECT creditor_id, id, 'b', erp_key || '-' || k, 'invoice', 'F-' || erp_key || '-' || k, date '2026-09-01',
       date '2026-11-24' + ((id * 7919 + k * 104729) %% 150 - 90)::int, 'EUR', 100, 21, 121, 0, 0, '', '', '', '',
       %(now)s, %(now)s
FROM ledger_debtor, generate_series(1, 2) k WHERE creditor_id = %(creditor)s;

INSERT INTO ledger_statement (account_id, source, sha256, file_name, index, format, lines, added, imported_at)
VALUES (%(account)s, 'b', repeat('0', 64), '', 0, 'b', 0, 0, %(now)s);
"""


def filled(debtors: int, key: str) -> Creditor:
    """A creditor with so many debtors, two invoices each: from 90 days late to 60 days to go."""
    creditor = register_creditor(key, "Banco de pruebas, S.A.", actor=ROBOT, country="ES")
    account = register_account(creditor, IBAN, "EUR", actor=ROBOT, name="Operativa")
    with connection.cursor() as cursor:
        values: dict[str, int | str | datetime] = {
            "creditor": creditor.pk,
            "account": account.pk,
            "now": NOW,
            "first": 1,
            "last": debtors,
        }
        cursor.execute(_FILL, values)
        cursor.execute("ANALYZE ledger_debtor, ledger_invoice, ledger_contact, ledger_consent")
    assert Debtor.objects.filter(creditor=creditor).count() == debtors
    return creditor


def measured(act: Callable[[], int]) -> tuple[float, float, int]:
    """Seconds of this processor, seconds on the wall, and what `act` counted."""
    cpu, wall = time.process_time(), time.monotonic()
    counted = act()
    return time.process_time() - cpu, time.monotonic() - wall, counted


def test_a_night_at_a_hundred_thousand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    entry = CompanyEntry(remitente="Cobros Banco, S.L.")
    monkeypatch.setattr(config, "company", lambda _key: entry)
    monkeypatch.setattr("cobranza.kernel.clock.now", lambda: NOW)
    costs = {}
    for debtors in (WHOLE // 10, WHOLE):
        creditor = filled(debtors, f"b{debtors}")
        kinds: Counter[str] = Counter()

        def plan(creditor: Creditor = creditor, kinds: Counter[str] = kinds) -> int:
            for each in workflow.plan(creditor, NOW):
                kinds["message" if each.goes else "task" if each.task else "nothing"] += 1
            return kinds.total()

        def night(creditor: Creditor = creditor) -> int:
            day = workflow.queue_all(creditor, actor=ROBOT, now=NOW)
            return len(day.queued) + len(day.tasks)

        planned = measured(plan)
        whole = measured(night)
        costs[debtors] = (planned, whole)
        with capsys.disabled():
            print(f"\n{debtors}: plan {planned[0]:.1f} s cpu ({planned[1]:.1f} wall), night {whole[0]:.1f} s cpu "
                  f"({whole[1]:.1f} wall), {dict(kinds)}", flush=True)  # fmt: skip
        assert planned[2] == debtors
        assert Message.objects.filter(creditor=creditor).count() == kinds["message"] > debtors // 50
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    small, large = costs[WHOLE // 10], costs[WHOLE]
    with capsys.disabled():
        ratios = f"plan {large[0][0] / small[0][0]:.1f}, night {large[1][0] / small[1][0]:.1f}"
        print(f"peak {peak / 1024**2:.0f} MiB; ten times the debtors cost {ratios} times as much")
    # The target is by the clock of a free machine; what can be asserted on any machine is the processor's time.
    assert large[1][0] < BUDGET_SECONDS
    assert peak < BUDGET_BYTES
    assert large[1][0] < 10 * small[1][0] * 1.5, "linear in size"


def test_a_year_of_a_hundred_thousand(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = portfolio.draw(WHOLE, months=12, seed=20261122)
    spent = time.process_time()
    lived = portfolio.live(drawn, strategy("general"), months=12)
    spent = time.process_time() - spent
    told, truth, covered = portfolio.verdict(drawn, lived, trials=60, share=10)
    with capsys.disabled():
        print(f"\n{spent:.0f} s cpu, {lived.looks} questions, {lived.contacts.sum()} messages, {lived.tasks} tasks")
        print(f"true effect {truth:.4f}, first trial {told}, {covered} of 60 intervals hold it")
        for name, paid in (("with", lived.paid), ("without", drawn.natural)):
            rate = portfolio.recovered(drawn, paid, 60)
            print(f"{name}: DSO {portfolio.dso(drawn, paid):.1f} days, {rate:.1%} paid within 60 days of the due day")
    assert covered >= 53
    assert portfolio.dso(drawn, lived.paid) < portfolio.dso(drawn, drawn.natural)
    assert np.all(lived.paid <= drawn.natural)
    assert date(2026, 1, 1) == portfolio.START
