"""What a judge that learns takes and gives (`classifiers/payers`): examples, and how well it did on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cobranza.risk.ports import Judge

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Debtors on past days, and what became of them.

    Attributes:
        table: Features as of each row's day; any index, one row an example.
        outcomes: What happened, columns `OUTCOMES`, NaN where unknown or not applicable.
        known: The day, as a number, on which that was known; NaN likewise.
        debtor: Of each row.
        as_of: Day of each row, as a number.
        country: Of each row's debtor.
    """

    table: pd.DataFrame
    outcomes: pd.DataFrame
    known: pd.DataFrame
    debtor: Ints
    as_of: Ints
    country: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.debtor)

    def where(self, keep: NDArray[np.bool_]) -> Examples:
        """Some of the rows."""
        return Examples(
            table=self.table[keep].reset_index(drop=True),
            outcomes=self.outcomes[keep].reset_index(drop=True),
            known=self.known[keep].reset_index(drop=True),
            debtor=self.debtor[keep],
            as_of=self.as_of[keep],
            country=self.country[keep],
        )

    def known_by(self, day: int) -> Examples:
        """The same rows, without the outcomes that were not known on a day."""
        hidden = ~(self.known <= day)
        return Examples(
            table=self.table,
            outcomes=self.outcomes.mask(hidden),
            known=self.known.mask(hidden),
            debtor=self.debtor,
            as_of=self.as_of,
            country=self.country,
        )


class Learner(Protocol):
    """A judge of `classifiers/payers` that can be taught; it judges with the version in use."""

    slug: str

    def learn(self, examples: Examples, *, seed: int, least: int) -> Judge:
        """Learn from examples; what has fewer than `least` of them is judged by the rules."""
        ...

    def admit(self, judge: Judge, card: Mapping[str, Any], text: str, *, refused: Sequence[str]) -> Path:
        """Keep what was learned with its card (data and Markdown), and use it unless refused; gives its folder."""
        ...

    def live(self) -> Judge | None:
        """The version in use; None when nothing was trained here."""
        ...

    def versions(self) -> list[dict[str, Any]]:
        """What is kept, oldest first: version, trained, state (in_use, kept, refused), figures, refused."""
        ...

    def card(self, version: str) -> tuple[dict[str, Any], str]:
        """The card of a kept version, as data and as Markdown."""
        ...

    def use(self, version: str) -> None:
        """Put a kept version into use."""
        ...

    def roll_back(self) -> str:
        """Put the version before the one in use back; "" when there is none before it and the rules take over."""
        ...
