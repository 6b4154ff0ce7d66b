"""Money held for a customer: taken down, summed up, and given back to the queue."""

from __future__ import annotations

from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Debtor, Movement
from cobranza.reconciliation.workbench.models import ZERO, OnAccount


class OnAccountError(BusinessError):
    """Money that cannot be held for this customer."""

    code = "COB-MES-002"
    remedy = "Revise el importe y el cliente; lo que ya está aplicado o a cuenta no se puede usar otra vez."


def free(movement: Movement) -> Decimal:
    """What a movement has left: neither applied to a document nor held for a customer."""
    held: Decimal = active(movement).aggregate(total=Sum("amount"))["total"] or ZERO
    remaining: Decimal = movement.remaining
    return remaining - held


def active(movement: Movement | int) -> QuerySet[OnAccount]:
    """What is held of a movement now."""
    return OnAccount.objects.filter(movement=movement, released_at=None).select_related("debtor")


def hold(movement: int, debtor: int, amount: Decimal, *, person: str, note: str = "") -> OnAccount:
    """Hold money for a customer, in the caller's transaction or its own.

    Raises:
        OnAccountError: another company's customer, more than the movement has left, or already held for them.
    """
    try:
        with transaction.atomic():
            money = Movement.objects.select_for_update(no_key=True).select_related("account").get(pk=movement)
            customer = Debtor.objects.get(pk=debtor)
            left = free(money)
            if customer.creditor_id != money.account.creditor_id:
                raise OnAccountError("El cliente es de otra empresa.")
            if amount <= 0 or amount > left:
                raise OnAccountError(
                    f"Quiere dejar a cuenta {write_money(Money(money.currency, amount))} y al movimiento le quedan "
                    f"{write_money(Money(money.currency, left))}."
                )
            row = OnAccount.objects.create(
                creditor_id=customer.creditor_id,
                movement=money,
                debtor=customer,
                amount=amount,
                currency=money.currency,
                note=note,
                held_by=person,
                held_at=clock.now(),
            )
            record(
                "reconciliation.on_account",
                f"movement:{movement}",
                {"debtor": debtor, "name": customer.name, "amount": amount, "currency": money.currency, "note": note},
                Actor.person(person),
                creditor=customer.creditor_id,
                seals=[row],
            )
    except IntegrityError as exc:
        raise OnAccountError("De este movimiento ya hay dinero a cuenta de ese cliente.") from exc
    return row


def release(row: OnAccount | int, *, person: str, reason: str) -> OnAccount:
    """Stop holding it; doing it twice changes nothing."""
    with transaction.atomic():
        found = OnAccount.objects.select_for_update().get(pk=row.pk if isinstance(row, OnAccount) else row)
        if found.released_at is not None:
            return found
        found.released_by, found.released_at, found.released_reason = person, clock.now(), reason
        found.save(update_fields=["released_by", "released_at", "released_reason"])
        record(
            "reconciliation.on_account_released",
            f"movement:{found.movement_id}",
            {"debtor": found.debtor_id, "amount": found.amount, "currency": found.currency, "reason": reason},
            Actor.person(person),
            creditor=found.creditor_id,
            seals=[found],
        )
    return found
