"""Fits one outcome at a time: an additive boosting whose trees see one feature each, and a linear model beside it.

Trees of one feature each add up to steps of that feature alone, so what was learned is read off exactly by walking
through each feature's steps (`Shapes`); scoring needs no library, and the reasons are the model itself. Monotone where
`cobranza.risk.features.catalogue` gives a sense.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classifiers.payers.shapes import Shapes, probe, step_edges
from cobranza.risk.features import CATALOGUE

Floats = NDArray[np.float64]

DAYS: Final = "days_late"
SHARE: Final = "recovery"
AGAINST: Final = ("days_late", "first_miss", "relapse")
"""Outcomes that grow as the chance of being paid falls."""

_STEPS = 48
_TREES, _RATE, _LEAVES = 160, 0.06, 6
_LOGISTIC_C, _RIDGE = 0.05, 50.0
_CHECKED = 500


def boosted(table: pd.DataFrame, outcomes: dict[str, Floats], seed: int) -> Shapes:
    """Additive boosting of every outcome on the same steps.

    Args:
        outcomes: What happened by outcome, NaN where it does not teach, shape (n,).
    """
    names = [name for name in table.columns if table[name].notna().any() and _varies(table[name].to_numpy())]
    edges = {name: step_edges(table[name].to_numpy(np.float64), _STEPS) for name in names}
    blank = Shapes(("",), np.zeros(1), edges, {name: np.zeros((len(edges[name]) + 2, 1)) for name in names})
    codes = np.column_stack([_nan_zero(blank.steps(table, name)) for name in names])
    base, points = [], {name: np.zeros((len(edges[name]) + 2, len(outcomes))) for name in names}
    for k, (outcome, found) in enumerate(outcomes.items()):
        sign = -1 if outcome in AGAINST else 1
        teaches = ~np.isnan(found)
        model = _trees(outcome, [sign * CATALOGUE[name].sense for name in names], int(teaches.sum()), seed)
        # who owes nothing past due has no age of it: a column without any value is one that says nothing
        empty = np.isnan(codes[teaches]).all(axis=0)
        _teach(model, outcome, np.where(empty, 0.0, codes[teaches]), found[teaches])
        walked, nothing = _walk(model.predict if outcome == DAYS else model.decision_function, names, edges)
        base.append(nothing)
        for name in names:
            points[name][:, k] = walked[name]
        together = nothing + sum(points[name][blank.steps(table, name)[:_CHECKED], k] for name in names)
        with threadpool_limits(limits=1):
            said = (model.predict if outcome == DAYS else model.decision_function)(codes[:_CHECKED])
        if np.abs(together - said).max(initial=0.0) > 1e-6:
            raise ArithmeticError(f"the trees of {outcome} are not additive")
    return Shapes(tuple(outcomes), np.array(base), edges, points).centred(table)


def _walk(say: Any, names: list[str], edges: dict[str, Floats]) -> tuple[dict[str, Floats], float]:
    """Go through every step of every feature alone: what each adds to the answer for nothing known, and that answer."""
    rows = [probe(name, names, len(edges[name]) + 2) for name in names]
    with threadpool_limits(limits=1):
        said = say(np.vstack([np.full((1, len(names)), np.nan), *rows]))
    ends = np.cumsum([1, *(len(each) for each in rows)])
    return {name: said[ends[k] : ends[k + 1]] - said[0] for k, name in enumerate(names)}, float(said[0])


def _varies(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool(np.ptp(known) > 0) or bool(np.isnan(values).any())


def _nan_zero(steps: NDArray[np.intp]) -> Floats:
    return np.where(steps == 0, np.nan, steps.astype(np.float64))


def _trees(outcome: str, senses: list[int], rows: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    options: dict[str, Any] = {
        "max_iter": _TREES, "learning_rate": _RATE, "max_leaf_nodes": _LEAVES, "l2_regularization": 1.0,
        "min_samples_leaf": max(10, min(200, rows // 60)), "interaction_cst": "no_interactions",
        "monotonic_cst": senses, "early_stopping": False, "random_state": seed,
    }  # fmt: skip
    return HistGradientBoostingRegressor(**options) if outcome == DAYS else HistGradientBoostingClassifier(**options)


def _teach(model: Any, outcome: str, x: Floats, y: Floats) -> None:
    """A share teaches as that much of a yes and the rest of a no.

    On one thread: examples are few, and threads that wait for each other on a busy machine cost a hundred times more.
    """
    with threadpool_limits(limits=1):
        _teach_alone(model, outcome, x, y)


def _teach_alone(model: Any, outcome: str, x: Floats, y: Floats) -> None:
    if outcome == SHARE:
        weight = np.concatenate([y, 1 - y])
        model.fit(np.vstack([x, x])[weight > 0], np.repeat([1, 0], len(y))[weight > 0], weight[weight > 0])
    else:
        model.fit(x, y if outcome == DAYS else y.astype(int))


@dataclass(frozen=True, slots=True)
class Line:
    """A linear model of standardised features; a missing one stands at the mean and has a weight of its own.

    Attributes:
        outcomes: In the order of the columns.
        base: Of the average debtor, shape (outcomes,).
        names: Of the features.
        mean: Of each feature, after the logarithm of those that `CATALOGUE` gives one, shape (features,).
        spread: Likewise.
        weights: Shape (features, outcomes).
        missing: What absence adds, shape (features, outcomes).
        centre: What each feature gives the average debtor, already in `base`, shape (features, outcomes).
    """

    outcomes: tuple[str, ...]
    base: Floats
    names: tuple[str, ...]
    mean: Floats
    spread: Floats
    weights: Floats
    missing: Floats
    centre: Floats

    def add(self, table: pd.DataFrame, explained: str) -> tuple[Floats, Floats]:
        """See `Shapes.add`."""
        x, absent = standard(table, self.names, self.mean, self.spread)
        sums = self.base - self.centre.sum(axis=0) + x @ self.weights + absent @ self.missing
        k = self.outcomes.index(explained)
        return sums, x * self.weights[:, k] + absent * self.missing[:, k] - self.centre[:, k]


def standard(table: pd.DataFrame, names: tuple[str, ...], mean: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Features as a linear model takes them, and which are missing; both shape (n, features)."""
    x = np.column_stack([_scaled(table, name) for name in names])
    absent = np.isnan(x)
    return np.where(absent, 0.0, np.clip((x - mean) / spread, -4, 4)), absent.astype(np.float64)


