"""What is heard after each commit. Light on purpose: every process loads it, and few ever score anybody.

See `listening` for scores and `aftercare` for kept agreements; both read on by themselves from what they know.
"""

from __future__ import annotations

from typing import Any, Final

from cobranza.ledger.models import Event
from cobranza.risk.models import Cursor

KINDS: Final = frozenset(
    {
        "allocation.made", "allocation.reversed", "receivable.returned", "hold.put", "hold.released",
        "agreement.concluded", "agreement.standing", "instalment.paid", "care.changed",
    }
)  # fmt: skip
"""Events after which a debtor is looked at again."""


def scores(sender: object, event: Event, **_: Any) -> None:
    """See `cobranza.ledger.events.told`; debtors of a company that was never scored are left alone."""
    if event.kind not in KINDS or not event.chain_id.startswith("acreedor:"):
        return
    if Cursor.objects.filter(chain=event.chain_id).exists():
        from cobranza.risk import listening

        listening.hear(event)


def kept(sender: object, event: Event, **_: Any) -> None:
    """An agreement that was kept to its end is asked about."""
    if event.kind == "agreement.standing" and event.payload.get("standing") == "cumplido":
        from cobranza.risk import aftercare

        aftercare.hear(event)
