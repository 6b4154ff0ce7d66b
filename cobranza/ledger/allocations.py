"""Applying money to documents and undoing it. The database holds the limits; this says what happened and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from cobranza.kernel import clock
from cobranza.kernel.money import Money, minor_units
from cobranza.kernel.spanish import write_money
from cobranza.ledger.columns import ZERO
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Allocation, Invoice, Movement
from cobranza.ledger.rules import AlreadyAllocated, BadAmount, OverAllocated, PersonDecided, WrongDirection, refusals

CERTAIN = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one movement does to one document.

    Attributes:
        invoice: The document's id.
        applied: Comes off its open balance; negative reopens it (a return), or uses up a credit note.
        withheld: Tax that the payer kept back.
        fee: What a bank or the payer kept; negative when they paid a charge on top.
        discount: Agreed for paying early.
        cash: What it takes of the movement, in the movement's currency. None in one currency: it follows.
        rate: Movement's currency per unit of the document's, when they differ.
        in_erp: How much of `applied` the ERP holds already.
        rule: What decided it, "referencia_exacta".
        confidence: 0 to 1; a person is certain.
        explanation: Why, in Spanish.
        key: Idempotency key, unique for ever. By default movement, document and how often they met before.
    """

    invoice: int
    applied: Decimal
    withheld: Decimal = ZERO
    fee: Decimal = ZERO
    discount: Decimal = ZERO
    cash: Decimal | None = None
    rate: Decimal | None = None
    in_erp: Decimal = ZERO
    rule: str = "persona"
    confidence: Decimal = CERTAIN
    explanation: str = ""
    key: str = ""

    @property
    def taken(self) -> Decimal:
        """What it takes of the movement."""
        if self.cash is not None:
            return self.cash
        return self.applied - self.withheld - self.fee - self.discount


def allocate(movement: Movement | int, parts: Sequence[Part], *, actor: Actor) -> tuple[Allocation, ...]:
    """Apply a movement to documents, all parts or none.

    Calling it again with the same keys changes nothing and returns what is there.

    Args:
        movement: The money.
        parts: At least one; a netted payment brings its credit notes among them.
        actor: Who decides.

    Raises:
        OverAllocated: more than a document has open or the movement brought.
        AlreadyAllocated: this movement already settles one of the documents, or a key means something else.
        WrongDirection: signs contradict.
        BadAmount: parts that do not add up, or decimals that the currency does not have.
    """
    if not parts:
        raise BadAmount("No hay nada que aplicar.")
    pk = movement.pk if isinstance(movement, Movement) else movement
    with refusals(), transaction.atomic():
        money = Movement.objects.select_for_update(no_key=True).get(pk=pk)
        wanted = sorted({part.invoice for part in parts})
        locked = Invoice.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
        documents = {document.pk: document for document in locked}
        fresh = [_row(money, documents[part.invoice], part, actor) for part in parts]
        there = _already(fresh)
        if there is not None:
            return there
        _check_room(money, documents, fresh)
        Allocation.objects.bulk_create(fresh)
        record(
            "allocation.made",
            money,
            {"parts": [_told(row, documents[row.invoice_id]) for row in fresh]},
            actor,
            creditor=documents[wanted[0]].creditor_id,
            seals=fresh,
        )
    return tuple(fresh)


def reverse(allocation: Allocation | int, *, actor: Actor, reason: str) -> Allocation:
    """Undo an allocation; it stays as evidence. Undoing twice changes nothing.

    Raises:
        PersonDecided: a robot tries to undo a person's.
        OverAllocated: a later return already reopened the document, so that undoing this would exceed its total.
    """
    pk = allocation.pk if isinstance(allocation, Allocation) else allocation
    with refusals(), transaction.atomic():
        target = Allocation.objects.get(pk=pk)
        Movement.objects.select_for_update(no_key=True).get(pk=target.movement_id)
        document = Invoice.objects.select_for_update(no_key=True).get(pk=target.invoice_id)
        target = Allocation.objects.select_for_update(no_key=True).get(pk=pk)
        if target.reversed_at is not None:
            return target
        if target.decided_by == "person" and actor.kind != "person":
            raise PersonDecided(f"La aplicación {pk} la decidió {target.decided_by_name}: {actor.name} no la anula.")
        target.reversed_at = clock.now()
        target.reversed_by = actor.kind
        target.reversed_by_name = actor.name
        target.reversed_reason = reason
        target.save(update_fields=["reversed_at", "reversed_by", "reversed_by_name", "reversed_reason"])
        record(
            "allocation.reversed",
            target,
            {"reason": reason, "part": _told(target, document)},
            actor,
            creditor=document.creditor_id,
            seals=[target],
        )
    return target


