"""Finds the tables of a page: the heading row, what each column holds, and which cell of a row stands in which column.

A sheet says its columns itself. On a page of text only positions tell: a row's cells are laid on the headings in
order, each where it aligns best (left edges of texts, right edges of figures).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cobranza.reconciliation.advice import values
from cobranza.reconciliation.advice.ports import Cell, Page, Row, Value
from cobranza.reconciliation.advice.vocabulary import Role, currency_in, role_of

GAP = 1.6
"""Characters of empty space from which two words are two cells."""
_HEADING_ROWS = 3
_MOST_CELLS = 60
"""Of one row; a line of prose has more, and no table has."""
_MONEY = frozenset(
    {Role.GROSS, Role.PRIOR, Role.LEFT, Role.WITHHELD, Role.DEPOSITED, Role.DISCOUNT, Role.FEE, Role.PAID, Role.AMOUNT,
     Role.DEBIT, Role.CREDIT}
)  # fmt: skip
_DAYS = frozenset({Role.ISSUED, Role.DUE})
_NAMES = frozenset({Role.DOCUMENT, Role.NUMBER, Role.OWN, Role.TEXT, Role.PAYER})
_PAYS = frozenset({Role.PAID, Role.AMOUNT, Role.GROSS, Role.PRIOR})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    role: Role
    title: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Record:
    """A row laid on the columns: for each column its cells, in order."""

    page: Page
    row: Row
    cells: tuple[tuple[Cell, ...], ...]

    def text(self, column: int) -> str:
        """The column's cells as one text."""
        return " ".join(cell.text for cell in self.cells[column]).strip()

    def value(self, column: int) -> Value | None:
        """The column's one value; several words are one text."""
        found = self.cells[column]
        if len(found) == 1:
            return found[0].value
        return self.text(column) or None


@dataclass(slots=True)
class Table:
    """One table of a page, or of several pages when a heading is repeated."""

    page: str
    columns: tuple[Column, ...]
    currency: str = ""
    records: list[Record] = field(default_factory=list)

    def of(self, *roles: Role) -> list[int]:
        """The columns with one of these roles, in order."""
        return [index for index, column in enumerate(self.columns) if column.role in roles]


def tables(pages: Sequence[Page]) -> tuple[list[Table], list[tuple[Page, list[Row]]]]:
    """Every table, and by page the rows that stand in none (before the first heading of the page)."""
    found: list[Table] = []
    outside: list[tuple[Page, list[Row]]] = []
    running: Table | None = None
    for page in pages:
        loose: list[Row] = []
        outside.append((page, loose))
        if page.grid or (running is not None and running.page == page.name):
            running = None
        position, begun = 0, False
        while position < len(page.rows):
            heading = _heading(page, position)
            if heading is not None:
                columns, height, currency = heading
                begun = True
                if running is None or _titles(running.columns) != _titles(columns):
                    running = Table(page.name, columns, currency)
                    found.append(running)
                else:
                    running.columns = columns  # the same table goes on; its columns may have moved
                position += height
                continue
            row = page.rows[position]
            if running is not None and (begun or not page.grid):
                running.records.append(_record(page, row, running.columns))
            if running is None or not begun:
                loose.append(row)
            position += 1
    return found, outside


def _titles(columns: Sequence[Column]) -> list[tuple[Role, str]]:
    return [(column.role, column.title) for column in columns]


# ---- the heading


def _heading(page: Page, position: int) -> tuple[tuple[Column, ...], int, str] | None:
    """The columns if a heading begins at this row, how many rows it takes, and the currency that it names."""
    best: tuple[float, int, list[Column], str] | None = None
    rows: list[Row] = []
    alone = 0
    for height in range(1, _HEADING_ROWS + 1):
        if position + height > len(page.rows):
            break
        row = page.rows[position + height - 1]
        if len(row.cells) > 60 or any(_is_value(cell.value) or ":" in cell.text for cell in row.cells):
            break
        rows.append(row)
        alone = max(alone, _known(_columns([row], page.grid)[0]))
        columns, currency = _columns(rows, page.grid)
        known = _known(columns)
        if height > 1 and known <= alone:
            continue  # a heading of several rows says more than any of its rows
        score = known - 0.5 * (len(columns) - known) - 0.4 * (height - 1)
        if _is_table(columns) and known * 2 >= len(columns) and (best is None or score > best[0]):
            best = (score, height, columns, currency)
    if best is None:
        return None
    return tuple(best[2]), best[1], best[3]


def _known(columns: Sequence[Column]) -> int:
    return sum(column.role is not Role.IGNORED or role_of(column.title) is not None for column in columns)


def _is_value(value: Value) -> bool:
    return not isinstance(value, str) or values.looks_like_amount(value) or values.looks_like_day(value)


def _is_table(columns: Sequence[Column]) -> bool:
    roles = {column.role for column in columns}
    pays = bool(roles & _PAYS) or {Role.DEBIT, Role.CREDIT} <= roles
    return pays and bool(roles & {Role.DOCUMENT, Role.NUMBER, Role.OWN, Role.TEXT})


def _columns(rows: Sequence[Row], grid: bool) -> tuple[list[Column], str]:
    phrases: list[tuple[str, float, float]] = []
    for row in rows:
        for text, left, right in _phrases(row, grid):
            over = [
                index
                for index, (_, other_left, other_right) in enumerate(phrases)
                if left <= other_right and other_left <= right
            ]
            if len(over) == 1:
                held, held_left, held_right = phrases[over[0]]
                phrases[over[0]] = (f"{held} {text}", min(held_left, left), max(held_right, right))
            else:
                phrases.append((text, left, right))
    phrases.sort(key=lambda phrase: phrase[1])
    columns = []
    currency = ""
    for text, left, right in phrases:
        role = role_of(text)
        if role in _MONEY:
            currency = currency or currency_in(text)
        columns.append(Column(role or Role.IGNORED, text, left, right))
    return columns, currency


