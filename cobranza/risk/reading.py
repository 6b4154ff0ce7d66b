# ruff: noqa: S608  # every query is put together from the constants of this module alone
"""Reads the ledger as a `History`, set by set: the server sends whole tables, nothing is asked row by row.

When something became known: the day on which it was written down here. What came with the first load (the creditor's
first `INITIAL_LOAD_DAYS` with us) is the exception: the company had known it all along in its ERP and its bank, so it
counts from its own day (issue, booking). Without that a company's past could teach nothing; the price is that within
those first days a score cannot be told apart from one that had the load's last file.

What an ERP shows as settled by others counts from the reading that showed it last: never too early, perhaps too late.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
from django.db import connection
from psycopg import sql

from cobranza.ledger.models import Creditor
from cobranza.risk.features.history import COLUMNS, NEVER, History
from cobranza.risk.series import Extras, configured

INITIAL_LOAD_DAYS: Final = 30
BATCH: Final = 100_000
"""Debtors read at a time: bounds the memory, whatever the size of the ledger."""

_BLOCK = 16 * 1024**2
_ONE_BY_ONE = 1000
_DENSE = 2


def _day(text: str) -> str:
    return f"({text} - date '1970-01-01')"


def _moment(text: str) -> str:
    return _day(f"({text} AT TIME ZONE 'Europe/Madrid')::date")


def _known(own: str, written: str) -> str:
    """The day from which something counts: see the module; `c` is the creditor."""
    return (
        f"CASE WHEN {written} < c.created_at + interval '{INITIAL_LOAD_DAYS} days' "
        f"THEN {_day(own)} ELSE greatest({_day(own)}, {_moment(written)}) END"
    )


def _end(text: str) -> str:
    return f"coalesce({_moment(text)}, {NEVER})"


_QUERIES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "debtors": (
            "d.id",
            """SELECT d.id AS debtor, d.erp_key, d.tax_id, coalesce(nullif(d.country, ''), c.country) AS country
               FROM ledger_debtor d JOIN ledger_creditor c ON c.id = d.creditor_id WHERE""",
        ),
        "invoices": (
            "i.debtor_id",
            f"""SELECT i.id AS invoice, i.debtor_id AS debtor, {_day("i.issued_on")} AS issued,
                       {_day("i.due_on")} AS due, {_known("i.issued_on", "i.created_at")} AS known, i.gross AS amount
                FROM ledger_invoice i JOIN ledger_creditor c ON c.id = i.creditor_id WHERE""",
        ),
        "settlements": (
            "i.debtor_id",
            f"""SELECT a.invoice_id AS invoice, {_day("m.booked_on")} AS day,
                       {_known("m.booked_on", "a.decided_at")} AS known, a.applied AS amount,
                       CASE WHEN m.counterparty_account = '' THEN 0
                            ELSE hashtextextended(m.counterparty_account, 0) END AS account,
                       CASE WHEN m.bank_code = '' THEN 0 ELSE hashtextextended(m.bank_code, 0) END AS method,
                       (a.applied < 0 AND i.gross > 0)::int AS returned
                FROM ledger_allocation a JOIN ledger_movement m ON m.id = a.movement_id
                     JOIN ledger_invoice i ON i.id = a.invoice_id JOIN ledger_creditor c ON c.id = i.creditor_id
                WHERE""",
        ),
        "reversals": (
            "i.debtor_id",
            f"""SELECT a.invoice_id AS invoice, {_moment("a.reversed_at")} AS day, {_moment("a.reversed_at")} AS known,
                       -a.applied AS amount, 0 AS account, 0 AS method, 0 AS returned
                FROM ledger_allocation a JOIN ledger_invoice i ON i.id = a.invoice_id
                WHERE a.reversed_at IS NOT NULL AND""",
        ),
        "elsewhere": (
            "i.debtor_id",
            f"""SELECT i.id AS invoice, {_moment("s.at")} AS day, {_moment("s.at")} AS known, i.elsewhere AS amount,
                       0 AS account, 0 AS method, 0 AS returned
                FROM ledger_invoice i CROSS JOIN LATERAL (
                    SELECT coalesce(i.vanished_at, (
                        SELECT e.at FROM ledger_seal s JOIN ledger_event e ON e.id = s.event_id
                        WHERE s."table" = 'invoice' AND s.row = i.id ORDER BY s.id DESC LIMIT 1
                    ), i.read_at) AS at) s
                WHERE i.elsewhere <> 0 AND""",
        ),
        "disputes": (
            "debtor_id",
            f"""SELECT debtor_id AS debtor, coalesce(invoice_id, 0) AS invoice, {_moment("opened_at")} AS opened,
                       {_end("released_at")} AS released, amount
                FROM ledger_hold WHERE source LIKE 'disputa:%' AND""",
        ),
        "agreements": (
            "debtor_id",
            f"""SELECT debtor_id AS debtor, {_moment("accepted_at")} AS opened, {_end("ended_at")} AS ended,
                       CASE standing WHEN 'cumplido' THEN 1 WHEN 'incumplido' THEN -1 ELSE 0 END AS outcome
                FROM ledger_agreement WHERE""",
        ),
        "instalments": (
            "a.debtor_id",
            # those of a cancelled plan were due until it was cancelled, and then no more
            f"""SELECT a.debtor_id AS debtor, {_moment("a.accepted_at")} AS known, {_day("p.due_on")} AS due,
                       least(coalesce({_day("p.closed_on")}, {NEVER}),
                             CASE WHEN a.standing = 'anulado' THEN {_moment("a.ended_at")} ELSE {NEVER} END) AS closed
                FROM ledger_instalment p JOIN ledger_agreement a ON a.id = p.agreement_id WHERE""",
        ),
        "words": (
            "debtor_id",
            f"""SELECT debtor_id AS debtor, {_moment("at")} AS day, (direction = 'in')::int AS inbound,
                       hashtextextended(channel, 0) AS channel
                FROM ledger_word WHERE""",
        ),
        "bureau": (
            "d.id",
            f"""SELECT d.id AS debtor, greatest({_day("r.as_of")}, {_moment("r.read_at")}) AS known, r.source AS source,
                       100 * (1 - r."default") AS score, r.incidents AS incidents, r.weight AS weight
                FROM risk_bureaureport r JOIN ledger_debtor d ON d.tax_id = r.tax_id AND d.tax_id <> ''
                     JOIN ledger_creditor c ON c.id = d.creditor_id
                WHERE r.country = coalesce(nullif(d.country, ''), c.country) AND""",
        ),
    }
)
"""By frame: the column that names the debtor, and the query up to its last condition."""

_MONEY: Final = ("settlements", "reversals", "elsewhere")
_ARROW: Final = {"int64": pa.int64(), "float64": pa.float64(), "object": pa.string(), "bool": pa.int64()}


def read(debtors: Sequence[int] | np.ndarray, *, extras: Extras | None = None) -> History:
    """Everything on record about some debtors.

    Args:
        debtors: Their ids, of any creditor, in any order.
        extras: What is not in the ledger; by default what ``config/risk.toml`` names.
    """
    known = configured() if extras is None else extras
    who = _who(np.unique(np.asarray(debtors, dtype=np.int64)))
    found = {name: _frame(name, who) for name in _QUERIES}
    people = found["debtors"]
    people = people[people["debtor"].isin(debtors)].reset_index(drop=True)
    money = [found[name] for name in _MONEY if len(found[name])]
    return History(
        debtors=people[["debtor", "country"]].assign(sector=known.sector_of(people["erp_key"])),
        settlements=pd.concat(money, ignore_index=True) if money else found["settlements"],
        limits=known.limits_of(people),
        series=known.series,
        **{name: found[name] for name in ("invoices", "disputes", "agreements", "instalments", "words", "bureau")},
    )


def batches(creditor: Creditor | None = None, *, size: int = BATCH) -> Iterator[np.ndarray]:
    """Ids of all debtors, or of one creditor's, in rising parts of at most so many."""
    with connection.cursor() as cursor:
        if creditor is None:
            cursor.execute("SELECT id FROM ledger_debtor ORDER BY id")
        else:
            cursor.execute("SELECT id FROM ledger_debtor WHERE creditor_id = %s ORDER BY id", [creditor.pk])
        ids = np.fromiter((row[0] for row in cursor.fetchall()), dtype=np.int64)
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _who(ids: np.ndarray) -> sql.Composable:
    """A condition on ``{}``: a range where most of it is asked for (the others' rows are dropped), else a list."""
    if len(ids) > _ONE_BY_ONE and ids[-1] - ids[0] < _DENSE * len(ids):
        return sql.SQL("BETWEEN {} AND {}").format(sql.Literal(int(ids[0])), sql.Literal(int(ids[-1])))
    return sql.SQL("= ANY({})").format(sql.Literal(ids.tolist()))


