"""Undoing a payment over Tryton's JSON-RPC the way its accountants do: a reversing move cancels the payment's move.

An invoice that is paid in full is unreconciled first, and the cancelled line is taken off its payments last. The
cancelling move points at the cancelled one and is dated like it; where its period is closed a person decides.

What is guaranteed: the key opens the description of the cancelling move; it is looked up before each submission, and
each submission carries the `_timestamp` of the payment's line *as read before that look-up*. Cancelling reconciles
that line, so Tryton turns down whoever comes second, also a request of ours that was thought lost. A crash between the
steps leaves a payment that is there and not reconciled, or one that is cancelled and still linked: trying again goes on
from that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cobranza.kernel.errors import BusinessError, NeedsPerson
from cobranza.ledger.receivables import ReversalOrder, ReversedPayment
from cobranza.reconciliation.ports import ErpUnavailable, PostingRefused, PostingUnknown
from connectors.erps.tryton.orders import (
    Held,
    TrytonForbidden,
    check_reversal,
    check_reversible,
    description,
    holds_key,
    usable_key,
)
from connectors.erps.tryton.rpc import Client, Refused, Stale, Uncertain

_log = logging.getLogger(__name__)

INVOICE = "account.invoice"
_LINE = "account.move.line"
_CANCEL = "wizard.account.move.cancel"
_UNRECONCILE = "wizard.account.move.unreconcile_lines"
# "the payment belongs to an invoice that is not settled": just what we are about to do
_EXPECTED_WARNING = ".cancel_invoice_move"
_TRIES = 4
_WAIT_SECONDS = 0.5
_SETTLE_SECONDS = 5  # how long Tryton may take to show an unreconciled invoice as open again
_KEYS = 50


@dataclass(frozen=True, slots=True)
class _Look:
    """The payment, its line on the customer's account, and the invoice; `line` was read before `held` was looked up."""

    held: Held
    line: Mapping[str, Any]
    invoice: Mapping[str, Any]

    @property
    def open(self) -> Decimal:
        return self.invoice["amount_to_pay"] or Decimal(0)


