"""Tryton through its web client, behind the same port as its API: for companies that give the robot screens only.

The list on the screen gives the proof: its own counter, and a row for each document. What the list does not show (due
dates, tax ids, bank accounts) comes from the client's CSV export, and the two must agree document by document.

What is guaranteed for payments: the key is looked up before the wizard is opened and after it is submitted, and the
wizard is submitted once. Unlike the API, the screens give no way to make the server turn down a second poster: two
robots that post the same key at the same moment could both succeed. One run at a time per credential rules that out.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.ledger.receivables import (
    Customer,
    OpenDocument,
    OpenLedger,
    PaymentOrder,
    PostedPayment,
    ReversalOrder,
    ReversedPayment,
)
from cobranza.reconciliation.ports import (
    ErpUnavailable,
    IncompleteRead,
    PageChanged,
    PortalTimeout,
    PostingRefused,
    PostingUnknown,
    ReversalByHand,
    SessionExpired,
)
from connectors.browser import Session
from connectors.erps.tryton.orders import (
    Held,
    check_document,
    check_held,
    check_order,
    description,
    holds_key,
    usable_key,
)
from connectors.erps.tryton.sao import Declined, ListRow, Lost, NotSent, Payment, Sao

_log = logging.getLogger(__name__)
_OPEN: list[object] = [["type", "=", "out"], ["state", "=", "posted"]]
_READS = 3
_WAIT_SECONDS = 0.5
_SETTLE_SECONDS = 5  # how long a submission whose answer was lost may still take once the server answers again
_INVOICE = (
    "id", "number", "party/id", "currency/code", "invoice_date", "untaxed_amount", "tax_amount", "total_amount",
    "amount_to_pay", "customer_payment_reference", "reference", "state", "rec_name",
)  # fmt: skip
_LINES = ("lines_to_pay/maturity_date", "lines_to_pay/debit", "lines_to_pay/credit", "lines_to_pay/reconciliation/id")
_PAID = ("payment_lines/debit", "payment_lines/credit", "payment_lines/reconciliation/id")


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the ERP before or after a submission."""

    document: _Exported
    held: Held | None


