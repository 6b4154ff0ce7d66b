"""Statements in any order, overlapping and late: the same end, nothing posted twice, nothing of a person's touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.intake import import_statement, reading_sha256
from cobranza.ledger.models import Allocation, BankAccount, Invoice, Movement
from cobranza.ledger.statements import BankMovement, Statement
from cobranza.ledger.verification import verify
from cobranza.reconciliation import workflow
from cobranza.reconciliation.models import PostingIntent, Proposal
from cobranza.reconciliation.proposals import dismiss
from tests.journeys.ledger.conftest import ANA, ROBOT, document
from tests.journeys.postings.test_undoing import Books, night

__all__ = ["night"]
pytestmark = pytest.mark.django_db
D = Decimal

FIRST = date(2026, 3, 2)
OWED = {f"2026-0338{number}": D(100 + 10 * number) for number in range(6)}
# day, amount, text; two of them truly equal, one a return of what came in days before
LINES = (
    (0, "100", "FERRETERIA PEPA PAGO F-2026-03380"),
    (1, "110", "FERRETERIA PEPA PAGO F-2026-03381"),
    (1, "7.77", "INGRESO EFECTIVO"),
    (1, "7.77", "INGRESO EFECTIVO"),
    (3, "120", "FERRETERIA PEPA PAGO F-2026-03382"),
    (4, "55.55", "SIN DATOS"),
    (5, "-110", "DEVOLUCION RECIBO F-2026-03381 MOTIVO AM04"),
    (6, "130", "FERRETERIA PEPA PAGO F-2026-03383"),
    (8, "-3", "COMISION DE MANTENIMIENTO"),
    (9, "140", "FERRETERIA PEPA PAGO F-2026-03384"),
    (9, "33", "LO DE SIEMPRE"),
)
DAYS = 10
BY_HAND = "LO DE SIEMPRE"  # a person put it on the sixth invoice
SET_ASIDE = "SIN DATOS"


def _statement(account: BankAccount, since: int, until: int) -> Statement:
    """What the bank gives for these days, both included, with its balances."""
    before = sum((D(amount) for day, amount, _ in LINES if day < since), D(1000))
    moved = sum((D(amount) for day, amount, _ in LINES if since <= day <= until), D(0))
    lines = tuple(
        BankMovement(
            booked_on=FIRST + timedelta(days=day),
            value_on=FIRST + timedelta(days=day),
            amount=D(amount),
            currency="EUR",
            text=text,
        )
        for day, amount, text in LINES
        if since <= day <= until
    )
    return Statement(account=account.iban, currency="EUR", opening=before, closing=before + moved, movements=lines)


@dataclass
class Round:
    """One night after another, each with the statement that happened to arrive."""

    account: BankAccount
    matched: Callable[..., object]
    night: Callable[[Books], workflow.Night]
    erp: Books
    count: int = 0

    def bring(self, since: int, until: int) -> None:
        whole = _statement(self.account, since, until)
        if whole.movements:
            sha256 = reading_sha256(self.account.iban, whole)
            import_statement(self.account, [whole], source="n43", sha256=sha256, actor=ROBOT)
        self.work()

    def work(self) -> None:
        self.count += 1
        self.matched(f"r{self.count}")
        self._decide()
        workflow.post_certain(self.night(self.erp))
        workflow.bring_documents(self.night(self.erp))

    def _decide(self) -> None:
        """What a person does with two of the movements as soon as they see them."""
        for proposal in Proposal.objects.filter(movement__text=SET_ASIDE, state="review"):
            dismiss(proposal.pk, person="ana", note="Es un traspaso")
        for movement in Movement.objects.filter(text=BY_HAND, used=0):
            sixth = Invoice.objects.get(erp_key="2026-03385")
            allocate(movement, [Part(invoice=sixth.pk, applied=D(33))], actor=ANA)

    def manual(self) -> list[object]:
        rows: list[object] = list(Proposal.objects.filter(state="dismissed").order_by("pk").values())
        return rows + list(Allocation.objects.filter(decided_by="person").order_by("pk").values("pk", "applied"))

    def end(self) -> dict[str, object]:
        """What does not depend on the order in which things became known."""
        moves = Movement.objects.order_by("fingerprint", "occurrence")
        return {
            "movements": list(moves.values_list("fingerprint", "occurrence", "amount", "used")),
            "open": dict(Invoice.objects.values_list("erp_key", "open")),
            "erp": {key: self.erp.open(key) for key in self.erp.owed},
            "postings": sorted(PostingIntent.objects.values_list("key", "state", "amount")),
            "states": sorted(
                Proposal.objects.exclude(state="superseded").values_list("movement__text", "state")
            ),
        }  # fmt: skip


class _Rollback(Exception):
    pass


def _play(make: Callable[[], Round], spans: list[tuple[int, int]]) -> dict[str, object]:
    try:
        with transaction.atomic():
            told = make()
            manual: list[object] = []
            for since, until in spans:
                told.bring(since, until)
                now = told.manual()
                assert [row for row in manual if row not in now] == [], "a person's row changed"
                manual = now
            for _ in range(2):  # two quiet nights: nothing is left on its way
                told.work()
            found = told.end()
            assert len(told.erp.payments) == PostingIntent.objects.filter(state__in=["posted", "reversed"]).count()
            assert verify().ok
            raise _Rollback
    except _Rollback:
        return found


@pytest.fixture
def make(account: BankAccount, owed, matched, night) -> Callable[[], Round]:
    def build() -> Round:
        owed(*(document(key, str(total)) for key, total in OWED.items()))
        return Round(account, matched, night, Books(dict(OWED)))

    return build


# Whole days, together covering all of them, overlapping at will, in any order.
def _cut(cuts: set[int], extra: list[tuple[int, int]]) -> list[tuple[int, int]]:
    edges = [0, *sorted(cuts), DAYS]
    whole = [(since, until - 1) for since, until in pairwise(edges)]
    return whole + [(min(pair), max(pair)) for pair in extra]


days = st.integers(0, DAYS - 1)
plans = st.builds(
    _cut, st.sets(st.integers(1, DAYS - 1), max_size=3), st.lists(st.tuples(days, days), min_size=1, max_size=2)
).flatmap(st.permutations)


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=plans)
def test_any_order_of_overlapping_statements_ends_the_same(make, plan: list[tuple[int, int]]) -> None:
    _as_meant(_play(make, plan))


def test_a_statement_of_long_ago_disturbs_nothing(make) -> None:
    found = _play(make, [(5, DAYS - 1), (3, 4), (0, 2)])
    _as_meant(found)
    # and to the last column it is what one statement of all days would have given
    assert found == _play(make, [(0, DAYS - 1)])


def _as_meant(found: dict[str, object]) -> None:
    assert found["erp"] == {
        "2026-03380": 0, "2026-03381": 110, "2026-03382": 0, "2026-03383": 0, "2026-03384": 0, "2026-03385": 150,
    }  # fmt: skip
    movements = found["movements"]
    assert isinstance(movements, list)
    assert len(movements) == len(LINES)
    assert found["states"] == [
        ("COMISION DE MANTENIMIENTO", "unrelated"),
        ("DEVOLUCION RECIBO F-2026-03381 MOTIVO AM04", "posted"),
        *(("FERRETERIA PEPA PAGO " + f"F-2026-0338{number}", "posted") for number in range(5)),
        ("INGRESO EFECTIVO", "review"),
        ("INGRESO EFECTIVO", "review"),
        ("SIN DATOS", "dismissed"),
    ]
    postings = found["postings"]
    assert isinstance(postings, list)
    assert sorted(state for _, state, _ in postings) == ["posted"] * 4 + ["reversed"]
