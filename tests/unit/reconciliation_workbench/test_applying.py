"""Money that a decided movement has left, on account or merely free, goes to documents; no cent is lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from cobranza.ledger.models import Allocation, Debtor, Movement
from cobranza.ledger.verification import verify
from cobranza.reconciliation.ledger_frames import frames, payment_id
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.proposals import DecisionError, Link, accept, offer_rest, recorded_by_hand
from cobranza.reconciliation.workbench import decisions, on_account, sheet, undo
from cobranza.reconciliation.workbench.models import OnAccount
from cobranza.reconciliation.workbench.readings import Line
from cobranza.screens.access import Role
from tests.unit.reconciliation_workbench.conftest import Desk

D = Decimal
URL = "reconciliation:workbench"


def live(movement: int) -> Proposal:
    return Proposal.objects.exclude(state="superseded").get(movement=movement)


def conserved(movement: int) -> None:
    """What came in is applied, held or free, and the ledger's own sums say the same."""
    money = Movement.objects.get(pk=movement)
    parts = Allocation.objects.filter(movement=movement, reversed_at=None).aggregate(cash=Sum("cash"))["cash"] or D(0)
    held = on_account.active(movement).aggregate(held=Sum("amount"))["held"] or D(0)
    assert parts + held + on_account.free(money) == money.amount
    assert money.used == parts
    assert verify().problems == []


@pytest.fixture
def kept(desk: Desk) -> OnAccount:
    """2.000 EUR that somebody left on account of a workshop that owes 1.210,00 and more."""
    proposal = desk.proposal("2000.00")
    debtor = desk.invoice("FV-26-0101").debtor
    made = sheet.whole_on_account(sheet.Sheet(movement=proposal.movement, free=D("2000"), debtor=debtor))
    decisions.settle(made, proposal.pk, person="ana")
    return OnAccount.objects.get()


def applying(kept: OnAccount, *lines: Line, free: Decimal | None = None) -> sheet.Sheet:
    whole = kept.amount if free is None else free
    return sheet.propose(kept.movement, whole, lines, country="ES", debtor=kept.debtor)


def test_money_on_account_pays_a_later_invoice_and_the_rest_stays(desk: Desk, kept: OnAccount) -> None:
    made = applying(kept, Line(invoice=desk.invoice("FV-26-0101"), applied=D("1210.00")))
    made.by_hand = True

    decisions.apply(made, live(kept.movement_id).pk, held=kept, person="luis")

    kept.refresh_from_db()
    left = on_account.active(kept.movement_id).get()
    assert (kept.released_by, kept.released_reason) == ("luis", "Se aplica a FV-26-0101")
    assert (left.amount, left.debtor, left.held_by) == (D("790.00"), kept.debtor, "luis")
    assert desk.invoice("FV-26-0101").open == 0
    assert live(kept.movement_id).state == "posted"
    conserved(kept.movement_id)


def test_it_is_applied_again_from_what_stays_and_undone_whole(desk: Desk, kept: OnAccount) -> None:
    movement = kept.movement_id
    made = applying(kept, Line(invoice=desk.invoice("FV-26-0101"), applied=D("1210.00")))
    made.by_hand = True
    decisions.apply(made, live(movement).pk, held=kept, person="luis")
    left = on_account.active(movement).get()
    other = desk.invoice("FV-26-0113")
    again = sheet.propose(Movement.objects.get(pk=movement), D("790.00"), [Line(invoice=other, applied=D("790.00"))])
    again.by_hand = True

    decisions.apply(again, live(movement).pk, held=left, person="luis")
    conserved(movement)
    assert (Movement.objects.get(pk=movement).remaining, on_account.active(movement).count()) == (D(0), 0)
    undo.undo(live(movement).pk, person="ana", reason="Eran de otro")

    assert live(movement).state == "reversed"
    assert desk.invoice("FV-26-0101").open == D("1210.00")
    assert Movement.objects.get(pk=movement).remaining == D("2000.00")
    conserved(movement)


def test_before_the_erp_has_it_undoing_brings_the_money_back_to_the_queue(desk: Desk, kept: OnAccount) -> None:
    made = applying(kept, Line(invoice=desk.invoice("FV-26-0101"), applied=D("1210.00")))
    decisions.apply(made, live(kept.movement_id).pk, held=kept, person="luis")
    assert live(kept.movement_id).state == "accepted"

    way, _row = undo.undo(live(kept.movement_id).pk, person="luis", reason="No era esa")

    assert (way, live(kept.movement_id).state) == ("reopen", "review")
    assert on_account.free(Movement.objects.get(pk=kept.movement_id)) == D("2000.00")
    conserved(kept.movement_id)


def test_what_does_not_add_up_or_was_used_meanwhile_changes_nothing(desk: Desk, kept: OnAccount) -> None:
    line = Line(invoice=desk.invoice("FV-26-0101"), applied=D("1210.00"))
    pk = live(kept.movement_id).pk
    short = applying(kept, line)
    short.on_account = D(0)

    with pytest.raises(decisions.Unbalanced):
        decisions.apply(short, pk, held=kept, person="luis")
    with pytest.raises(decisions.Unbalanced, match="Elija la factura"):
        decisions.apply(applying(kept), pk, held=kept, person="luis")
    with pytest.raises(decisions.Moved):
        decisions.apply(applying(kept, line, free=D("1999.99")), pk, held=kept, person="luis")
    on_account.release(kept, person="eva", reason="Otra cosa")
    with pytest.raises(decisions.Moved):
        decisions.apply(applying(kept, line), pk, held=kept, person="luis")

    assert live(kept.movement_id).state == "dismissed"
    assert not Allocation.objects.exists()