class TrytonWeb:
    """The `Erp` port over SAO in Chromium.

    Args:
        session: A browser session of its own; closed with this object.
        sao: The web client in it.
        method: Name of the payment method that payments are posted with.
        patience: Seconds to wait for Tryton to come back when an answer was lost.
    """

    slug = "tryton"

    def __init__(self, session: Session, sao: Sao, *, method: str, patience: float = 60) -> None:
        self._session, self._sao = session, sao
        self._method, self._patience = method, patience

    def __enter__(self) -> TrytonWeb:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """See `Erp.close`."""
        self._session.close()

    # --- reading

    def open_ledger(self) -> OpenLedger:
        """See `Erp.open_ledger`."""
        with self._recorded():
            problem = ""
            for _ in range(_READS):
                shown = self._sao.rows(_OPEN)
                exported = self._exported(_OPEN, dues=True)
                problem = _difference(shown, exported)
                if not problem:
                    return self._ledger(exported, len(shown))
                _log.info("la pantalla de Tryton y su exportación difieren: %s", problem)
            raise IncompleteRead(f"La pantalla de Tryton y su exportación no coinciden: {problem}.")

    def _ledger(self, exported: list[_Exported], counted: int) -> OpenLedger:
        open_ = [one for one in exported if one.open]
        settled = len(exported) - len(open_)
        source = "contador de la lista de facturas en la pantalla de Tryton"
        if settled:
            source += f", menos {settled} sin nada pendiente"
        return OpenLedger(
            customers=self._customers(sorted({one.party for one in open_})),
            documents=tuple(_document(one) for one in open_),
            control_count=counted - settled,
            control_source=source,
        )

    def _exported(self, domain: list[object], *, dues: bool = False) -> list[_Exported]:
        fields = (*_INVOICE, *_LINES, *_PAID) if dues else _INVOICE
        found: list[_Exported] = []
        for line in self._sao.export("account.invoice", domain, fields):
            if len(line) != len(fields):
                raise PageChanged(f"La exportación de facturas trae {len(line)} columnas y no {len(fields)}.")
            value = dict(zip(fields, line, strict=True))
            if value["id"]:
                found.append(_Exported.read(value))
            if dues:
                found[-1].add(value)
        return found

    def _customers(self, ids: list[int]) -> tuple[Customer, ...]:
        fields = ("id", "name", "tax_identifier/code", "email", "phone", "addresses/country/code")
        numbers = self._account_numbers()
        found: dict[int, Customer] = {}
        for line in self._sao.export("party.party", [["id", "in", ids]], fields):
            if not line[0]:  # a second address
                continue
            key, name, tax_id, email, phone, country = line
            found[int(key)] = Customer(
                key=key,
                name=name,
                tax_id=tax_id,
                country=country,
                accounts=tuple(numbers.get(key, ())),
                email=email,
                phone=phone,
            )
        missing = [one for one in ids if one not in found]
        if missing:
            raise IncompleteRead(f"La exportación de terceros no trae {len(missing)} de los clientes con deuda.")
        return tuple(found[one] for one in ids)

    def _account_numbers(self) -> dict[str, list[str]]:
        """IBAN and other account numbers by the id of their owner."""
        found: dict[str, list[str]] = defaultdict(list)
        owners: list[str] = []
        numbers: list[str] = []
        for account, owner, number in [
            *self._sao.export("bank.account", [], ("id", "owners/id", "numbers/number")),
            ("end", "", ""),
        ]:
            if account:
                for one in owners:
                    found[one] += [text.replace(" ", "") for text in numbers]
                owners, numbers = [], []
            owners += [owner] if owner else []
            numbers += [number] if number else []
        return found

    def find_payments(self, keys: Sequence[str]) -> dict[str, PostedPayment]:
        """See `Erp.find_payments`. `open_before` is what is open now: the past is not asked for."""
        with self._recorded():
            held = self._held(keys)
            found = {}
            for key, (one, document) in held.items():
                found[key] = PostedPayment(
                    key=key,
                    reference=one.reference,
                    open_before=document.open,
                    open_after=document.open,
                    already_there=True,
                )
            return found

    def _held(self, keys: Sequence[str]) -> dict[str, tuple[Held, _Exported]]:
        """The payments that carry one of `keys`, with the invoice that each pays."""
        usable = [key for key in keys if usable_key(key)]
        if not usable:
            return {}
        fields = ("number", "description", "origin", "lines/account/id", "lines/debit", "lines/credit")
        domain: list[object] = ["OR", *([["description", "like", f"{key}%"]] for key in usable)]
        moves: list[tuple[list[str], list[list[str]]]] = []
        for line in self._sao.export("account.move", [domain], fields):
            if line[0] or line[1]:
                moves.append((line, []))
            moves[-1][1].append(line[3:])
        names = {head[2].removeprefix("account.invoice,") for head, _ in moves}
        invoices = {}
        if names:
            numbers = sorted({name.split(" [")[0] for name in names})
            own: list[object] = [["type", "=", "out"], ["number", "in", numbers]]
            receivable = {line[0]: line[1] for line in self._sao.export("account.invoice", own, ("id", "account/id"))}
            invoices = {f"account.invoice,{one.rec_name}": one for one in self._exported(own)}
        found: dict[str, tuple[Held, _Exported]] = {}
        for head, entries in moves:
            for key in usable:
                document = invoices.get(head[2])
                if key in found or document is None or not holds_key(head[1], key):
                    continue
                account = receivable[str(document.id)]
                paid = sum(
                    (_decimal(credit) - _decimal(debit) for at, debit, credit in entries if at == account), Decimal(0)
                )
                found[key] = (Held(reference=head[0], invoice=document.id, amount=paid), document)
        return found

    # --- undoing

    def reverse_payment(self, order: ReversalOrder) -> ReversedPayment:
        """See `Erp.reverse_payment`: the screens' way is not automated."""
        raise ReversalByHand(f"Por la pantalla de Tryton no se anula el cobro {order.reference} de {order.number}.")

    def find_reversals(self, keys: Sequence[str]) -> dict[str, ReversedPayment]:
        """See `Erp.find_reversals`."""
        return {}

    # --- posting

    def post_payment(self, order: PaymentOrder) -> PostedPayment:
        """See `Erp.post_payment`; the module says what is guaranteed."""
        check_order(order)
        with self._recorded():
            look = self._look(order)
            if look.held is not None:
                check_held(order, look.held)
                return _posted(order, look, look.document.open, already_there=True)
            before = self._check(order, look.document)
            payment = Payment(
                amount=order.amount, paid_on=order.paid_on, method=self._method, description=description(order)
            )
            outcome: Exception | None = None
            try:
                self._sao.pay(int(order.document), order.number, payment)
            except NotSent as exc:
                raise PageChanged(f"{exc} No se ha registrado nada.") from exc
            except (Declined, Lost) as exc:
                outcome = exc
            held_look = self._look_until(order, settle=isinstance(outcome, Lost))
            if held_look.held is not None:
                check_held(order, held_look.held)
                return _posted(order, held_look, before, already_there=False)
            if isinstance(outcome, Declined):
                raise PostingRefused(f"Tryton no admite el cobro sobre {order.number}: {outcome}")
            said = "Tryton dio el cobro por hecho" if outcome is None else str(outcome)
            raise PostingUnknown(f"El cobro {order.key} no aparece sobre {order.number} en Tryton ({said}).")

    def _look(self, order: PaymentOrder) -> _Look:
        exported = self._exported([["id", "=", int(order.document)], ["type", "=", "out"]])
        if not exported:
            raise PostingRefused(f"Tryton no tiene la factura de cliente {order.document} ({order.number}).")
        held = self._held([order.key]).get(order.key)
        return _Look(exported[0], held[0] if held else None)

    def _look_until(self, order: PaymentOrder, *, settle: bool) -> _Look:
        """`_look` after a submission: waits for Tryton to come back, and `settle` seconds more for a late payment."""
        limit = time.monotonic() + self._patience
        settled: float | None = None
        while True:
            try:
                look = self._look(order)
            except (ErpUnavailable, SessionExpired, PageChanged) as exc:
                if time.monotonic() > limit:
                    raise PostingUnknown(
                        f"Se envió el cobro {order.key} sobre {order.number} y Tryton no vuelve a contestar."
                    ) from exc
            except BusinessError as exc:
                raise PostingUnknown(
                    f"Se envió el cobro {order.key} sobre {order.number} y no se puede comprobar: {exc.message}"
                ) from exc
            else:
                settled = settled or time.monotonic() + (_SETTLE_SECONDS if settle else 0)
                if look.held is not None or time.monotonic() >= settled:
                    return look
            time.sleep(_WAIT_SECONDS)

    def _check(self, order: PaymentOrder, document: _Exported) -> Decimal:
        if document.state != "posted":
            raise PostingRefused(
                f"{document.number or order.document} no es una factura de cliente pendiente de cobro."
            )
        check_document(
            order, number=document.number, currency=document.currency, open_=document.open, gross=document.gross
        )
        return document.open

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Keep what the page showed when the work fails, and speak the port's errors."""
        try:
            yield
        except PostingRefused:
            raise  # the ERP's or our own no: nothing is wrong with the page
        except (PortalTimeout, SessionExpired) as exc:
            self._session.save_failure(exc)
            raise ErpUnavailable(exc.message) from exc
        except (ApplicationError, BusinessError, PostingUnknown) as exc:
            self._session.save_failure(exc)
            raise


