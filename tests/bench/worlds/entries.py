"""A document as its payer sees it, a movement of the bank, and the truth that joins them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.bench.worlds.wording import Line, Reference

NEVER = 10**7  # day of what is not settled


@dataclass(slots=True)
class Document:
    """One document of the customer at hand; money in hundredths, days as ordinals.

    Attributes:
        settled: Day from which nothing is open, a far day while something is.
    """

    id: str
    reference: Reference
    payment_reference: str
    net: int
    tax: int
    issued: int
    due: int
    planned: int
    unpaid: bool
    dollars: bool
    credit: bool
    remesa: int
    settled: int = NEVER

    @property
    def gross(self) -> int:
        """Total."""
        return self.net + self.tax


@dataclass(slots=True)
class Link:
    """One row of truth.csv."""

    document: Document | None
    applied: int = 0
    withheld: int = 0
    fee: int = 0
    discount: int = 0
    about: str = ""


@dataclass(slots=True)
class Payment:
    """One movement of the bank and its truth; `named` tells whether its text identifies the documents."""

    day: int
    amount: int
    line: Line
    channel: str
    scenario: str
    links: list[Link] = field(default_factory=list)
    named: bool = True
    code: str = ""
    ambiguous: bool = False


class Rates:
    """Local money per dollar, by currency and day, as a fraction."""

    def __init__(self, table: dict[tuple[str, int], Fraction]) -> None:
        self._table = table

    def at(self, currency: str, day: int) -> Fraction:
        """The day's rate."""
        return self._table[currency, day]
