"""The baseline: an invoice whose whole number stands in the text and whose open amount is the payment's."""

from __future__ import annotations

import pandas as pd

from tests.bench.peers import tables
from tests.bench.peers.tables import Tables

NAME = "number in full + equal amount"


def link(world: Tables) -> pd.DataFrame:
    """Link what has exactly one such invoice, each invoice once."""
    payments, invoices = world.payments, world.invoices
    tokens = [
        tables.whole_numbers(text, structured)
        for text, structured in zip(payments["remittance"], payments["structured_ref"], strict=True)
    ]
    named = (
        payments[["payment_id", "currency", "cents"]]
        .assign(key=pd.Series(tokens))
        .explode("key")
        .dropna(subset=["key"])
    )
    keys = invoices[["invoice_id", "currency", "cents"]].assign(key=invoices["number"].map(tables.joined))
    pairs = named.merge(keys, on=["key", "currency", "cents"]).drop_duplicates(["payment_id", "invoice_id"])
    single = pairs[~pairs["payment_id"].duplicated(keep=False)]
    single = single.sort_values("payment_id").drop_duplicates("invoice_id")  # what is paid is closed
    return single[["payment_id", "invoice_id"]].assign(confidence=1.0)
