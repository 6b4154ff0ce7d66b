"""One CAMT message, from its records to its statements.

- The direction is `CdtDbtInd` alone. `RvslInd` says that the entry undoes an earlier one of the other direction; it
  does not turn the sign again.
- Booked money is the amount of `Ntry`. A detail's amount counts only in the account's currency: `InstdAmt` is often
  what the payer ordered in another.
- Entries in state ``PDNG``, ``FUTR`` or ``INFO`` are announced, not booked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import IO

from cobranza.ledger.statements import BankMovement, Statement, StatementError
from connectors.statements.camt.entry import Detail, day, detail, movement
from connectors.statements.camt.stream import Record, first, parse
from connectors.statements.source import number

_VERSION = re.compile(r"camt\.05[234]\.001\.\d\d")


@dataclass(frozen=True, slots=True)
class Message:
    """What one XML document holds."""

    version: str
    statements: tuple[Statement, ...]
    objections: tuple[str, ...]


@dataclass(slots=True)
class _Open:
    """The statement being read."""

    movements: list[BankMovement] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    balances: list[Record] = field(default_factory=list)
    total: Decimal = Decimal(0)


def read(stream: IO[bytes], label: str = "") -> Message:
    """Read one CAMT document.

    Args:
        stream: The XML.
        label: Its name inside a ZIP, to open error messages with.

    Raises:
        StatementError: a DOCTYPE, malformed or cut XML, no statement, or an entry without amount or direction.
    """
    where = f"{label}: " if label else ""
    reader = _Reader(where)
    parse(stream, reader.begin, reader.end, where)
    if not reader.statements:
        raise StatementError(f"{where}el fichero no contiene ningún extracto CAMT.")
    if not reader.last_page:
        reader.objections.append(f"{where}el mensaje es una página y no la última (LastPgInd): faltan las siguientes")
    return Message(reader.version, tuple(reader.statements), tuple(reader.objections))


class _Reader:
    def __init__(self, where: str) -> None:
        self.where = where
        self.version = ""
        self.statements: list[Statement] = []
        self.objections: list[str] = []
        self.last_page = True
        self.open: _Open | None = None

    def begin(self, namespace: str) -> None:
        found = _VERSION.search(namespace)
        if found is None:
            raise StatementError(f"{self.where}«{namespace[:80]}» no es un espacio de nombres de CAMT.052/053/054.")
        self.version = self.version or found[0]
        self.open = _Open()

    def end(self, name: str, record: Record) -> None:
        if name == "GrpHdr":
            self.last_page = record.get("MsgPgntn/LastPgInd") != "false"
            return
        current = self.open
        if current is None:
            return
        if name == "TxDtls":
            current.details.append(detail(record, self.where))
        elif name == "Ntry":
            details, current.details = current.details, []
            built = movement(record, details, f"Ntry {len(current.movements) + 1}", self.where)
            current.total += abs(built.amount)
            current.movements.append(built)
        elif name == "Bal":
            current.balances.append(record)
        else:
            self._close(current, record)
            self.open = None

    def _close(self, current: _Open, record: Record) -> None:
        account = first(record, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id", "Acct/Id/BBAN")
        account = account.replace(" ", "")
        where = f"{self.where}cuenta {account or '?'}: "
        opening, closing, closed_on = _balances(current.balances, where)
        currency = record.get("Acct/Ccy", "") or next(
            filter(None, (balance.get("Amt@Ccy", "") for balance in current.balances)),
            current.movements[0].currency if current.movements else "",
        )
        _date_undated(current.movements, closed_on or _period_end(record), where)
        statement = Statement(
            account=account,
            currency=currency,
            opening=opening,
            closing=closing,
            movements=tuple(current.movements),
        )
        self.statements.append(statement)
        self.objections.extend(_objections(current, record, statement, where))


def _balances(balances: list[Record], where: str) -> tuple[Decimal | None, Decimal | None, date | None]:
    """First opening and last closing booked balance, and the closing day."""
    opening = previous = closing = closed_on = None
    for record in balances:
        code = first(record, "Tp/CdOrPrtry/Cd", "Tp/Cd")
        if code not in {"OPBD", "PRCD", "CLBD"}:
            continue
        value = number(record.get("Amt", ""), f"{where}saldo {code}")
        if record.get("CdtDbtInd") == "DBIT":
            value = -value
        if code == "OPBD":
            opening = value if opening is None else opening
        elif code == "PRCD":
            previous = value if previous is None else previous
        else:
            closing, closed_on = value, day(record, "Dt")
    return opening if opening is not None else previous, closing, closed_on


def _period_end(record: Record) -> date | None:
    written = first(record, "FrToDt/ToDtTm", "FrToDt/ToDt", "CreDtTm")
    try:
        return date.fromisoformat(written[:10])
    except ValueError:
        return None


def _date_undated(movements: list[BankMovement], statement_day: date | None, where: str) -> None:
    for index, each in enumerate(movements):
        if each.booked_on != date.min:
            continue
        if statement_day is None:
            raise StatementError(f"{where}hay apuntes sin fecha y el extracto tampoco la tiene.")
        movements[index] = replace(each, booked_on=statement_day, value_on=statement_day)


def _objections(current: _Open, record: Record, statement: Statement, where: str) -> Iterator[str]:
    foreign = sorted({each.currency for each in statement.movements} - {statement.currency})
    if foreign and statement.currency != "XXX":  # XXX: the bank declares no currency for the account
        yield f"{where}la cuenta es en {statement.currency} y hay apuntes en {', '.join(foreign)}"
    declared = record.get("TxsSummry/TtlNtries/NbOfNtries")
    if declared and declared.isdigit() and int(declared) != len(current.movements):
        yield f"{where}declara {declared} apuntes y contiene {len(current.movements)}"
    declared = record.get("TxsSummry/TtlNtries/Sum")
    if declared and number(declared, f"{where}Sum") != current.total:
        yield f"{where}declara apuntes por {declared} y suman {current.total}"
