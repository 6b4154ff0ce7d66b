"""Tryton over its JSON-RPC: the whole open ledger, and payments that are posted once whatever breaks.

What is guaranteed for payments: two posters of the same key, a crash on either side and an answer that never comes
all end in one payment at most. Three things together give that:

- the key opens the description of the payment's accounting move, and is looked up before each submission;
- each submission carries the invoice's `_timestamp` *as read before that look-up*. Posting a payment changes the
  invoice, so Tryton itself turns down whoever comes second, also a request of ours that was thought lost;
- the wizard's payment is one transaction of the server.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cobranza.kernel.config import ConfigError
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.receivables import (
    Customer,
    OpenDocument,
    OpenLedger,
    PaymentOrder,
    PostedPayment,
    ReversalOrder,
    ReversedPayment,
)
from cobranza.reconciliation.ports import ErpUnavailable, IncompleteRead, PostingRefused, PostingUnknown
from connectors.erps.tryton.orders import (
    Held,
    check_document,
    check_held,
    check_order,
    description,
    holds_key,
    usable_key,
)
from connectors.erps.tryton.rpc import Client, Refused, Stale, Uncertain
from connectors.erps.tryton.undo import INVOICE, Undo, reading

_log = logging.getLogger(__name__)

_PAY = "wizard.account.invoice.pay"
_PAGE = 500  # records per call: bounds the answer's size
_READS = 3  # the books may change while they are read
_POSTS = 3
_WAIT_SECONDS = 0.5
_FIELDS = (
    "number", "party", "currency.code", "invoice_date", "untaxed_amount", "tax_amount", "total_amount",
    "amount_to_pay", "customer_payment_reference", "reference", "lines_to_pay", "payment_lines",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the ERP before or after a submission: the invoice, and our payment on it if it is there."""

    row: dict[str, Any]
    held: Held | None


