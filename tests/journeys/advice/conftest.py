"""The ledger's small company with a dozen invoices, one transfer without text and the advice that explains it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest

from cobranza.ledger.models import Creditor, Invoice, Movement
from cobranza.reconciliation.proposals import Stored
from cobranza.reconciliation.workflow import match_ledger
from tests.journeys.ledger.conftest import ROBOT, account, creditor, document, line, owed, paid

__all__ = ["account", "creditor", "owed", "paid"]

AMOUNTS = [f"{100 + 37 * number}.{number:02d}" for number in range(12)]
TOTAL = sum((Decimal(amount) for amount in AMOUNTS), Decimal(0))


@dataclass
class Dozen:
    """Twelve open invoices and the one transfer that pays them."""

    invoices: list[Invoice]
    movement: Movement

    def advice(
        self, *, total: str | None = None, day: str = "02/03/2026", name: str = "Ferretería Pepa, S.L."
    ) -> bytes:
        """The advice as the customer mails it, a CSV."""
        lines = [
            f"Ordenante: {name};;;",
            f"Fecha de pago: {day};;;",
            "Factura;Fecha;Importe;Pagado",
            *(
                f"{row.number};31/01/2026;{amount.replace('.', ',')};{amount.replace('.', ',')}"
                for row, amount in zip(self.invoices, AMOUNTS, strict=True)
            ),
            f"TOTAL;;;{total or str(TOTAL).replace('.', ',')}",
        ]
        return "\n".join(lines).encode()


@pytest.fixture
def dozen(owed: Callable[..., list[Invoice]], paid: Callable[..., list[Movement]]) -> Dozen:
    paid_for = [document(f"2026-{3380 + number:05d}", amount) for number, amount in enumerate(AMOUNTS)]
    decoys = [document(f"2026-{4400 + number:05d}", amount) for number, amount in enumerate(AMOUNTS)]
    invoices = owed(*paid_for, *decoys)[: len(AMOUNTS)]
    [movement] = paid(line(str(TOTAL), "TRANSFERENCIA"))
    return Dozen(invoices, movement)


@pytest.fixture
def night(creditor: Creditor) -> Callable[..., Stored]:
    """One reconciliation over the ledger, advices included."""

    def go(run: str = "r1") -> Stored:
        return match_ledger(creditor, run=run, actor=ROBOT)

    return go
