"""Documents from the team's file, less what we applied since; payments into the copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from cobranza.kernel.spanish import plain, write_amount
from cobranza.ledger.receivables import (
    Customer,
    OpenDocument,
    OpenLedger,
    PaymentOrder,
    PostedPayment,
    ReversalOrder,
    ReversedPayment,
)
from cobranza.reconciliation.ports import PostingRefused, PostingUnknown
from connectors.erps.spreadsheet import table
from connectors.erps.spreadsheet.receipts import Receipt, Receipts

if TYPE_CHECKING:
    from connectors.erps.spreadsheet import SpreadsheetSettings


@dataclass(slots=True)
class _Read:
    sheet: str
    documents: dict[str, OpenDocument]
    shown: dict[str, OpenDocument]  # every document as the team's file shows it, settled ones too
    customers: dict[str, Customer]
    issues: list[str]
    rows: int
    settled: int


class SpreadsheetLedger:
    """An Excel or CSV ledger as an `Erp`."""

    slug = "spreadsheet"

    def __init__(self, file: Path, copy: Path, settings: SpreadsheetSettings) -> None:
        self._file = file
        self._settings = settings
        self._receipts = Receipts(copy, file)

    def __enter__(self) -> SpreadsheetLedger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open_ledger(self) -> OpenLedger:
        """See `Erp.open_ledger`. Rows that cannot be read are `issues` and count for the control.

        Raises:
            LedgerFileError: the file, the worksheet or a column is not there.
            PostingUnknown: the copy with what was applied cannot be read.
        """
        read = self._read()
        return OpenLedger(
            customers=tuple(read.customers.values()),
            documents=tuple(read.documents.values()),
            control_count=read.rows - read.settled,
            control_source=f"{read.rows} filas con datos en «{read.sheet}», {read.settled} de ellas saldadas",
            issues=tuple(read.issues),
        )

    def post_payment(self, order: PaymentOrder) -> PostedPayment:
        """See `Erp.post_payment`; written to the copy, never to the team's file."""
        receipts = self._receipts.read()
        done = receipts.get(order.key)
        if done is not None:
            if _undone(receipts, order.key) is not None:
                raise PostingRefused(
                    f"El cobro {order.key} se aplicó y se deshizo después en {self._receipts.file.name}."
                )
            if done.document != order.document or done.amount != order.amount or done.currency != order.currency:
                raise PostingRefused(
                    f"La clave {order.key} ya está aplicada a {done.document} por "
                    f"{write_amount(done.amount)} {done.currency}."
                )
            return _posted(done, already_there=True)
        read = self._read()
        document = read.documents.get(order.document)
        if document is None or document.number != order.number:
            raise PostingRefused(f"El documento {order.number} no está abierto en {self._file.name}.")
        if document.currency != order.currency:
            raise PostingRefused(f"El documento {order.number} es en {document.currency}, no en {order.currency}.")
        if not Decimal(0) < order.amount <= document.open:
            raise PostingRefused(
                f"No se pueden aplicar {write_amount(order.amount)} a {order.number}: "
                f"quedan {write_amount(document.open)}."
            )
        after = document.open - order.amount
        self._receipts.add(order, read.shown[order.document].open, after)
        written = self._receipts.read().get(order.key)
        if written is None or written.amount != order.amount or written.after != after:
            raise PostingUnknown(f"La copia {self._receipts.file.name} no muestra el cobro {order.key} recién escrito.")
        return _posted(written, already_there=False)

    def find_payments(self, keys: Sequence[str]) -> dict[str, PostedPayment]:
        """See `Erp.find_payments`."""
        wanted = set(keys)
        receipts = self._receipts.read()
        return {
            key: _posted(receipt, already_there=True)
            for key, receipt in receipts.items()
            if key in wanted and not receipt.undoes and _undone(receipts, key) is None
        }

    def reverse_payment(self, order: ReversalOrder) -> ReversedPayment:
        """See `Erp.reverse_payment`; a row that takes the payment back goes to the copy."""
        receipts = self._receipts.read()
        done = _undone(receipts, order.payment)
        if done is not None:
            if done.key != order.key:
                raise PostingRefused(f"El cobro {order.payment} ya está deshecho ({done.key}, fila {done.row}).")
            return _reversed(done, already_there=True)
        payment = receipts.get(order.payment)
        if payment is None:
            raise PostingRefused(f"{self._receipts.file.name} no tiene el cobro {order.payment}.")
        if (payment.document, payment.amount, payment.currency) != (order.document, order.amount, order.currency):
            raise PostingRefused(
                f"El cobro {order.payment} es de {payment.document} por {write_amount(payment.amount)} "
                f"{payment.currency}: no es el que se quiere deshacer."
            )
        read = self._read()
        shown = read.shown.get(order.document)
        if shown is None or shown.number != order.number:
            raise PostingRefused(f"El documento {order.number} ya no está en {self._file.name}.")
        before = read.documents[order.document].open if order.document in read.documents else Decimal(0)
        after = before + order.amount
        if after > shown.gross:
            raise PostingRefused(
                f"{order.number} quedaría con {write_amount(after)} pendientes de {write_amount(shown.gross)}: "
                f"{self._file.name} ya cuenta con que el cobro se deshizo."
            )
        self._receipts.add(order, shown.open, after)
        written = self._receipts.read().get(order.key)
        if written is None or written.amount != -order.amount or written.undoes != order.payment:
            raise PostingUnknown(f"La copia {self._receipts.file.name} no muestra la anulación {order.key}.")
        return _reversed(written, already_there=False)

    def find_reversals(self, keys: Sequence[str]) -> dict[str, ReversedPayment]:
        """See `Erp.find_reversals`."""
        wanted = set(keys)
        return {
            key: _reversed(receipt, already_there=True)
            for key, receipt in self._receipts.read().items()
            if key in wanted and receipt.undoes
        }

    def close(self) -> None:
        """See `Erp.close`; nothing is held open."""

    def _read(self) -> _Read:
        settings = self._settings
        sheet = table.read(
            self._file, sheet=settings.hoja, separator=settings.separador, encoding=settings.codificacion
        )
        place = self._places(sheet)
        applied: dict[str, list[Receipt]] = defaultdict(list)
        for receipt in self._receipts.read().values():
            applied[receipt.document].append(receipt)
        read = _Read(sheet.name, {}, {}, {}, [], 0, 0)
        seen: dict[str, int] = {}
        for number, cells in sheet.rows:
            if number <= settings.fila_cabecera or self._is_total(cells):
                continue
            read.rows += 1
            row = _Row(cells, place, settings)
            try:
                document, customer = row.document()
                if document.key in seen:
                    raise table.CellError(f"el número {document.number} ya está en la fila {seen[document.key]}")
                seen[document.key] = number
            except table.CellError as exc:
                read.issues.append(f"Hoja «{sheet.name}», fila {number}: {exc}.")
                continue
            read.shown[document.key] = document
            left = _less(document.open, applied.get(document.key, ()))
            if not left:
                read.settled += 1
                continue
            read.documents[document.key] = _with_open(document, left)
            held = read.customers.get(customer.key)
            if held is None or len(customer.accounts) > len(held.accounts):
                read.customers[customer.key] = customer
        return read

    def _places(self, sheet: table.Sheet) -> dict[str, int]:
        """Position of each configured column, by its heading."""
        header = next((cells for number, cells in sheet.rows if number == self._settings.fila_cabecera), None)
        if header is None:
            raise table.LedgerFileError(
                f"{self._file.name}, «{sheet.name}»: la fila {self._settings.fila_cabecera} está vacía."
            )
        headings = {plain(table.text(cell)): position for position, cell in enumerate(header) if table.text(cell)}
        place = {}
        for column, heading in self._settings.columnas.model_dump().items():
            if not heading:
                continue
            position = headings.get(plain(heading))
            if position is None:
                raise table.LedgerFileError(
                    f"{self._file.name}, «{sheet.name}»: no hay ninguna columna «{heading}» para «{column}» "
                    f"(hay: {', '.join(table.text(cell) for cell in header if table.text(cell))})."
                )
            place[column] = position
        return place

    def _is_total(self, cells: tuple[Any, ...]) -> bool:
        word = plain(self._settings.palabra_total)
        first = next((table.text(cell) for cell in cells if table.text(cell)), "")
        return bool(word) and plain(first).startswith(word)