class Undo:
    """Cancels payments.

    Args:
        client: Of the ERP.
        held: Finds payments by our keys.
        patience: Seconds to wait for Tryton to come back when an answer was lost.
    """

    def __init__(self, client: Client, held: Callable[[Sequence[str]], dict[str, Held]], *, patience: float) -> None:
        self._client, self._held, self._patience = client, held, patience

    def reverse(self, order: ReversalOrder) -> ReversedPayment:
        """See `Erp.reverse_payment`."""
        check_reversal(order)
        limit = time.monotonic() + self._patience
        before: Decimal | None = None
        outcome: Exception | None = None
        for attempt in range(_TRIES + 1):
            look = self._look(order) if before is None else self._look_again(order, limit)
            if look.held.undone:
                return self._done(order, look, before)
            if isinstance(outcome, Refused):
                raise PostingRefused(f"Tryton no deja anular el cobro {look.held.reference}: {outcome.message}")
            if attempt == _TRIES or (before is not None and outcome is None):
                break
            if look.line["reconciliation"] is not None:
                self._unreconcile(order, look)
                look = self._look(order)
            before = look.open if before is None else before
            try:
                self._cancel(order, look)
                outcome = None
            except (Refused, Stale, Uncertain, ErpUnavailable) as exc:
                _log.info("la anulación %s queda por comprobar: %s", order.key, type(exc).__name__)
                outcome = exc
        said = "Tryton la dio por hecha" if outcome is None else str(outcome)
        raise PostingUnknown(f"La anulación {order.key} no aparece sobre {order.number} en Tryton ({said}).")

    def find(self, keys: Sequence[str]) -> dict[str, ReversedPayment]:
        """See `Erp.find_reversals`."""
        found: dict[str, tuple[str, int]] = {}
        for start in range(0, len(keys), _KEYS):
            some = [key for key in keys[start : start + _KEYS] if usable_key(key)]
            if not some:
                continue
            domain = [
                ["OR", *([["description", "like", f"{key}%"]] for key in some)],
                ["origin", "like", "account.move,%"],
            ]
            for move in self._client.find("account.move", domain, ["description", "number", "origin"]):
                for key in some:
                    if holds_key(move["description"], key):
                        payment = int(str(move["origin"]).partition(",")[2])
                        found.setdefault(key, (move["number"] or str(move["id"]), payment))
        paid = self._invoices_of({payment for _, payment in found.values()})
        return {
            key: ReversedPayment(
                key=key,
                reference=reference,
                open_before=paid[payment],
                open_after=paid[payment],
                already_there=True,
            )
            for key, (reference, payment) in found.items()
            if payment in paid
        }

    def _invoices_of(self, payments: set[int]) -> dict[int, Decimal]:
        """What is open now of the invoice that each payment's move pays."""
        moves = self._client.find("account.move", [["id", "in", sorted(payments)]], ["origin"]) if payments else []
        invoice = {
            move["id"]: int(str(move["origin"]).partition(",")[2])
            for move in moves
            if str(move["origin"]).startswith(f"{INVOICE},")
        }
        rows = self._client.find(INVOICE, [["id", "in", sorted(set(invoice.values()))]], ["amount_to_pay"])
        open_ = {row["id"]: row["amount_to_pay"] or Decimal(0) for row in rows}
        return {move: open_[document] for move, document in invoice.items() if document in open_}

    # --- looking

    def _look(self, order: ReversalOrder) -> _Look:
        with reading():
            rows = self._client.find(
                INVOICE,
                [["id", "=", int(order.document)]],
                ["number", "state", "amount_to_pay", "account", "lines_to_pay", "payment_lines"],
            )
            if not rows:
                raise PostingRefused(f"Tryton no tiene el documento {order.document} ({order.number}).")
            number = rows[0]["number"]
            held = check_reversible(order, self._held([order.payment]).get(order.payment), number)
            line = self._line(order, held, rows[0])
            # looked up again after the line's `_timestamp` was read: the order is the guarantee
            held = check_reversible(order, self._held([order.payment]).get(order.payment), number)
            if held.undone:  # whatever it takes from the books, it has taken by now
                rows = self._client.find(INVOICE, [["id", "=", int(order.document)]], ["state", "amount_to_pay"])
        return _Look(held, line, rows[0])

    def _line(self, order: ReversalOrder, held: Held, invoice: Mapping[str, Any]) -> Mapping[str, Any]:
        """The payment's line on the customer's account.

        Raises:
            PostingRefused: Tryton would not let the move be cancelled. Said before anything is touched.
        """
        wanted = ["account", "reconciliation", "invoice_payment", "_timestamp", "move.period.state"]
        lines = self._client.find(_LINE, [["move", "=", held.move]], wanted)
        own = [line for line in lines if line["account"] == invoice["account"]]
        if len(own) != 1:
            raise PostingRefused(f"El cobro {held.reference} tiene {len(own)} apuntes del cliente y no uno.")
        if held.undone:
            return own[0]
        if own[0]["move."]["period."]["state"] != "open":
            raise PostingRefused(
                f"El cobro {held.reference} de {order.number} está en un periodo cerrado de Tryton.",
                remedy="Abra el periodo en Tryton y vuelva a pedir la anulación, o anúlelo allí con otra fecha.",
            )
        if any(line["reconciliation"] is not None for line in lines if line is not own[0]):
            raise PostingRefused(
                f"El cobro {held.reference} de {order.number} está conciliado en Tryton con el extracto del banco.",
                remedy="Deshaga esa conciliación en Tryton y vuelva a pedir la anulación.",
            )
        return own[0]

    def _look_again(self, order: ReversalOrder, limit: float) -> _Look:
        """`_look` after a submission, waiting for Tryton to come back until `limit`."""
        while True:
            try:
                return self._look(order)
            except ErpUnavailable as exc:
                if time.monotonic() > limit:
                    raise PostingUnknown(
                        f"Se envió la anulación {order.key} de {order.number} y Tryton no vuelve a contestar."
                    ) from exc
            except (BusinessError, NeedsPerson) as exc:
                raise PostingUnknown(
                    f"Se envió la anulación {order.key} de {order.number} y no se puede comprobar: {exc.message}"
                ) from exc
            time.sleep(_WAIT_SECONDS)

    def _done(self, order: ReversalOrder, look: _Look, before: Decimal | None) -> ReversedPayment:
        # where Tryton has a worker for its queue, the invoice turns from paid to open a moment later
        limit = time.monotonic() + _SETTLE_SECONDS
        while look.invoice["state"] == "paid" and time.monotonic() < limit:
            time.sleep(_WAIT_SECONDS)
            look = self._look(order)
        if look.line["invoice_payment"] is not None:
            self._unlink(order, look)
        return ReversedPayment(
            key=order.key,
            reference=look.held.undone,
            open_before=look.open if before is None else before,
            open_after=look.open,
            already_there=before is None,
        )

    # --- acting

    def _unlink(self, order: ReversalOrder, look: _Look) -> None:
        """Take the cancelled line off the invoice's payments, where Tryton leaves it and then counts it as paid money.

        Without this the invoice takes no other payment. Done at each look at a reversal until it is so.
        """
        try:
            self._client.call(f"model.{_LINE}.write", [look.line["id"]], {"invoice_payment": None})
        except (Refused, Stale) as exc:  # paid otherwise meanwhile: Tryton has cleaned up by itself
            _log.info("el apunte anulado de %s sigue entre los cobros de la factura: %s", order.number, exc)
        except Uncertain as exc:
            raise ErpUnavailable(f"Falta quitar de {order.number} el apunte anulado ({exc}).") from exc

    def _unreconcile(self, order: ReversalOrder, look: _Look) -> None:
        """Take the payment out of its reconciliation, which must be this invoice's own."""
        with reading():
            together = self._client.find(_LINE, [["reconciliation", "=", look.line["reconciliation"]]], ["id"])
        own = {*look.invoice["lines_to_pay"], *look.invoice["payment_lines"]}
        if not {line["id"] for line in together} <= own:
            raise PostingRefused(
                f"El cobro {look.held.reference} de {order.number} está conciliado en Tryton con otros documentos.",
                remedy="Deshaga la conciliación en Tryton; el cobro sigue registrado.",
            )
        line = look.line["id"]
        active = {"active_model": _LINE, "active_id": line, "active_ids": [line]}
        try:
            self._run(_UNRECONCILE, "unreconcile", {}, active)
        except Refused as exc:
            raise PostingRefused(f"Tryton no deja deshacer la conciliación de {order.number}: {exc.message}") from exc
        except (Stale, Uncertain) as exc:  # the payment is still there: the whole is tried again
            raise ErpUnavailable(f"Tryton no deshizo la conciliación de {order.number} ({exc}).") from exc

    def _cancel(self, order: ReversalOrder, look: _Look) -> None:
        move = look.held.move
        active = {"active_model": "account.move", "active_id": move, "active_ids": [move]}
        forms = {"default": {"description": description(order), "reversal": True}}
        guarded = active | {"_timestamp": {f"{_LINE},{look.line['id']}": look.line["_timestamp"]}}
        try:
            self._run(_CANCEL, "cancel", forms, guarded)
        except Refused as exc:
            if not exc.warning.endswith(_EXPECTED_WARNING):
                raise
            self._client.call("model.res.user.warning.skip", exc.warning, False)
            self._run(_CANCEL, "cancel", forms, guarded)

    def _run(self, wizard: str, state: str, forms: dict[str, Any], context: dict[str, Any]) -> None:
        session, *_ = self._client.call(f"{wizard}.create", context=context)
        try:
            self._client.call(f"{wizard}.execute", session, forms, state, context=context)
        finally:
            try:
                self._client.call(f"{wizard}.delete", session)
            except (Refused, Stale, Uncertain, ErpUnavailable):
                _log.info("queda abierta la sesión %s del asistente de Tryton", session)


@contextmanager
def reading() -> Iterator[None]:
    """While only reading, a lost answer is an absent server, and a refusal a missing right."""
    try:
        yield
    except Uncertain as exc:
        raise ErpUnavailable(str(exc)) from exc
    except (Refused, Stale) as exc:
        raise TrytonForbidden(f"Tryton no deja leer: {exc}") from exc
