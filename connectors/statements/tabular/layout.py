"""Infers how the table is to be read and proves it with its own balances.

A hypothesis is a decimal sign and a rule for the direction of the money. It is proved, together with the order of the
rows, when every running balance follows from the one before. When several hold, they must agree on every amount, or
the days (newest or oldest first) must tell them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate, pairwise

from cobranza.ledger.statements import StatementError
from connectors.statements.tabular import values
from connectors.statements.tabular.body import Body
from connectors.statements.tabular.header import Header, Role
from connectors.statements.tabular.sheets import Cell

_ZERO = Decimal(0)
Column = list[Decimal | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """The table as read.

    Attributes:
        amounts: Signed, in file order.
        balances: Running balance of each row, None where the file leaves it out.
        opening: Balance before the oldest movement, None when the file has no balance at all.
        closing: Balance after the newest movement.
        booked: Day of each row.
        valued: Value day of each row, None where there is none.
    """

    amounts: list[Decimal]
    balances: Column
    opening: Decimal | None
    closing: Decimal | None
    booked: list[date]
    valued: list[date | None]


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    decimal: str
    usual: bool
    amounts: list[Decimal]
    balances: Column


def infer(header: Header, body: Body) -> Reading:
    """The only way to read the table.

    Raises:
        StatementError: no reading is possible, none agrees with the balances, or several do.
    """
    hypotheses = _distinct(_hypotheses(header, body))
    orders = _day_orders(header, body)
    links = sum(balance is not None for balance in hypotheses[0].balances) - 1
    if links >= 1:
        return _proved_by_chain(hypotheses, orders, header, body)
    return _without_chain(hypotheses, orders, header, body)


def _cells(body: Body, header: Header, role: Role) -> list[Cell]:
    column = header.columns[role]
    return [row[column] for _, row in body.rows]


def _hypotheses(header: Header, body: Body) -> list[_Hypothesis]:
    found: list[_Hypothesis] = []
    wrong = ""
    for decimal in (",", "."):
        columns: dict[Role, Column] = {}
        for role in (Role.AMOUNT, Role.DEBIT, Role.CREDIT, Role.BALANCE):
            if role not in header.columns:
                continue
            column, failed = _parsed(_cells(body, header, role), decimal)
            if failed is not None:
                number, row = body.rows[failed]
                wrong = f"Fila {number}: «{str(row[header.columns[role]])[:40]}» no es un importe."
                break
            columns[role] = column
        else:
            balances = columns.get(Role.BALANCE, [None] * len(body.rows))
            for usual, amounts in _directions(columns, header, body):
                found.append(_Hypothesis(decimal, usual, amounts, balances))
    if not found:
        raise StatementError(wrong or "Los importes no llevan signo, ni columna de cargo y abono, que se entienda.")
    return found


def _parsed(cells: list[Cell], decimal: str) -> tuple[Column, int | None]:
    """The column and, when a cell is no amount, its index."""
    column: Column = []
    amount = values.amount
    for index, cell in enumerate(cells):
        value = amount(cell, decimal)
        if value is None and not values.is_blank(cell):
            return column, index
        column.append(value)
    return column, None


def _directions(columns: dict[Role, Column], header: Header, body: Body) -> Iterator[tuple[bool, list[Decimal]]]:
    """Every rule of direction that the columns allow, as (usual, signed amounts)."""
    if Role.AMOUNT in columns:
        written = [each or _ZERO for each in columns[Role.AMOUNT]]
        if Role.MARK in header.columns:
            marks = [values.mark(cell) for cell in _cells(body, header, Role.MARK)]
            if all(marks):
                yield (
                    all(each >= 0 for each in written),
                    [abs(each) * mark for each, mark in zip(written, marks, strict=True)],
                )
        yield Role.MARK not in header.columns, written
        yield False, [-each for each in written]
        return
    debits = [each or _ZERO for each in columns[Role.DEBIT]]
    credits = [each or _ZERO for each in columns[Role.CREDIT]]
    pairs = list(zip(debits, credits, strict=True))
    yield all(each >= 0 for each in debits), [credit - debit for debit, credit in pairs]
    yield all(each <= 0 for each in debits), [credit + debit for debit, credit in pairs]


def _distinct(hypotheses: list[_Hypothesis]) -> list[_Hypothesis]:
    """Without those that come to the same, keeping the usual of each."""
    kept: list[_Hypothesis] = []
    for each in sorted(hypotheses, key=lambda hypothesis: not hypothesis.usual):
        if not any(each.amounts == other.amounts and each.balances == other.balances for other in kept):
            kept.append(each)
    return kept


def _day_orders(header: Header, body: Body) -> list[str]:
    """The orders of day and month under which every cell is a day; more than one only when it makes a difference."""
    cells = _cells(body, header, Role.BOOKED)
    if Role.VALUE in header.columns:
        cells = cells + [cell for cell in _cells(body, header, Role.VALUE) if not values.is_blank(cell)]
    orders = [order for order in (values.DMY, values.MDY) if all(values.day(cell, order) for cell in cells)]
    if not orders:
        raise StatementError("Las fechas no siguen un mismo orden de día, mes y año.")
    if len(orders) == 2 and all(values.day(cell, values.DMY) == values.day(cell, values.MDY) for cell in cells):
        return orders[:1]
    if len(orders) == 2 and not header.english:
        return [values.DMY]
    return orders


def _days(header: Header, body: Body, order: str) -> list[date]:
    return [day for cell in _cells(body, header, Role.BOOKED) if (day := values.day(cell, order)) is not None]


def _is_sorted(days: list[date], newest_first: bool) -> bool:
    pairs = pairwise(days)
    return all(after <= before if newest_first else before <= after for before, after in pairs)


def _proved_by_chain(hypotheses: list[_Hypothesis], orders: list[str], header: Header, body: Body) -> Reading:
    proofs: list[tuple[_Hypothesis, bool]] = []
    furthest = 0
    for hypothesis in hypotheses:
        for newest_first in (False, True):
            broken = _first_break(hypothesis, newest_first)
            if broken is None:
                proofs.append((hypothesis, newest_first))
            else:
                furthest = max(furthest, broken)
    if not proofs:
        raise StatementError(
            f"Los saldos no siguen a los importes con ninguna lectura (decimal, signo y orden); la que más avanza "
            f"falla en la fila {body.rows[furthest][0]}."
        )
    days = {order: _days(header, body, order) for order in orders}
    hypothesis, newest_first = _choose(
        proofs,
        (
            lambda each: any(_is_sorted(each_days, each[1]) for each_days in days.values()),
            lambda each: each[0].usual,
            lambda each: not each[1],
        ),
    )
    if len(orders) == 2:
        orders = [order for order in orders if _is_sorted(days[order], newest_first)] or orders
    return _reading(hypothesis, newest_first, _one_order(orders), header, body)


def _choose(
    proofs: list[tuple[_Hypothesis, bool]], tests: tuple[Callable[[tuple[_Hypothesis, bool]], bool], ...]
) -> tuple[_Hypothesis, bool]:
    """The proof left when each test, in turn, has put aside those that fail it (unless all do)."""
    for test in tests:
        if len(proofs) == 1:
            break
        proofs = [each for each in proofs if test(each)] or proofs
    amounts = proofs[0][0].amounts
    if any(each[0].amounts != amounts for each in proofs[1:]):
        raise StatementError("Los saldos admiten dos lecturas distintas de los importes: no se puede saber cuál es.")
    return proofs[0]


def _first_break(hypothesis: _Hypothesis, newest_first: bool) -> int | None:
    """Index of the first row whose balance does not follow, None when all do.

    Rows without a balance (some banks print one a day) are bridged by the sum of their amounts.
    """
    reached: Decimal | None = None
    pending = _ZERO
    # With the newest first, the balance of a row minus its own amount is the balance of the row below.
    for index, (amount, balance) in enumerate(zip(hypothesis.amounts, hypothesis.balances, strict=True)):
        if newest_first:
            if balance is not None:
                if reached is not None and reached - pending != balance:
                    return index
                reached, pending = balance, _ZERO
            pending += amount
        else:
            pending += amount
            if balance is not None:
                if reached is not None and reached + pending != balance:
                    return index
                reached, pending = balance, _ZERO
    return None


def _without_chain(hypotheses: list[_Hypothesis], orders: list[str], header: Header, body: Body) -> Reading:
    """No two running balances to compare: the declared opening and closing may prove; else only what is plain holds."""
    closing = [each for each in hypotheses if _closes(each, body)]
    if closing:
        hypotheses = closing
    elif body.opening is not None and body.closing is not None:
        raise StatementError("El saldo inicial más los importes no da el saldo final con ninguna lectura.")
    usual = [each for each in hypotheses if each.usual]
    if not usual:
        raise StatementError("El signo de los importes no se entiende y el fichero no trae saldos que lo demuestren.")
    if any(each.amounts != usual[0].amounts for each in usual[1:]):
        raise StatementError(
            "Los importes admiten dos lecturas (miles o decimales) y el fichero no trae saldos que lo demuestren."
        )
    days = {order: _days(header, body, order) for order in orders}
    if len(orders) == 2:
        orders = [each for each in orders if _is_sorted(days[each], True) or _is_sorted(days[each], False)] or orders
    order = _one_order(orders)
    newest_first = _is_sorted(days[order], True) and not _is_sorted(days[order], False)
    return _reading(usual[0], newest_first, order, header, body)


def _closes(hypothesis: _Hypothesis, body: Body) -> bool:
    opening = values.amount(body.opening, hypothesis.decimal)
    closing = values.amount(body.closing, hypothesis.decimal)
    return opening is not None and closing is not None and opening + sum(hypothesis.amounts, _ZERO) == closing


def _one_order(orders: list[str]) -> str:
    if len(orders) > 1:
        raise StatementError("Las fechas admiten día/mes y mes/día, y nada en el fichero dice cuál es.")
    return orders[0]


def _reading(hypothesis: _Hypothesis, newest_first: bool, order: str, header: Header, body: Body) -> Reading:
    amounts, balances = hypothesis.amounts, hypothesis.balances
    opening = closing = None
    known = next((index for index, balance in enumerate(balances) if balance is not None), None)
    if known is not None:
        total = sum(amounts, _ZERO)
        before = list(accumulate(amounts, initial=_ZERO))  # before[i]: sum of the rows over row i
        balance = balances[known] or _ZERO
        if newest_first:
            closing = balance + before[known]
            opening = closing - total
        else:
            opening = balance - before[known + 1]
            closing = opening + total
    else:
        opening = values.amount(body.opening, hypothesis.decimal)
        closing = values.amount(body.closing, hypothesis.decimal)
    valued = _cells(body, header, Role.VALUE) if Role.VALUE in header.columns else [None] * len(body.rows)
    return Reading(
        amounts=amounts,
        balances=balances,
        opening=opening,
        closing=closing,
        booked=_days(header, body, order),
        valued=[values.day(cell, order) for cell in valued],
    )