def _scaled(table: pd.DataFrame, name: str) -> Floats:
    values = table[name].to_numpy(np.float64)
    entry = CATALOGUE.get(name)
    return np.log1p(np.maximum(values, 0)) if entry is not None and entry.log else values


def linear(table: pd.DataFrame, outcomes: dict[str, Floats], seed: int) -> Line:
    """The logistic baseline of every outcome (ridge regression for days); see `boosted`."""
    from sklearn.linear_model import LogisticRegression, Ridge

    names = tuple(name for name in table.columns if table[name].notna().any() and _varies(table[name].to_numpy()))
    raw = np.column_stack([_scaled(table, name) for name in names])
    mean, spread = np.nanmean(raw, axis=0), np.nanstd(raw, axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    x, absent = standard(table, names, mean, spread)
    both = np.hstack([x, absent])
    base, weights = np.zeros(len(outcomes)), np.zeros((both.shape[1], len(outcomes)))
    for k, (outcome, found) in enumerate(outcomes.items()):
        teaches = ~np.isnan(found)
        model: Any = Ridge(alpha=_RIDGE) if outcome == DAYS else LogisticRegression(
            C=_LOGISTIC_C, max_iter=500, random_state=seed
        )  # fmt: skip
        _teach(model, outcome, both[teaches], found[teaches])
        base[k] = float(np.ravel(model.intercept_)[0])
        weights[:, k] = np.ravel(model.coef_)
    # contributions are told against the average debtor
    centre = both.mean(axis=0)[:, None] * weights
    wide = len(names)
    centre = centre[:wide] + centre[wide:]
    return Line(tuple(outcomes), base + centre.sum(axis=0), names, mean, spread, weights[:wide], weights[wide:], centre)
