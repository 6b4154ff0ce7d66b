"""A small company in which something of everything happened."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cobranza.ledger import allocations
from cobranza.ledger.models import Allocation
from cobranza.ledger.receivables import PostedPayment
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.postings import intend, mark_posted, mark_submitted
from cobranza.reconciliation.proposals import Link, accept, dismiss
from tests.journeys.ledger.conftest import ANA, ROBOT, account, creditor, document, line, owed, paid
from tests.journeys.postings.conftest import matched

__all__ = ["account", "creditor", "matched", "owed", "paid"]
D = Decimal


def _post(proposal: Proposal) -> None:
    for match in proposal.matches.all():
        intent = mark_submitted(intend(match, actor=ROBOT), actor=ROBOT)
        done = PostedPayment(key=intent.key, reference="P", open_before=D(1), open_after=D(0), already_there=False)
        mark_posted(intent, done, actor=ROBOT)


@pytest.fixture
def company(owed, paid, matched, creditor):
    """Two posted without a person (one of them undone later), one by a person, one waiting, one that is no payment."""
    bills = owed(*(document(f"2026-0338{n}", f"12{n}.00") for n in range(1, 6)))
    money = paid(
        line("121.00", "PAGO F-2026-03381"),
        line("122.00", "PAGO F-2026-03382"),
        line("55.00", "RARO"),
        line("33.21", "GRACIAS"),
        line("900.00", "TRASPASO PROPIO"),
        line("-4.00", "COMISION"),
    )
    matched()
    live = {row.movement_id: row for row in Proposal.objects.all()}
    _post(live[money[0].pk])
    _post(live[money[1].pk])
    allocations.reverse(Allocation.objects.get(movement=money[1]), actor=ANA, reason="Era de otro")
    mine = accept(live[money[2].pk].pk, person="ana", links=[Link(invoice=bills[4].pk, applied=D(55))])
    _post(mine)
    dismiss(live[money[4].pk].pk, person="ana")
    return creditor
