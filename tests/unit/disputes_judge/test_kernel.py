"""The kernel head learns what no line can part, and chooses the encoder that tells the labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifiers.disputes import benchmark, kernel

SHAPE = kernel.Shape(narrow=8.0, words=0.1, noise=0.1)


def views(*parts: NDArray[np.float32]) -> kernel.Views:
    return kernel.Views(parts, sparse.csr_matrix((len(parts[0]), 3), dtype=np.float32))


def rings(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points of two circles around one middle, by circle."""
    chance = np.random.default_rng(seed)
    answers = chance.integers(0, 2, count)
    angle = chance.uniform(0, 2 * np.pi, count)
    return ((0.3 + 0.6 * answers) * np.array([np.cos(angle), np.sin(angle)])).T.astype(np.float32), answers


def test_what_no_line_can_part_is_learned() -> None:
    known, answers = rings(120, 1)
    asked, right = rings(60, 2)

    found = kernel.scores(views(known), answers, views(asked), 2, SHAPE)

    assert found.shape == (60, 2)
    assert (found.argmax(axis=1) == right).all()


def test_the_encoder_that_tells_the_labels_counts_most() -> None:
    chance = np.random.default_rng(3)
    answers = chance.integers(0, 2, 150)
    good = (answers[:, None] + chance.normal(scale=0.5, size=(150, 2))).astype(np.float32)
    noise = chance.normal(size=(150, 6)).astype(np.float32)

    assert kernel._shares(views(noise, good), answers, 2, SHAPE) == (1.0, 2.0)
    assert kernel._shares(views(good, noise), answers, 2, SHAPE) == (2.0, 1.0)


def test_leaving_one_out_is_what_learning_without_it_gives() -> None:
    points, answers = rings(24, 7)
    known = views(points)
    squared = kernel._distances(known, known, (1.0,))
    median = float(np.median(squared))  # the scale stays that of all: only the text itself is left out

    right = 0
    for place in range(24):
        rest = np.delete(np.arange(24), place)
        gram = np.exp(-SHAPE.narrow * squared / median)
        small = gram[np.ix_(rest, rest)] + SHAPE.noise * np.eye(23)
        said = gram[place, rest] @ np.linalg.solve(small, kernel._targets(answers[rest], 2))
        right += int(said.argmax() == answers[place])

    assert kernel._left_out(known, answers, 2, SHAPE, (1.0,)) == right / 24


class Shelf:
    """An encoder that tells texts with "card" from others."""

    identity = "shelf"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1.0, 0.0] if "card" in text else [0.0, 1.0] for text in texts], dtype=np.float32)


def test_the_benchmark_uses_vectors_when_words_say_nothing() -> None:
    train = benchmark.Texts(("card a", "card b", "xx", "yy"), ("one", "one", "two", "two"))
    test = benchmark.Texts(("a card of mine", "zz"), ("one", "two"))

    assert benchmark.run(train, test, {"shelf": Shelf()})["accuracy"] == 1.0
