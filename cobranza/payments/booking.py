"""The gateway's transfer has reached the bank: what it brought is allocated, what was held for it is free. Once.

A payout pays many charges at once, less the gateway's fees. It is allocated when its movement is found by its reference
and the sum is right to the cent; else a person allocates it, and that is recognised too: any allocation, to an invoice
that a charge pays, out of a movement that is the gateway's. Allocation and release happen in one transaction, so at no
moment is a euro counted twice or claimed again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from cobranza.kernel import clock
from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.kernel.money import Money, minor_units
from cobranza.kernel.spanish import write_money
from cobranza.ledger import allocations, tasks
from cobranza.ledger.columns import ZERO
from cobranza.ledger.events import record
from cobranza.ledger.models import Allocation, Creditor, Debtor, Movement, Task
from cobranza.payments import accounts, holding
from cobranza.payments.models import Booking, Charge, ChargePart
from cobranza.payments.settings import PaymentSettings, payment_settings

_LOOK_BACK = timedelta(days=3)
"""A payout is booked some days after it was paid, never so much before."""


def reconcile(creditor: Creditor) -> Counter[str]:
    """Bring a company's charges and its bank together; as often as one likes.

    Returns:
        How many charges were "recognised" (a person had allocated the money), "booked" (allocated now), "reopened" (an
        allocation was undone), sent to a person ("person"); and "unread" payout lists.
    """
    settings, told = payment_settings(), Counter[str]()
    told["reopened"] += _void(creditor)
    for account in _accounts(creditor):
        told["unread"] += not _read_payouts(account, settings)
    open_ = Charge.objects.filter(creditor=creditor, settled_at=None, paid__gt=0)
    for pk in list(open_.values_list("pk", flat=True)):
        told["recognised"] += _recognise(pk)
    payouts = open_.exclude(payout="").values_list("gateway", "payout", "currency").distinct()
    for gateway, payout, currency in list(payouts):
        told["booked"] += _book(creditor, gateway, payout, currency, settings)
    told["person"] += _late(open_, settings)
    return +told


def booked_of(part: ChargePart) -> Decimal:
    """What of a part has come in at the bank."""
    return part.bookings.filter(void_at=None).aggregate(sum=Sum("amount"))["sum"] or ZERO


def _accounts(creditor: Creditor) -> list[str]:
    rows = Charge.objects.filter(creditor=creditor, settled_at=None, paid__gt=0, payout="")
    return list(rows.values_list("gateway", flat=True).distinct())


def _read_payouts(gateway: str, settings: PaymentSettings) -> bool:
    """Learn by listing what no call told; False when the gateway could not be asked."""
    try:
        found = accounts.named(gateway).settled(clock.now() - timedelta(days=settings.dias_de_relectura))
    except (ApplicationError, BusinessError):
        return False
    for told in found:
        rows = Charge.objects.filter(gateway=gateway)
        rows = rows.filter(key=told.key) if told.key else rows.filter(charge_id=told.charge_id)
        charge = rows.first()
        if charge is not None:
            with transaction.atomic():
                holding.take(_lock([charge.pk])[0], told)
    return True


def _void(creditor: Creditor) -> int:
    """End the bookings whose allocation somebody undid: the money is held again."""
    rows = Charge.objects.filter(
        creditor=creditor, parts__bookings__void_at=None, parts__bookings__allocation__reversed_at__isnull=False
    )
    charges = list(rows.values_list("pk", flat=True).distinct())
    for charge_pk in charges:
        with transaction.atomic():
            charge = _lock([charge_pk])[0]
            now = clock.now()
            for row in Booking.objects.filter(part__charge=charge, void_at=None).exclude(allocation__reversed_at=None):
                row.void_at = now
                row.save(update_fields=["void_at"])
                _seal(row, charge, "charge.unbooked")
            _settle(charge)
    return len(charges)


def _recognise(pk: int) -> int:
    """Count what a person, or another robot, allocated out of the gateway's transfer to what this charge pays."""
    with transaction.atomic():
        charge = _lock([pk])[0]
        made = []
        for part, amount in holding.unbooked(charge):
            rest = amount
            for allocation in _theirs(charge, part) if rest else ():
                used = allocation.bookings.filter(void_at=None).aggregate(sum=Sum("amount"))["sum"] or ZERO
                take = min(rest, allocation.applied - used)
                if take > 0:
                    made.append(_booking(part, allocation, take))
                    rest -= take
        if not made:
            return 0
        for each in made:
            _seal(each, charge, "charge.booked")
        _settle(charge)
    return 1


def _theirs(charge: Charge, part: ChargePart) -> Iterable[Allocation]:
    rows = Allocation.objects.select_for_update(no_key=True, of=("self",)).filter(
        invoice=part.invoice_id, reversed_at=None, applied__gt=0
    )
    if charge.paid_at is not None:
        since = (charge.paid_at - _LOOK_BACK).astimezone(clock.MADRID).date()
        rows = rows.filter(movement__booked_on__gte=since)
    return [row for row in rows.select_related("movement").order_by("pk") if _is_payout(charge, row.movement)]


def _is_payout(charge: Charge, movement: Movement) -> bool:
    said = _said(movement)
    named = bool(charge.payout) and charge.payout.lower() in said
    return named or any(text in said for text in _bank_texts(charge))


