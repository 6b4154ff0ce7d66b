"""The ledger's small company."""

from __future__ import annotations

from tests.journeys.ledger.conftest import account, creditor, owed, paid

__all__ = ["account", "creditor", "owed", "paid"]
