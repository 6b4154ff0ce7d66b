"""Any sequence of payments, returns, reversals and readings keeps every balance true."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cobranza.ledger.allocations import Part, allocate, reverse
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import Allocation, Invoice, Movement
from cobranza.ledger.rules import LedgerError
from cobranza.ledger.verification import verify
from tests.journeys.ledger.conftest import ANA, ROBOT, document, line, listed

pytestmark = pytest.mark.django_db
D = Decimal

GROSS = {"1": "100", "2": "60", "3": "-40"}
amounts = st.integers(-12, 12).filter(bool).map(lambda tens: D(tens * 10))
steps = st.one_of(
    st.tuples(st.just("pay"), st.integers(0, 3), st.sampled_from(list(GROSS)), amounts, st.sampled_from([0, 0, 10])),
    st.tuples(st.just("undo"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("read"), st.integers(0, 10), st.integers(0, 6), st.integers(0, 4)),
)


class _Rollback(Exception):
    pass


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(steps, min_size=1, max_size=10))
def test_balances_hold_whatever_happens(owed, paid, creditor, plan) -> None:
    try:
        with transaction.atomic():
            owed(*(document(key, gross) for key, gross in GROSS.items()))
            paid(line("100"), line("70", "B"), line("200", "C"), line("-80", "DEVOLUCION"))
            for step in plan:
                _do(creditor, step)
            report = verify()
            assert report.ok, report.problems
            for row in Invoice.objects.all():
                assert min(row.gross, D(0)) <= row.open <= max(row.gross, D(0))
            for row in Movement.objects.all():
                assert row.remaining * (1 if row.amount > 0 else -1) >= 0
            people = Allocation.objects.filter(decided_by="person", reversed_by="robot")
            assert not people.exists()
            raise _Rollback
    except _Rollback:
        pass


def _do(creditor, step) -> None:
    moneys = list(Movement.objects.order_by("pk"))
    try:
        if step[0] == "pay":
            _, number, key, applied, withheld = step
            part = Part(
                invoice=Invoice.objects.get(erp_key=key).pk,
                applied=applied,
                withheld=D(withheld) if applied > withheld else D(0),
                in_erp=applied - withheld if applied > withheld else D(0),
            )
            allocate(moneys[number], [part], actor=ANA if number == 0 else ROBOT)
        elif step[0] == "undo":
            made = list(Allocation.objects.order_by("pk"))
            if step[1] < len(made):
                reverse(made[step[1]], actor=ANA if step[2] else ROBOT, reason="x")
        else:
            opens = dict(zip(GROSS, (D(step[1] * 10), D(step[2] * 10), D(step[3] * -10)), strict=True))
            rows = [document(key, GROSS[key], opens=str(left)) for key, left in opens.items() if left]
            import_ledger(creditor, "tryton", listed(*rows), actor=ROBOT, accept_empty=True)
    except LedgerError:
        pass  # refused, and nothing may have changed: that is what is checked
