"""What a person left of a payment comes back to the engine and the desk, and the person's part is never touched."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from django.db.models import Sum

from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Allocation, Invoice, Movement
from cobranza.ledger.verification import verify
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.proposals import Link, accept, recorded_by_hand
from cobranza.reconciliation.workbench import decisions, on_account, sheet, undo
from cobranza.reconciliation.workbench.models import OnAccount
from cobranza.reconciliation.workbench.readings import Line
from tests.journeys.ledger.conftest import document, line

pytestmark = pytest.mark.django_db
D = Decimal


def _live(movement: Movement) -> Proposal:
    return Proposal.objects.exclude(state="superseded").get(movement=movement)


@pytest.fixture
def partly(owed, paid, matched) -> tuple[Movement, list[Invoice]]:
    """300 EUR, of which a person put 100 on an invoice; the other 200 are what a later invoice comes to."""
    invoices = owed(document("2026-00101", "100.00"), document("2026-00202", "640.00"))
    [money] = paid(line("300.00", "TRANSFERENCIA FERRETERIA PEPA"))
    matched()
    link = Link(invoice=invoices[0].pk, applied=D("100.00"))
    recorded_by_hand(accept(_live(money).pk, person="ana", links=[link]).pk, person="ana")
    return Movement.objects.get(pk=money.pk), invoices


def test_the_rest_is_proposed_again_and_only_to_a_person(partly, owed, paid, matched) -> None:
    money, _invoices = partly
    before = _live(money)
    assert before.state == "posted"
    [later] = owed(document("2026-00303", "200.00"))[-1:]

    stored = matched("r2")

    rest = _live(money)
    assert rest.pk != before.pk
    assert (rest.state, stored.automatic) == ("review", 0)
    assert rest.explanation.startswith("Resto de un cobro ya aplicado en parte.")
    named = {match.invoice_id for match in rest.matches.all()} | {
        pk for entry in rest.candidates for pk in entry["invoices"]
    }
    assert later.pk in named
    assert sum((match.cash for match in rest.matches.all()), D(0)) <= D("200.00")
    assert list(Allocation.objects.values_list("applied", "decided_by", "reversed_at")) == [(D(100), "person", None)]


def test_another_round_says_nothing_new(partly, matched) -> None:
    money, _invoices = partly
    matched("r2")
    first = _live(money).pk

    stored = matched("r3")

    assert (_live(money).pk, stored.kept) == (first, 1)


def test_a_rest_that_a_person_keeps_on_account_is_left_alone(partly, matched) -> None:
    money, invoices = partly
    on_account.hold(money.pk, invoices[0].debtor_id, D("200.00"), person="ana")

    stored = matched("r2")

    assert (_live(money).state, stored.review) == ("posted", 0)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_people_do_no_cent_is_lost(owed, paid, matched, seed: int) -> None:
    draw = random.Random(seed)
    invoices = owed(*(document(f"2026-004{n:02d}", f"{draw.randint(50, 900)}.{n:02d}") for n in range(8)))
    [money] = paid(line(f"{draw.randint(900, 2500)}.37", "TRANSFERENCIA"))
    matched()
    done = set()
    for number in range(14):
        step = draw.choice((_apply, _apply, _hold, _release, _undo, _night)) if number else _apply
        try:
            step(draw, Movement.objects.get(pk=money.pk), invoices, matched)
            done.add(step.__name__)
        except BusinessError:
            pass  # what cannot be done now changes nothing, which is what is looked at
        _conserved(Movement.objects.get(pk=money.pk))

    assert "_apply" in done
    assert verify().problems == []


def _conserved(money: Movement) -> None:
    standing = Allocation.objects.filter(movement=money, reversed_at=None)
    cash = standing.aggregate(total=Sum("cash"))["total"] or D(0)
    held = on_account.active(money).aggregate(total=Sum("amount"))["total"] or D(0)
    assert money.used == cash
    assert cash + held + on_account.free(money) == money.amount
    assert on_account.free(money) >= 0
    for invoice in Invoice.objects.all():
        mine = standing.filter(invoice=invoice).aggregate(total=Sum("applied"))["total"] or D(0)
        assert invoice.open + mine == invoice.gross
        assert invoice.open >= 0


def _apply(draw: random.Random, money: Movement, invoices: list[Invoice], matched) -> None:
    found = _live(money)
    decided = found.state in ("posted", "dismissed")
    held = on_account.active(money).order_by("pk").first() if decided else None
    free = on_account.free(money) + (held.amount if held is not None else D(0))
    invoice = Invoice.objects.get(pk=draw.choice(invoices).pk)
    applied = min(free, invoice.open) if draw.random() < 0.5 else min(free, D(draw.randint(1, 300)))
    made = sheet.propose(money, free, [Line(invoice=invoice, applied=applied)], debtor=invoice.debtor)
    made.by_hand = True
    if decided:
        decisions.apply(made, found.pk, held=held, person="ana")
    else:
        decisions.settle(made, found.pk, person="ana")


def _hold(draw: random.Random, money: Movement, invoices: list[Invoice], matched) -> None:
    debtor = draw.choice(invoices).debtor_id
    on_account.hold(money.pk, debtor, D(draw.randint(1, 200)), person="ana")


def _release(draw: random.Random, money: Movement, invoices: list[Invoice], matched) -> None:
    for row in OnAccount.objects.filter(movement=money, released_at=None)[:1]:
        on_account.release(row, person="ana", reason="Libre")


def _undo(draw: random.Random, money: Movement, invoices: list[Invoice], matched) -> None:
    undo.undo(_live(money).pk, person="ana", reason="Prueba")


def _night(draw: random.Random, money: Movement, invoices: list[Invoice], matched) -> None:
    matched(f"r{draw.random()}")
