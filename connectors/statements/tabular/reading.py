"""From a file of any kind to one statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from cobranza.ledger.statements import BankMovement, Statement, StatementError
from connectors.statements.source import one_line
from connectors.statements.tabular import body as rows
from connectors.statements.tabular import header as headers
from connectors.statements.tabular import values
from connectors.statements.tabular.body import Body
from connectors.statements.tabular.header import Header, Role
from connectors.statements.tabular.layout import Reading, infer
from connectors.statements.tabular.sheets import Row, Table, tables


def read(file: Path) -> tuple[str, Statement, tuple[str, ...]]:
    """The kind of file, its statement and what the file says against itself.

    Raises:
        StatementError: no table of movements, no movement, or a table that its balances contradict.
    """
    kind, found = tables(file)
    table, header, others = _movements_table(kind, found)
    body = rows.sort(table, header)
    if not body.rows:
        raise StatementError(
            "El fichero tiene la cabecera de un extracto y ningún movimiento.",
            remedy="Compruebe las fechas que pidió al banco y descárguelo de nuevo.",
        )
    reading = infer(header, body)
    objections: list[str] = []
    if others:
        objections.append("hay más de una tabla de movimientos: descargue cada cuenta por separado")
    statement = _statement(header, body, reading, objections)
    _check_declared(body, reading, objections)
    return kind, statement, tuple(objections)


def _movements_table(kind: str, found: Iterable[Table]) -> tuple[Table, Header, int]:
    matches: list[tuple[Table, Header]] = []
    for table in found:
        header = headers.find(table)
        if header is None:
            continue
        matches.append((table, header))
        if kind == "csv":  # the other delimiters cut the same text worse
            break
    if not matches:
        raise StatementError(
            "No se encuentra la cabecera de una tabla de movimientos (una fecha, un importe o cargo y abono).",
            remedy="Descargue el extracto con la fila de títulos, o en Norma 43 o CAMT.",
        )
    filled = [match for match in matches if len(match[0]) > match[1].row + 1] or matches[:1]
    return (*filled[0], len(filled) - 1)


def _statement(header: Header, body: Body, reading: Reading, objections: list[str]) -> Statement:
    account = _own_account(header, body)
    movements = tuple(
        _movement(header, body, row, number, index, reading, account) for index, (number, row) in enumerate(body.rows)
    )
    currencies = sorted({movement.currency for movement in movements} - {""})
    if len(currencies) > 1:
        objections.append(f"hay movimientos en varias monedas ({', '.join(currencies)}): no son de una sola cuenta")
    if len(currencies) == 1 and Role.CURRENCY not in header.columns:  # a sign beside one amount speaks for the table
        movements = tuple(each if each.currency else replace(each, currency=currencies[0]) for each in movements)
    return Statement(
        account=account or body.account,
        currency=currencies[0] if len(currencies) == 1 else "",
        opening=reading.opening,
        closing=reading.closing,
        movements=movements,
    )


def _own_account(header: Header, body: Body) -> str:
    """The account column when it never changes; when it does, it is the other side's."""
    column = header.columns.get(Role.ACCOUNT)
    if column is None:
        return ""
    numbers = {_text(row, column) for _, row in body.rows}
    return numbers.pop().replace(" ", "") if len(numbers) == 1 else ""


def _movement(
    header: Header, body: Body, row: Row, number: int, index: int, reading: Reading, own_account: str
) -> BankMovement:
    columns = header.columns
    booked, valued = reading.booked[index], reading.valued[index]
    account = "" if own_account else _text(row, columns.get(Role.ACCOUNT))
    return BankMovement(
        booked_on=booked,
        value_on=valued or booked,
        amount=reading.amounts[index],
        currency=_currency(header, body, row),
        text=one_line(*dict.fromkeys(_text(row, column) for column in header.texts)),
        reference=_text(row, columns.get(Role.REFERENCE)),
        counterparty_name=_text(row, columns.get(Role.PARTY)),
        counterparty_account=(_text(row, columns.get(Role.PARTY_ACCOUNT)) or account).replace(" ", ""),
        balance_after=reading.balances[index],
        position=f"fila {number}",
        assumed=() if valued else ("value_on",),
    )


def _currency(header: Header, body: Body, row: Row) -> str:
    columns = header.columns
    written = _text(row, columns.get(Role.CURRENCY)).upper()
    if len(written) == 3 and written.isalpha():
        return written
    for role in (Role.AMOUNT, Role.DEBIT, Role.CREDIT):
        if role in columns:
            beside = values.currency(row[columns[role]])
            if beside:
                return beside
    return header.currency or body.currency


def _text(row: Row, column: int | None) -> str:
    if column is None or column >= len(row):
        return ""
    cell = row[column]
    if isinstance(cell, str):
        return " ".join(cell.split())
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return "" if cell is None else cell.isoformat()


def _check_declared(body: Body, reading: Reading, objections: list[str]) -> None:
    for name, cell, reached in (("inicial", body.opening, reading.opening), ("final", body.closing, reading.closing)):
        if cell is None or reached is None:
            continue
        declared = {values.amount(cell, ","), values.amount(cell, ".")} - {None}
        if declared and reached not in declared:
            objections.append(f"el fichero declara un saldo {name} de {cell} y los movimientos dan {reached}")
