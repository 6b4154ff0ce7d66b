"""Match payments with open documents: one pure function from data frames to data frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from cobranza.reconciliation import frames, partitions
from cobranza.reconciliation.engine import ConservationError
from cobranza.reconciliation.partitions import Tables
from cobranza.reconciliation.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ConservationError", "Result", "match"]


@dataclass(frozen=True)
class Result:
    """What `match` returns. Every frame holds Arrow strings; amounts are written "1234.56".

    Attributes:
        links: One row per payment and document: payment_id, invoice_id, applied, withheld, fee, discount (signed,
            currency of the document; applied - withheld - fee - discount is the cash of the line), confidence
            ("0.9731", that the payment's whole set is right), rule, explanation (Spanish).
        unmatched: payment_id, reason (Spanish), candidates: JSON list of up to three objects with `invoices` (ids),
            `confidence` and `explanation`.
        unapplied: payment_id, currency, amount: money of matched payments that settles nothing (overpayments).
    """

    links: pd.DataFrame
    unmatched: pd.DataFrame
    unapplied: pd.DataFrame


def match(
    payments: pd.DataFrame,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    fx: pd.DataFrame,
    *,
    policy: Policy | None = None,
    fixed: pd.DataFrame | None = None,
) -> Result:
    """Match payments with documents. Same rows in any order give the same result.

    Args:
        payments: Columns `frames.PAYMENT_COLUMNS`; amount signed, text or Decimal, never float.
        invoices: Columns `frames.INVOICE_COLUMNS`; credit notes carry negative amounts.
        customers: Columns `frames.CUSTOMER_COLUMNS`.
        fx: Columns `frames.FX_COLUMNS`, units of a currency for one US dollar.
        policy: The company's thresholds and tolerances.
        fixed: Columns `frames.FIXED_COLUMNS`: allocations that stand (a person's, or posted before). Their payments
            are not read again and their amounts are taken off what is open.

    Raises:
        TableError: a column is missing or a cell cannot be read.
        ConservationError: the result does not add up (a defect).
    """
    people = frames.customer_columns(customers)
    money, papers = frames.payment_columns(payments), frames.document_columns(invoices, people)
    tables = Tables(
        payments=money,
        documents=papers,
        customers=people,
        fx=frames.rate_columns(fx),
        fixed=frames.fixed_columns(fixed, money, papers),
    )
    rules = policy or Policy()
    found = partitions.merged(tables, [partitions.solve(part, rules) for part in partitions.split(tables)])
    return Result(
        links=_frame(partitions.links_as_text(tables, found.links)),
        unmatched=_frame(partitions.unmatched_as_text(tables, found.unmatched)),
        unapplied=_frame(partitions.unapplied_as_text(tables, found.unapplied)),
    )


def _frame(columns: Mapping[str, pa.Array]) -> pd.DataFrame:
    """Arrow columns as a frame of Arrow strings."""
    import pandas as pd

    return pd.DataFrame({name: pd.Series(values.to_pylist(), dtype="str") for name, values in columns.items()})
