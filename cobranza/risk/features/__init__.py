"""Features of debtors as they were known on a day: `table` computes them all, `days` dates what went in.

Nothing that became known later changes either (`tests/unit/risk_features` tries to make it so).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from cobranza.risk.features import behaving, paying
from cobranza.risk.features.catalogue import CATALOGUE, NAMES
from cobranza.risk.features.history import Cut, History

__all__ = ["CATALOGUE", "NAMES", "History", "days", "table"]


def table(history: History, as_of: date) -> pd.DataFrame:
    """Every feature of every debtor asked about, by what was known at the end of `as_of`.

    Returns:
        Index: debtor's id, rising; columns `NAMES`, float64, missing as NaN.
    """
    cut = history.cut(as_of)
    found = paying.features(cut) | behaving.features(cut)
    return pd.DataFrame({name: found[name] for name in NAMES}, index=pd.Index(cut.ids, name="debtor"), dtype=np.float64)


def days(history: History, as_of: date) -> pd.DataFrame:
    """The day of the newest thing behind each debtor's features; that of a feature is that of its `source`.

    Returns:
        Index as in `table`; columns `catalogue.SOURCES`, datetime64[s], missing as NaT.
    """
    cut = history.cut(as_of)
    newest = {
        "facturas": cut.most(*_both(cut, "known")),
        "cobros": np.fmax(cut.most(cut.money["at"], cut.money["known"]), cut.most(*_both(cut, "known"))),
        "disputas": np.fmax(_newest(cut, cut.disputes, "opened"), _newest(cut, cut.disputes, "released")),
        "acuerdos": np.fmax(_newest(cut, cut.agreements, "opened"), _newest(cut, cut.agreements, "ended")),
        "conversación": _newest(cut, cut.words, "day"),
        "límites": _newest(cut, cut.limits, "known"),
        "series": np.full(cut.size, cut.series["known"].max() if len(cut.series) else np.nan, dtype=np.float64),
        "informes": _newest(cut, cut.bureau, "known"),
    }
    columns = {
        name: pd.to_datetime(pd.Series(values), unit="D").astype("datetime64[s]") for name, values in newest.items()
    }
    return pd.DataFrame(columns).set_index(pd.Index(cut.ids, name="debtor"))


def _both(cut: Cut, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Of invoices and credit notes together: the debtors' positions and a column."""
    return (
        np.concatenate([cut.invoices["at"], cut.credit["at"]]),
        np.concatenate([cut.invoices[column], cut.credit[column]]),
    )


def _newest(cut: Cut, rows: dict[str, np.ndarray], column: str) -> np.ndarray:
    happened = rows[column] <= cut.day
    return cut.most(rows["at"][happened], rows[column][happened])
