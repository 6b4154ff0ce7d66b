"""Which withdrawal took which payments to the bank, read from the "Liberaciones" reports of an account.

Mercado Pago ties no payment to a withdrawal: payments are released into a balance, and a withdrawal takes a sum out of
it. The report lists both in the order in which they moved the balance. What lies between two withdrawals is the second
one's when the sum is that to the cent; anything else (a withdrawal of part of the balance, money that was there before,
an entry that is neither a payment nor its undoing) is left to a person.

The account has to make the report by itself: daily, or after each withdrawal (``execute_after_withdrawal``). Sources:
the vendor's reference of ``/v1/account/release_report`` and its glossary of the columns, as of November 2026.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from cobranza.kernel.money import Money
from cobranza.payments.ports import ChargeState, Told

_WITHDRAWAL = "payout"
_PAYMENT = "payment"
_MIRRORED = "reserve_for_"
"""Entries that set money aside and give it back: each has its opposite."""
Row = dict[str, str]


class UnreadableReport(ValueError):
    """A report whose columns or figures are not those of the vendor's glossary."""


def read(content: bytes) -> Iterator[Row]:
    """Entries of a report that moved the balance, in its order.

    Raises:
        UnreadableReport: a column is missing.
    """
    text = content.decode("utf-8-sig", errors="replace")
    first = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    missing = {"DATE", "SOURCE_ID", "EXTERNAL_REFERENCE", "RECORD_TYPE", "DESCRIPTION", "NET_CREDIT_AMOUNT",
               "NET_DEBIT_AMOUNT", "GROSS_AMOUNT"} - set(rows.fieldnames or ())  # fmt: skip
    if missing:
        raise UnreadableReport(f"faltan columnas: {', '.join(sorted(missing))}")
    for row in rows:
        if row["RECORD_TYPE"] == "release" and not str(row["DESCRIPTION"]).startswith(_MIRRORED):
            yield {name: value or "" for name, value in row.items() if isinstance(name, str)}


def settled(rows: Iterable[Row], currencies: Collection[str]) -> Iterator[Told]:
    """What each withdrawal paid out, as far as it can be told to the cent.

    Args:
        rows: Entries of all reports that were read; those that stand in several count once.
        currencies: Of the account; an entry that names none is in its only one.

    Raises:
        UnreadableReport: a figure or moment that is none.
    """
    once = {(row["DATE"], row["SOURCE_ID"], row["DESCRIPTION"], row["NET_CREDIT_AMOUNT"], row["NET_DEBIT_AMOUNT"]): row
            for row in rows}  # fmt: skip
    waiting: list[Row] = []
    for row in sorted(once.values(), key=_moment):
        if row["DESCRIPTION"] != _WITHDRAWAL:
            waiting.append(row)
            continue
        taken = _amount(row, "NET_DEBIT_AMOUNT") - _amount(row, "NET_CREDIT_AMOUNT")
        if taken == sum((_net(each) for each in waiting), Decimal(0)):
            yield from _told(waiting, row, currencies)
        waiting = []


def _told(waiting: list[Row], withdrawal: Row, currencies: Collection[str]) -> Iterator[Told]:
    """Only where every entry is a payment and none of them was undone before it left."""
    if any(row["DESCRIPTION"] != _PAYMENT for row in waiting):
        return
    for row in waiting:
        currency = row.get("CURRENCY") or row.get("SETTLEMENT_CURRENCY") or (
            next(iter(currencies)) if len(currencies) == 1 else ""
        )  # fmt: skip
        if not row["EXTERNAL_REFERENCE"] or currency not in currencies:
            continue
        gross = _amount(row, "GROSS_AMOUNT")
        yield Told(
            charge_id="",
            key=row["EXTERNAL_REFERENCE"],
            state=ChargeState.PAID,
            at=_moment(withdrawal),
            paid=Money(currency, gross),
            fee=Money(currency, gross - _net(row)),
            payout=withdrawal["SOURCE_ID"],
        )


def _net(row: Row) -> Decimal:
    return _amount(row, "NET_CREDIT_AMOUNT") - _amount(row, "NET_DEBIT_AMOUNT")


def _amount(row: Row, name: str) -> Decimal:
    try:
        value = Decimal(row[name] or "0")
    except InvalidOperation as exc:
        raise UnreadableReport(f"{name} no es un importe") from exc
    if not value.is_finite():
        raise UnreadableReport(f"{name} no es un importe")
    return value


def _moment(row: Row) -> datetime:
    try:
        at = datetime.fromisoformat(row["DATE"])
    except ValueError as exc:
        raise UnreadableReport("DATE no es un instante") from exc
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
