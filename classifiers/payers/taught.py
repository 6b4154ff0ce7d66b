"""The adapters that learn: each judges with its version in use, and says so by name when there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from classifiers.encoders.settings import models_folder
from classifiers.payers import learned, store
from classifiers.payers.errors import ModelError
from classifiers.payers.learned import Fit, Learned
from cobranza.risk.learning import Examples
from cobranza.risk.ports import Judge


class Taught:
    """See `cobranza.risk.ports.Judge` and `cobranza.risk.learning.Learner`."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self._read: tuple[str, Learned] | None = None

    def _fit(self) -> Fit:
        raise NotImplementedError

    @property
    def folder(self) -> Path:
        """Where the versions of this instance are."""
        return models_folder() / "payers" / self.slug

    @property
    def name(self) -> str:
        """See `cobranza.risk.ports.Judge`; "…/sin_entrenar" while nothing was trained."""
        return f"{self.slug}/{store.read(self.folder).in_use or 'sin_entrenar'}"

    def judge(self, table: pd.DataFrame) -> pd.DataFrame:
        """See `cobranza.risk.ports.Judge`.

        Raises:
            ModelError: nothing was trained here.
        """
        model = self.live()
        if model is None:
            raise ModelError(f"El modelo «{self.slug}» no está entrenado todavía.")
        return model.judge(table)

    def live(self) -> Learned | None:
        """See `cobranza.risk.learning.Learner`."""
        version = store.read(self.folder).in_use
        if not version:
            return None
        if self._read is None or self._read[0] != version:
            self._read = version, learned.load(store.folder_of(self.folder, version))
        return self._read[1]

    def named(self, name: str) -> Learned | None:
        """The kept version that a stored score names; None when it is not of this judge or no longer kept."""
        slug, _, version = name.partition("/")
        if slug != self.slug or version not in {entry.version for entry in store.read(self.folder).kept}:
            return None
        return learned.load(store.folder_of(self.folder, version))

    def learn(self, examples: Examples, *, seed: int, least: int) -> Learned:
        """See `cobranza.risk.learning.Learner`."""
        return learned.learn(self.slug, self._fit(), examples, seed=seed, least=least)

    def admit(self, judge: Judge, card: Mapping[str, Any], text: str, *, refused: Sequence[str]) -> Path:
        """See `cobranza.risk.learning.Learner`."""
        if not isinstance(judge, Learned):
            raise TypeError("only what was learned here is kept")
        return store.admit(self.folder, judge, card, text, refused)

    def versions(self) -> list[dict[str, Any]]:
        """See `cobranza.risk.learning.Learner`."""
        found = store.read(self.folder)
        return [
            asdict(entry)
            | {
                "slug": self.slug,
                "state": "in_use" if entry.version == found.in_use else "refused" if entry.refused else "kept",
            }
            for entry in found.kept
        ]

    def card(self, version: str) -> tuple[dict[str, Any], str]:
        """The card of a version, as data and as Markdown."""
        return store.card(self.folder, version)

    def use(self, version: str) -> None:
        """See `cobranza.risk.learning.Learner`."""
        store.use(self.folder, version)

    def roll_back(self) -> str:
        """See `cobranza.risk.learning.Learner`."""
        return store.roll_back(self.folder)
