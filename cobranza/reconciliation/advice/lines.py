"""Rows of a table become raw lines: texts as written, figures not yet read, totals and notes set apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from cobranza.kernel.spanish import plain
from cobranza.reconciliation.advice import layout, values
from cobranza.reconciliation.advice.layout import Record, Table
from cobranza.reconciliation.advice.ports import Page, Row, Value
from cobranza.reconciliation.advice.vocabulary import Role, Total, role_of, simple, total_of, vocabulary

FIGURES = (
    Role.GROSS, Role.PRIOR, Role.LEFT, Role.WITHHELD, Role.DEPOSITED, Role.DISCOUNT, Role.FEE, Role.PAID, Role.AMOUNT,
    Role.DEBIT, Role.CREDIT,
)  # fmt: skip
_NAMES = (Role.DOCUMENT, Role.NUMBER, Role.OWN)
_TOTAL_WORD = re.compile(r"^(?:SUB ?)?TOTAL(?:ES|S)?\b|^SUMA\b")
_PARTIAL_WORD = re.compile(r"^SUB ?TOTAL|\bSIGUE\b|\bANTERIOR\b|FORWARD")
_TABLE_ENDS = 3


@dataclass(frozen=True, slots=True)
class RawLine:
    """A row with its figures as written.

    Attributes:
        names: References of the document, the likeliest first; empty when the row names none.
        figures: By column index of the table.
        kind: Text of the type column.
        mark: Debit or credit mark, of its own column or behind the amount.
    """

    page: str
    row: int
    names: tuple[str, ...]
    issued: Value | None
    text: str
    kind: str
    mark: str
    currency: str
    payment: str
    figures: dict[int, Value]


@dataclass(frozen=True, slots=True)
class RawTotal:
    """An added-up figure: which column it stands in (None when unknown) and what its label says it adds."""

    kind: Total
    column: int | None
    value: Value


@dataclass(slots=True)
class Raw:
    """A table taken apart.

    Attributes:
        table: Its columns.
        lines: What may be lines.
        totals: Rows that add up.
        notes: Rows that are neither, for `facts`.
        doubts: Rows that carry figures and fit nothing, in Spanish.
    """

    table: Table
    lines: list[RawLine] = field(default_factory=list)
    totals: list[RawTotal] = field(default_factory=list)
    notes: list[tuple[Page, Row]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def days(self) -> list[str]:
        """The days of its lines as written."""
        return [line.issued for line in self.lines if isinstance(line.issued, str)]


def take_apart(table: Table) -> Raw:
    """Sort the table's rows."""
    raw = Raw(table)
    for record in table.records:
        kind = _total_kind(record, table)
        figures = _figures(record, table)
        if kind is not None:
            _add_totals(raw, kind, record, figures)
            continue
        if not figures:
            raw.notes.append((record.page, record.row))
            continue
        line = _line(record, table, figures)
        if not line.names and not line.text and not line.kind:
            if raw.lines:
                raw.totals += [RawTotal(Total.PLAIN, column, value) for column, value in figures.items()]
            else:
                raw.doubts.append(f"la fila {record.row.number} lleva importes y no nombra ningún documento")
            continue
        if not _pays(figures, table):
            raw.notes.append((record.page, record.row))
            continue
        raw.lines.append(line)
    return raw


def _pays(figures: dict[int, Value], table: Table) -> bool:
    roles = {table.columns[column].role for column in figures}
    return bool(roles & {Role.PAID, Role.AMOUNT, Role.GROSS, Role.PRIOR, Role.DEBIT, Role.CREDIT})


def _figures(record: Record, table: Table) -> dict[int, Value]:
    """The row's figures by column. What is no figure at all (a dash for nothing) is left out."""
    found: dict[int, Value] = {}
    for column in table.of(*FIGURES):
        cells = record.cells[column]
        value = record.value(column)
        if len(cells) > 1:  # "1.210,00 EUR", "1.210,00 H": the figure among its companions
            figures = [cell for cell in cells if values.looks_like_amount(cell.text)]
            whole = record.text(column)
            value = whole if values.looks_like_amount(whole) else figures[0].value if len(figures) == 1 else whole
        if isinstance(value, str) and not any(char.isdigit() for char in value):
            continue
        if value is None or isinstance(value, date):
            continue
        found[column] = value
    return found