class TrytonApi:
    """The `Erp` port over JSON-RPC.

    Args:
        client: Logged in lazily by its first call.
        method: Name of the payment method that payments are posted with.
        patience: Seconds to wait for Tryton to come back when an answer was lost.
    """

    slug = "tryton"

    def __init__(self, client: Client, *, method: str, patience: float = 60) -> None:
        self._client = client
        self._method_name = method
        self._method: int | None = None
        self._patience = patience
        self._optional: frozenset[str] | None = None

    def __enter__(self) -> TrytonApi:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """See `Erp.close`."""
        self._client.close()

    # --- reading

    def open_ledger(self) -> OpenLedger:
        """See `Erp.open_ledger`. Each open amount is also added up from the accounting lines it is made of."""
        with reading():
            problem = ""
            for _ in range(_READS):
                ledger, problem = self._read_ledger()
                if ledger is not None:
                    return ledger
                _log.info("Tryton cambió mientras se leía: %s", problem)
        raise IncompleteRead(f"La lectura de Tryton no cuadra después de {_READS} intentos: {problem}.")

    def _read_ledger(self) -> tuple[OpenLedger | None, str]:
        domain = [["type", "=", "out"], ["state", "=", "posted"], ["company", "=", self._client.context["company"]]]
        announced = self._client.count(INVOICE, domain)
        rows = list(self._pages(INVOICE, domain, list(_FIELDS)))
        lines = self._lines(rows)
        customers = self._customers(sorted({row["party"] for row in rows}))
        again = self._client.count(INVOICE, domain)
        if not len(rows) == announced == again:
            return None, f"Tryton anuncia {announced} documentos, se han leído {len(rows)} y después anuncia {again}"
        documents = []
        for row in rows:
            apart = _open_from_lines(row, lines)
            if apart is not None and apart != row["amount_to_pay"]:
                return None, f"{row['number']} tiene {row['amount_to_pay']} pendientes y sus apuntes suman {apart}"
            if row["untaxed_amount"] + row["tax_amount"] != row["total_amount"]:
                return None, f"{row['number']}: base e impuestos no suman el total"
            documents.append(_document(row, lines))
        settled = sum(1 for document in documents if not document.open)
        source = "recuento del servidor de Tryton (facturas y abonos de cliente contabilizados)"
        if settled:
            source += f", menos {settled} sin nada pendiente"
        ledger = OpenLedger(
            customers=customers,
            documents=tuple(document for document in documents if document.open),
            control_count=announced - settled,
            control_source=source,
        )
        return ledger, ""

    def _pages(self, model: str, domain: list[Any], fields: list[str]) -> Iterator[dict[str, Any]]:
        """Every record under `domain`, by id: unlike an offset, this skips none when others appear or go."""
        last = 0
        while True:
            page = self._client.find(model, [*domain, ["id", ">", last]], fields, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1]["id"]

    def _by_ids(self, model: str, field: str, ids: Sequence[int | str], fields: list[str]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(ids), _PAGE):
            yield from self._pages(model, [[field, "in", list(ids[start : start + _PAGE])]], fields)

    def _lines(self, rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
        ids = sorted({line for row in rows for line in (*row["lines_to_pay"], *row["payment_lines"])})
        wanted = ["maturity_date", "debit", "credit", "amount_second_currency", "second_currency", "reconciliation"]
        return {line["id"]: line for line in self._by_ids("account.move.line", "id", ids, wanted)}

    def _customers(self, ids: list[int]) -> tuple[Customer, ...]:
        if self._optional is None:  # fields that depend on the modules the company uses
            known = self._client.call("model.party.party.fields_get", ["trade_name", "bank_accounts"])
            self._optional = frozenset(known)
        wanted = ["name", "tax_identifier.code", "tax_identifier.type", "email", "phone"]
        parties = list(self._by_ids("party.party", "id", ids, [*wanted, *sorted(self._optional)]))
        accounts = self._accounts(parties) if "bank_accounts" in self._optional else {}
        countries: dict[int, str] = {}
        for address in self._by_ids("party.address", "party", ids, ["party", "country.code"]):
            countries.setdefault(address["party"], (address["country."] or {}).get("code", ""))
        return tuple(
            Customer(
                key=str(party["id"]),
                name=party["name"] or "",
                trade_name=party.get("trade_name") or "",
                tax_id=(party["tax_identifier."] or {}).get("code") or "",
                country=countries.get(party["id"], ""),
                accounts=tuple(accounts.get(party["id"], ())),
                email=party["email"] or "",
                phone=party["phone"] or "",
            )
            for party in parties
        )

    def _accounts(self, parties: list[dict[str, Any]]) -> dict[int, list[str]]:
        ids = sorted({account for party in parties for account in party["bank_accounts"]})
        numbers: dict[int, list[str]] = defaultdict(list)
        for row in self._by_ids("bank.account.number", "account", ids, ["account", "number"]):
            numbers[row["account"]].append((row["number"] or "").replace(" ", ""))
        return {
            party["id"]: [number for account in party["bank_accounts"] for number in numbers[account]]
            for party in parties
        }

    def find_payments(self, keys: Sequence[str]) -> dict[str, PostedPayment]:
        """See `Erp.find_payments`. `open_before` is what is open now: the past is not asked for."""
        with reading():
            held = {key: one for key, one in self._held(keys).items() if not one.undone}
            ids = sorted({one.invoice for one in held.values()})
            rows = self._by_ids(INVOICE, "id", ids, ["amount_to_pay"])
            open_now = {row["id"]: row["amount_to_pay"] or Decimal(0) for row in rows}
        return {
            key: PostedPayment(
                key=key,
                reference=one.reference,
                open_before=open_now[one.invoice],
                open_after=open_now[one.invoice],
                already_there=True,
            )
            for key, one in held.items()
        }

    def _held(self, keys: Sequence[str]) -> dict[str, Held]:
        """The payments that carry one of `keys`."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(keys), 50):
            some = [key for key in keys[start : start + 50] if usable_key(key)]
            if not some:
                continue
            # "_" in a key stands for any sign in this search: it may find more, and `holds_key` tells them apart
            domain = ["OR", *([["description", "like", f"{key}%"]] for key in some)]
            for move in self._pages("account.move", [domain], ["description", "number", "origin", "lines"]):
                for key in some:
                    if holds_key(move["description"], key) and str(move["origin"]).startswith(f"{INVOICE},"):
                        found.setdefault(key, move)
        ids = sorted({int(move["origin"].partition(",")[2]) for move in found.values()})
        receivable = {row["id"]: row for row in self._by_ids(INVOICE, "id", ids, ["account", "currency"])}
        lines = sorted({line for move in found.values() for line in move["lines"]})
        wanted = ["account", "debit", "credit", "second_currency", "amount_second_currency"]
        entries = {line["id"]: line for line in self._by_ids("account.move.line", "id", lines, wanted)}
        undone = self._cancelled([move["id"] for move in found.values()])
        held = {}
        for key, move in found.items():
            invoice = int(move["origin"].partition(",")[2])
            own = [entries[line] for line in move["lines"] if line in entries]
            account, currency = receivable[invoice]["account"], receivable[invoice]["currency"]
            paid = sum((_balance(line, currency) for line in own if line["account"] == account), Decimal(0))
            number, text = undone.get(move["id"], ("", ""))
            held[key] = Held(
                reference=move["number"] or str(move["id"]),
                invoice=invoice,
                amount=-paid,
                move=move["id"],
                undone=number,
                undone_text=text,
            )
        return held

    def _cancelled(self, moves: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Number and description of the move that cancels each of `moves`; those that stand are left out."""
        origins = [f"account.move,{move}" for move in moves]
        found: dict[int, tuple[str, str]] = {}
        for row in self._by_ids("account.move", "origin", origins, ["origin", "number", "description"]):
            cancelled = int(str(row["origin"]).partition(",")[2])
            found.setdefault(cancelled, (row["number"] or str(row["id"]), row["description"] or ""))
        return found

    # --- undoing

    def reverse_payment(self, order: ReversalOrder) -> ReversedPayment:
        """See `Erp.reverse_payment`; `connectors.erps.tryton.undo` says what is guaranteed."""
        return Undo(self._client, self._held, patience=self._patience).reverse(order)

    def find_reversals(self, keys: Sequence[str]) -> dict[str, ReversedPayment]:
        """See `Erp.find_reversals`. Both open amounts are what is open now."""
        with reading():
            return Undo(self._client, self._held, patience=self._patience).find(keys)

    # --- posting

    def post_payment(self, order: PaymentOrder) -> PostedPayment:
        """See `Erp.post_payment`; the module says what is guaranteed."""
        check_order(order)
        method = self._payment_method()
        limit = time.monotonic() + self._patience
        before: Decimal | None = None
        outcome: Exception | None = None
        for attempt in range(_POSTS + 1):
            look = self._look(order) if before is None else self._look_again(order, limit)
            if look.held is not None:
                return _posted(order, look, before)
            if isinstance(outcome, Refused):
                raise PostingRefused(f"Tryton no admite el cobro sobre {order.number}: {outcome.message}")
            if attempt == _POSTS or (before is not None and outcome is None):
                break
            _check_row(order, look.row)
            before = look.row["amount_to_pay"]
            try:
                self._submit(order, look.row, method)
                outcome = None
            except (Refused, Stale, Uncertain, ErpUnavailable) as exc:
                _log.info("el cobro %s queda por comprobar: %s", order.key, type(exc).__name__)
                outcome = exc
        said = "Tryton dio el cobro por hecho" if outcome is None else str(outcome)
        raise PostingUnknown(f"El cobro {order.key} no aparece sobre {order.number} en Tryton ({said}).")

    def _look(self, order: PaymentOrder) -> _Look:
        """Read the invoice, its `_timestamp` with it, and only then look for the key: the order is the guarantee."""
        with reading():
            wanted = ["number", "state", "type", "currency.code", "total_amount", "amount_to_pay", "_timestamp"]
            rows = self._client.find(INVOICE, [["id", "=", int(order.document)]], wanted)
            if not rows:
                raise PostingRefused(f"Tryton no tiene el documento {order.document} ({order.number}).")
            held = self._held([order.key]).get(order.key)
        return _Look(rows[0], held)

    def _look_again(self, order: PaymentOrder, limit: float) -> _Look:
        """`_look` after a submission, waiting for Tryton to come back until `limit`."""
        while True:
            try:
                return self._look(order)
            except ErpUnavailable as exc:
                if time.monotonic() > limit:
                    raise PostingUnknown(
                        f"Se envió el cobro {order.key} sobre {order.number} y Tryton no vuelve a contestar."
                    ) from exc
            except BusinessError as exc:
                raise PostingUnknown(
                    f"Se envió el cobro {order.key} sobre {order.number} y no se puede comprobar: {exc.message}"
                ) from exc
            time.sleep(_WAIT_SECONDS)

    def _submit(self, order: PaymentOrder, row: dict[str, Any], method: int) -> None:
        """Run the payment wizard once, under the `_timestamp` of `row`."""
        document = int(order.document)
        active: dict[str, Any] = {"active_model": INVOICE, "active_id": document, "active_ids": [document]}
        session, start, _ = self._client.call(f"{_PAY}.create", context=active)
        try:
            view = self._client.call(f"{_PAY}.execute", session, {}, start, context=active)["view"]
            form = {
                **{name: value for name, value in view["defaults"].items() if "." not in name},
                "amount": order.amount,
                "date": order.paid_on,
                "description": description(order),
                "payment_method": method,
            }
            guarded = active | {"_timestamp": {f"{INVOICE},{document}": row["_timestamp"]}}
            answer = self._client.call(f"{_PAY}.execute", session, {start: form}, "choice", context=guarded)
            if answer.get("view"):  # the amount settles no line by itself: say that it is a part of the invoice
                asked = {name: value for name, value in answer["view"]["defaults"].items() if "." not in name}
                forms = {start: form, answer["view"]["state"]: asked | {"type": "partial"}}
                self._client.call(f"{_PAY}.execute", session, forms, "pay", context=guarded)
        finally:
            self._forget_wizard(session)

    def _forget_wizard(self, session: int) -> None:
        try:
            self._client.call(f"{_PAY}.delete", session)
        except (Refused, Stale, Uncertain, ErpUnavailable):
            _log.info("queda abierta la sesión %s del asistente de cobro", session)

    def _payment_method(self) -> int:
        if self._method is None:
            with reading():
                found = self._client.find(
                    "account.invoice.payment.method",
                    [["name", "=", self._method_name], ["company", "=", self._client.context["company"]]],
                    ["name"],
                )
            if len(found) != 1:
                raise ConfigError(f"Tryton tiene {len(found)} métodos de pago llamados «{self._method_name}».")
            self._method = int(found[0]["id"])
        return self._method


def _posted(order: PaymentOrder, look: _Look, before: Decimal | None) -> PostedPayment:
    """The result, once our payment is there; `before` is None when it was there from the start."""
    if look.held is None:
        raise ValueError("nothing is held")
    check_held(order, look.held)
    open_ = look.row["amount_to_pay"] or Decimal(0)
    return PostedPayment(
        key=order.key,
        reference=look.held.reference,
        open_before=open_ if before is None else before,
        open_after=open_,
        already_there=before is None,
    )


def _check_row(order: PaymentOrder, row: dict[str, Any]) -> None:
    if row["type"] != "out" or row["state"] != "posted":
        raise PostingRefused(f"{row['number'] or order.document} no es una factura de cliente pendiente de cobro.")
    check_document(
        order,
        number=row["number"],
        currency=row["currency."]["code"],
        open_=row["amount_to_pay"],
        gross=row["total_amount"],
    )


def _balance(line: Mapping[str, Any], currency: int) -> Decimal:
    """What a line adds to what the customer owes, in `currency` when the line has it."""
    if line["second_currency"] == currency and line["amount_second_currency"] is not None:
        return Decimal(line["amount_second_currency"])
    return Decimal(line["debit"] or 0) - Decimal(line["credit"] or 0)


def _unsettled(ids: Sequence[int], lines: Mapping[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [lines[one] for one in ids if one in lines and lines[one]["reconciliation"] is None]


def _open_from_lines(row: Mapping[str, Any], lines: Mapping[int, dict[str, Any]]) -> Decimal | None:
    """Open amount added up from the accounting lines; None where currencies mix and Tryton converts."""
    parts = _unsettled([*row["lines_to_pay"], *row["payment_lines"]], lines)
    foreign = {line["second_currency"] for line in parts}
    if len(foreign) > 1:
        return None
    (currency,) = foreign or {None}
    return sum((_balance(line, currency or 0) for line in parts), Decimal(0))


def _due(row: Mapping[str, Any], lines: Mapping[int, dict[str, Any]]) -> date:
    """Earliest due date that is not covered yet; what was paid in part covers the oldest first."""
    due = sorted(_unsettled(row["lines_to_pay"], lines), key=lambda line: line["maturity_date"] or row["invoice_date"])
    paid = abs(sum((_balance(line, 0) for line in _unsettled(row["payment_lines"], lines)), Decimal(0)))
    for line in due:
        paid -= abs(_balance(line, 0))
        if paid < 0:
            return line["maturity_date"] or row["invoice_date"]  # type: ignore[no-any-return]
    return row["invoice_date"]  # type: ignore[no-any-return]


def _document(row: Mapping[str, Any], lines: Mapping[int, dict[str, Any]]) -> OpenDocument:
    return OpenDocument(
        key=str(row["id"]),
        number=row["number"],
        customer=str(row["party"]),
        kind="credit_note" if row["total_amount"] < 0 else "invoice",
        issued_on=row["invoice_date"],
        due_on=_due(row, lines),
        currency=row["currency."]["code"],
        net=row["untaxed_amount"],
        tax=row["tax_amount"],
        gross=row["total_amount"],
        open=row["amount_to_pay"],
        payment_reference=row["customer_payment_reference"] or "",
        customer_reference=row["reference"] or "",
    )
