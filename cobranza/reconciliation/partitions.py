"""The input cut into parts that never meet, each part matched by a pure function of tables, and the results joined.

Payments and documents of two countries meet only when something ties the countries: a customer with documents in both,
an account or tax id used in both, a direct-debit batch of one collected in the other. Countries that are tied are one
part. The parts follow from the data alone, so that the result is the same however many processes work on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cobranza.reconciliation import columns, engine
from cobranza.reconciliation.engine import Standing
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.ties import coded, families

LINKS = pa.schema(
    [
        ("payment", pa.int32()),
        ("invoice_id", pa.string()),
        *((name, pa.int64()) for name in ("applied", "withheld", "fee", "discount")),
        *((name, pa.string()) for name in ("confidence", "rule", "explanation")),
    ]
)
UNMATCHED = pa.schema([("payment", pa.int32()), ("reason", pa.string()), ("candidates", pa.string())])
UNAPPLIED = pa.schema([("payment", pa.int32()), ("cents", pa.int64())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The engine's input; see `columns` for the schemas."""

    payments: pa.Table
    documents: pa.Table
    customers: pa.Table
    fx: pa.Table
    fixed: pa.Table

    def of_payments(self) -> Tables:
        """The same without the documents: all that the results need to be written."""
        return replace(self, documents=self.documents.schema.empty_table())


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Payments, documents and customers that meet nobody outside.

    Attributes:
        payments: Position of each payment of the part in the whole table.
    """

    tables: Tables
    payments: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """Tables `LINKS`, `UNMATCHED` and `UNAPPLIED`; `payment` is a position in the whole table of payments."""

    links: pa.Table
    unmatched: pa.Table
    unapplied: pa.Table


def split(tables: Tables) -> list[Part]:
    """Cut the input into parts, the largest first."""
    family = families(tables)
    of_customer = _codes(tables.customers["country"], family)
    of_document = _codes(tables.documents["country"], family)
    of_payment = _codes(tables.payments["country"], family)
    result = []
    for number in range(max(family.values(), default=-1) + 1):
        people, papers, money = (np.flatnonzero(of == number) for of in (of_customer, of_document, of_payment))
        if len(money):
            result.append(_part(tables, people, papers, money))
    return sorted(result, key=lambda part: (-len(part.payments), int(part.payments[0])))


def solve(part: Part, policy: Policy, *, candidates: bool = True) -> Solved:
    """Match one part: tables in, tables out; nothing else is read or changed."""
    tables = part.tables
    fixed = zip(*(tables.fixed[name].to_pylist() for name in columns.FIXED.names), strict=True)
    outcome = engine.run(
        columns.payments(tables.payments),
        columns.documents(tables.documents),
        columns.customers(tables.customers),
        columns.rates(tables.fx),
        policy,
        fixed=(Standing(*row) for row in fixed),
        candidates=candidates,
    )
    return Solved(
        links=_table(outcome.links, LINKS, part.payments),
        unmatched=_table(outcome.unmatched, UNMATCHED, part.payments),
        unapplied=_table(outcome.unapplied, UNAPPLIED, part.payments),
    )


def merged(tables: Tables, solved: Sequence[Solved]) -> Solved:
    """The results of all parts in the order of booking day and payment id."""
    booked = tables.payments["booked"].to_numpy()
    rank = np.empty(len(booked), dtype=np.int64)
    rank[np.argsort(booked, kind="stable")] = np.arange(len(booked))
    return Solved(
        links=_ordered([one.links for one in solved], LINKS, rank),
        unmatched=_ordered([one.unmatched for one in solved], UNMATCHED, rank),
        unapplied=_ordered([one.unapplied for one in solved], UNAPPLIED, rank),
    )


def links_as_text(tables: Tables, links: pa.Table) -> dict[str, pa.Array]:
    """The columns `frames.LINK_COLUMNS`, amounts written out."""
    money = {name: columns.scaled(links[name]) for name in ("applied", "withheld", "fee", "discount")}
    texts = {name: links[name] for name in ("confidence", "rule", "explanation")}
    return {"payment_id": _ids(tables, links), "invoice_id": links["invoice_id"], **money, **texts}


def unmatched_as_text(tables: Tables, unmatched: pa.Table) -> dict[str, pa.Array]:
    """The columns `frames.UNMATCHED_COLUMNS`."""
    texts = {name: unmatched[name] for name in ("reason", "candidates")}
    return {"payment_id": _ids(tables, unmatched), **texts}


def unapplied_as_text(tables: Tables, unapplied: pa.Table) -> dict[str, pa.Array]:
    """The columns `frames.UNAPPLIED_COLUMNS`."""
    currency = pc.take(tables.payments["currency"], unapplied["payment"])
    amount = columns.scaled(unapplied["cents"])
    return {"payment_id": _ids(tables, unapplied), "currency": currency, "amount": amount}


def _ids(tables: Tables, found: pa.Table) -> pa.ChunkedArray:
    return pc.take(tables.payments["id"], found["payment"])


def _table(rows: Sequence[Sequence[object]], schema: pa.Schema, payments: NDArray[np.int64]) -> pa.Table:
    lists = list(zip(*rows, strict=True)) if rows else [() for _ in schema]
    arrays = [pa.array(values, type=field.type) for values, field in zip(lists[1:], list(schema)[1:], strict=True)]
    first = payments[np.array(lists[0], dtype=np.int64)]
    return pa.table([columns.arrow(first.astype(np.int32)), *arrays], schema=schema)


def _ordered(parts: Sequence[pa.Table], schema: pa.Schema, rank: NDArray[np.int64]) -> pa.Table:
    if not parts:
        return schema.empty_table()
    whole = pa.concat_tables(parts)
    return whole.take(columns.arrow(np.argsort(rank[whole["payment"].to_numpy()], kind="stable")))


def _part(tables: Tables, people: NDArray[np.int64], papers: NDArray[np.int64], money: NDArray[np.int64]) -> Part:
    if (
        len(people) == len(tables.customers)
        and len(papers) == len(tables.documents)
        and len(money) == len(tables.payments)
    ):
        return Part(tables=tables, payments=money)
    documents = tables.documents.take(columns.arrow(papers))
    customer = _renumbered(documents["customer"], people, len(tables.customers))
    documents = documents.set_column(documents.schema.get_field_index("customer"), "customer", customer)
    inside = pc.is_in(tables.fixed["payment"], columns.arrow(money.astype(np.int32)))
    inside = pc.or_(inside, pc.is_in(tables.fixed["document"], columns.arrow(papers.astype(np.int32))))
    fixed = tables.fixed.filter(inside)
    fixed = pa.table(
        [
            _renumbered(fixed["payment"], money, len(tables.payments)),
            _renumbered(fixed["document"], papers, len(tables.documents)),
            fixed["cents"],
        ],
        schema=columns.FIXED,
    )
    return Part(
        tables=Tables(
            payments=tables.payments.take(columns.arrow(money)),
            documents=documents,
            customers=tables.customers.take(columns.arrow(people)),
            fx=tables.fx,
            fixed=fixed,
        ),
        payments=money,
    )


def _renumbered(column: pa.ChunkedArray, kept: NDArray[np.int64], size: int) -> pa.ChunkedArray:
    """Positions in the whole table as positions among the kept rows; null stays null."""
    position = np.full(size, -1, dtype=np.int32)
    position[kept] = np.arange(len(kept), dtype=np.int32)
    return pc.take(columns.arrow(position), column)


def _codes(countries: pa.ChunkedArray, family: dict[str, int]) -> NDArray[np.int64]:
    numbers, names = coded(countries)
    return np.array([family[name] for name in names], dtype=np.int64)[numbers]
