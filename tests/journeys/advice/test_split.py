"""A transfer of twelve invoices without text: split right with its advice, in review without."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cobranza.ledger.verification import verify
from cobranza.reconciliation.advice import workflow
from cobranza.reconciliation.advice.models import Advice, AdviceFile, Tie
from cobranza.reconciliation.models import Proposal
from tests.journeys.advice.conftest import AMOUNTS, TOTAL

pytestmark = pytest.mark.django_db


def _proposal(movement) -> Proposal:
    return Proposal.objects.exclude(state="superseded").get(movement=movement)


def test_without_its_advice_the_transfer_waits_for_a_person(dozen, night) -> None:
    night()

    assert _proposal(dozen.movement).state == "review"


def test_an_advice_after_the_movement_splits_it_right(dozen, night, creditor) -> None:
    night()
    [taken] = workflow.take(dozen.advice(), "pago.csv", "correo 1", creditor=creditor)

    assert taken.new
    assert taken.tie is not None
    assert taken.tie.movement_id == dozen.movement.pk

    night("r2")

    proposal = _proposal(dozen.movement)
    assert proposal.state == "automatic", proposal.explanation
    found = {match.invoice_id: (match.applied, match.cash) for match in proposal.matches.all()}
    assert found == {row.pk: (Decimal(a), Decimal(a)) for row, a in zip(dozen.invoices, AMOUNTS, strict=True)}
    assert proposal.unapplied == 0
    assert "pago.csv" in proposal.explanation
    assert "fila 4" in proposal.explanation
    assert verify().ok


def test_an_advice_before_the_movement_is_tied_when_it_arrives(owed, paid, night, creditor) -> None:
    from tests.journeys.advice.conftest import Dozen
    from tests.journeys.ledger.conftest import document, line

    invoices = owed(*(document(f"2026-{3380 + number:05d}", amount) for number, amount in enumerate(AMOUNTS)))
    early = Dozen(invoices, None)
    [taken] = workflow.take(early.advice(), "pago.csv", "correo 1", creditor=creditor)
    assert taken.tie is None
    assert taken.advice.state == "waiting"

    [movement] = paid(line(str(TOTAL), "TRANSFERENCIA"))
    night()

    assert Tie.objects.get().movement_id == movement.pk
    assert _proposal(movement).state == "automatic"
    assert _proposal(movement).matches.count() == 12


def test_the_same_advice_again_changes_nothing(dozen, night, creditor) -> None:
    workflow.take(dozen.advice(), "pago.csv", "correo 1", creditor=creditor)
    night()
    before = list(Proposal.objects.order_by("pk").values())

    [again] = workflow.take(dozen.advice(), "pago.csv", "correo 1", creditor=creditor)
    [other] = workflow.take(dozen.advice() + b"\n", "pago (1).csv", "correo 2", creditor=creditor)
    stored = night("r2")

    assert not again.new
    assert not other.new
    assert Advice.objects.count() == Tie.objects.count() == 1
    assert sorted(AdviceFile.objects.values_list("name", flat=True)) == ["pago (1).csv", "pago.csv"]
    assert stored.automatic == stored.review == 0
    assert list(Proposal.objects.order_by("pk").values()) == before
    assert verify().ok
