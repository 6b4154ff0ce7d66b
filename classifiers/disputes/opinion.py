"""The trained model: views of a message, what each thinks, and how sure the whole is.

Three heads look at a message: words (TF-IDF), rules (`flags`) and, where an encoder is built, sentence vectors. A *way*
says how much each head counts, how sure the result is and below which confidence a person decides; there is one way
with vectors and one without, each measured on messages that its heads had not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from classifiers.disputes import flags
from classifiers.disputes.evidence import BANK_CHANGE
from classifiers.disputes.example import Example
from classifiers.disputes.heads import Head, Scale, Table
from classifiers.disputes.text import sentences, subject
from classifiers.disputes.words import Words

PLAIN, VECTORS = "plain", "vectors"
_SENTENCE = 4  # words of a sentence that can tell a matter
_TOLD = {"words": 1.2, "rules": 0.4}  # how much each head counts for one sentence
_LONGEST = 6000  # characters of a message that are looked at; what comes later is not why somebody wrote


class Encoder(Protocol):
    """Turns texts into vectors; `identity` changes whenever its vectors do."""

    identity: str

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length 1, float32, shape (n_texts, n_dimensions)."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the heads' opinions are put together, and what their agreement is worth.

    Attributes:
        weights: How much each head's log-probabilities count.
        slope: Of the line from the log-odds of the likeliest label to those of its being right.
        offset: Of that line.
        thresholds: Confidence below which a person decides, by label.
        second: Probability from which a second matter is told.
        favoured: Probability from which a change of bank details is said although another label is likelier, where a
            rule speaks of another account: to miss one costs more than to ask once too often.
    """

    weights: Mapping[str, float]
    slope: float
    offset: float
    thresholds: Mapping[str, float]
    second: float
    favoured: float = 1.01

    def chosen(
        self, labels: Sequence[str], chances: NDArray[np.float64], hinted: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Index of the label to say, for rows of probabilities and of `flags.hinted`, shape (n_messages,)."""
        found: NDArray[np.int64] = chances.argmax(axis=1)
        if BANK_CHANGE in labels:
            place = list(labels).index(BANK_CHANGE)
            found[hinted & (chances[:, place] >= self.favoured)] = place
        return found

    def confidence(self, likeliest: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probability that the likeliest label is right, from its raw probability."""
        odds = np.log(np.clip(likeliest, 1e-6, 1 - 1e-6)) - np.log1p(-np.clip(likeliest, 1e-6, 1 - 1e-6))
        calibrated: NDArray[np.float64] = expit(self.slope * odds + self.offset)
        return calibrated


@dataclass(frozen=True, slots=True)
class Views:
    """A batch of messages as the heads see it; `vectors` is None without an encoder."""

    words: Table
    rules: NDArray[np.float32]
    vectors: NDArray[np.float32] | None

    def tables(self) -> dict[str, Table]:
        """By head."""
        found: dict[str, Table] = {"words": self.words, "rules": self.rules}
        return found | ({"vectors": self.vectors} if self.vectors is not None else {})


@dataclass(frozen=True)
class Model:
    """Everything that was learned.

    Attributes:
        labels: Slugs, in the order of every head's columns.
        words: Vocabulary.
        heads: "words", "rules" and, when trained with an encoder, "vectors".
        second: Heads that tell whether a label is *among* a message's matters (one column each, independent).
        scale: Of the vectors.
        encoder: Identity of the encoder that the head "vectors" was trained with, "" without one.
        ways: `PLAIN`, and `VECTORS` when trained with an encoder.
        version: Hash of what was learned from what.
        about: Where it comes from, for the model card.
    """

    labels: tuple[str, ...]
    words: Words
    heads: Mapping[str, Head]
    second: Mapping[str, Head]
    scale: Scale | None
    encoder: str
    ways: Mapping[str, Way]
    version: str = ""
    about: Mapping[str, object] = field(default_factory=dict)

    def views(self, examples: Sequence[Example], encoder: Encoder | None) -> Views:
        """Features of messages; without vectors when `encoder` is not the one that this model learned with."""
        texts = [counted_text(example) for example in examples]
        vectors = None
        if encoder is not None and self.scale is not None and encoder.identity == self.encoder:
            vectors = self.scale.apply(encoder.encode([encoded_text(example) for example in examples]))
        return Views(self.words.transform(texts), flags.matrix(examples), vectors)

    def way(self, views: Views) -> tuple[str, Way]:
        """The way that fits what could be seen."""
        name = VECTORS if views.vectors is not None and VECTORS in self.ways else PLAIN
        return name, self.ways[name]

    def opinions(self, views: Views) -> NDArray[np.float64]:
        """Weighted log-probabilities, shape (n_messages, n_labels); not yet normalised."""
        _, way = self.way(views)
        tables = views.tables()
        total = np.zeros((views.rules.shape[0], len(self.labels)))
        for name, weight in way.weights.items():
            total += weight * self.heads[name].scores(tables[name])
        return total

    def among(self, views: Views, examples: Sequence[Example]) -> NDArray[np.float64]:
        """How likely a label is among the matters of messages and has a sentence, shape (n_messages, n_labels)."""
        tables = views.tables()
        heads = [(head, tables[name]) for name, head in self.second.items() if name in tables]
        total = sum(head.odds(table) for head, table in heads)
        likely: NDArray[np.float64] = expit(total / len(heads)) * told(examples, self.words, self.heads)
        return likely


def told(examples: Sequence[Example], words: Words, first: Mapping[str, Head]) -> NDArray[np.float64]:
    """Probability of each label in the sentence that speaks most for it: a second matter has one of its own.

    Args:
        examples: Messages.
        words: Vocabulary.
        first: Heads "words" and "rules".

    Returns:
        Shape (n_messages, n_labels); zeros for a message of one sentence.
    """
    found = np.zeros((len(examples), first["words"].weights.shape[1]))
    parts, owners = [], []
    for place, example in enumerate(examples):
        said = [part for part in sentences(example.text[:_LONGEST]) if len(part.split()) >= _SENTENCE]
        if len(said) < 2:
            continue
        parts += [replace(example, subject="", text=part, attachments=(), entities=()) for part in said]
        owners += [place] * len(said)
    if parts:
        scores = _TOLD["words"] * first["words"].scores(words.transform([part.text for part in parts]))
        scores += _TOLD["rules"] * first["rules"].scores(flags.matrix(parts))
        np.maximum.at(found, owners, softmax(scores, axis=1))
    return found


def probabilities(opinions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each label, rows sum to 1."""
    found: NDArray[np.float64] = softmax(opinions, axis=1)
    return found


def counted_text(example: Example) -> str:
    """What words are counted in: a subject of the sender's own, and the text."""
    own, inherited = subject(example.subject)
    return example.text[:_LONGEST] if inherited else f"{own}. {example.text[:_LONGEST]}"


def encoded_text(example: Example) -> str:
    """What the encoder reads."""
    return counted_text(example)
