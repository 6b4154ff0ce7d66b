"""Scored debtors as the rows of the ledger's table: one way of writing them, set-wise, for one debtor and a million.

Everything that entered is written with the day on which it was known, so that the score can be computed again.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from cobranza.risk.features.catalogue import CATALOGUE
from cobranza.risk.ports import OUTCOMES, REASONS

DECIMALS: Final = 4
"""Features are rounded to so many decimals before they are judged: what is stored is what was judged, exactly."""
COLUMNS: Final = (
    "debtor_id", "as_of", "at", "current", "model", *OUTCOMES, "band", "segment", "proposed", "to_person", "reasons",
    "inputs", "missing", "tags",
)  # fmt: skip
"""Of the ledger's table, in the order of `content`."""
_SHARES: Final = tuple(name for name in OUTCOMES if name != "days_late")
_NO_VALUE: Final = -987654321.5
_STEP: Final = {"%": 2, "días": 0, "importe": 0, "sí/no": 0}
"""Decimals that people see of a value by unit; 1 for the others."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Some debtors with all that is known of their scores; every frame has the same index, the debtors' ids.

    Attributes:
        table: Rounded features.
        days: See `features.days`; where nothing is known of a source, the day of the score is told.
        judged: See `Judge.judge`.
        treated: See `treatment.treat`.
        missing: Debtor's id → sources that were not there, told in Spanish; the others lack none.
        tags: Debtor's id → tags.
        model: Its name.
        as_of: Day until which data counted.
        at: When it was computed.
    """

    table: pd.DataFrame
    days: pd.DataFrame
    judged: pd.DataFrame
    treated: pd.DataFrame
    missing: dict[int, list[str]]
    tags: dict[int, list[str]]
    model: str
    as_of: date
    at: datetime

    def only(self, ids: NDArray[np.int64]) -> Scored:
        """The same for some of them."""
        keep = self.table.index.isin(ids)
        return Scored(
            table=self.table[keep],
            days=self.days[keep],
            judged=self.judged[keep],
            treated=self.treated[keep],
            missing=self.missing,
            tags=self.tags,
            model=self.model,
            as_of=self.as_of,
            at=self.at,
        )


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """A table of features as it is stored and judged; no value is ``-0``."""
    return table.astype(np.float64).round(DECIMALS) + 0.0


def content(scored: Scored) -> bytes:
    """The rows as CSV for COPY, in the order of the debtors and of `COLUMNS`."""
    many = len(scored.table)
    judged, treated = scored.judged, scored.treated
    columns: dict[str, Any] = {
        "debtor_id": pa.array(scored.table.index.to_numpy(np.int64)),
        "as_of": pa.repeat(scored.as_of.isoformat(), many),
        "at": pa.repeat(scored.at.isoformat(), many),
        "current": pa.repeat("t", many),
        "model": pa.repeat(scored.model, many),
    }
    for name in OUTCOMES:
        values = np.round(judged[name].to_numpy(np.float64), 5 if name in _SHARES else 1) + 0.0
        columns[name] = pa.array(values, from_pandas=True)
    for name in ("band", "segment", "proposed", "to_person"):
        columns[name] = pa.array(treated[name].to_numpy(object), type=pa.string())
    columns["reasons"] = reasons(scored)
    columns["inputs"] = inputs(scored)
    columns["missing"] = _lists(scored.table.index, scored.missing)
    columns["tags"] = _lists(scored.table.index, scored.tags)
    out = io.BytesIO()
    table = pa.table({name: columns[name] for name in COLUMNS})
    csv.write_csv(table, out, csv.WriteOptions(include_header=False, quoting_style="needed"))
    return out.getvalue()


def inputs(scored: Scored) -> pa.Array:
    """All that entered, as JSON texts ``{"feature": [value, "day"]}``; what is missing is left out."""
    pieces = []
    days = {name: _days(scored, name) for name in scored.days.columns}
    for name in scored.table.columns:
        numbers = pa.array(scored.table[name].to_numpy(np.float64), from_pandas=True)
        day = days[CATALOGUE[name].source]
        text = pc.binary_join_element_wise(f',"{name}":[', pc.cast(numbers, pa.string()), ',"', day, '"]', "")
        pieces.append(pc.fill_null(text, ""))
    joined = pc.binary_join_element_wise(*pieces, "")
    return pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")


def reasons(scored: Scored) -> pa.Array:
    """The reasons as JSON texts, the largest first: ``[{feature, text, value, as_of, points}]``."""
    pieces = []
    for number in range(1, REASONS + 1):
        names = scored.judged[f"reason_{number}"].to_numpy(object)
        points = scored.judged[f"points_{number}"].to_numpy(np.float64)
        told = np.full(len(names), "", dtype=object)
        for name in pd.unique(names):
            if name:
                where = np.flatnonzero(names == name)
                told[where] = _told(scored, str(name), where, points[where])
        pieces.append(pa.array(told, type=pa.string()))
    joined = pc.binary_join_element_wise(*pieces, "")
    return pc.binary_join_element_wise("[", pc.utf8_slice_codeunits(joined, 1), "]", "")


def _told(scored: Scored, name: str, where: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[Any]:
    """One feature as the reason of some debtors: JSON objects with a comma before each."""
    feature = CATALOGUE[name]
    values = scored.table[name].to_numpy(np.float64)[where]
    shown = np.round(values, _STEP.get(feature.unit, 1))
    # A sentence is made once for each value as people see it; a million debtors share a few hundred of them.
    good = points >= 0
    _, first, codes = np.unique(np.nan_to_num(shown, nan=_NO_VALUE) + 1j * good, return_index=True, return_inverse=True)
    sentences = np.array(
        [
            json.dumps(feature.said(float(shown[at]), 1.0 if good[at] else -1.0), ensure_ascii=False)
            for at in first.tolist()
        ],
        dtype=object,
    )
    # Reasons are sealed in events too, whose canonical form has no floats: their numbers are texts.
    numbers = pc.binary_join_element_wise('"', pc.cast(pa.array(values, from_pandas=True), pa.string()), '"', "")
    numbers = pc.fill_null(numbers, "null")
    day = _days(scored, feature.source).take(pa.array(where))
    text = pc.binary_join_element_wise(
        f',{{"feature":"{name}","text":', pa.array(sentences[codes], type=pa.string()), ',"value":', numbers,
        ',"as_of":"', day, '","points":"', pc.cast(pa.array(np.round(points, 4) + 0.0), pa.string()), '"}', "",
    )  # fmt: skip
    found: NDArray[Any] = text.to_numpy(zero_copy_only=False)
    return found


def _days(scored: Scored, source: str) -> pa.Array:
    """ISO days of a source."""
    days = pa.array(scored.days[source].to_numpy("datetime64[D]"), from_pandas=True)
    return pc.fill_null(pc.cast(days, pa.string()), scored.as_of.isoformat())


def _lists(index: pd.Index[Any], known: dict[int, list[str]]) -> pa.Array:
    """JSON lists by debtor, "[]" for those without one."""
    texts = np.full(len(index), "[]", dtype=object)
    if known:
        places = pd.Series(np.arange(len(index)), index=index)
        for debtor, place in places[places.index.isin(list(known))].items():
            texts[place] = json.dumps(known[int(str(debtor))], ensure_ascii=False)
    return pa.array(texts, type=pa.string())
