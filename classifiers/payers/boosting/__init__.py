"""Gradient boosting of one feature at a time: monotone where it must be, additive, calibrated; see `heads.boosted`."""

from __future__ import annotations

from classifiers.payers.learned import Fit
from classifiers.payers.taught import Taught


class Boosting(Taught):
    """See `Taught`."""

    def _fit(self) -> Fit:
        from classifiers.payers.heads import boosted

        return boosted


ADAPTER = Boosting("gradiente")
