"""Learns a model from labelled messages, and how far to trust it from messages that its heads had not seen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

from classifiers.disputes import flags, heads, measuring, opinion
from classifiers.disputes.evidence import BANK_CHANGE, NO_ACTION
from classifiers.disputes.example import Example
from classifiers.disputes.heads import Head, Scale, Table
from classifiers.disputes.opinion import PLAIN, VECTORS, Encoder, Model, Views, Way, counted_text, encoded_text
from classifiers.disputes.words import Words

_PENALTIES = {"words": 10.0, "rules": 0.3, "vectors": 0.02}
_FOLDS = 5
_TRUSTED = 0.95  # share of a category's automatic judgements that must be right
_PRIOR = 6.0  # judgements at that share which a category is credited with before any was seen
_BANK_RECALL, _BANK_PRECISION = 0.98, 0.80  # a change of bank details must not be missed
_SECOND_PENALTY = {"words": 3.0, "rules": 0.1, "vectors": 0.003}


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learned from.

    Attributes:
        examples: Messages as the model sees them.
        answers: Index of each one's label.
        seconds: Index of its second label, -1 without one.
        groups: Messages of one group never test one another.
        untouched: Rows that the encoder was not tuned on; trust is measured on these alone.
        check: Rows of `untouched` that every model of this program has: by these models are compared.
        weights: How much each message counts.
        hinted: Rows that raise a rule that speaks of another account; known when rules were looked at.
    """

    examples: Sequence[Example]
    answers: NDArray[np.int64]
    seconds: NDArray[np.int64]
    groups: NDArray[np.int64]
    untouched: NDArray[np.bool_]
    check: NDArray[np.bool_]
    weights: NDArray[np.float64]
    hinted: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))


