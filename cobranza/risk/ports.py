"""What the scores need from a model of payers (`classifiers/payers`), and what both sides call the columns.

One table goes in and one comes out, whatever the number of debtors: a single debtor is a table of one row, so there is
no second way of scoring that could differ from the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import pandas as pd

REASONS: Final = 3
"""How many reasons are told with each score."""

OUTCOMES: Final = ("pay_30", "pay_60", "pay_90", "days_late", "recovery", "first_miss", "relapse")
"""Columns of a judgement: probabilities of paying what is overdue within 30, 60 and 90 days; days late expected; share
of the open balance expected; probability of the first miss (missing for who is in arrears already) and of a relapse
(missing for who never recovered from anything)."""


class Judge(Protocol):
    """A trained model, or the rules of the first day."""

    slug: str
    """Short name in ``config/risk.toml``."""

    @property
    def name(self) -> str:
        """What is stored with each score: kind, version and a digest of the content."""
        ...

    def judge(self, table: pd.DataFrame) -> pd.DataFrame:
        """Judge every row of a table of features.

        Args:
            table: Index: the debtor's id; columns: `cobranza.risk.features.catalogue` (float64, missing as NaN).

        Returns:
            The same index; columns `OUTCOMES` (float64, probabilities in 0…1, nondecreasing over pay_30…pay_90) and,
            for k in 1…`REASONS`, ``reason_k`` (a feature's name, "" when there is none) with ``points_k`` (its exact
            contribution to the log odds of `pay_60` against the average debtor; negative counts against paying),
            the largest first.
        """
        ...
