"""The ledger's small company, and a matching round over it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from cobranza.ledger.models import Creditor
from cobranza.reconciliation.ledger_frames import frames
from cobranza.reconciliation.matching import match
from cobranza.reconciliation.proposals import Stored, store
from tests.journeys.ledger.conftest import ROBOT, account, creditor, owed, paid

__all__ = ["account", "creditor", "owed", "paid"]


@pytest.fixture
def matched(creditor: Creditor) -> Callable[[], Stored]:
    """Runs the real engine over the ledger and keeps what it says."""

    def go(run: str = "r1", threshold: str = "0.90") -> Stored:
        told = frames(creditor)
        result = match(told.payments, told.invoices, told.customers, told.fx, fixed=told.fixed)
        return store(creditor, result, run=run, threshold=Decimal(threshold), actor=ROBOT)

    return go
