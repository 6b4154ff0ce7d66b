"""The judge of the first day: a score card written by people, for companies whose ledger has no history to learn from.

Its points (`points.toml`) are round numbers that a credit manager can read and change; it says nothing of how sure it
is, and the first trained model that beats it on the check set takes its place.
"""

from __future__ import annotations

import hashlib
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from classifiers.payers.judging import EXPLAINED, judged, sigmoid
from classifiers.payers.shapes import Shapes

_FILE: Final = Path(__file__).parent / "points.toml"
_DAYS = np.array([15.0, 45.0, 75.0, 150.0])
"""Days late of who pays within 30, 60, 90 days, and later."""


class Rules:
    """See `cobranza.risk.ports.Judge`."""

    slug = "reglas"

    @property
    def name(self) -> str:
        """See `cobranza.risk.ports.Judge`."""
        return f"{self.slug}/{hashlib.sha256(_FILE.read_bytes()).hexdigest()[:12]}"

    @cached_property
    def _card(self) -> dict[str, Any]:
        with _FILE.open("rb") as file:
            return tomllib.load(file)

    @cached_property
    def _shapes(self) -> Shapes:
        features = self._card["features"]
        return Shapes(
            (EXPLAINED,),
            np.array([self._card["base"]], dtype=np.float64),
            {name: np.array(entry["edges"], dtype=np.float64) for name, entry in features.items()},
            {
                name: np.array([[entry.get("missing", 0.0)], *([each] for each in entry["points"])], dtype=np.float64)
                for name, entry in features.items()
            },
        )

    def judge(self, table: pd.DataFrame) -> pd.DataFrame:
        """See `cobranza.risk.ports.Judge`."""
        sums, parts = self._shapes.add(table, EXPLAINED)
        z = sums[:, 0]
        outcomes = {name: sigmoid(z + shift) for name, shift in self._card["shifts"].items()}
        # whoever is worse at paying late misses sooner: the same points, turned round
        outcomes |= {name: sigmoid(base - z) for name, base in self._card["turned"].items()}
        within = np.stack([outcomes["pay_30"], outcomes["pay_60"], outcomes["pay_90"], np.ones(len(z))])
        outcomes["days_late"] = _DAYS @ np.diff(within, axis=0, prepend=0.0)
        return judged(table, outcomes, self._shapes.names, parts)


ADAPTER = Rules()
