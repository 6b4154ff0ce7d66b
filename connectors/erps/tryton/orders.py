"""What both ways into Tryton check: an order before it is sent, and a payment that carries our key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.spanish import write_amount
from cobranza.ledger.receivables import PaymentOrder, ReversalOrder
from cobranza.reconciliation.ports import PostingRefused, ReversalByHand

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._/-]{5,119}")


class TrytonForbidden(BusinessError):
    """Tryton does not let the robot's user read what the work needs."""

    code = "COB-ERP-101"
    remedy = "Dé al usuario del robot el grupo «Contabilidad» en Tryton."


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A payment that the ERP holds under one of our keys.

    Attributes:
        reference: Number of its accounting move.
        invoice: Id of the invoice it pays.
        amount: In the invoice's currency.
        move: Id of its accounting move, 0 where only its number is known.
        undone: Number of the move that cancels it, "" while it stands.
        undone_text: Description of that move; ours opens with the reversal's key.
    """

    reference: str
    invoice: int
    amount: Decimal
    move: int = 0
    undone: str = ""
    undone_text: str = ""


def check_order(order: PaymentOrder) -> None:
    """Refuse an order that no ERP should see; both ways of posting start here.

    Raises:
        PostingRefused: no usable key, or no positive amount.
    """
    if not usable_key(order.key):
        raise PostingRefused(f"La clave «{order.key}» no sirve para encontrar después el cobro en Tryton.")
    if not order.amount.is_finite() or order.amount <= 0:
        raise PostingRefused(f"El importe {order.amount} no es un cobro: tiene que ser mayor que cero.")
    if not order.document.isascii() or not order.document.isdigit():
        raise PostingRefused(f"«{order.document}» no es un documento de Tryton.")


def check_document(order: PaymentOrder, *, number: str, currency: str, open_: Decimal, gross: Decimal) -> None:
    """Compare the order with the document as it is now.

    Raises:
        PostingRefused: another number or currency, a credit note, or more than what is open.
    """
    if number != order.number:
        raise PostingRefused(f"El documento {order.document} es la factura «{number}», no «{order.number}».")
    if currency != order.currency:
        raise PostingRefused(f"La factura {number} está en {currency} y el cobro en {order.currency}.")
    if gross < 0:
        raise PostingRefused(
            f"{number} es un abono: compensarlo con un cobro no está automatizado.",
            remedy="Compense el abono en el ERP con la factura que corresponda.",
        )
    if order.amount > open_:
        raise PostingRefused(
            f"El cobro de {write_amount(order.amount)} supera lo pendiente de {number}, {write_amount(open_)}."
        )


def check_reversal(order: ReversalOrder) -> None:
    """Refuse a reversal that no ERP should see.

    Raises:
        PostingRefused: no usable keys, or no document of Tryton.
    """
    for key in (order.key, order.payment):
        if not usable_key(key):
            raise PostingRefused(f"La clave «{key}» no sirve para encontrar el cobro en Tryton.")
    if not order.document.isascii() or not order.document.isdigit():
        raise PostingRefused(f"«{order.document}» no es un documento de Tryton.")


def check_reversible(order: ReversalOrder, held: Held | None, number: str) -> Held:
    """The payment as it stands, once it is sure to be the one that is meant.

    Raises:
        PostingRefused: it is not there, or is another document's, another amount's or changed.
        ReversalByHand: somebody undid it in Tryton already.
    """
    if held is None:
        raise PostingRefused(f"Tryton no tiene el cobro {order.payment} sobre {order.number}.")
    if str(held.invoice) != order.document or number != order.number:
        raise PostingRefused(f"El cobro {order.payment} ({held.reference}) no es de {order.number} en Tryton.")
    if held.amount != order.amount:
        raise PostingRefused(
            f"El cobro {held.reference} de {order.number} es en Tryton de {write_amount(held.amount)} y no de "
            f"{write_amount(order.amount)}: alguien lo cambió."
        )
    if held.undone and not holds_key(held.undone_text, order.key):
        raise ReversalByHand(
            f"El cobro {held.reference} de {order.number} ya está anulado en Tryton por el asiento {held.undone}.",
            remedy="Confirme en la consola que el cobro está deshecho.",
        )
    return held


def description(order: PaymentOrder | ReversalOrder) -> str:
    """What the move says: the key first, one space, the reason."""
    return f"{order.key} {' '.join(order.text.split())}".strip()


def holds_key(text: str | None, key: str) -> bool:
    """Whether a move's description is that of the payment with this key."""
    return bool(text) and (text == key or str(text).startswith(key + " "))


def check_held(order: PaymentOrder, held: Held) -> None:
    """A key that is there must be there for the same payment, and the payment must stand.

    Raises:
        PostingRefused: it paid another document or another amount, or was undone.
    """
    if held.undone:
        raise PostingRefused(
            f"El cobro {order.key} se registró en Tryton ({held.reference}) y se anuló allí ({held.undone})."
        )
    if str(held.invoice) != order.document or held.amount != order.amount:
        raise PostingRefused(
            f"La clave {order.key} ya está en Tryton ({held.reference}) con {write_amount(held.amount)} "
            f"sobre otro documento o por otro importe."
        )


def usable_key(key: str) -> bool:
    """Whether a key can be written into a description and be found there again."""
    return _KEY.fullmatch(key) is not None