def _row(money: Movement, document: Invoice, part: Part, actor: Actor) -> Allocation:
    if part.applied == 0:
        raise BadAmount(f"No se aplica nada a {document.number}.")
    pays = document.kind == "invoice"
    pays_back = part.applied < 0
    if (pays and pays_back == (money.amount > 0)) or (not pays and not pays_back):
        raise WrongDirection(
            f"Un movimiento de {_written(money.amount, money.currency)} no puede aplicar "
            f"{_written(part.applied, document.currency)} a {document.number}."
        )
    cash = part.taken
    if part.cash is None and money.currency != document.currency:
        raise BadAmount(
            f"{document.number} es en {document.currency} y el movimiento en {money.currency}: falta el cambio."
        )
    for figure, currency in (
        (part.applied, document.currency),
        (part.withheld, document.currency),
        (part.fee, document.currency),
        (part.discount, document.currency),
        (part.in_erp, document.currency),
        (cash, money.currency),
    ):
        if figure != figure.quantize(Decimal(1).scaleb(-minor_units(currency))):
            raise BadAmount(f"{figure} tiene más decimales que {currency}.")
    return Allocation(
        key=part.key,
        movement=money,
        invoice=document,
        applied=part.applied,
        withheld=part.withheld,
        fee=part.fee,
        discount=part.discount,
        cash=cash,
        rate=part.rate,
        in_erp=part.in_erp,
        rule=part.rule,
        confidence=part.confidence,
        explanation=part.explanation,
        decided_by=actor.kind,
        decided_by_name=actor.name,
    )


_MEANING = ("movement_id", "invoice_id", "applied", "withheld", "fee", "discount", "cash")


def _already(fresh: Sequence[Allocation]) -> tuple[Allocation, ...] | None:
    """What the keys already stand for: None when nothing is there yet; gives keys to those that have none."""
    keys = [row.key for row in fresh if row.key]
    known = {row.key: row for row in Allocation.objects.filter(key__in=keys)} if keys else {}
    if known:
        for row in fresh:
            old = known.get(row.key)
            if old is None or any(getattr(old, name) != getattr(row, name) for name in _MEANING):
                raise AlreadyAllocated(f"La clave «{row.key or '—'}» no es la de esta aplicación.")
        return tuple(known[row.key] for row in fresh)
    for row in fresh:
        if not row.key:
            met = Allocation.objects.filter(movement_id=row.movement_id, invoice_id=row.invoice_id).count()
            row.key = f"m{row.movement_id}-f{row.invoice_id}-{met}"
    return None


def _check_room(money: Movement, documents: dict[int, Invoice], fresh: Sequence[Allocation]) -> None:
    """Say with figures what the database would refuse anyway."""
    for pk, document in documents.items():
        wanted = sum((row.applied for row in fresh if row.invoice_id == pk), ZERO)
        left = document.open - wanted
        if not min(ZERO, document.gross) <= left <= max(ZERO, document.gross):
            raise OverAllocated(
                f"{document.number} tiene pendiente {_written(document.open, document.currency)} de "
                f"{_written(document.gross, document.currency)} y se aplicaría {_written(wanted, document.currency)}."
            )
    taken = sum((row.cash for row in fresh), ZERO)
    if (money.remaining - taken) * (1 if money.amount >= 0 else -1) < 0:
        raise OverAllocated(
            f"Al movimiento {money.pk} le queda {_written(money.remaining, money.currency)} de "
            f"{_written(money.amount, money.currency)} y se usaría {_written(taken, money.currency)}."
        )


def _written(amount: Decimal, currency: str) -> str:
    return write_money(Money(currency, amount))


def _told(row: Allocation, document: Invoice) -> dict[str, object]:
    return {
        "allocation": row.pk,
        "movement": row.movement_id,
        "invoice": row.invoice_id,
        "number": document.number,
        "applied": row.applied,
        "cash": row.cash,
        "rule": row.rule,
        "confidence": row.confidence,
    }
