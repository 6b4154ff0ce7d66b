"""Linear heads: one per view of a text (words, vectors, rules), and how their opinions are put together."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

Table: TypeAlias = NDArray[np.float32] | Any  # or a sparse matrix of SciPy, which has no types


@dataclass(frozen=True, slots=True)
class Head:
    """A multinomial logistic regression: `weights` float32 (n_features, n_labels), `bias` float32 (n_labels,)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def scores(self, table: Table) -> NDArray[np.float64]:
        """Log-probabilities, shape (n_rows, n_labels)."""
        found: NDArray[np.float64] = log_softmax(np.asarray(table @ self.weights, dtype=np.float64) + self.bias, axis=1)
        return found

    def odds(self, table: Table) -> NDArray[np.float64]:
        """Log-odds of each label for itself, shape (n_rows, n_labels); for heads of `fit_each`."""
        found: NDArray[np.float64] = np.asarray(table @ self.weights, dtype=np.float64) + self.bias
        return found


def fit(table: Table, answers: NDArray[np.int64], n_labels: int, *, inverse_penalty: float, rows: Any = None) -> Head:
    """Fit a head; every label must occur.

    Args:
        table: Features, shape (n_rows, n_features).
        answers: Index of each row's label.
        n_labels: How many labels there are.
        inverse_penalty: Large: follow the examples; small: be cautious.
        rows: Weights of the rows, shape (n_rows,).
    """
    model = LogisticRegression(C=inverse_penalty, max_iter=300, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a head that is nearly there judges as well
        model.fit(table, answers, sample_weight=rows)
    weights = np.zeros((table.shape[1], n_labels), dtype=np.float32)
    bias = np.full(n_labels, -30.0, dtype=np.float32)
    if len(model.classes_) == 2:  # scikit-learn keeps one row for two labels
        weights[:, model.classes_] = np.stack([-model.coef_[0], model.coef_[0]], axis=1) / 2
        bias[model.classes_] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        weights[:, model.classes_] = model.coef_.T
        bias[model.classes_] = model.intercept_
    return Head(weights, bias)


def fit_each(
    table: Table, wanted: NDArray[np.bool_], *, inverse_penalty: float, rows: NDArray[np.float64] | None = None
) -> Head:
    """Fit one yes-or-no head for each label; `wanted` has shape (n_rows, n_labels)."""
    weights = np.zeros((table.shape[1], wanted.shape[1]), dtype=np.float32)
    bias = np.full(wanted.shape[1], -8.0, dtype=np.float32)
    for label in range(wanted.shape[1]):
        if not wanted[:, label].any() or wanted[:, label].all():
            continue
        model = LogisticRegression(C=inverse_penalty, max_iter=200, tol=1e-2, class_weight="balanced")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(table, wanted[:, label], sample_weight=rows)
        weights[:, label], bias[label] = model.coef_[0], model.intercept_[0]
    return Head(weights, bias)


@dataclass(frozen=True, slots=True)
class Scale:
    """Brings dense features to mean 0 and spread 1; columns that never change count nothing."""

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]

    @classmethod
    def of(cls, table: NDArray[np.float32]) -> Scale:
        """Learn from a pool of examples; labels are not looked at."""
        spread = table.std(axis=0)
        return cls(table.mean(axis=0), np.where(spread > 1e-6, spread, np.inf).astype(np.float32))

    def apply(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Same shape, float32."""
        return ((table - self.mean) / self.spread).astype(np.float32)
