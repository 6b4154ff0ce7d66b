"""Judges messages with a trained model, the rules that stand above it and what the ledger knows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifiers.disputes import evidence, flags
from classifiers.disputes.example import Example
from classifiers.disputes.opinion import Encoder, Model, Views, Way, probabilities
from cobranza.disputes.ports import Alternative, Judgement

_ALTERNATIVES = 3
_WORDS_TOLD, _RULES_TOLD = 3, 3
_BATCH = 64


class Bench:
    """A model and, where one is built that fits it, an encoder."""

    def __init__(self, model: Model, encoder: Encoder | None) -> None:
        self.model = model
        self.encoder = encoder

    def judge(self, examples: Sequence[Example]) -> list[Judgement]:
        """Judge messages, in their order."""
        found: list[Judgement] = []
        for start in range(0, len(examples), _BATCH):
            found += self._batch(examples[start : start + _BATCH])
        return found

    def _batch(self, examples: Sequence[Example]) -> list[Judgement]:
        views = self.model.views(examples, self.encoder)
        name, way = self.model.way(views)
        opinions = self.model.opinions(views)
        among = self.model.among(views, examples)
        hinted = flags.hinted(views.rules)
        version = f"{self.model.version}{'' if name == 'vectors' else '-' + name}"
        return [
            self._one(example, place, opinions[place], among[place], hinted[place], views, way, version)
            for place, example in enumerate(examples)
        ]

    def _one(
        self,
        example: Example,
        place: int,
        opinion: NDArray[np.float64],
        among: NDArray[np.float64],
        hinted: np.bool_,
        views: Views,
        way: Way,
        version: str,
    ) -> Judgement:
        labels = self.model.labels
        ledger = {slug: said for slug, said in evidence.of_ledger(example.facts).items() if slug in labels}
        for slug, (odds, _) in ledger.items():
            opinion[labels.index(slug)] += odds
        chances = probabilities(opinion[None, :])[0]
        ruled = evidence.override(example)
        if ruled is not None and ruled[0] in labels:
            label, sure, reason = ruled
            chosen = labels.index(label)
            chances = np.where(np.arange(len(labels)) == chosen, sure, chances * (1 - sure))
            reasons: tuple[str, ...] = (reason,)
            abstain = False
        else:
            chosen = int(way.chosen(labels, chances[None, :], np.array([hinted]))[0])
            label = labels[chosen]
            sure = float(way.confidence(chances[chosen : chosen + 1])[0])
            reasons = self._reasons(chosen, chances, place, views, way)
            reasons += (ledger[label][1],) if label in ledger else ()
            abstain = sure < way.thresholds.get(label, 1.0)
        secondary = "" if label == evidence.NO_ACTION else self._second(chosen, among, way, ruled, opinion)
        return Judgement(
            label=label,
            confidence=round(sure, 4),
            secondary=secondary,
            alternatives=_alternatives(labels, chosen, sure, chances),
            abstain=abstain,
            reasons=reasons,
            model=version,
        )

    def _second(
        self,
        chosen: int,
        among: NDArray[np.float64],
        way: Way,
        ruled: tuple[str, float, str] | None,
        opinion: NDArray[np.float64],
    ) -> str:
        """A second matter: one that is there beside the first; what a rule pushed off the first place, too."""
        labels = self.model.labels
        if ruled is not None:
            first = labels[int(opinion.argmax())]
            if first not in (labels[chosen], evidence.NO_ACTION) and probabilities(opinion[None, :]).max() >= 0.6:
                return first
        others = np.array(among)
        others[chosen] = 0.0
        if evidence.NO_ACTION in labels:
            others[labels.index(evidence.NO_ACTION)] = 0.0
        best = int(others.argmax())
        return labels[best] if others[best] >= way.second else ""

    def _reasons(
        self, chosen: int, chances: NDArray[np.float64], place: int, views: Views, way: Way
    ) -> tuple[str, ...]:
        """What spoke most for `chosen` against the next likeliest labels."""
        others = [int(label) for label in np.argsort(-chances)[:4] if label != chosen]
        told: list[tuple[float, str]] = []
        rules = self.model.heads["rules"].weights
        gain = views.rules[place] * (rules[:, chosen] - rules[:, others].mean(axis=1)) * way.weights["rules"]
        names, sentences = flags.names(), flags.reasons()
        for column in np.argsort(-gain)[: _RULES_TOLD * 2]:
            sentence = sentences.get(names[int(column)])
            if gain[column] > 0.05 and sentence and len(told) < _RULES_TOLD:
                told.append((float(gain[column]), sentence))
        words = self._words(chosen, others, place, views)
        if words:
            listed = ", ".join(f"«{word}»" for word, _ in words)
            told.append((sum(weight for _, weight in words) * way.weights["words"], f"palabras: {listed}"))
        return tuple(sentence for _, sentence in sorted(told, key=lambda pair: -pair[0]))

    def _words(self, chosen: int, others: Sequence[int], place: int, views: Views) -> list[tuple[str, float]]:
        row = views.words[place]
        weights = self.model.heads["words"].weights[row.indices]
        gain = row.data * (weights[:, chosen] - weights[:, list(others)].mean(axis=1))
        names, telling = self.model.words.names(), self.model.words.telling()
        found: list[tuple[str, float]] = []
        for column in np.argsort(-gain):
            word = str(names[row.indices[column]])
            if gain[column] <= 0 or len(found) == _WORDS_TOLD:
                break
            if not telling[row.indices[column]] or any(word in other or other in word for other, _ in found):
                continue
            found.append((word, float(gain[column])))
        return found


def _alternatives(
    labels: Sequence[str], chosen: int, sure: float, chances: NDArray[np.float64]
) -> tuple[Alternative, ...]:
    """The likeliest labels; what confidence `chosen` leaves over is shared as the model sees the others."""
    rest = np.array(chances)
    rest[chosen] = 0.0
    total = rest.sum()
    shares = rest / total * (1 - sure) if total > 0 else rest
    # another label is never said to be surer than the chosen one
    best = [int(place) for place in np.argsort(-rest, kind="stable")[: _ALTERNATIVES - 1] if place != chosen]
    return (
        Alternative(label=labels[chosen], confidence=round(sure, 4)),
        *(Alternative(label=labels[place], confidence=round(min(float(shares[place]), sure), 4)) for place in best),
    )
