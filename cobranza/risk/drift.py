"""How far the debtors of now are from those that a judge learned from: the population stability index.

The index sums, over steps that held about as many debtors each when the judge learned, (share now - share then) times
the logarithm of their ratio. By custom below 0.10 is nothing, above 0.25 a reason to learn again; both are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCORE: Final = "pay_60"
_STEPS: Final = 10
_LEAST: Final = 1e-3
"""Share that an empty step counts as, so that the logarithm exists."""


def reference(table: pd.DataFrame, scores: Floats) -> dict[str, Any]:
    """What to compare with later: by feature, and for the score, the edges of steps and the share in each.

    The first share is of missing values.
    """
    columns = {name: table[name].to_numpy(np.float64) for name in table.columns} | {SCORE: scores}
    found = {}
    for name, values in columns.items():
        known = values[~np.isnan(values)]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _STEPS + 1)[1:-1])) if len(known) else np.zeros(0)
        found[name] = {"edges": edges.tolist(), "shares": _shares(values, edges).tolist()}
    return found


def index(entry: Mapping[str, Any], values: Floats) -> float:
    """The stability index of one column against its reference; 0 is the same.

    >>> entry = reference(pd.DataFrame({"a": np.arange(1000.0)}), np.linspace(0, 1, 1000))["a"]
    >>> round(index(entry, np.arange(1000.0)), 3), index(entry, np.arange(1000.0) + 500) > 1
    (0.0, True)
    """
    then = np.maximum(np.array(entry["shares"], dtype=np.float64), _LEAST)
    now = np.maximum(_shares(values, np.array(entry["edges"], dtype=np.float64)), _LEAST)
    return float(np.sum((now - then) * np.log(now / then)))


def indices(then: Mapping[str, Any], table: pd.DataFrame, scores: Floats) -> dict[str, float]:
    """The index of every column of a reference, the largest first; columns that are gone are left out."""
    found = {
        name: index(entry, scores if name == SCORE else table[name].to_numpy(np.float64))
        for name, entry in then.items()
        if name == SCORE or name in table.columns
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _shares(values: Floats, edges: Floats) -> Floats:
    step = np.searchsorted(edges, values, side="right") + 1
    step[np.isnan(values)] = 0
    return np.bincount(step, minlength=len(edges) + 2) / max(1, len(values))
