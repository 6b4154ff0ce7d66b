"""What an ERP's open balance says about a document that we have allocated money to. Pure arithmetic.

Our balance is ``open = gross - elsewhere - allocated``. The ERP knows only part of what we allocated (`in_erp` of each
allocation: a withheld tax, for one, stays open there until somebody books its certificate). So when the ERP's figure
moves, the difference is first explained by our own allocations catching up, then by settlements made elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An active allocation: what it takes off the document and how much of it the ERP holds."""

    applied: Decimal
    in_erp: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The ERP's figure explained.

    Attributes:
        elsewhere: Settled by others.
        in_erp: New value for each part, in order.
        open: ``gross - elsewhere - allocated``, between zero and gross.
        complaint: What cannot be explained, in Spanish; "" when all is.
    """

    elsewhere: Decimal
    in_erp: tuple[Decimal, ...]
    open: Decimal
    complaint: str = ""


def explain(gross: Decimal, elsewhere: Decimal, parts: Sequence[Part], erp_open: Decimal) -> Settlement:
    """Explain the ERP's open balance of a document.

    Args:
        gross: The document's total, negative on credit notes.
        elsewhere: What we held as settled by others until now.
        parts: Our active allocations, oldest first.
        erp_open: What the ERP says is open now.

    >>> explain(Decimal(100), ZERO, [Part(applied=Decimal(100), in_erp=Decimal(85))], Decimal(15)).open
    Decimal('0')
    >>> explain(Decimal(100), ZERO, [], Decimal(40)).elsewhere
    Decimal('60')
    """
    # Credit notes are mirrored, so that below every sum counts as for an invoice.
    sign = Decimal(-1) if gross < 0 else Decimal(1)
    total, other, target = gross * sign, elsewhere * sign, erp_open * sign
    applied = [part.applied * sign for part in parts]
    held = [part.in_erp * sign for part in parts]
    complaints = []

    gap = (total - other - sum(held, ZERO)) - target  # positive: the ERP has settled more than we knew
    if gap > 0:
        gap = _spend(gap, held, [max(full - there, ZERO) for full, there in zip(applied, held, strict=True)])
        other += gap
    elif gap < 0:
        need = -gap
        need = -_spend(-need, held, [min(full - there, ZERO) for full, there in zip(applied, held, strict=True)])
        undone = min(need, max(other, ZERO))
        other, need = other - undone, need - undone
        if need:
            rest = -_spend(-need, held, [-max(there, ZERO) for there in held])
            complaints.append("el ERP ya no muestra un cobro que constaba allí")
            other, need = other - rest, ZERO

    ours = sum(applied, ZERO)
    left = total - other - ours
    if left < 0 or left > total:
        other = total - ours if left < 0 else -ours
        complaints.append(f"el ERP da {erp_open} pendiente, que no cabe en {gross} con lo ya aplicado")
        left = total - other - ours
    return Settlement(
        elsewhere=other * sign + ZERO,
        in_erp=tuple(there * sign + ZERO for there in held),
        open=left * sign + ZERO,
        complaint="; ".join(complaints),
    )


def _spend(amount: Decimal, held: list[Decimal], room: list[Decimal]) -> Decimal:
    """Move as much of `amount` as each place has room for into `held`; returns what is left. Same sign throughout."""
    for place, space in enumerate(room):
        if not amount:
            break
        part = max(amount, space) if amount < 0 else min(amount, space)
        held[place] += part
        amount -= part
    return amount
