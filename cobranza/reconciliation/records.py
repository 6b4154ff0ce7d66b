"""What the engine works on: payments, documents and customers as plain records, money in hundredths (int)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(slots=True, eq=False)  # nobody changes one; to freeze it makes millions three times as slow to make
class Payment:
    """A bank movement to explain. `cents` is signed: positive when we are paid, negative when we pay (a return).

    Attributes:
        index: Position in the input frame.
        booked: Booking day as a proleptic ordinal (`date.toordinal`).
        text: Remittance as the bank gives it.
    """

    index: int
    id: str
    country: str
    booked: int
    cents: int
    currency: str
    name: str
    account: str
    tax_id: str
    text: str
    structured: str
    end_to_end: str
    bank_code: str
    channel: str


@dataclass(slots=True, eq=False)  # see `Payment`
class Document:
    """An invoice or credit note (`open` and `gross` negative).

    Attributes:
        index: Position in the input frame; also its key inside the engine.
        customer: Index of its customer.
        prefix: Letters and digits of the number before its last serial group ("2026A" of "2026/A/03711").
        serial: The serial group as written ("03711").
        serial_int: The same as a number.
        digits: Every digit of the number ("202603711").
    """

    index: int
    id: str
    customer: int
    country: str
    number: str
    credit: bool
    issued: int
    due: int
    currency: str
    net: int
    tax: int
    gross: int
    open: int
    payment_ref: str
    remesa: str
    order: str
    prefix: str
    serial: str
    serial_int: int
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A debtor as the ERP knows it."""

    index: int
    id: str
    country: str
    legal_name: str
    trade_name: str
    tax_id: str
    accounts: tuple[str, ...]
    group: str


class Line(NamedTuple):
    """Money of one payment put on one document; `applied - withheld - fee - discount` is cash (document currency).

    Attributes:
        doc: Index of the document.
        applied: Signed hundredths that the document's open balance falls by.
        withheld: Kept back by the payer on account of our taxes.
        fee: Taken by banks; negative when the payer pays a charge on top or a cent too many.
        discount: Early-payment discount taken.
    """

    doc: int
    applied: int
    withheld: int = 0
    fee: int = 0
    discount: int = 0

    @property
    def cash(self) -> int:
        """What of the payment's money this line uses, in the document's currency."""
        return self.applied - self.withheld - self.fee - self.discount


class Hypothesis:
    """One way to read a payment.

    Attributes:
        lines: Which documents and how much; never empty.
        rule: Stable name of the amount explanation ("equal", "withholding" …) with "+named"/"+set" parts in `how`.
        how: "named" (the payer names the documents), "completed" (some of them), "account" (none).
        customer: Index of the customer.
        parts: Log-odds by source of evidence; their sum is `score`.
        told: Gives the sum in words, Spanish; most readings lose and are never told.
        notes: Further Spanish remarks.
        solutions: How many sets of documents explain the amount as well.
        cash: Hundredths of the payment's currency that the lines use.
        capped: Most raw confidence that the reading deserves by itself, rivals apart.
        ceiling: Most confidence that is ever written for it.
    """

    __slots__ = (
        "capped", "cash", "ceiling", "customer", "how", "lines", "mentions", "notes", "parts", "rule", "solutions",
        "told",
    )  # fmt: skip

    def __init__(
        self,
        lines: tuple[Line, ...],
        rule: str,
        how: str,
        customer: int,
        cash: int,
        parts: dict[str, float],
        told: Callable[[], str],
        *,
        notes: list[str] | None = None,
        mentions: tuple[int, ...] = (),
        solutions: int = 1,
        capped: float = 1.0,
        ceiling: float = 1.0,
    ) -> None:
        self.lines = lines
        self.rule = rule
        self.how = how
        self.customer = customer
        self.cash = cash
        self.parts = parts
        self.told = told
        self.notes = [] if notes is None else notes
        self.mentions = mentions
        self.solutions = solutions
        self.capped = capped
        self.ceiling = ceiling

    @property
    def arithmetic(self) -> str:
        """The sum in words, Spanish."""
        return self.told()

    @property
    def score(self) -> float:
        """Log-odds against a random hypothesis."""
        return sum(self.parts.values(), 0.0)

    @property
    def key(self) -> tuple[int, ...]:
        """The documents, to compare hypotheses."""
        lines = self.lines
        return (lines[0].doc,) if len(lines) == 1 else tuple(sorted([line.doc for line in lines]))