@dataclass(slots=True, kw_only=True)
class _Exported:
    """An invoice as the export gives it."""

    id: int
    number: str
    party: int
    currency: str
    issued_on: date | None
    net: Decimal
    tax: Decimal
    gross: Decimal
    open: Decimal
    payment_reference: str
    customer_reference: str
    state: str
    rec_name: str
    due: list[tuple[date, Decimal]]
    paid: Decimal = Decimal(0)

    @classmethod
    def read(cls, value: dict[str, str]) -> _Exported:
        return cls(
            id=int(value["id"]),
            number=value["number"],
            party=int(value["party/id"]),
            currency=value["currency/code"],
            issued_on=date.fromisoformat(value["invoice_date"]) if value["invoice_date"] else None,
            net=_decimal(value["untaxed_amount"]),
            tax=_decimal(value["tax_amount"]),
            gross=_decimal(value["total_amount"]),
            open=_decimal(value["amount_to_pay"]),
            payment_reference=value["customer_payment_reference"],
            customer_reference=value["reference"],
            state=value["state"],
            rec_name=value["rec_name"],
            due=[],
        )

    def add(self, value: dict[str, str]) -> None:
        """Take the due date and the payment that stand on one line of the export."""
        settled = value["lines_to_pay/reconciliation/id"]
        if value["lines_to_pay/maturity_date"] and not settled:
            owed = _decimal(value["lines_to_pay/debit"]) - _decimal(value["lines_to_pay/credit"])
            self.due.append((date.fromisoformat(value["lines_to_pay/maturity_date"]), owed))
        if not value["payment_lines/reconciliation/id"]:
            self.paid += _decimal(value["payment_lines/credit"]) - _decimal(value["payment_lines/debit"])

    def due_on(self) -> date | None:
        """Earliest due date that is not covered yet; what was paid in part covers the oldest first."""
        rest = abs(self.paid)
        for day, owed in sorted(self.due):
            rest -= abs(owed)
            if rest < 0:
                return day
        return self.issued_on