def _frame(name: str, who: sql.Composable) -> pd.DataFrame:
    column, query = _QUERIES[name]
    types = dict(COLUMNS["settlements" if name in _MONEY else name])
    if name == "debtors":
        types = {"debtor": "int64", "erp_key": "object", "tax_id": "object", "country": "object"}
    # the queries are the constants above: nothing foreign is in them
    whole = sql.SQL(f"COPY ({query} {column} ") + who + sql.SQL(") TO STDOUT (FORMAT csv, HEADER)")
    return _arrow(whole, types)


def _arrow(query: sql.Composable, types: Mapping[str, str]) -> pd.DataFrame:
    """Copy a query's rows out of the server into a frame."""
    text = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(query) as rows:
        for block in rows:
            text.write(block)
    text.seek(0)
    options: dict[str, Any] = {name: _ARROW[kind] for name, kind in types.items()}
    found = pa_csv.read_csv(
        text,
        read_options=pa_csv.ReadOptions(block_size=_BLOCK, use_threads=False),
        convert_options=pa_csv.ConvertOptions(column_types=options, null_values=[""], strings_can_be_null=False),
    )
    frame = pd.DataFrame({name: found.column(name).to_numpy() for name in types})
    for name, kind in types.items():
        if kind == "bool":
            frame[name] = frame[name].astype(bool)
    return frame
