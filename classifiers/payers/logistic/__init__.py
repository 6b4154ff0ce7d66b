"""Logistic regression, the baseline that boosting has to beat; see `heads.linear`."""

from __future__ import annotations

from classifiers.payers.learned import Fit
from classifiers.payers.taught import Taught


class Logistic(Taught):
    """See `Taught`."""

    def _fit(self) -> Fit:
        from classifiers.payers.heads import linear

        return linear


ADAPTER = Logistic("logistica")
