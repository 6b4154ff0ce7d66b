"""Reads the figures of raw lines under every hypothesis that they allow, and keeps the one that the totals prove.

A hypothesis says which sign is the decimal one, which column is what was paid, and how credit notes show. The proof
is the stated total: the lines add up to it to the cent, and every other column to its own. Without a stated total
there is no proof here; the movement has to give it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from cobranza.kernel.spanish import write_amount
from cobranza.reconciliation.advice import values
from cobranza.reconciliation.advice.lines import Raw, RawLine, RawTotal, says_credit, side
from cobranza.reconciliation.advice.ports import Value
from cobranza.reconciliation.advice.records import ZERO, RemittanceLine
from cobranza.reconciliation.advice.vocabulary import Role, Total

Signs = Literal["written", "kinds", "haber", "debe", "inverted"]
_SIGNS: dict[Signs, str] = {
    "written": "signos como se escriben",
    "kinds": "los abonos restan por su tipo",
    "haber": "el haber suma",
    "debe": "el debe suma",
    "inverted": "signos al revés",
}
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way to read a table's figures.

    Attributes:
        decimal: The decimal sign.
        gross: Column of the total or balance of the document, None when there is none.
        paid: Column of what is paid; None: it follows from `gross` and the deductions.
        signs: How money that is taken off shows.
        sides: Columns (plus, minus) when money stands in a debit and a credit column.
    """

    decimal: str
    gross: int | None
    paid: int | None
    signs: Signs
    sides: tuple[int, int] | None = None


@dataclass(slots=True)
class Read:
    """Raw lines read under one hypothesis."""

    hypothesis: Hypothesis
    lines: list[RemittanceLine] = field(default_factory=list)
    stated: Decimal | None = None
    objections: list[str] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """Sum of what is paid."""
        return sum((line.paid for line in self.lines), ZERO)

    @property
    def proved(self) -> bool:
        """It adds up to a stated total and nothing speaks against it."""
        return self.stated is not None and not self.objections

    @property
    def short(self) -> Decimal:
        """What is left unpaid without a name, all lines together."""
        return sum((abs(line.short) for line in self.lines), ZERO)


def best(raws: Sequence[Raw], stated: Sequence[tuple[Total, Value]], *, month_first: bool) -> Read | None:
    """The reading of all tables' lines together that the totals prove; else the likeliest, with its objections.

    Args:
        raws: Tables with the same columns, taken apart.
        stated: Totals from outside the tables, as written.
        month_first: How days are written.
    """
    reads = [
        _read(raws, hypothesis, stated, month_first=month_first) for hypothesis in _hypotheses(raws) if raws[0].lines
    ]
    reads = [read for read in reads if read is not None and read.lines]
    if not reads:
        return None
    proved = [read for read in reads if read.proved]
    if proved:
        return _one_of(proved, "el total lo confirman varias lecturas distintas de la tabla")
    silent = [read for read in reads if read.stated is None and not read.objections]
    if silent:
        positive = [read for read in silent if read.total > 0] or silent
        return _one_of(positive, "el aviso no declara ningún total y la tabla se puede leer de varias formas")
    return min(reads, key=lambda read: (len(read.objections), read.total <= 0))


def _one_of(reads: Sequence[Read], doubt: str) -> Read:
    """The reading that leaves least unexplained; with an objection when another says something else as well as it."""
    least = min(read.short for read in reads)
    kept = [read for read in reads if read.short == least]
    found = kept[0]
    paid = [line.paid for line in found.lines]
    if any([line.paid for line in read.lines] != paid for read in kept[1:]):
        found.objections.append(doubt)
    return found


def _hypotheses(raws: Sequence[Raw]) -> Iterator[Hypothesis]:
    table = raws[0].table
    lines = [line for raw in raws for line in raw.lines]
    written = {value for line in lines for value in line.figures.values() if isinstance(value, str)}
    decimals = [sign for sign in (",", ".") if all(values.amount(value, sign) is not None for value in written)] or [
        ",",
        ".",
    ]
    if not written:
        decimals = [","]
    signs: list[Signs] = ["written"]
    if any(says_credit(line) for line in lines):
        signs.append("kinds")
    if any(side(line) for line in lines):
        signs += ["haber", "debe"]
    signs.append("inverted")
    used = {column for line in lines for column in line.figures}
    paid, amount = ([column for column in table.of(role) if column in used] for role in (Role.PAID, Role.AMOUNT))
    gross = [column for column in table.of(Role.GROSS, Role.PRIOR) if column in used]
    debit, credit = table.of(Role.DEBIT), table.of(Role.CREDIT)
    pairs: list[tuple[int | None, int | None]] = []
    whole = gross[0] if gross else None
    for column in paid:
        pairs.append((whole if whole is not None else amount[0] if amount else None, column))
    if not paid and amount:
        pairs.append((whole, amount[-1]))
        if whole is None and table.of(Role.WITHHELD, Role.DEPOSITED, Role.DISCOUNT, Role.FEE):
            pairs.insert(0, (amount[-1], None))
    if not paid and not amount and gross:
        pairs.append((gross[-1], None))
    for decimal in decimals:
        for sign in signs:
            for left, right in pairs:
                yield Hypothesis(decimal, left, right, sign)
        if not pairs and debit and credit:
            yield Hypothesis(decimal, None, None, "written", (debit[0], credit[0]))
            yield Hypothesis(decimal, None, None, "written", (credit[0], debit[0]))