class _Row:
    """One row of the team's file."""

    def __init__(self, cells: tuple[Any, ...], place: dict[str, int], settings: SpreadsheetSettings) -> None:
        self._cells = cells
        self._place = place
        self._settings = settings

    def document(self) -> tuple[OpenDocument, Customer]:
        """The row's document and its customer; raises `CellError` naming the column."""
        number, name = self._required("numero"), self._required("cliente")
        currency = (self._text("moneda") or self._settings.moneda).upper()
        if len(currency) != 3 or not currency.isalpha():
            raise table.CellError(f"columna «{self._settings.columnas.moneda}»: «{currency}» no es una moneda ISO 4217")
        open_amount = self._amount("pendiente")
        gross = self._amount("total") if "total" in self._place else open_amount
        if open_amount and gross and (open_amount < 0) != (gross < 0):
            raise table.CellError(f"el pendiente {open_amount} y el total {gross} tienen distinto signo")
        if abs(open_amount) > abs(gross):
            raise table.CellError(f"el pendiente {open_amount} es mayor que el total {gross}")
        net = self._amount("base") if "base" in self._place else gross
        tax = self._amount("impuesto") if "impuesto" in self._place else gross - net
        if net + tax != gross:
            raise table.CellError(f"base {net} e impuesto {tax} no suman el total {gross}")
        due = self._day("vencimiento")
        customer = Customer(
            key=self._text("codigo_cliente") or self._text("nif") or plain(name),
            name=name,
            tax_id=self._text("nif"),
            country=self._settings.pais,
            accounts=(self._text("cuenta").replace(" ", ""),) if self._text("cuenta") else (),
            email=self._text("email"),
            phone=self._text("telefono"),
        )
        document = OpenDocument(
            key=plain(number),
            number=number,
            customer=customer.key,
            kind="credit_note" if gross < 0 else "invoice",
            issued_on=self._day("emision") if "emision" in self._place else due,
            due_on=due,
            currency=currency,
            net=net,
            tax=tax,
            gross=gross,
            open=open_amount,
            payment_reference=self._text("referencia_pago"),
            customer_reference=self._text("pedido"),
            remittance=self._text("remesa"),
        )
        return document, customer

    def _cell(self, column: str) -> Any:
        position = self._place.get(column)
        return self._cells[position] if position is not None and position < len(self._cells) else None

    def _text(self, column: str) -> str:
        return table.text(self._cell(column))

    def _heading(self, column: str) -> str:
        return str(getattr(self._settings.columnas, column))

    def _required(self, column: str) -> str:
        value = self._text(column)
        if not value:
            raise table.CellError(f"columna «{self._heading(column)}»: está vacío")
        return value

    def _amount(self, column: str) -> Decimal:
        try:
            return table.amount(self._cell(column), self._settings.decimal)
        except table.CellError as exc:
            raise table.CellError(f"columna «{self._heading(column)}»: {exc}") from exc

    def _day(self, column: str) -> date:
        try:
            return table.day(self._cell(column))
        except table.CellError as exc:
            raise table.CellError(f"columna «{self._heading(column)}»: {exc}") from exc


