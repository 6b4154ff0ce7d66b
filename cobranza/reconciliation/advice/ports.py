"""What reading advices needs from `connectors/advices/`: a file's content as rows of cells, nothing interpreted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

Value = str | Decimal | date

MAX_BYTES = 15 * 1024 * 1024
"""An advice of a thousand lines takes under one; mail servers refuse attachments over twenty-five."""
MAX_ROWS = 20_000
MAX_COLUMNS = 60
MAX_PAGES = 60
MAX_CELL = 500
MAX_TEXT = 1_000_000
"""Characters of visible text: an advice of five thousand lines takes half of it."""
MAX_LINE = 4_000
"""Characters of a line of text that are looked at: what is longer is prose, or made to keep us busy."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and where it stands.

    Attributes:
        value: Text as written; an exact number or a day where the format has such cells.
        left: Of a sheet, the column's number. Of a page of text, where it begins in characters of average width.
        right: Where it ends; the same as `left` in a sheet.
    """

    value: Value
    left: float
    right: float

    @property
    def text(self) -> str:
        """The value as text."""
        if isinstance(self.value, str):
            return self.value
        return f"{self.value:f}" if isinstance(self.value, Decimal) else self.value.strftime("%d/%m/%Y")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet or line of a page; `number` counts from 1 as a person sees it. Empty cells are left out."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet, a page, a table of a message.

    Attributes:
        name: For people: "hoja «Pagos»", "página 2".
        rows: Those with anything in them.
        grid: Cells stand in columns (a sheet); otherwise each cell is one word, placed where it is printed.
        objections: What the reader itself found wrong, in Spanish.
    """

    name: str
    rows: tuple[Row, ...]
    grid: bool
    objections: tuple[str, ...] = ()


class AdviceFormat(Protocol):
    """Reads one family of files into pages."""

    slug: str

    def recognises(self, head: bytes, name: str) -> bool:
        """Tell from the first 4096 bytes and the file's name whether `read` can take the file."""

    def read(self, raw: bytes, name: str) -> tuple[Page, ...]:
        """Every page of the file, within limits of size, pages and time.

        Raises:
            AdviceError: it is damaged, cut, encrypted, unsafe, too large, or holds nothing but pictures.
        """
