"""An additive model: each feature adds a number of points that depends on its own value alone.

So the points *are* the reasons, to the last digit: nothing is left over that no feature accounts for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Steps of points for each feature, for several outcomes at once.

    Attributes:
        outcomes: Names of the outcomes, in the order of the columns of `points` and `base`.
        base: Points of the average debtor, shape (outcomes,).
        edges: Rising values by feature, shape (steps - 1,); a value equal to an edge lies above it.
        points: By feature, shape (steps + 1, outcomes); row 0 is for a missing value.
    """

    outcomes: tuple[str, ...]
    base: Floats
    edges: Mapping[str, Floats]
    points: Mapping[str, Floats]

    def __post_init__(self) -> None:
        for name, edges in self.edges.items():
            if self.points[name].shape != (len(edges) + 2, len(self.outcomes)) or np.any(np.diff(edges) <= 0):
                raise ValueError(f"the steps of {name} do not fit")

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in order."""
        return tuple(self.edges)

    def steps(self, table: pd.DataFrame, name: str) -> NDArray[np.intp]:
        """On which row of a feature's points each debtor stands, shape (n,)."""
        values = table[name].to_numpy(np.float64)
        found = np.searchsorted(self.edges[name], values, side="right") + 1
        found[np.isnan(values)] = 0
        return found

    def add(self, table: pd.DataFrame, explained: str) -> tuple[Floats, Floats]:
        """Add up.

        Returns:
            Sums, shape (n, outcomes), and what each feature gave to the outcome `explained`, shape (n, features).
        """
        column = self.outcomes.index(explained)
        sums = np.repeat(self.base[None, :], len(table), axis=0)
        parts = np.empty((len(table), len(self.edges)), order="F")
        for k, name in enumerate(self.edges):
            given = self.points[name][self.steps(table, name)]
            sums += given
            parts[:, k] = given[:, column]
        return sums, parts

    def centred(self, table: pd.DataFrame, weights: Floats | None = None) -> Shapes:
        """The same model with every feature's points relative to their mean over a table, which goes to `base`."""
        base, points = self.base.copy(), {}
        for name, given in self.points.items():
            mean = np.average(given[self.steps(table, name)], axis=0, weights=weights)
            base += mean
            points[name] = given - mean
        return Shapes(self.outcomes, base, self.edges, points)


def step_edges(values: Floats, most: int) -> Floats:
    """Edges that part known values into at most `most` steps of about as many rows each.

    >>> step_edges(np.array([1.0, 1.0, 2.0, 3.0]), 8)
    array([1.5, 2.5])
    """
    known = np.unique(values[~np.isnan(values)])
    if len(known) < 2:
        return np.zeros(0)
    if len(known) <= most:
        return np.asarray((known[1:] + known[:-1]) / 2)
    wanted = np.quantile(values[~np.isnan(values)], np.linspace(0, 1, most + 1)[1:-1])
    return np.unique(wanted)


def probe(name: str, names: Sequence[str], steps: int) -> NDArray[np.float64]:
    """Rows of step numbers that go through one feature while the others stay missing (NaN), shape (steps, features)."""
    rows = np.full((steps, len(names)), np.nan)
    rows[1:, list(names).index(name)] = np.arange(1, steps)
    return rows