# ---- what a person left of a payment


@pytest.fixture
def partly(desk: Desk) -> Proposal:
    """3.000 EUR of which a person put 1.210 on an invoice, and 1.790 nowhere."""
    proposal = desk.proposal("3000.00")
    link = Link(invoice=desk.invoice("FV-26-0101").pk, applied=D("1210.00"))
    chosen = accept(proposal.pk, person="ana", links=[link])
    return recorded_by_hand(chosen.pk, person="ana")


def test_the_engine_sees_the_rest_as_a_payment_of_that_amount(desk: Desk, partly: Proposal) -> None:
    told = frames(desk.creditor)

    row = told.payments[told.payments["payment_id"] == payment_id(partly.movement_id)].iloc[0]
    assert row["amount"] == "1790.00"
    assert not len(told.fixed)
    paid = told.invoices[told.invoices["number"] == "FV-26-0101"]
    assert set(paid["open_amount"]) <= {"0.00"}


def test_what_is_kept_on_account_is_not_offered(desk: Desk, partly: Proposal) -> None:
    debtor = Debtor.objects.order_by("pk")[0]
    on_account.hold(partly.movement_id, debtor.pk, D("1790.00"), person="ana")

    told = frames(desk.creditor)

    assert payment_id(partly.movement_id) not in set(told.payments["payment_id"])


def test_the_rest_goes_to_another_invoice_and_the_first_part_stays(desk: Desk, partly: Proposal) -> None:
    movement = Movement.objects.get(pk=partly.movement_id)
    other = desk.invoice("FV-26-0113")
    made = sheet.propose(movement, D("1790.00"), [Line(invoice=other, applied=D("1790.00"))])
    made.by_hand = True

    decisions.apply(made, partly.pk, held=None, person="luis")

    there = Allocation.objects.filter(movement=movement, reversed_at=None).order_by("pk")
    assert [(row.invoice.number, row.decided_by_name) for row in there] == [
        ("FV-26-0101", "ana"),
        ("FV-26-0113", "luis"),
    ]
    conserved(movement.pk)


def test_the_same_document_twice_is_refused_before_the_erp_hears_of_it(desk: Desk, partly: Proposal) -> None:
    rest = offer_rest(partly.pk, person="ana")
    again = Link(invoice=desk.invoice("FV-26-0101").pk, applied=D("1.00"))

    with pytest.raises(DecisionError, match="ya salda FV-26-0101"):
        accept(rest.pk, person="ana", links=[again])
    movement = Movement.objects.get(pk=partly.movement_id)
    typed = sheet.propose(movement, D("1790.00"), [Line(invoice=desk.invoice("FV-26-0101"), applied=D("1.00"))])
    assert any("ya la salda" in problem.message for problem in typed.problems)


def test_while_the_rest_waits_the_first_part_can_be_undone(desk: Desk, partly: Proposal) -> None:
    rest = offer_rest(partly.pk, person="ana")
    assert undo.look(rest).way == "reverse"

    undo.undo(rest.pk, person="ana", reason="Era de otro")

    assert live(partly.movement_id).state == "reversed"
    assert Movement.objects.get(pk=partly.movement_id).remaining == D("3000.00")
    conserved(partly.movement_id)


def test_nothing_left_is_no_rest(desk: Desk) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")
    done = recorded_by_hand(accept(proposal.pk, person="ana").pk, person="ana")

    with pytest.raises(DecisionError, match="no queda nada"):
        offer_rest(done.pk, person="ana")


# ---- on screen: one key opens the sheet already filled, Enter does what it shows


def test_two_keys_apply_what_is_on_account(desk: Desk, kept: OnAccount, enter: Callable[..., Client]) -> None:
    client = enter(Role.ADMINISTRATION)
    movement = kept.movement_id

    decided = client.get(reverse(URL), {"item": movement}).content.decode()
    assert 'data-key="a"' in decided
    shown = client.get(reverse(URL), {"item": movement, "do": "apply"})
    filled = shown.context["sheet"]
    assert (filled.problems, filled.rows[0].invoice.debtor, filled.free) == ([], kept.debtor, D("2000.00"))
    typed = {box.name: box.text for row in filled.rows for box in row.boxes}
    typed |= {"on_account": filled.on_account_text, "debtor": str(kept.debtor_id)}
    typed |= {"apply": str(kept.pk), "proposal": str(shown.context["proposal"].pk), "filters": ""}
    worked = client.post(reverse("reconciliation:sheet", args=[movement]), typed | {"fill": "partial"})
    assert (worked.context["apply"], worked.context["open"], worked.context["sheet"].problems) == (kept.pk, True, [])
    answer = client.post(reverse("reconciliation:decide", args=[movement]), typed)

    assert answer.status_code == 302
    assert live(movement).state == "accepted"
    kept.refresh_from_db()
    assert kept.released_by == "ana"
    conserved(movement)


def test_who_only_looks_applies_nothing(desk: Desk, kept: OnAccount, enter: Callable[..., Client]) -> None:
    page = enter(Role.AUDIT).get(reverse(URL), {"item": kept.movement_id, "do": "apply"})

    assert (page.context["apply"], page.context["open"]) == (None, False)
    assert 'data-key="a"' not in page.content.decode()