def _read(
    raws: Sequence[Raw], hypothesis: Hypothesis, stated: Sequence[tuple[Total, Value]], *, month_first: bool
) -> Read:
    read = Read(hypothesis)
    for raw in raws:
        for line in raw.lines:
            try:
                read.lines.append(_line(raw, line, hypothesis, month_first=month_first))
            except _Unreadable as exc:
                read.objections.append(f"{line.page}, fila {line.row}: {exc}")
        read.objections += raw.doubts
    if len(read.objections) > _TOLD:
        read.objections[_TOLD:] = [f"y {len(read.objections) - _TOLD} objeciones más"]
    _rows_add_up(raws, read)
    _prove(raws, read, stated)
    return read


class _Unreadable(Exception):
    """A cell that is not what its column says."""


def _figure(line: RawLine, column: int | None, hypothesis: Hypothesis) -> Decimal | None:
    if column is None or column not in line.figures:
        return None
    value = line.figures[column]
    found = values.amount(value, hypothesis.decimal)
    if found is None:
        raise _Unreadable(f"«{str(value)[:40]}» no es un importe")
    return found


def _line(raw: Raw, line: RawLine, hypothesis: Hypothesis, *, month_first: bool) -> RemittanceLine:
    gross = _figure(line, hypothesis.gross, hypothesis)
    sign = _sign(line, hypothesis)
    kept = {
        role: sum((_figure(line, column, hypothesis) or ZERO for column in raw.table.of(role)), ZERO)
        for role in (Role.WITHHELD, Role.DEPOSITED, Role.DISCOUNT, Role.FEE)
    }
    if hypothesis.sides is not None:
        plus, minus = (_figure(line, column, hypothesis) or ZERO for column in hypothesis.sides)
        paid: Decimal | None = plus - minus
    else:
        paid = _figure(line, hypothesis.paid, hypothesis)
    if gross is None and paid is None:
        raise _Unreadable("no dice cuánto se paga")
    direction = gross if gross else paid if paid else Decimal(1)
    kept = {role: abs(value) if direction > 0 else -abs(value) for role, value in kept.items()}
    if paid is None:
        if hypothesis.paid is not None:
            raise _Unreadable("no dice cuánto se paga")
        paid = (gross or ZERO) - sum(kept.values(), ZERO)
    elif gross is not None and gross * paid < 0:
        gross = -gross  # one column shows the sign, the other does not
        kept = {role: -value for role, value in kept.items()}
    if hypothesis.signs == "kinds" and (paid or gross or ZERO) < 0:
        sign = 1  # already written with its minus
    return RemittanceLine(
        document=line.names[0] if line.names else "",
        others=line.names[1:],
        issued_on=values.day(line.issued, month_first=month_first),
        gross=None if gross is None else gross * sign,
        withheld=kept[Role.WITHHELD] * sign,
        discount=kept[Role.DISCOUNT] * sign,
        fee=kept[Role.FEE] * sign,
        deposited=kept[Role.DEPOSITED] * sign,
        paid=paid * sign,
        text=" ".join(part for part in (line.kind, line.text) if part),
        page=line.page,
        row=line.row,
    )


def _sign(line: RawLine, hypothesis: Hypothesis) -> int:
    if hypothesis.signs == "inverted":
        return -1
    if hypothesis.signs == "kinds":
        return -1 if says_credit(line) else 1
    if hypothesis.signs == "haber":
        return side(line) or 1
    if hypothesis.signs == "debe":
        return -(side(line) or -1)
    return 1


