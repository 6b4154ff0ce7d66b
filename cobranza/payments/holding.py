"""What follows from what a gateway told: the state of a charge, and the holds on what it pays.

Facts only grow, so that any order of telling ends alike. The holds are worked out anew from the facts each time: of
what we keep of a charge, the part that no bank movement has brought yet is held, and so is not claimed; what the bank
brought has come off the open balance, and is not held any more. No euro is in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Sum

from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money
from cobranza.ledger import holds, tasks
from cobranza.ledger.columns import ZERO
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Hold
from cobranza.payments.models import Booking, Charge, ChargePart
from cobranza.payments.ports import ChargeState, Told

ROBOT = Actor.robot("pagos_por_pasarela")
_RANK = {ChargeState.ASKED: 0, ChargeState.PENDING: 1, ChargeState.FAILED: 2, ChargeState.EXPIRED: 3}


def take(charge: Charge, told: Told) -> bool:
    """Put what was told into a charge that the caller has locked, and let holds and tasks follow.

    Returns:
        Whether anything changed.
    """
    before = _facts(charge)
    _merge(charge, told)
    if _facts(charge) == before:
        return False
    charge.heard_at = max(filter(None, (charge.heard_at, told.at)))
    if (not charge.kept and (charge.paid or charge.returned)) or (charge.kept and not _unbooked_of(charge)):
        charge.settled_at = charge.settled_at or clock.now()
    else:
        charge.settled_at = None
    keep(charge)
    _ask_people(charge)
    return True


def keep(charge: Charge, kind: str = "") -> None:
    """Save a locked charge with its seal, and make the holds what they have to be."""
    charge.save()
    payload = {
        "key": charge.key, "gateway": charge.gateway, "state": charge.state, "paid": charge.paid,
        "returned": charge.returned, "payout": charge.payout,
    }  # fmt: skip
    subject = f"debtor:{charge.debtor_id}"
    for part, amount in unbooked(charge):
        _hold(charge, part, amount)
    record(kind or "charge.told", subject, payload, ROBOT, creditor=charge.creditor_id, seals=[charge])


def unbooked(charge: Charge) -> Iterator[tuple[ChargePart, Decimal]]:
    """Each part with what we keep of it and no bank movement has brought yet."""
    rest = charge.kept
    booked = dict(
        Booking.objects.filter(part__charge=charge, void_at=None)
        .values_list("part")
        .annotate(sum=Sum("amount"))
        .values_list("part", "sum")
    )
    for part in charge.parts.select_related("invoice").order_by("pk"):
        share = min(rest, part.amount)
        rest -= share
        yield part, max(ZERO, share - booked.get(part.pk, ZERO))


def source_of(charge: Charge) -> str:
    """How a charge's holds are called."""
    return f"pasarela:{charge.pk}"


def _unbooked_of(charge: Charge) -> Decimal:
    return sum((amount for _, amount in unbooked(charge)), ZERO)


def _facts(charge: Charge) -> tuple[object, ...]:
    return (charge.state, charge.paid, charge.returned, charge.disputed, charge.fee, charge.payout, charge.paid_at)


def _merge(charge: Charge, told: Told) -> None:
    money = told.money.amount if told.money is not None and told.money.currency == charge.currency else None
    paid = told.paid.amount if told.paid is not None and told.paid.currency == charge.currency else None
    if told.state is ChargeState.PAID:
        paid = money if paid is None else paid
        # A dispute that was won is over; word of the payment from before it is not.
        if charge.disputed and paid is not None and not told.payout and _later(told.at, charge.heard_at):
            charge.disputed = False
    elif told.state is ChargeState.REFUNDED:
        charge.returned = max(charge.returned, money or ZERO)
    elif told.state is ChargeState.DISPUTED:
        charge.disputed = True
    else:
        _rise(charge, told)
    if paid is not None and paid > charge.paid:
        charge.paid = paid
        charge.paid_at = charge.paid_at or told.at
        charge.known_at = charge.known_at or clock.now()
    if told.fee is not None and told.fee.currency == charge.currency:
        charge.fee = told.fee.amount
    charge.payout = told.payout or charge.payout
    charge.charge_id = charge.charge_id or told.charge_id
    if charge.disputed:
        charge.state = ChargeState.DISPUTED.value
    elif charge.returned:
        charge.state = ChargeState.REFUNDED.value
    elif charge.paid:
        charge.state = ChargeState.PAID.value
    if told.reason and told.state.value == charge.state:
        charge.reason = told.reason


def _rise(charge: Charge, told: Told) -> None:
    now = ChargeState(charge.state)
    if now in _RANK and _RANK[told.state] > _RANK[now]:
        charge.state = told.state.value


def _later(one: datetime, other: datetime | None) -> bool:
    return other is None or one > other


def _hold(charge: Charge, part: ChargePart, amount: Decimal) -> None:
    """Let exactly `amount` of the part's invoice be held for this charge."""
    source = source_of(charge)
    there = Hold.objects.filter(invoice=part.invoice, source=source, released_at=None).first()
    if there is not None and there.amount == amount:
        return
    if there is not None:
        if there.opened_by == "person":
            return
        why = "El dinero ha entrado en el banco." if charge.kept else "La pasarela ha devuelto el pago."
        holds.release(there, reason=why, actor=ROBOT)
    if amount:
        reason = f"Pagado por pasarela ({charge.gateway}); falta su abono en el banco."
        holds.put(part.invoice, source=source, reason=reason, actor=ROBOT, amount=amount)


def _ask_people(charge: Charge) -> None:
    today = clock.now().astimezone(clock.MADRID).date()
    if charge.returned or charge.disputed:
        what = "lo reclama a su banco" if charge.disputed else "se ha devuelto"
        money = write_money(Money(charge.currency, charge.paid if charge.disputed else charge.returned))
        tasks.open_task(
            charge.debtor,
            f"pasarela:{charge.pk}:{charge.state}:{charge.returned.normalize():f}",
            kind="revisar",
            due_on=today + timedelta(days=1),
            why=f"Un pago por pasarela de {money} {what}. Lo que pagaba vuelve a estar pendiente si no entra otro "
            "cobro; si ya estaba contabilizado, deshaga su aplicación cuando llegue el cargo de la pasarela.",
            source=source_of(charge),
            actor=ROBOT,
        )
    if charge.kept > charge.amount:
        money = write_money(Money(charge.currency, charge.kept - charge.amount))
        tasks.open_task(
            charge.debtor,
            f"pasarela:{charge.pk}:de_mas",
            kind="revisar",
            due_on=today + timedelta(days=1),
            why=f"Ha pagado {money} de más por la pasarela: devuélvalos.",
            source=source_of(charge),
            actor=ROBOT,
        )
