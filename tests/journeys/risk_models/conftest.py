"""The ledger's invented company."""

from tests.journeys.ledger.conftest import account, creditor, owed, paid

__all__ = ["account", "creditor", "owed", "paid"]
