"""The workflow's part of an undoing: once in the ERP whatever breaks on the way, and what it does with each answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.ledger.models import Allocation, Creditor, Invoice
from cobranza.ledger.receivables import OpenLedger, PaymentOrder, PostedPayment, ReversalOrder, ReversedPayment
from cobranza.ledger.verification import verify
from cobranza.reconciliation import reversals, workflow
from cobranza.reconciliation.models import Match, PostingIntent, Proposal, ReversalIntent
from cobranza.reconciliation.ports import ErpUnavailable, PostingRefused, PostingUnknown, ReversalByHand
from cobranza.reconciliation.settings import Company
from cobranza.reconciliation.workflow import Night
from cobranza.runs.models import WorkItem
from tests.journeys.ledger.conftest import ROBOT, document, line, listed

pytestmark = pytest.mark.django_db
D = Decimal


@dataclass
class Books:
    """An ERP in memory: what it holds, and what goes wrong next."""

    owed: dict[str, Decimal]
    slug: str = "tryton"
    payments: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    reversals: dict[str, str] = field(default_factory=dict)
    after: list[Exception] = field(default_factory=list)  # raised once the act is done
    instead: list[Exception] = field(default_factory=list)  # raised in its place

    def open(self, key: str) -> Decimal:
        gone = set(self.reversals.values())
        paid = sum((amount for name, (at, amount) in self.payments.items() if at == key and name not in gone), D(0))
        return self.owed[key] - paid

    def open_ledger(self) -> OpenLedger:
        return listed(*(document(key, str(total), opens=str(self.open(key))) for key, total in self.owed.items()))

    def post_payment(self, order: PaymentOrder) -> PostedPayment:
        there = order.key in self.payments
        if there and order.key in self.reversals.values():
            raise PostingRefused("Se anuló allí.")
        before = self.open(order.document)
        self.payments.setdefault(order.key, (order.document, order.amount))
        return self._said(order.key, before, order.document, there)

    def find_payments(self, keys: Sequence[str]) -> dict[str, PostedPayment]:
        gone = set(self.reversals.values())
        held = [key for key in keys if key in self.payments and key not in gone]
        return {key: self._said(key, D(0), self.payments[key][0], True) for key in held}

    def reverse_payment(self, order: ReversalOrder) -> ReversedPayment:
        if self.instead:
            raise self.instead.pop(0)
        there = order.key in self.reversals
        before = self.open(order.document)
        if not there and order.payment in self.reversals.values():
            raise AssertionError("reversed twice")
        self.reversals.setdefault(order.key, order.payment)
        if self.after:
            raise self.after.pop(0)
        return ReversedPayment(
            key=order.key, reference="ANU", open_before=before, open_after=self.open(order.document),
            already_there=there,
        )  # fmt: skip

    def find_reversals(self, keys: Sequence[str]) -> dict[str, ReversedPayment]:
        return {
            key: ReversedPayment(key=key, reference="ANU", open_before=D(0), open_after=D(0), already_there=True)
            for key in keys
            if key in self.reversals
        }

    def close(self) -> None:
        pass

    def _said(self, key: str, before: Decimal, at: str, there: bool) -> PostedPayment:
        return PostedPayment(
            key=key, reference="PAY", open_before=before, open_after=self.open(at), already_there=there
        )


@pytest.fixture
def night(creditor: Creditor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Books], Night]:
    monkeypatch.setenv("COBRANZA_EVIDENCE", str(tmp_path))
    company = Company(nombre=creditor.name, pais="ES", erp="tryton", bancos=("caja",))
    return lambda erp: Night(company=company, creditor=creditor, erp=erp, queue="apuntes:talleres")


@pytest.fixture
def books(owed, paid, matched, night) -> Books:
    owed(document("2026-03381", "121.00"), document("2026-03382", "80.00"))
    paid(line("201.00", "PAGO F-2026-03381 Y F-2026-03382"))
    matched()
    erp = Books({"2026-03381": D(121), "2026-03382": D(80)})
    assert workflow.post_certain(night(erp)) == 2
    return erp


def _ready() -> None:
    """The pauses of failed items are over, and items held by a run that died are free."""
    WorkItem.objects.update(not_before=None)
    WorkItem.objects.filter(state="en_curso").update(state="nuevo", token=None, lease_until=None)


def _ask() -> Proposal:
    proposal = Proposal.objects.get(state="posted")
    reversals.request(proposal.pk, person="ana", reason="Error")
    return proposal


def test_asked_and_done_once(books, night) -> None:
    proposal = _ask()
    first, again = night(books), night(books)
    workflow.undo_asked(first)
    workflow.undo_asked(again)

    assert (first.tally.undone, again.tally.undone, len(books.reversals)) == (2, 0, 2)
    proposal.refresh_from_db()
    assert proposal.state == "reversed"
    assert {key: books.open(key) for key in books.owed} == books.owed
    assert sorted(Invoice.objects.values_list("open", flat=True)) == [80, 121]
    assert Allocation.objects.filter(reversed_at=None).count() == 0
    workflow.bring_documents(night(books))
    assert sorted(Invoice.objects.values_list("open", "elsewhere")) == [(80, 0), (121, 0)]
    assert verify().ok


def test_killed_after_the_act_is_looked_up_and_not_repeated(books, night) -> None:
    _ask()
    books.after = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        workflow.undo_asked(night(books))
    assert len(books.reversals) == 1
    assert ReversalIntent.objects.filter(state="submitted").count() == 1
    _ready()

    workflow.undo_asked(night(books))

    assert len(books.reversals) == 2
    assert set(ReversalIntent.objects.values_list("state", flat=True)) == {"reversed"}


def test_a_reading_takes_over_what_a_dead_run_reversed(books, night) -> None:
    _ask()
    books.after = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        workflow.undo_asked(night(books))

    found = night(books)
    documents = workflow.bring_documents(found)

    assert (found.tally.undone, documents.issues) == (1, ())
    assert ReversalIntent.objects.filter(state="reversed").count() == 1
    assert sorted(Invoice.objects.values_list("open", "elsewhere"))[-1][1] == 0


@pytest.mark.parametrize("answer", [PostingUnknown("¿?"), PostingRefused("Ha cambiado")], ids=["unknown", "refused"])
def test_what_cannot_be_taken_over_waits_for_a_person_and_the_night_goes_on(books, night, answer: Exception) -> None:
    _ask()
    books.after = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        workflow.undo_asked(night(books))
    books.instead = [answer, answer]

    found = night(books)
    workflow.bring_documents(found)

    assert found.tally.undone == 0
    assert any(str(answer.args[0]) in note for note in found.tally.notes)
    assert ReversalIntent.objects.filter(state="unknown").count() == 1


@pytest.mark.parametrize("trouble", ["after", "instead"])
def test_a_lost_connection_is_tried_again(books, night, trouble: str) -> None:
    _ask()
    setattr(books, trouble, [ErpUnavailable("Sin red")])
    workflow.undo_asked(night(books))
    _ready()
    workflow.undo_asked(night(books))

    assert len(books.reversals) == 2
    assert set(ReversalIntent.objects.values_list("state", flat=True)) == {"reversed"}


def test_what_the_erp_refuses_stays_posted_with_the_reason(books, night) -> None:
    proposal = _ask()
    books.instead = [PostingRefused("Periodo cerrado"), PostingRefused("Periodo cerrado")]
    workflow.undo_asked(night(books))

    proposal.refresh_from_db()
    assert proposal.state == "posted"
    assert set(ReversalIntent.objects.values_list("state", "message")) == {("refused", "Periodo cerrado")}
    assert Allocation.objects.filter(reversed_at=None).count() == 2


@pytest.mark.parametrize("answer", [PostingUnknown("¿?"), ReversalByHand("Hágalo usted")], ids=["unknown", "by hand"])
def test_what_needs_a_person_waits_for_one_and_ends_with_their_word(books, night, answer: Exception) -> None:
    proposal = _ask()
    books.instead = [answer]
    workflow.undo_asked(night(books))

    unknown = ReversalIntent.objects.get(state="unknown")
    item = WorkItem.objects.get(payload__reversal=unknown.pk)
    assert item.state == "necesita_persona"
    reversals.settle_unknown_reversal(unknown.pk, reversed=True, person="ana", note="Anulado por mí")

    item.refresh_from_db()
    proposal.refresh_from_db()
    assert (item.state, proposal.state) == ("hecho", "reversed")


def test_given_up_and_there_after_all_is_not_posted_twice(owed, paid, matched, night) -> None:
    owed(document("2026-03381", "121.00"))
    paid(line("121.00", "PAGO F-2026-03381"))
    matched()
    erp = Books({"2026-03381": D(121)})
    from cobranza.reconciliation import postings, proposals

    intent = postings.mark_submitted(postings.intend(Match.objects.get(), actor=ROBOT), actor=ROBOT)
    erp.payments[intent.key] = ("2026-03381", D(121))
    postings.mark_unknown(intent, "Se cortó", actor=ROBOT)
    reversals.settle_unknown(intent.pk, posted=False, person="ana", note="No lo vi")
    proposals.accept(Proposal.objects.get().pk, person="ana")

    workflow.post_certain(night(erp))

    assert len(erp.payments) == 1
    last = PostingIntent.objects.order_by("-pk").first()
    assert last is not None
    assert (last.state, "otra clave" in last.message) == ("refused", True)
