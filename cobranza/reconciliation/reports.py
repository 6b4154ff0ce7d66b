"""What a matching run tells people: the counts and sums of its summary, and what is left for review."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cobranza.reconciliation import columns
from cobranza.reconciliation.frames import write_cents
from cobranza.reconciliation.partitions import Solved, Tables
from cobranza.reconciliation.ties import coded


def summary(tables: Tables, result: Solved, threshold: float) -> dict[str, Any]:
    """Counts and amounts, as the command prints them; amounts as text."""
    first = _first(result.links)
    matched = np.zeros(len(tables.payments), dtype=bool)
    matched[first["payment"].to_numpy()] = True
    currency, currencies = coded(tables.payments["currency"])
    cents = tables.payments["cents"].to_numpy()
    received, settled = (np.zeros(len(currencies), dtype=np.int64) for _ in range(2))
    np.add.at(received, currency, cents)
    np.add.at(settled, currency[matched], cents[matched])
    reasons = pc.replace_substring_regex(result.unmatched["reason"], r"^Nombra .*?, que", "Nombra una factura que")
    rules = Counter(first["rule"].to_pylist())
    return {
        "payments": len(tables.payments),
        "matched": len(first),
        "automatic": int(pc.sum(_sure(first, threshold)).as_py() or 0),
        "links": len(result.links),
        "unmatched": len(result.unmatched),
        "by_rule": dict(sorted(rules.items(), key=lambda item: (-item[1], item[0]))),
        "by_reason": dict(sorted(Counter(reasons.to_pylist()).items())),
        "amounts": {
            name: {"received": write_cents(int(received[code])), "matched": write_cents(int(settled[code]))}
            for name, code in sorted(zip(currencies, range(len(currencies)), strict=True))
        },
    }


def review(tables: Tables, result: Solved, threshold: float) -> dict[str, pa.Array]:
    """What a person has to look at: unmatched payments and the matches below the threshold."""
    first = _first(result.links)
    unsure = first.filter(pc.invert(_sure(first, threshold)))
    reason = pc.binary_join_element_wise(
        "Propuesta con confianza ", unsure["confidence"], ", por debajo del umbral automático.", ""
    )
    rows = pa.concat_tables(
        [
            pa.table({"payment": unsure["payment"], "reason": reason, "candidates": unsure["explanation"]}),
            result.unmatched,
        ]
    ).sort_by("payment")
    texts = {name: rows[name] for name in ("reason", "candidates")}
    return {"payment_id": pc.take(tables.payments["id"], rows["payment"]), **texts}


def _first(links: pa.Table) -> pa.Table:
    """The first line of each payment; a payment's lines stand together."""
    payment = links["payment"].to_numpy()
    starts = np.flatnonzero(np.diff(payment, prepend=-1))
    return links.take(columns.arrow(starts))


def _sure(links: pa.Table, threshold: float) -> pa.ChunkedArray:
    return pc.greater_equal(pc.cast(links["confidence"], pa.float64()), threshold)
