"""The ledger's small company with the real engine, and a history invented as decisions would have left it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal

import pytest

from cobranza.kernel import clock
from cobranza.ledger.models import Creditor, Invoice, Movement
from cobranza.reconciliation.learning import workflow
from cobranza.reconciliation.learning.workflow import Known
from cobranza.reconciliation.ledger_frames import frames
from cobranza.reconciliation.matching import match
from cobranza.reconciliation.models import Decision, Match, Proposal
from cobranza.reconciliation.proposals import Stored, store
from tests.journeys.ledger.conftest import ROBOT, account, creditor, owed, paid
from tests.journeys.postings.conftest import matched as matched_plain

__all__ = ["account", "creditor", "matched_plain", "owed", "paid"]


@pytest.fixture
def rounds(creditor: Creditor) -> Callable[..., Stored]:
    """A round as the nightly run does it: learn, teach, match, judge, store."""

    def go(run: str = "r1", threshold: str = "0.95") -> Stored:
        workflow.learn(creditor, actor=ROBOT)
        known: Known = workflow.known(creditor)
        told = known.teach(frames(creditor))
        result = known.judge(match(told.payments, told.invoices, told.customers, told.fx, fixed=told.fixed))
        stored = store(creditor, result, run=run, threshold=known.threshold(Decimal(threshold)), actor=ROBOT)
        known.remember()
        return stored

    return go


@pytest.fixture
def history(creditor: Creditor) -> Callable[..., None]:
    """Writes decided proposals straight down: (confidence of the engine, whether a person found it right)."""

    def write(answers: Iterable[tuple[float, bool]], *, days_ago: int = 30) -> None:
        pattern, invoice = Movement.objects.first(), Invoice.objects.first()
        assert pattern is not None and invoice is not None
        kept = list(answers)
        before, last = Movement.objects.count(), Movement.objects.order_by("pk").values_list("pk", flat=True).last()
        fields = [
            field.attname for field in Movement._meta.concrete_fields if field.name not in ("id", "remaining", "used")
        ]
        base = {name: getattr(pattern, name) for name in fields}
        Movement.objects.bulk_create(
            Movement(**base | {"fingerprint": f"invented {before + n}", "text": ""}) for n in range(len(kept))
        )
        movements = Movement.objects.filter(pk__gt=last).order_by("pk")
        pairs = list(zip(movements, kept, strict=True))
        proposals = Proposal.objects.bulk_create(
            Proposal(
                creditor=creditor,
                movement=movement,
                state="posted" if right else "dismissed",
                confidence=Decimal(1) if right else Decimal(f"{said:.4f}"),
                rule="equal/referencia",
            )
            for movement, (said, right) in pairs
        )
        Match.objects.bulk_create(
            Match(
                proposal=proposal,
                invoice=invoice,
                applied=1,
                cash=1,
                confidence=Decimal(f"{said:.4f}"),
                rule="equal/referencia",
                explanation="",
            )
            for proposal, (_, (said, _right)) in zip(proposals, pairs, strict=True)
        )
        at = clock.now() - timedelta(days=days_ago)
        Decision.objects.bulk_create(
            Decision(
                proposal=proposal, kind="accepted" if proposal.state == "posted" else "dismissed", person="ana", at=at
            )
            for proposal in proposals
        )

    return write


def answers(count: int, *, shift: float = 0.0, seed: int = 1) -> list[tuple[float, bool]]:
    """Confidences between one half and one; how often they prove right is off by `shift`."""
    draw = random.Random(seed)
    said = [0.5 + draw.random() * 0.4999 for _ in range(count)]
    return [(value, draw.random() < min(1.0, max(0.0, value + shift))) for value in said]