def train(
    lesson: Lesson,
    labels: Sequence[str],
    *,
    encoder: Encoder | None = None,
    seed: int = 0,
    about: dict[str, Any] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Model:
    """Learn heads from all messages, and their trust from cross-validation. Same input and seed, same model."""
    texts = [counted_text(example) for example in lesson.examples]
    rules = flags.matrix(lesson.examples)
    vectors = encoder.encode([encoded_text(example) for example in lesson.examples]) if encoder is not None else None
    scale = Scale.of(vectors) if vectors is not None else None
    dense = scale.apply(vectors) if scale is not None and vectors is not None else None
    tell("Midiendo con validación cruzada")
    unseen, among, told = _cross_validate(lesson, len(labels), texts, rules, dense, seed)
    rows, hinted = lesson.untouched, flags.hinted(rules)
    lesson = replace(lesson, hinted=hinted)
    ways = {PLAIN: _way(("words", "rules"), unseen, among, told, lesson, rows, labels)}
    if dense is not None:
        ways[VECTORS] = _way(("words", "rules", "vectors"), unseen, among, told, lesson, rows, labels)
    tell("Aprendiendo de todos los correos")
    words, table = Words.fit(texts)
    views = Views(table, rules, dense)
    fitted = _fit(views.tables(), lesson, np.arange(len(texts)), len(labels))
    figures = {name: _figures(way, unseen, lesson, rows, labels) for name, way in ways.items()}
    check = {name: _figures(way, unseen, lesson, lesson.check, labels) for name, way in ways.items()}
    for found in check.values():
        del found["labels"], found["surest"]
    return Model(
        labels=tuple(labels),
        words=words,
        heads=fitted[0],
        second=fitted[1],
        scale=scale,
        encoder=encoder.identity if encoder is not None else "",
        ways=ways,
        about={**(about or {}), "seed": seed, "code": code_digest(), "cross_validation": figures, "check": check},
    )


def code_digest() -> str:
    """Hash of the program and rules that make features and heads of messages."""
    here = Path(__file__).parent
    made = hashlib.sha256()
    for name in (
        "example.py",
        "flags.py",
        "flags.toml",
        "heads.py",
        "opinion.py",
        "text.py",
        "training.py",
        "words.py",
    ):
        made.update((here / name).read_bytes())
    return made.hexdigest()[:12]


def folds(groups: NDArray[np.int64], seed: int, count: int = _FOLDS) -> list[NDArray[np.int64]]:
    """Rows of each fold; whole groups, dealt at random, the large ones first so that the folds are alike in size."""
    names, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    totals = np.zeros(count, dtype=np.int64)
    place: dict[int, int] = {}
    for name in order:
        lightest = int(totals.argmin())
        place[int(names[name])] = lightest
        totals[lightest] += sizes[name]
    of_row = np.array([place[int(group)] for group in groups])
    return [np.flatnonzero(of_row == fold) for fold in range(count)]


def _fit(
    tables: dict[str, Table], lesson: Lesson, rows: NDArray[np.int64], n_labels: int
) -> tuple[dict[str, Head], dict[str, Head]]:
    """Heads for the label, and for what is among the matters, learned from some rows."""
    weights = lesson.weights[rows]
    first = {
        name: heads.fit(table[rows], lesson.answers[rows], n_labels, inverse_penalty=_PENALTIES[name], rows=weights)
        for name, table in tables.items()
    }
    wanted = np.zeros((len(rows), n_labels), dtype=bool)
    wanted[np.arange(len(rows)), lesson.answers[rows]] = True
    more = lesson.seconds[rows] >= 0
    wanted[np.flatnonzero(more), lesson.seconds[rows][more]] = True
    second = {
        name: heads.fit_each(table[rows], wanted, inverse_penalty=_SECOND_PENALTY[name], rows=weights)
        for name, table in tables.items()
    }
    return first, second


def _cross_validate(
    lesson: Lesson,
    n_labels: int,
    texts: Sequence[str],
    rules: NDArray[np.float32],
    dense: NDArray[np.float32] | None,
    seed: int,
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Of messages that no head had seen: scores of labels and of what is among the matters by head, `opinion.told`."""
    told = np.zeros((len(texts), n_labels))
    unseen: dict[str, NDArray[np.float64]] = {}
    among: dict[str, NDArray[np.float64]] = {}
    for rest in folds(lesson.groups, seed):
        rows = np.setdiff1d(np.arange(len(texts)), rest)
        words, _ = Words.fit([texts[row] for row in rows])
        tables = Views(words.transform(texts), rules, dense).tables()
        first, second = _fit(tables, lesson, rows, n_labels)
        for name, table in tables.items():
            unseen.setdefault(name, np.zeros((len(texts), n_labels)))[rest] = first[name].scores(table[rest])
            among.setdefault(name, np.zeros((len(texts), n_labels)))[rest] = second[name].odds(table[rest])
        told[rest] = opinion.told([lesson.examples[row] for row in rest], words, first)
    return unseen, among, told


def _way(
    names: Sequence[str],
    unseen: dict[str, NDArray[np.float64]],
    among: dict[str, NDArray[np.float64]],
    told: NDArray[np.float64],
    lesson: Lesson,
    rows: NDArray[np.bool_],
    labels: Sequence[str],
) -> Way:
    answers = lesson.answers[rows]
    scores = np.stack([unseen[name][rows] for name in names])

    def loss(weights: NDArray[np.float64]) -> float:
        mixed = log_softmax(np.tensordot(weights, scores, axes=1), axis=1)
        return float(-mixed[np.arange(len(answers)), answers].mean())

    found = minimize(loss, np.full(len(names), 0.6), bounds=[(0.0, 5.0)] * len(names), method="L-BFGS-B")
    weights = dict(zip(names, map(float, found.x), strict=True))
    way = Way(weights=weights, slope=1.0, offset=0.0, thresholds={}, second=1.0)
    favoured = _favoured(way, unseen, lesson, rows, labels)
    way = replace(way, favoured=favoured)
    chosen, likeliest, right = _raw(way, unseen, lesson, rows, labels)
    slope, offset = measuring.fit_line(likeliest, right)
    way = replace(way, slope=slope, offset=offset)
    sure = way.confidence(likeliest)
    thresholds = {
        label: measuring.threshold(sure[chosen == place], right[chosen == place], _TRUSTED, _PRIOR)
        for place, label in enumerate(labels)
    }
    odds = np.mean([among[name][rows] for name in names], axis=0)
    likely = expit(odds) * told[rows]
    if NO_ACTION in labels:
        likely[:, list(labels).index(NO_ACTION)] = 0.0
    second = measuring.second_threshold(likely, chosen, answers, lesson.seconds[rows])
    return replace(way, thresholds=thresholds, second=second)


def _favoured(
    way: Way,
    unseen: dict[str, NDArray[np.float64]],
    lesson: Lesson,
    rows: NDArray[np.bool_],
    labels: Sequence[str],
) -> float:
    if BANK_CHANGE not in labels:
        return way.favoured
    place = list(labels).index(BANK_CHANGE)
    chances = _chances(way, unseen, rows)
    chance = np.where(lesson.hinted[rows], chances[:, place], 0.0)
    chance[chances.argmax(axis=1) == place] = 1.0
    return measuring.favour(chance, lesson.answers[rows] == place, recall=_BANK_RECALL, precision=_BANK_PRECISION)


def _chances(way: Way, unseen: dict[str, NDArray[np.float64]], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    mixed = sum(weight * unseen[name][rows] for name, weight in way.weights.items())
    found: NDArray[np.float64] = np.exp(log_softmax(mixed, axis=1))
    return found


def _figures(
    way: Way,
    unseen: dict[str, NDArray[np.float64]],
    lesson: Lesson,
    rows: NDArray[np.bool_],
    labels: Sequence[str],
) -> dict[str, Any]:
    """Those of `measuring.figures`, and log_loss: the mean of what the right labels' probabilities lack."""
    found = measuring.figures(*_judged(way, unseen, lesson, rows, labels), labels)
    chances = _chances(way, unseen, rows)
    right = chances[np.arange(len(chances)), lesson.answers[rows]]
    return found | {"log_loss": round(float(-np.log(np.clip(right, 1e-9, 1.0)).mean()), 4)}


def _raw(
    way: Way,
    unseen: dict[str, NDArray[np.float64]],
    lesson: Lesson,
    rows: NDArray[np.bool_],
    labels: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Chosen label, its raw probability, and whether it is right, of the rows that count."""
    probability = _chances(way, unseen, rows)
    chosen = way.chosen(labels, probability, lesson.hinted[rows])
    return chosen, probability[np.arange(len(chosen)), chosen], chosen == lesson.answers[rows]


def _judged(
    way: Way,
    unseen: dict[str, NDArray[np.float64]],
    lesson: Lesson,
    rows: NDArray[np.bool_],
    labels: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Right labels, chosen labels, confidences."""
    chosen, likeliest, _ = _raw(way, unseen, lesson, rows, labels)
    return lesson.answers[rows], chosen, way.confidence(likeliest)