def _book(creditor: Creditor, gateway: str, payout: str, currency: str, settings: PaymentSettings) -> int:
    """Allocate one payout's movement to all that its charges pay; 0 when it is not there, or a person has to."""
    with transaction.atomic():
        rows = Charge.objects.filter(
            creditor=creditor, gateway=gateway, payout=payout, currency=currency, settled_at=None, paid__gt=0
        )
        charges = _lock(list(rows.values_list("pk", flat=True)))
        parts: list[tuple[ChargePart, Decimal, Decimal]] = []
        for charge in charges:
            if charge.kept > charge.amount:
                return 0  # more was paid than is owed: a person sends it back first
            fee = charge.fee or ZERO
            for part, amount in holding.unbooked(charge):
                kept_back = min(fee, max(ZERO, amount - _least(currency))) if amount else ZERO
                fee -= kept_back
                if amount:
                    parts.append((part, amount, kept_back))
            if fee:
                return 0
        net = sum((amount - fee for _, amount, fee in parts), ZERO)
        movement = _movement(charges[0], net) if parts else None
        if movement is None or net > movement.remaining:
            return 0
        if net != movement.remaining and not settings.cuenta_compartida:
            return 0
        try:
            with transaction.atomic():
                _allocate(movement, payout, gateway, parts)
        except BusinessError:
            return 0  # something of it was paid otherwise meanwhile: a person sees what to give back
        for charge in charges:
            _settle(charge)
    return len(charges)


def _allocate(movement: Movement, payout: str, gateway: str, parts: list[tuple[ChargePart, Decimal, Decimal]]) -> None:
    applied: dict[int, Decimal] = defaultdict(Decimal)
    fees: dict[int, Decimal] = defaultdict(Decimal)
    for part, amount, fee in parts:
        applied[part.invoice_id] += amount
        fees[part.invoice_id] += fee
    orders = [
        allocations.Part(
            invoice=pk,
            applied=amount,
            fee=fees[pk],
            rule="abono_de_pasarela",
            explanation=f"Pagado por {gateway}, transferencia {payout}; la pasarela se queda su comisión.",
        )
        for pk, amount in sorted(applied.items())
    ]
    made = {row.invoice_id: row for row in allocations.allocate(movement, orders, actor=holding.ROBOT)}
    for part, amount, _fee in parts:
        _seal(_booking(part, made[part.invoice_id], amount), part.charge, "charge.booked")


def _booking(part: ChargePart, allocation: Allocation, amount: Decimal) -> Booking:
    return Booking.objects.create(part=part, allocation=allocation, amount=amount, booked_at=clock.now())


def _seal(row: Booking, charge: Charge, kind: str) -> None:
    payload = {"charge": charge.pk, "amount": row.amount, "allocation": row.allocation_id}
    record(kind, f"debtor:{charge.debtor_id}", payload, holding.ROBOT, creditor=charge.creditor_id, seals=[row])


def _settle(charge: Charge) -> None:
    done = not any(amount for _, amount in holding.unbooked(charge))
    charge.settled_at = (charge.settled_at or clock.now()) if done else None
    holding.keep(charge, "charge.settled" if done else "charge.told")


def _movement(charge: Charge, net: Decimal) -> Movement | None:
    """The one movement that is this payout: by its reference, else by the gateway's name and the exact sum.

    None when none is, or several could be.
    """
    rows = Movement.objects.filter(account__creditor=charge.creditor_id, currency=charge.currency, remaining__gt=0)
    said = list(rows.filter(Q(text__icontains=charge.payout) | Q(reference__icontains=charge.payout))[:2])
    if not said and charge.paid_at is not None:
        since = (charge.paid_at - _LOOK_BACK).astimezone(clock.MADRID).date()
        exact = rows.filter(remaining=net, booked_on__gte=since)
        said = [row for row in exact if any(text in _said(row) for text in _bank_texts(charge))]
    return said[0] if len(said) == 1 else None


def _said(movement: Movement) -> str:
    return f"{movement.text} {movement.reference} {movement.counterparty_name}".lower()


def _bank_texts(charge: Charge) -> tuple[str, ...]:
    try:
        return accounts.named(charge.gateway).bank_texts
    except BusinessError:
        return ()


def _late(open_: QuerySet[Charge], settings: PaymentSettings) -> int:
    """Ask a person about what was paid and is not at the bank after the days it may take."""
    before = clock.now() - timedelta(days=settings.dias_de_abono)
    rows = Charge.objects.filter(pk__in=open_.values("pk"), paid_at__lt=before)
    count = 0
    for charge in rows.select_related("debtor"):
        money = write_money(Money(charge.currency, charge.kept))
        key = f"pasarela:{charge.pk}:sin_abono"
        if Task.objects.filter(key=key).exists():
            continue
        tasks.open_task(
            charge.debtor,
            key,
            kind="revisar",
            due_on=clock.now().astimezone(clock.MADRID).date(),
            why=f"Pagó {money} por la pasarela «{charge.gateway}» y en el banco no se ve su abono"
            f"{f' {charge.payout}' if charge.payout else ''}, o no cuadra: búsquelo y aplíquelo.",
            source=holding.source_of(charge),
            actor=holding.ROBOT,
        )
        count += 1
    return count


def _least(currency: str) -> Decimal:
    return Decimal(1).scaleb(-minor_units(currency))


def _lock(pks: list[int]) -> list[Charge]:
    """Charges in order, behind their debtors: everybody locks debtors first, the chain last."""
    debtors = Charge.objects.filter(pk__in=pks).values_list("debtor", flat=True)
    list(Debtor.objects.select_for_update(no_key=True).filter(pk__in=set(debtors)).order_by("pk"))
    rows = Charge.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=pks)
    return list(rows.select_related("debtor").order_by("pk"))