def _less(open_amount: Decimal, receipts: Sequence[Receipt]) -> Decimal:
    """What is open once our own receipts are taken off.

    A receipt counts while the team's file still shows what it showed when the receipt was written; once it shows
    another amount, the team has carried the cash over and taking it off again would count it twice. An undone payment
    never counts; what undid it counts only where the team had carried the payment over before.
    """
    payments = {receipt.key: receipt for receipt in receipts if not receipt.undoes}
    undone = {receipt.undoes for receipt in receipts if receipt.undoes}
    counted = (
        receipt.amount
        for receipt in receipts
        if receipt.original == open_amount
        and receipt.key not in undone
        and (not receipt.undoes or _carried_over(payments.get(receipt.undoes), receipt))
    )
    return open_amount - sum(counted, Decimal(0))


def _carried_over(payment: Receipt | None, undoing: Receipt) -> bool:
    """Whether the team's file held the payment already when it was undone."""
    return payment is not None and payment.original != undoing.original


def _undone(receipts: Mapping[str, Receipt], key: str) -> Receipt | None:
    return next((receipt for receipt in receipts.values() if receipt.undoes == key), None)


def _reversed(receipt: Receipt, *, already_there: bool) -> ReversedPayment:
    return ReversedPayment(
        key=receipt.key,
        reference=f"fila {receipt.row}",
        open_before=receipt.after + receipt.amount,
        open_after=receipt.after,
        already_there=already_there,
    )


def _with_open(document: OpenDocument, left: Decimal) -> OpenDocument:
    return replace(document, open=left)


def _posted(receipt: Receipt, *, already_there: bool) -> PostedPayment:
    return PostedPayment(
        key=receipt.key,
        reference=f"fila {receipt.row}",
        open_before=receipt.after + receipt.amount,
        open_after=receipt.after,
        already_there=already_there,
    )
