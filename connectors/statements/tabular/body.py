"""Sorts the rows under (and over) the header: movements, declared balances, totals and what can be left aside.

Nothing that carries money is left aside in silence: a row with an amount and no day is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cobranza.kernel.spanish import plain
from cobranza.ledger.statements import StatementError
from connectors.statements.tabular import values
from connectors.statements.tabular.header import Header, Role
from connectors.statements.tabular.sheets import Cell, Row, Table

_OPENING = re.compile(r"SALDO (INICIAL|ANTERIOR|DE APERTURA|PREVIO)|OPENING BALANCE|STARTING BALANCE|SOLDE INITIAL")
_CLOSING = re.compile(r"SALDO (FINAL|DE CIERRE|ACTUAL A FIN)|CLOSING BALANCE|ENDING BALANCE|SOLDE FINAL")
_TOTAL = re.compile(r"\b(SUB)?TOTAL(ES)?\b|\bSUMAS?\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_ACCOUNT_LABEL = re.compile(r"(N\S* (DE )?)?(CUENTA|ACCOUNT|IBAN)( NUMBER| IBAN| N\S*)?:?|NUMERO DE CUENTA:?")
_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z \-/.]{5,38}[0-9A-Z]")
_MONEY = (Role.AMOUNT, Role.DEBIT, Role.CREDIT)


@dataclass(slots=True)
class Body:
    """The rows by what they are. Row numbers count from 1, as a person sees them.

    Attributes:
        rows: Movements: (row number, cells).
        opening: Cell of a declared opening balance, None when there is none.
        closing: Cell of a declared closing balance, None when there is none.
        account: Account number of the preamble, "" when it has none.
        currency: Written beside a balance of the preamble, "" when none.
    """

    rows: list[tuple[int, Row]] = field(default_factory=list)
    opening: Cell = None
    closing: Cell = None
    account: str = ""
    currency: str = ""


def sort(table: Table, header: Header) -> Body:
    """Sort every row of `table`.

    Raises:
        StatementError: a row with an amount and no day, or with a day and no amount.
    """
    body = Body()
    for row in table[: header.row]:
        _preamble(row, body)
    names = table[header.row]
    width = max(header.columns.values()) + 1
    booked = header.columns[Role.BOOKED]
    money = [header.columns[role] for role in _MONEY if role in header.columns]
    for index, row in enumerate(table[header.row + 1 :], header.row + 2):
        if len(row) < width:
            row = row + [None] * (width - len(row))
        if _is_day(row[booked]) and any(not values.is_blank(row[column]) for column in money):
            body.rows.append((index, row))
        else:
            _other_row(index, row, names, header, body)
    return body


def _other_row(index: int, row: Row, names: Row, header: Header, body: Body) -> None:
    """A row without a day or without an amount: a declared balance, a total, a note, or an error."""
    columns = header.columns
    booked = row[columns[Role.BOOKED]]
    money = any(role in columns and not values.is_blank(row[columns[role]]) for role in _MONEY)
    dated = not values.is_blank(booked)
    balance = Role.BALANCE in columns and not values.is_blank(row[columns[Role.BALANCE]])
    if not money and not balance:
        if dated and _is_day(booked):
            raise StatementError(f"Fila {index}: hay fecha y no hay importe; puede faltar el final del fichero.")
        return
    label = plain(" ".join(cell for cell in row if isinstance(cell, str)))
    if _OPENING.search(label):
        body.opening = _declared(row, header)
    elif _CLOSING.search(label):
        body.closing = _declared(row, header)
    elif _TOTAL.search(label) or row[: len(names)] == names:
        return
    elif dated and not _is_day(booked):
        raise StatementError(f"Fila {index}: «{str(booked)[:40]}» no es una fecha y la fila lleva importe.")
    else:
        missing = "importe" if dated else "fecha"
        raise StatementError(f"Fila {index}: lleva importe o saldo y le falta {missing}.")


def _is_day(cell: Cell) -> bool:
    return values.day(cell, values.DMY) is not None or values.day(cell, values.MDY) is not None


def _declared(row: Row, header: Header) -> Cell:
    for role in (Role.BALANCE, Role.AMOUNT, Role.CREDIT, Role.DEBIT):
        column = header.columns.get(role)
        if column is not None and not values.is_blank(row[column]):
            return row[column]
    return None


def _preamble(row: Row, body: Body) -> None:
    filled = [cell for cell in row if not values.is_blank(cell)]
    for position, cell in enumerate(filled):
        if not isinstance(cell, str):
            continue
        words = plain(cell)
        label, _, inline = cell.partition(":")
        follows: Cell = inline.strip() or (filled[position + 1] if position + 1 < len(filled) else None)
        iban = _IBAN.search(cell)
        if iban and not body.account:
            body.account = iban[0].replace(" ", "")
        elif _ACCOUNT_LABEL.fullmatch(plain(label)) and isinstance(follows, str) and not body.account:
            number = _NUMBER.fullmatch(follows.strip().upper())
            body.account = number[0].replace(" ", "") if number and any(each.isdigit() for each in number[0]) else ""
        elif _OPENING.match(words):
            body.opening = follows
        elif _CLOSING.match(words):
            body.closing = follows
        if words.startswith(("SALDO", "BALANCE")):
            body.currency = body.currency or values.currency(follows)
