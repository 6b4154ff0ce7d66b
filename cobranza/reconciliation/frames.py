"""Data frames in and out of the engine: columns checked by name, amounts to exact hundredths, days to ordinals."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from cobranza.kernel.errors import BusinessError
from cobranza.reconciliation.records import Customer, Document, Payment
from cobranza.reconciliation.references import split_number

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
        return [
            "" if value is None or value is pd.NA or value != value else str(value).strip() for value in values.tolist()
        ]

    def amounts(self, column: str) -> list[int]:
        """The column as exact hundredths; refuses floats, blanks and more than two decimals."""
        if column not in self._frame.columns:
            return [0] * self.rows
        series = self._frame[column]
        if pd.api.types.is_float_dtype(series.dtype):
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


def payments(frame: pd.DataFrame) -> list[Payment]:
    """Read the payments' frame (`PAYMENT_COLUMNS`)."""
    table = Table(frame, "payments", PAYMENT_COLUMNS)
    fields = zip(
        table.identifiers("payment_id"), table.texts("country"), table.days("booking_date"), table.amounts("amount"),
        table.texts("currency"), table.texts("payer_name"), table.texts("payer_account"), table.texts("payer_tax_id"),
        table.texts("remittance"), table.texts("structured_ref"), table.texts("end_to_end_id"),
        table.texts("bank_code"), table.texts("channel"), strict=True,
    )  # fmt: skip
    return [
        Payment(
            index=index,
            id=key,
            country=country.upper(),
            booked=booked,
            cents=cents,
            currency=currency.upper(),
            name=name,
            account=account,
            tax_id=tax,
            text=text,
            structured=structured,
            end_to_end="" if e2e == "NOTPROVIDED" else e2e,
            bank_code=bank,
            channel=channel,
        )
        for index, (
            key,
            country,
            booked,
            cents,
            currency,
            name,
            account,
            tax,
            text,
            structured,
            e2e,
            bank,
            channel,
        ) in enumerate(fields)
    ]


def documents(frame: pd.DataFrame, customers: Sequence[Customer]) -> list[Document]:
    """Read the invoices' frame (`INVOICE_COLUMNS`); every customer must be among `customers`."""
    table = Table(frame, "invoices", INVOICE_COLUMNS)
    position = {customer.id: customer for customer in customers}
    keys, owners = table.identifiers("invoice_id"), table.texts("customer_id")
    series, numbers, kinds = table.texts("series"), table.texts("number"), table.texts("type")
    issued, due = table.days("issue_date"), table.days("due_date")
    net, tax, gross, open_ = (table.amounts(column) for column in ("net", "tax", "gross", "open_amount"))
    countries, currencies = table.texts("country"), table.texts("currency")
    references, remesas, orders = table.texts("payment_ref"), table.texts("remesa_id"), table.texts("po_number")
    result = []
    for row, key in enumerate(keys):
        owner = position.get(owners[row])
        if owner is None:
            raise table.error(row, "customer_id", owners[row], "no está en customers")
        credit = kinds[row] == "credit_note"
        if not credit and kinds[row] != "invoice":
            raise table.error(row, "type", kinds[row], "no es «invoice» ni «credit_note»")
        if open_[row] and (open_[row] < 0) != credit:
            raise table.error(row, "open_amount", str(open_[row]), "tiene el signo cambiado para su tipo")
        prefix, serial = split_number(numbers[row], series[row])
        result.append(
            Document(
                index=row,
                id=key,
                customer=owner.index,
                country=(countries[row] or owner.country).upper(),
                number=numbers[row],
                credit=credit,
                issued=issued[row],
                due=due[row],
                currency=currencies[row].upper(),
                net=net[row],
                tax=tax[row],
                gross=gross[row],
                open=open_[row],
                payment_ref=references[row],
                remesa=remesas[row],
                order=orders[row],
                prefix=prefix,
                serial=serial,
                serial_int=int(serial) if serial else 0,
                digits="".join(ch for ch in numbers[row] if ch.isdigit()),
            )
        )
    return result


def customers(frame: pd.DataFrame) -> list[Customer]:
    """Read the customers' frame (`CUSTOMER_COLUMNS`); several accounts of one customer are separated by spaces."""
    table = Table(frame, "customers", CUSTOMER_COLUMNS)
    fields = zip(
        table.identifiers("customer_id"), table.texts("country"), table.texts("legal_name"), table.texts("trade_name"),
        table.texts("tax_id"), table.texts("account"), table.texts("group_id"), strict=True,
    )  # fmt: skip
    return [
        Customer(
            index=index,
            id=key,
            country=country.upper(),
            legal_name=legal,
            trade_name=trade,
            tax_id=tax,
            accounts=tuple(account.split()),
            group=group,
        )
        for index, (key, country, legal, trade, tax, account, group) in enumerate(fields)
    ]


class Rates:
    """Reference exchange rates: units of a currency for one US dollar, by day; the last one known counts."""

    def __init__(self, frame: pd.DataFrame) -> None:
        table = Table(frame, "fx", FX_COLUMNS)
        by_currency: dict[str, list[tuple[int, Fraction]]] = {}
        days = table.days("date") if table.rows else []
        for row, (day, currency, rate) in enumerate(zip(days, table.texts("ccy"), table.texts("rate"), strict=True)):
            try:
                value = Fraction(rate)
            except (ValueError, ZeroDivisionError) as exc:
                raise table.error(row, "rate", rate, "no es un cambio") from exc
            if value <= 0:
                raise table.error(row, "rate", rate, "no es un cambio")
            by_currency.setdefault(currency.upper(), []).append((day, value))
        self._rates = {currency: sorted(rates) for currency, rates in by_currency.items()}

    def rate(self, base: str, currency: str, day: int) -> Fraction | None:
        """Units of `currency` for one of `base` on `day`, None when unknown or older than ten days."""
        if base == currency:
            return Fraction(1)
        of_base, of_currency = self._per_dollar(base, day), self._per_dollar(currency, day)
        return None if of_base is None or of_currency is None else of_currency / of_base

    def _per_dollar(self, currency: str, day: int) -> Fraction | None:
        if currency == "USD":
            return Fraction(1)
        rates = self._rates.get(currency)
        if not rates:
            return None
        position = bisect_right(rates, (day, Fraction(10**12))) - 1
        if position < 0 or day - rates[position][0] > 10:
            return None
        return rates[position][1]


def write_cents(cents: int) -> str:
    """Hundredths as the CSV files write them.

    >>> write_cents(-5), write_cents(123456)
    ('-0.05', '1234.56')
    """
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def text_frame(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> pd.DataFrame:
    """A frame of Arrow strings with these columns, even when there are no rows."""
    return pd.DataFrame(list(rows), columns=list(columns), dtype="str")
