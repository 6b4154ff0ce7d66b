"""Data frames in and out of the engine: columns checked by name, amounts to exact hundredths, days to ordinals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cobranza.kernel.errors import BusinessError
from cobranza.reconciliation import columns
from cobranza.reconciliation.records import Customer, Document, Payment

if TYPE_CHECKING:  # pandas takes as long to load as ten thousand payments take to match; who passes frames has it
    import pandas as pd

PAYMENT_COLUMNS = (
    "payment_id", "statement_id", "country", "booking_date", "value_date", "amount", "currency", "payer_name",
    "payer_account", "payer_tax_id", "remittance", "structured_ref", "end_to_end_id", "bank_code", "channel",
)  # fmt: skip
INVOICE_COLUMNS = (
    "invoice_id", "customer_id", "country", "series", "number", "type", "issue_date", "due_date", "currency", "net",
    "tax", "gross", "open_amount", "payment_ref", "mandate_id", "remesa_id", "po_number",
)  # fmt: skip
CUSTOMER_COLUMNS = (
    "customer_id", "country", "legal_name", "trade_name", "tax_id", "account", "group_id", "terms_days", "is_person",
)  # fmt: skip
FX_COLUMNS = ("date", "ccy", "rate")
FIXED_COLUMNS = ("payment_id", "invoice_id", "applied")
LINK_COLUMNS = (
    "payment_id",
    "invoice_id",
    "applied",
    "withheld",
    "fee",
    "discount",
    "confidence",
    "rule",
    "explanation",
)
UNMATCHED_COLUMNS = ("payment_id", "reason", "candidates")
UNAPPLIED_COLUMNS = ("payment_id", "currency", "amount")

_OPTIONAL = {
    "payments": {"statement_id", "value_date", "structured_ref", "end_to_end_id", "bank_code", "channel", "country",
                 "payer_name", "payer_account", "payer_tax_id", "remittance"},
    "invoices": {"series", "payment_ref", "mandate_id", "remesa_id", "po_number", "country", "net", "tax"},
    "customers": {"trade_name", "tax_id", "account", "group_id", "terms_days", "is_person", "country"},
    "fx": set(),
    "fixed": set(),
}  # fmt: skip
_AMOUNT = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,2}0*)?")


class TableError(BusinessError):
    """A table that the engine cannot take."""

    code = "COB-CON-001"
    remedy = "Corrija la fila y la columna que se indican; los importes se escriben 1234.56 y los días aaaa-mm-dd."


class Table:
    """One input frame as lists of text, with its rows' labels for error messages."""

    def __init__(self, frame: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
        self.name = name
        missing = [column for column in columns if column not in frame.columns and column not in _OPTIONAL[name]]
        if missing:
            raise TableError(f"{name}: falta la columna {', '.join(f'«{column}»' for column in missing)}.")
        self.rows = len(frame)
        self._frame = frame
        self._lists: dict[str, list[Any]] = {}

    def texts(self, column: str) -> list[str]:
        """The column as stripped text, "" where empty or absent."""
        if column not in self._frame.columns:
            return [""] * self.rows
        values = self._frame[column]
        gaps = values.isna().tolist()
        return ["" if gap else str(value).strip() for value, gap in zip(values.tolist(), gaps, strict=True)]

    def amounts(self, column: str) -> list[int]:
        """The column as exact hundredths; refuses floats, blanks and more than two decimals."""
        if column not in self._frame.columns:
            return [0] * self.rows
        series = self._frame[column]
        if series.dtype.kind == "f":
            raise TableError(
                f"{self.name}: la columna «{column}» trae números de coma flotante; pásela como texto o Decimal."
            )
        cache: dict[str, int] = {}
        result = []
        for row, value in enumerate(series.tolist()):
            text = str(value).strip()
            cents = cache.get(text)
            if cents is None:
                cents = self._cents(text, row, column)
                cache[text] = cents
            result.append(cents)
        return result

    def _cents(self, text: str, row: int, column: str) -> int:
        if not _AMOUNT.fullmatch(text):
            raise self.error(row, column, text, "no es un importe")
        return int((Decimal(text) * 100).to_integral_exact())

    def days(self, column: str) -> list[int]:
        """The column as ordinals."""
        cache: dict[Any, int] = {}
        result = []
        for row, value in enumerate(self._frame[column].tolist()):
            day = cache.get(value)
            if day is None:
                day = self._day(value, row, column)
                cache[value] = day
            result.append(day)
        return result

    def _day(self, value: Any, row: int, column: str) -> int:
        if isinstance(value, date):
            return date(value.year, value.month, value.day).toordinal()
        try:
            return date.fromisoformat(str(value).strip()[:10]).toordinal()
        except ValueError as exc:
            raise self.error(row, column, str(value), "no es un día") from exc

    def identifiers(self, column: str) -> list[str]:
        """The column as unique, non-empty keys."""
        keys = self.texts(column)
        seen: set[str] = set()
        for row, key in enumerate(keys):
            if not key:
                raise self.error(row, column, key, "falta")
            if key in seen:
                raise self.error(row, column, key, "está repetido")
            seen.add(key)
        return keys

    def error(self, row: int, column: str, value: str, what: str) -> TableError:
        """An error at one cell; lines count from 2, as in a CSV file with its header."""
        return TableError(f"{self.name}, línea {row + 2}, columna «{column}»: «{value}» {what}.")


def payment_columns(frame: pd.DataFrame) -> pa.Table:
    """Read the payments' frame (`PAYMENT_COLUMNS`) into `columns.PAYMENTS`, in the order of their ids."""
    table = Table(frame, "payments", PAYMENT_COLUMNS)
    data = {
        "id": table.identifiers("payment_id"),
        "country": [country.upper() for country in table.texts("country")],
        "booked": table.days("booking_date"),
        "cents": table.amounts("amount"),
        "currency": [currency.upper() for currency in table.texts("currency")],
        "name": table.texts("payer_name"),
        "account": table.texts("payer_account"),
        "tax_id": table.texts("payer_tax_id"),
        "text": table.texts("remittance"),
        "structured": table.texts("structured_ref"),
        "end_to_end": ["" if e2e == "NOTPROVIDED" else e2e for e2e in table.texts("end_to_end_id")],
        "bank_code": table.texts("bank_code"),
        "channel": table.texts("channel"),
    }
    return columns.by_id(pa.table(data, schema=columns.PAYMENTS))


def document_columns(frame: pd.DataFrame, customers: pa.Table) -> pa.Table:
    """Read the invoices' frame into `columns.DOCUMENTS`; every customer must be among `customers`."""
    table = Table(frame, "invoices", INVOICE_COLUMNS)
    position = {key: number for number, key in enumerate(customers["id"].to_pylist())}
    homes = customers["country"].to_pylist()
    owners, kinds, open_ = table.texts("customer_id"), table.texts("type"), table.amounts("open_amount")
    keys, countries = table.identifiers("invoice_id"), table.texts("country")
    for row, owner in enumerate(owners):
        if owner not in position:
            raise table.error(row, "customer_id", owner, "no está en customers")
        credit = kinds[row] == "credit_note"
        if not credit and kinds[row] != "invoice":
            raise table.error(row, "type", kinds[row], "no es «invoice» ni «credit_note»")
        if open_[row] and (open_[row] < 0) != credit:
            raise table.error(row, "open_amount", str(open_[row]), "tiene el signo cambiado para su tipo")
    customer = [position[owner] for owner in owners]
    data = {
        "id": keys,
        "customer": customer,
        "country": [(own or homes[at]).upper() for own, at in zip(countries, customer, strict=True)],
        "series": table.texts("series"),
        "number": table.texts("number"),
        "currency": [currency.upper() for currency in table.texts("currency")],
        "credit": [kind == "credit_note" for kind in kinds],
        "issued": table.days("issue_date"),
        "due": table.days("due_date"),
        "net": table.amounts("net"),
        "tax": table.amounts("tax"),
        "gross": table.amounts("gross"),
        "open": open_,
        "payment_ref": table.texts("payment_ref"),
        "remesa": table.texts("remesa_id"),
        "order": table.texts("po_number"),
    }
    return columns.by_id(pa.table(data, schema=columns.DOCUMENTS))


def customer_columns(frame: pd.DataFrame) -> pa.Table:
    """Read the customers' frame into `columns.CUSTOMERS`; several accounts of one are separated by spaces."""
    table = Table(frame, "customers", CUSTOMER_COLUMNS)
    data = {name: table.texts(name) for name in columns.CUSTOMERS.names[1:]}
    data |= {"id": table.identifiers("customer_id"), "country": [one.upper() for one in table.texts("country")]}
    return columns.by_id(pa.table(data, schema=columns.CUSTOMERS))


def rate_columns(frame: pd.DataFrame) -> pa.Table:
    """Read the exchange rates' frame into `columns.FX`."""
    table = Table(frame, "fx", FX_COLUMNS)
    texts = table.texts("rate")
    for row, text in enumerate(texts):
        try:
            good = Fraction(text) > 0
        except (ValueError, ZeroDivisionError):
            good = False
        if not good:
            raise table.error(row, "rate", text, "no es un cambio")
    days = table.days("date") if table.rows else []
    return pa.table({"day": days, "ccy": table.texts("ccy"), "rate": texts}, schema=columns.FX)


def fixed_columns(frame: pd.DataFrame | None, payments: pa.Table, documents: pa.Table) -> pa.Table:
    """Read the standing allocations (`FIXED_COLUMNS`) into `columns.FIXED`; a payment that is not ours is null."""
    if frame is None or not len(frame):
        return columns.FIXED.empty_table()
    table = Table(frame, "fixed", FIXED_COLUMNS)
    by_payment = {key: position for position, key in enumerate(payments["id"].to_pylist())}
    by_document = {key: position for position, key in enumerate(documents["id"].to_pylist())}
    keys = table.texts("invoice_id")
    for row, key in enumerate(keys):
        if key and key not in by_document:
            raise table.error(row, "invoice_id", key, "no está en invoices")
    data = {
        "payment": [by_payment.get(key) for key in table.texts("payment_id")],
        "document": [by_document.get(key) for key in keys],
        "cents": table.amounts("applied"),
    }
    return pa.table(data, schema=columns.FIXED)


def payments(frame: pd.DataFrame) -> list[Payment]:
    """Records of the payments' frame, in the order of their ids."""
    return columns.payments(payment_columns(frame))


def documents(frame: pd.DataFrame, customers: Sequence[Customer]) -> list[Document]:
    """Records of the invoices' frame, in the order of their ids; `Document.customer` counts in `customers`."""
    known = {"id": [one.id for one in customers], "country": [one.country for one in customers]}
    return columns.documents(document_columns(frame, pa.table(known)))


def customers(frame: pd.DataFrame) -> list[Customer]:
    """Records of the customers' frame, in the order of their ids."""
    return columns.customers(customer_columns(frame))


def write_cents(cents: int) -> str:
    """Hundredths as the CSV files write them.

    >>> write_cents(-5), write_cents(123456)
    ('-0.05', '1234.56')
    """
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def text_frame(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> pd.DataFrame:
    """A frame of Arrow strings with these columns, even when there are no rows."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns), dtype="str")
