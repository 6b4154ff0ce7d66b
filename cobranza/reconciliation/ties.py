"""What joins two countries: a customer with documents in both, an account or tax id used in both, a common batch.

Everything is counted over codes of the values instead of joined: there are few countries, and Arrow's joins load a
library that takes as long as matching a thousand payments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cobranza.reconciliation import columns

if TYPE_CHECKING:
    from cobranza.reconciliation.partitions import Tables

Codes = NDArray[np.int64]


def families(tables: Tables) -> dict[str, int]:
    """Every country's part; countries that are tied share one, and rows without a country tie all of them."""
    names = sorted(
        {
            name
            for table in (tables.payments, tables.documents, tables.customers)
            for name in pc.unique(table["country"]).to_pylist()
        }
    )
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    def tie(one: str, other: str) -> None:
        first, second = sorted((root(one), root(other)))
        parent[second] = first

    for one, other in _ties(tables):
        tie(one, other)
    if "" in parent:
        for name in names:
            tie("", name)
    roots = sorted({root(name) for name in names})
    return {name: roots.index(root(name)) for name in names}


def coded(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """A column of texts as numbers, and the text of each number."""
    whole = column.combine_chunks().dictionary_encode()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.combine_chunks()
    numbers = whole.indices.to_numpy().astype(np.int64) if len(whole) else np.zeros(0, dtype=np.int64)
    return numbers, whole.dictionary.to_pylist()


def _ties(tables: Tables) -> Iterable[tuple[str, str]]:
    """Pairs of countries that something joins."""
    homes, names = coded(tables.customers["country"])
    papers, others = coded(tables.documents["country"])
    if len(papers):
        yield from _pairs(homes[tables.documents["customer"].to_numpy()], names, papers, others)
    for name in ("account", "tax_id"):
        yield from _same_key(tables, name)
    yield from _batches(tables)
    for payment, document in zip(
        tables.fixed["payment"].to_pylist(), tables.fixed["document"].to_pylist(), strict=True
    ):
        if payment is not None and document is not None:
            yield tables.payments["country"][payment].as_py(), tables.documents["country"][document].as_py()


def _same_key(tables: Tables, name: str) -> Iterable[tuple[str, str]]:
    """Customers whose account or tax id a payment of another country carries."""
    keys = tables.customers[name]
    owners = np.arange(len(keys))
    if name == "account":
        several = pc.utf8_split_whitespace(keys)
        owners = pc.list_parent_indices(several).to_numpy()
        keys = pc.list_flatten(several)
    homes = tables.customers["country"].to_pylist()
    owned: dict[str, set[str]] = defaultdict(set)
    for key, owner in zip(_compact(keys).to_pylist(), owners.tolist(), strict=True):
        if key:
            owned[key].add(homes[owner])
    paid, written = coded(tables.payments[name])
    countries, names = coded(tables.payments["country"])
    bare = _compact(pa.array(written, type=pa.string())).to_pylist()
    for key, country in _met(paid, len(written), countries, len(names)):
        for home in owned.get(bare[key], ()):
            if home != names[country]:
                yield names[country], home


def _batches(tables: Tables) -> Iterable[tuple[str, str]]:
    """Countries of the documents of one batch, and of payments of a batch's amount."""
    papers = tables.documents.select(["remesa", "country", "currency", "open"])
    papers = papers.filter(pc.not_equal(papers["remesa"], ""))
    if not len(papers):
        return
    batch, batches = coded(papers["remesa"])
    country, countries = coded(papers["country"])
    first: dict[int, str] = {}
    met = _met(batch, len(batches), country, len(countries))
    for number, place in met:
        first[number] = min(first.get(number, countries[place]), countries[place])
    for number, place in met:
        if countries[place] != first[number]:
            yield first[number], countries[place]
    currency, currencies = coded(papers["currency"])
    totals = np.zeros((len(batches), len(currencies)), dtype=np.int64)
    np.add.at(totals, (batch, currency), papers["open"].to_numpy())
    sums: dict[tuple[str, int], set[str]] = defaultdict(set)
    for number, place in _met(batch, len(batches), currency, len(currencies)):
        sums[currencies[place], int(totals[number, place])].add(first[number])
    cents = tables.payments["cents"].to_numpy()
    alike = np.flatnonzero(np.isin(cents, np.array([total for _, total in sums], dtype=np.int64)))
    rows = tables.payments.select(["currency", "cents", "country"]).take(columns.arrow(alike))
    for row in set(zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True)):
        for home in sums.get(row[:2], ()):
            if home != row[2]:
                yield home, row[2]


def _pairs(one: Codes, names: Sequence[str], other: Codes, others: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (names[first], others[second])
        for first, second in _met(one, len(names), other, len(others))
        if names[first] != others[second]
    ]


def _met(one: Codes, size: int, other: Codes, others: int) -> list[tuple[int, int]]:
    """The different pairs of two columns of codes."""
    seen = np.zeros(size * others, dtype=np.bool_)
    seen[one * others + other] = True
    return [(pair // others, pair % others) for pair in np.flatnonzero(seen).tolist()]


def _compact(keys: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(pc.utf8_upper(keys), r"[^A-Z0-9]+", "")