def _rows_add_up(raws: Sequence[Raw], read: Read) -> None:
    """Each row's own arithmetic: gross less what is named off it is what is paid; prior less paid is left."""
    table = raws[0].table
    named = bool(table.of(Role.WITHHELD, Role.DEPOSITED, Role.DISCOUNT, Role.FEE))
    wrong = []
    for line in read.lines:
        short = line.short if line.paid >= 0 else -line.short
        if short < 0 or (short and named and (line.withheld or line.discount or line.fee or line.deposited)):
            wrong.append(line)
    for line in wrong[:_TOLD]:
        read.objections.append(
            f"{line.where}: {write_amount(line.gross or ZERO)} menos sus deducciones no da {write_amount(line.paid)}"
        )


def _prove(raws: Sequence[Raw], read: Read, stated: Sequence[tuple[Total, Value]]) -> None:
    decimal = read.hypothesis.decimal
    if read.total <= 0:
        read.objections.append(f"las líneas suman {write_amount(read.total)}: no es un pago")
    paid_columns = {read.hypothesis.paid} if read.hypothesis.paid is not None else {read.hypothesis.gross}
    payments: set[Decimal] = set()
    plains: set[Decimal] = set()
    rows = [total for raw in raws for total in raw.totals if total.kind is not Total.PARTIAL]
    for total in rows:
        value = values.amount(total.value, decimal)
        if value is None:
            continue
        if (total.column in paid_columns and read.hypothesis.paid is not None) or total.kind is Total.PAYMENT:
            payments.add(abs(value))
        elif total.column in paid_columns or raws[0].table.columns[total.column or 0].role is Role.AMOUNT:
            plains.add(abs(value))
    for kind, written in stated:
        value = values.amount(written, decimal)
        if value is not None:
            (payments if kind is Total.PAYMENT else plains).add(abs(value))
    known = payments or plains
    if not known:
        return
    if read.total in known and read.total == max(known):
        read.stated = read.total
        _columns_add_up(raws, read, rows)
        return
    named = " / ".join(write_amount(value) for value in sorted(known, reverse=True)[:3])
    read.stated = max(known)
    read.objections.append(f"las líneas suman {write_amount(read.total)} y el aviso declara {named}")


def _columns_add_up(raws: Sequence[Raw], read: Read, rows: Sequence[RawTotal]) -> None:
    """Where one row gives totals of several columns, the others must be right too."""
    if len(raws) != 1 or len({total.column for total in rows}) != len(rows):
        return  # page totals: only the last one is of everything
    table = raws[0].table
    sums: dict[Role, Decimal] = {
        Role.WITHHELD: sum((line.withheld for line in read.lines), ZERO),
        Role.DISCOUNT: sum((line.discount for line in read.lines), ZERO),
        Role.DEPOSITED: sum((line.deposited for line in read.lines), ZERO),
        Role.FEE: sum((line.fee for line in read.lines), ZERO),
    }
    for total in rows:
        if total.column is None:
            continue
        role = table.columns[total.column].role
        value = values.amount(total.value, read.hypothesis.decimal)
        if role in sums and len(table.of(role)) == 1 and value is not None and abs(value) != abs(sums[role]):
            title = table.columns[total.column].title
            read.objections.append(
                f"la columna «{title}» suma {write_amount(sums[role])} y el aviso declara {write_amount(value)}"
            )


def described(read: Read, raw: Raw) -> str:
    """How the table was read, in Spanish.

    Only columns that hold something are told.
    """
    held = {column for line in raw.lines for column in line.figures}
    parts = []
    for index, column in enumerate(raw.table.columns):
        if column.role is Role.IGNORED or (column.role in _FIGURE_NAMES and index not in held):
            continue
        name = _FIGURE_NAMES.get(column.role, _NAMES.get(column.role, ""))
        if index == read.hypothesis.paid:
            name = "pagado"
        elif index == read.hypothesis.gross:
            name = "bruto"
        if name:
            parts.append(f"«{column.title}» es {name}")
    decimal = "coma decimal" if read.hypothesis.decimal == "," else "punto decimal"
    written = any(isinstance(value, str) for line in raw.lines for value in line.figures.values())
    return "; ".join([*parts, *([decimal] if written else []), _SIGNS[read.hypothesis.signs]])


_FIGURE_NAMES = {
    Role.GROSS: "bruto",
    Role.PRIOR: "saldo anterior",
    Role.WITHHELD: "retenido",
    Role.DEPOSITED: "detracción",
    Role.DISCOUNT: "descuento",
    Role.FEE: "gastos",
    Role.PAID: "pagado",
    Role.AMOUNT: "importe",
    Role.DEBIT: "debe",
    Role.CREDIT: "haber",
}
_NAMES = {Role.DOCUMENT: "el documento", Role.NUMBER: "una referencia", Role.OWN: "la referencia del cliente"}