def _decimal(text: str) -> Decimal:
    return Decimal(text or "0")


def _difference(shown: Sequence[ListRow], exported: Sequence[_Exported]) -> str:
    """How the screen and the export differ, in Spanish; "" when they agree document by document."""
    there = {one.number: (one.issued_on, one.net, one.tax, one.gross) for one in exported}
    here = {row.number: (row.issued_on, row.net, row.tax, row.gross) for row in shown}
    if len(here) != len(shown) or len(there) != len(exported):
        return "hay números de factura repetidos"
    if here.keys() != there.keys():
        return f"la pantalla muestra {len(here)} documentos y la exportación trae {len(there)}"
    wrong = sorted(number for number, values in here.items() if there[number] != values)
    if wrong:
        return f"difieren {len(wrong)} documentos, el primero {wrong[0]}"
    return ""


def _document(one: _Exported) -> OpenDocument:
    due = one.due_on()
    if one.issued_on is None or due is None:
        raise IncompleteRead(f"La exportación de {one.number} no trae sus fechas.")
    return OpenDocument(
        key=str(one.id),
        number=one.number,
        customer=str(one.party),
        kind="credit_note" if one.gross < 0 else "invoice",
        issued_on=one.issued_on,
        due_on=due,
        currency=one.currency,
        net=one.net,
        tax=one.tax,
        gross=one.gross,
        open=one.open,
        payment_reference=one.payment_reference,
        customer_reference=one.customer_reference,
    )


def _posted(order: PaymentOrder, look: _Look, before: Decimal, *, already_there: bool) -> PostedPayment:
    if look.held is None:
        raise ValueError("nothing is held")
    return PostedPayment(
        key=order.key,
        reference=look.held.reference,
        open_before=before,
        open_after=look.document.open,
        already_there=already_there,
    )
