"""What is on record about debtors, as frames with the day on which each thing became known.

`History.cut` is the only way into the features: it takes away every row that was not known on the day and forgets what
happened to the others later (a release, an end, a payment). What computes features sees nothing but a `Cut`.

Days are whole numbers since 1 January 1970; `NEVER` stands for "not yet". Rows need no order. Amounts are float64 in
the document's own currency: they are only ever compared with other amounts of the same debtor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NEVER: Final = 2_000_000
"""A day that has not come (the year 7445)."""

_EPOCH: Final = date(1970, 1, 1)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COLUMNS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "debtors": {"debtor": "int64", "country": "object", "sector": "object"},
        # `known`: day on which the company had it; `amount` is positive for invoices, negative for credit notes
        "invoices": {
            "invoice": "int64", "debtor": "int64", "issued": "int64", "due": "int64", "known": "int64",
            "amount": "float64",
        },
        # what settles a document (negative: what reopens it); `day` is when it was paid, never after `known`;
        # `account` and `method` are digests of the payer's account and of the bank's code, 0 when not told;
        # `returned`: the bank took the money back (a correction of our own reopens too, and is none)
        "settlements": {
            "invoice": "int64", "day": "int64", "known": "int64", "amount": "float64", "account": "int64",
            "method": "int64", "returned": "bool",
        },
        # `invoice` 0: all that the debtor owes; `amount` NaN: all of it
        "disputes": {"debtor": "int64", "invoice": "int64", "opened": "int64", "released": "int64",
                     "amount": "float64"},
        # `outcome`: 1 kept, -1 broken, 0 neither; it is known on the day `ended`
        "agreements": {"debtor": "int64", "opened": "int64", "ended": "int64", "outcome": "int64"},
        "instalments": {"debtor": "int64", "known": "int64", "due": "int64", "closed": "int64"},
        "words": {"debtor": "int64", "day": "int64", "inbound": "bool", "channel": "int64"},
        "limits": {"debtor": "int64", "known": "int64", "amount": "float64"},
        # `name`: "arrears" (share) or "economy" (index); `key`: a sector or a country
        "series": {"name": "object", "key": "object", "day": "int64", "known": "int64", "value": "float64"},
        # `score`: 0 to 100, more is better; `weight`: how much the source counts
        "bureau": {"debtor": "int64", "known": "int64", "source": "object", "score": "float64",
                   "incidents": "float64", "weight": "float64"},
    }
)  # fmt: skip
"""Columns of each frame of a `History` and their types."""


def number(day: date) -> int:
    """A day as the frames hold it.

    >>> number(date(1970, 1, 2))
    1
    """
    return (day - _EPOCH).days


def empty(frame: str) -> pd.DataFrame:
    """A frame without rows."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS[frame].items()})


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything on record about some debtors; columns as in `COLUMNS`.

    Attributes:
        debtors: Who is asked about, once each; rows of others in the frames are ignored.
    """

    debtors: pd.DataFrame
    invoices: pd.DataFrame = field(default_factory=partial(empty, "invoices"))
    settlements: pd.DataFrame = field(default_factory=partial(empty, "settlements"))
    disputes: pd.DataFrame = field(default_factory=partial(empty, "disputes"))
    agreements: pd.DataFrame = field(default_factory=partial(empty, "agreements"))
    instalments: pd.DataFrame = field(default_factory=partial(empty, "instalments"))
    words: pd.DataFrame = field(default_factory=partial(empty, "words"))
    limits: pd.DataFrame = field(default_factory=partial(empty, "limits"))
    series: pd.DataFrame = field(default_factory=partial(empty, "series"))
    bureau: pd.DataFrame = field(default_factory=partial(empty, "bureau"))

    def __post_init__(self) -> None:
        for each in fields(self):
            lacking = COLUMNS[each.name].keys() - set(getattr(self, each.name).columns)
            if lacking:
                raise ValueError(f"{each.name} lacks {', '.join(sorted(lacking))}")

    def cut(self, as_of: date) -> Cut:
        """What was known at the end of a day."""
        return Cut(self, number(as_of))


class Cut:
    """What was known at the end of one day, as arrays that name debtors by their position.

    Attributes:
        day: The day, as a number.
        ids: Debtors, rising.
        frames: The frames cut to the day, each with the column `at`: the debtor's position in `ids`.
        invoices: Arrays of the invoices proper: at, issued, due, amount, open, settled (bool), last (day of the last
            payment, `NEVER` without one), payments (how many).
    """

    def __init__(self, history: History, day: int) -> None:
        self.day = day
        self.ids: Ints = np.sort(history.debtors["debtor"].to_numpy(np.int64))
        self.size = len(self.ids)
        order = np.argsort(history.debtors["debtor"].to_numpy(np.int64), kind="stable")
        self.country = history.debtors["country"].to_numpy(object)[order]
        self.sector = history.debtors["sector"].to_numpy(object)[order]
        self.series = history.series[history.series["known"] <= day]
        self._take_documents(history)
        self.disputes = self._of(history.disputes, "opened", ends="released")
        self.agreements = self._of(history.agreements, "opened", ends="ended")
        self.agreements["outcome"] = np.where(self.agreements["ended"] == NEVER, 0, self.agreements["outcome"])
        self.instalments = self._of(history.instalments, "known", ends="closed")
        self.words = self._of(history.words, "day")
        self.limits = self._of(history.limits, "known")
        self.bureau = self._of(history.bureau, "known")

    def _of(self, frame: pd.DataFrame, known: str, ends: str = "") -> dict[str, NDArray[Any]]:
        """Rows of these debtors that were known; what ended later has not ended."""
        arrays = {name: frame[name].to_numpy() for name in frame.columns}
        at = self._places(arrays["debtor"])
        keep = (arrays[known] <= self.day) & (at >= 0)
        arrays = {name: values[keep] for name, values in arrays.items()} | {"at": at[keep]}
        if ends:
            arrays[ends] = np.where(arrays[ends] > self.day, NEVER, arrays[ends])
        return arrays

    def _places(self, debtors: NDArray[Any]) -> Ints:
        """Positions of debtors in `ids`, -1 for others."""
        if not self.size:
            return np.full(len(debtors), -1)
        place = np.minimum(np.searchsorted(self.ids, debtors), self.size - 1)
        return np.where(self.ids[place] == debtors, place, -1)

    def _take_documents(self, history: History) -> None:
        found = self._of(history.invoices, "known")
        order = np.argsort(found["invoice"], kind="stable")
        found = {name: values[order] for name, values in found.items()}
        keys = found["invoice"]
        money = {name: history.settlements[name].to_numpy() for name in COLUMNS["settlements"]}
        known = money["known"] <= self.day
        money = {name: values[known] for name, values in money.items()}
        place = np.minimum(np.searchsorted(keys, money["invoice"]), max(len(keys) - 1, 0))
        there = keys[place] == money["invoice"] if len(keys) else np.zeros(len(money["invoice"]), bool)
        money = {name: values[there] for name, values in money.items()} | {"row": place[there]}
        money["at"] = found["at"][money["row"]]
        many = len(keys)
        paid = np.bincount(money["row"], money["amount"], many)
        last = np.full(many, -NEVER)
        inward = money["amount"] * found["amount"][money["row"]] > 0
        np.maximum.at(last, money["row"][inward], money["day"][inward])
        found["open"] = found["amount"] - paid
        found["settled"] = np.abs(found["open"]) < 0.005
        found["last"] = np.where(last == -NEVER, NEVER, last)
        found["payments"] = np.bincount(money["row"][inward], minlength=many)
        bills = found["amount"] > 0
        self.credit = {name: values[~bills] for name, values in found.items()}
        self.invoices = {name: values[bills] for name, values in found.items()}
        self.money = money | {"inward": inward, "bill": bills[money["row"]]}

    def count(self, at: NDArray[Any]) -> Floats:
        """How many rows each debtor has, shape (size,)."""
        return np.bincount(at, minlength=self.size).astype(np.float64)

    def total(self, at: NDArray[Any], values: NDArray[Any]) -> Floats:
        """Sums by debtor, shape (size,)."""
        return np.bincount(at, values, self.size).astype(np.float64)

    def most(self, at: NDArray[Any], values: NDArray[Any]) -> Floats:
        """Largest value by debtor, NaN without rows."""
        found = np.full(self.size, -np.inf)
        np.maximum.at(found, at, values.astype(np.float64))
        return np.where(np.isinf(found), np.nan, found)


def share(part: Floats, whole: Floats) -> Floats:
    """Quotient, NaN where there is nothing to divide by."""
    found: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return found