def _phrases(row: Row, grid: bool) -> list[tuple[str, float, float]]:
    if grid:
        return [(cell.text, cell.left, cell.right) for cell in row.cells if cell.text.strip()]
    found: list[tuple[str, float, float]] = []
    for words in _groups(row.cells):
        whole = " ".join(word.text for word in words)
        if role_of(whole) is not None:
            found.append((whole, words[0].left, words[-1].right))
            continue
        start = 0
        while start < len(words):  # headings one space apart: the longest known phrase first
            for end in range(min(len(words), start + 5), start, -1):
                part = " ".join(word.text for word in words[start:end])
                if role_of(part) is not None or end == start + 1:
                    found.append((part, words[start].left, words[end - 1].right))
                    start = end
                    break
    return found


def _groups(cells: Sequence[Cell]) -> list[list[Cell]]:
    groups: list[list[Cell]] = []
    for cell in cells:
        if groups and cell.left - groups[-1][-1].right < GAP:
            groups[-1].append(cell)
        else:
            groups.append([cell])
    return groups


# ---- rows


@lru_cache(maxsize=2048)
def phrases(row: Row, grid: bool) -> tuple[Cell, ...]:
    """The row's cells: of a sheet as they are, of a page its words joined where no gap and no figure parts them."""
    if grid:
        return row.cells
    result: list[Cell] = []
    for group in _groups(row.cells):
        pending: list[Cell] = []
        for piece in _typed(group):
            if _is_value(piece.value):
                if pending:
                    result.append(_joined(pending))
                    pending = []
                result.append(piece)
            else:
                pending.append(piece)
        if pending:
            result.append(_joined(pending))
    return tuple(result)


def _typed(words: Sequence[Cell]) -> list[Cell]:
    """Figures and days put together again where they were printed with spaces inside."""
    result: list[Cell] = []
    start = 0
    while start < len(words):
        for end in range(min(len(words), start + 5), start + 1, -1):
            part = words[start:end]
            text = " ".join(word.text for word in part)
            if (values.looks_like_amount(text) and _one_figure(part)) or values.looks_like_day(text):
                result.append(Cell(text, part[0].left, part[-1].right))
                start = end
                break
        else:
            result.append(words[start])
            start += 1
    return result


def _one_figure(words: Sequence[Cell]) -> bool:
    """A sign, a currency or thousands apart; two whole figures side by side are two amounts."""
    return sum(values.looks_like_amount(word.text) for word in words) <= 1


def _joined(words: Sequence[Cell]) -> Cell:
    return Cell(" ".join(word.text for word in words), words[0].left, words[-1].right)


def _record(page: Page, row: Row, columns: Sequence[Column]) -> Record:
    found: list[list[Cell]] = [[] for _ in columns]
    if page.grid:
        for cell in row.cells:
            for index, column in enumerate(columns):
                if column.left <= cell.left <= column.right:
                    found[index].append(cell)
                    break
    else:
        cells = phrases(row, grid=False)[:_MOST_CELLS]
        for cell, index in zip(cells, _assign(cells, columns), strict=True):
            found[index].append(cell)
    return Record(page, row, tuple(tuple(cells) for cells in found))


def _assign(cells: Sequence[Cell], columns: Sequence[Column]) -> list[int]:
    """For each cell its column, in order from left to right, at the least total cost."""
    if not cells:
        return []
    infinite = float("inf")
    cost = [[_cost(cell, column) for column in columns] for cell in cells]
    best = [cost[0]]
    came: list[list[int]] = [[-1] * len(columns)]
    for number in range(1, len(cells)):
        row, origin = [], []
        least, source = infinite, 0  # the best column to the left
        for index, column in enumerate(columns):
            shared = best[-1][index] + _sharing(cells[number - 1], cells[number], column)
            reached, before = (least, source) if least <= shared else (shared, index)
            row.append(reached + cost[number][index])
            origin.append(before)
            if best[-1][index] < least:
                least, source = best[-1][index], index
        best.append(row)
        came.append(origin)
    index = min(range(len(columns)), key=lambda column: (best[-1][column], column))
    result = [index]
    for number in range(len(cells) - 1, 0, -1):
        index = came[number][index]
        result.append(index)
    return result[::-1]


def _cost(cell: Cell, column: Column) -> float:
    apart = max(0.0, cell.left - column.right, column.left - cell.right)
    middle = abs((cell.left + cell.right) - (column.left + column.right)) / 2
    aligned = min(abs(cell.left - column.left), abs(cell.right - column.right), middle)
    text = cell.text
    wrong = 0.0
    if values.looks_like_amount(text):
        wrong = 6.0 if column.role not in _MONEY and column.role is not Role.IGNORED else 0.0
    elif values.looks_like_day(text):
        wrong = 6.0 if column.role not in _DAYS and column.role is not Role.IGNORED else 0.0
    elif column.role in _MONEY or column.role in _DAYS:
        wrong = 1.0 if column.role in _MONEY and text.replace("-", "").isdigit() else 8.0
    return apart + 0.5 * aligned + wrong


def _sharing(first: Cell, second: Cell, column: Column) -> float:
    money = values.looks_like_amount(first.text) + values.looks_like_amount(second.text)
    if money == 2:
        return 25.0
    if column.role in _NAMES or column.role is Role.IGNORED:
        return 1.0
    return 4.0
