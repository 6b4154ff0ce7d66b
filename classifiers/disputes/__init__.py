"""Judges what a debtor's message is about.

Light to import: the model and its libraries are loaded when the first message is judged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cobranza.disputes.ports import Category, Judgement, Question, ReadMail

if TYPE_CHECKING:
    from classifiers.disputes.judging import Bench

Reader = Callable[[Mapping[str, Any]], ReadMail]
"""Reads a row of a table of messages (id, from, subject, body …) as the mailbox's reader does."""


class Disputes:
    """The judge of disputes, and the categories that it knows; see `cobranza.disputes.ports.Judge`, `Categories`."""

    slug = "disputes"

    def __init__(self) -> None:
        self._bench: Bench | None = None
        self._lock = threading.Lock()

    def categories(self) -> Mapping[str, Category]:
        """See `cobranza.disputes.ports.Categories`."""
        from classifiers.disputes import category_files

        return category_files.shipped()

    def judge(self, questions: Sequence[Question]) -> list[Judgement]:
        """See `cobranza.disputes.ports.Judge`."""
        from classifiers.disputes import example

        return self._loaded().judge([example.of_question(question) for question in questions])

    def state(self) -> dict[str, Any]:
        """Which model judges, and whether with an encoder; keys model, folder, encoder, fits, lost, remedy."""
        from classifiers.disputes import operating

        return operating.state()

    def train(
        self,
        read: Reader,
        *,
        corpus: Path | None = None,
        finetune: bool = False,
        to: Path | None = None,
        tell: Callable[[str], None],
    ) -> dict[str, Any]:
        """Learn a new model from labelled messages; see `operating.train`."""
        from classifiers.disputes import operating

        done = operating.train(read, corpus=corpus, finetune=finetune, to=to, tell=tell)
        self._bench = None
        return done

    def roll_back(self) -> dict[str, Any]:
        """Use the model before the one in use again; see `operating.roll_back`."""
        from classifiers.disputes import operating

        done = operating.roll_back()
        self._bench = None
        return done

    def kept(self) -> list[dict[str, Any]]:
        """The models that can be used; see `operating.kept`."""
        from classifiers.disputes import operating

        return operating.kept()

    def card(self) -> tuple[Path, str]:
        """Where the model card stands, and its text for the model in use."""
        from classifiers.disputes import operating

        return operating.card_text()

    def benchmark(
        self, train: Path, test: Path, *, shots: int, seeds: int, encoders: Sequence[str], tell: Callable[[str], None]
    ) -> dict[str, Any]:
        """The generic part on any table of labelled texts; see `benchmark.run`."""
        from classifiers.disputes import operating

        return operating.benchmark_of(train, test, shots=shots, seeds=seeds, encoders=encoders, tell=tell)

    def _loaded(self) -> Bench:
        with self._lock:
            if self._bench is None:
                from classifiers.disputes import operating

                self._bench = operating.bench()
            return self._bench


ADAPTER = Disputes()