def _total_kind(record: Record, table: Table) -> Total | None:
    texts = [cell.text for cell in layout.phrases(record.row, record.page.grid) if isinstance(cell.value, str)]
    for text in texts:
        if values.looks_like_amount(text) or values.looks_like_day(text):
            continue
        label = text.partition(":")[0]
        flat = plain(label)
        if _PARTIAL_WORD.search(flat) and (_TOTAL_WORD.search(flat) or total_of(label) is not None):
            return Total.PARTIAL
        kind = total_of(label)
        if kind is Total.PAYMENT or (kind is not None and _TOTAL_WORD.search(flat)):
            return kind
        if _TOTAL_WORD.search(flat) and not any(record.text(column) == text for column in table.of(Role.DOCUMENT)):
            return Total.PAYMENT if "PAG" in simple(label) or "NET" in simple(label) else Total.PLAIN
        if _TOTAL_WORD.search(flat) and len(flat.split()) <= 4:
            return Total.PLAIN
    return None


def _add_totals(raw: Raw, kind: Total, record: Record, figures: dict[int, Value]) -> None:
    if not figures:  # the label's own cell may hold the figure ("Total: 1.210,00"), or the figure stands elsewhere
        raw.notes.append((record.page, record.row))
        return
    raw.totals += [RawTotal(kind, column, value) for column, value in figures.items()]


def _line(record: Record, table: Table, figures: dict[int, Value]) -> RawLine:
    names = [name for role in _NAMES for column in table.of(role) if (name := record.text(column)) and _names(name)]
    texts = [text for column in table.of(Role.TEXT, Role.PAYER) if (text := record.text(column))]
    issued = next((record.value(column) for column in table.of(Role.ISSUED) if record.cells[column]), None)
    marks = [record.text(column).upper() for column in table.of(Role.MARK)]
    behind = [values.mark(value) for value in figures.values()]
    payable = [record.text(column) for column in table.of(Role.PAYMENT)]
    kinds = [record.text(column) for column in table.of(Role.KIND)]
    return RawLine(
        page=record.page.name,
        row=record.row.number,
        names=tuple(dict.fromkeys(names)),
        issued=issued,
        text=" ".join(texts),
        kind=" ".join(kinds),
        mark=next((mark for mark in [*marks, *behind] if mark), ""),
        currency=next((record.text(column).upper() for column in table.of(Role.CURRENCY) if record.cells[column]), ""),
        payment=" ".join(payable),
        figures=figures,
    )


def _names(text: str) -> bool:
    """A reference has a digit and is no heading."""
    return any(char.isdigit() for char in text) and role_of(text) is None


def says_credit(line: RawLine) -> bool:
    """Whether the row calls itself a credit note (or a charge of the payer)."""
    words = vocabulary().credit_kinds
    kind = plain(line.kind).replace(".", "").strip()
    if kind in words:
        return True
    text = plain(f"{line.kind} {line.text} {' '.join(line.names)}")
    return any(re.search(rf"(?<![A-Z0-9]){re.escape(word)}(?![A-Z0-9])", text) for word in words if len(word) > 4)


def side(line: RawLine) -> int:
    """1 when the row's mark says credit (haber), -1 debit (debe), 0 when it has none."""
    words = vocabulary()
    mark = plain(line.mark)
    return 1 if mark in words.credit_marks else -1 if mark in words.debit_marks else 0


def rows_of(notes: Sequence[tuple[Page, Row]]) -> list[tuple[Page, list[Row]]]:
    """Notes by page, for `facts.collect`."""
    grouped: dict[str, tuple[Page, list[Row]]] = {}
    for page, row in notes:
        grouped.setdefault(page.name, (page, []))[1].append(row)
    return list(grouped.values())
