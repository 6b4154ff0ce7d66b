"""The generic part of the judge on any table of labelled texts: counts of words, sentence vectors, and their heads.

No rule, ledger or category of disputes takes part, so that figures can be compared with published ones.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.disputes import heads, kernel
from classifiers.disputes.opinion import Encoder
from classifiers.disputes.words import Words
from cobranza.kernel.errors import BusinessError

_LONGEST = 1_000_000  # rows of a table
# chosen on parts of BANKING77's training table that were kept apart, never on its test table
_VECTORS = {"full": 10.0, "few": 10.0}  # inverse penalties
_WORDS = {"full": 10.0, "few": 10.0}
_WORDS_COUNT = {"full": 0.5, "few": 0.1}  # beside 1 for the vectors
_KERNEL = {"full": kernel.Shape(3.0, 0.3, 0.3), "few": kernel.Shape(2.0, 0.1, 0.3)}
_NAME_ROWS = 1.0  # a label's own name teaches like one example


class TableError(BusinessError):
    """A table of labelled texts that cannot be read."""

    code = "COB-JUZ-003"
    remedy = "La tabla es un CSV con las columnas text y category (o label)."


@dataclass(frozen=True, slots=True)
class Texts:
    """Labelled texts, in the order of the file."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]


def read(file: Path) -> Texts:
    """Read a CSV with the columns text and category (or label).

    Raises:
        TableError: it has no such columns, or no rows.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            names = {name.strip().lower(): name for name in rows.fieldnames or ()}
            text = names.get("text")
            label = names.get("category") or names.get("label")
            if text is None or label is None:
                raise TableError(f"«{file}» no tiene las columnas text y category.")
            found = [(row[text] or "", row[label] or "") for row in rows]
    except (UnicodeDecodeError, csv.Error) as exc:
        raise TableError(f"«{file}» no se puede leer ({exc}).") from exc
    if not 0 < len(found) <= _LONGEST:
        raise TableError(f"«{file}» tiene {len(found)} filas.")
    texts, labels = zip(*found, strict=True)
    return Texts(texts, labels)


def run(
    train: Texts,
    test: Texts,
    encoders: Mapping[str, Encoder],
    *,
    shots: int = 0,
    seeds: int = 3,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Learn from one table, judge another.

    Args:
        train: To learn from.
        test: To judge; its labels are looked at once, at the end.
        encoders: By name; none: words alone.
        shots: Examples of each label to learn from, drawn at random; 0 for all.
        seeds: Draws, when `shots` is given.
        tell: Told what goes on, in Spanish.

    Returns:
        Keys train, test, labels, shots, encoders, accuracy (the mean of the draws), draws (accuracy of each),
        milliseconds (processor time to judge one text).
    """
    labels = sorted(set(train.labels))
    place = {label: number for number, label in enumerate(labels)}
    answers = np.array([place[label] for label in train.labels])
    right = np.array([place.get(label, -1) for label in test.labels])
    names = [label.replace("_", " ") for label in labels]
    tell("Calculando los vectores")
    pool = [encoder.encode(train.texts) for encoder in encoders.values()]
    begin = time.process_time()
    seen = [encoder.encode(test.texts) for encoder in encoders.values()]
    spent = time.process_time() - begin
    named = [encoder.encode(names) for encoder in encoders.values()]
    # the pool's texts, without their labels, tell where the middle is
    middles = [table.mean(axis=0) for table in pool]
    views = [
        [_centred(part, middle) for middle, part in zip(middles, parts, strict=True)] for parts in (pool, seen, named)
    ]
    draws = []
    for seed in range(seeds if shots else 1):
        rows = _drawn(answers, shots, seed)
        tell(f"Aprendiendo de {len(rows)} textos")
        begin = time.process_time()
        chosen = _judged(train.texts, test.texts, names, answers, rows, views, "few" if shots else "full")
        spent += (time.process_time() - begin) if seed == 0 and not encoders else 0.0
        draws.append(round(float((chosen == right).mean()), 4))
        tell(f"Acierta el {100 * draws[-1]:.2f} %")
    return {
        "train": len(train.texts),
        "test": len(test.texts),
        "labels": len(labels),
        "shots": shots,
        "encoders": list(encoders),
        "accuracy": round(float(np.mean(draws)), 4),
        "draws": draws,
        "milliseconds": round(1000 * spent / max(1, len(test.texts)), 2),
    }


def _drawn(answers: NDArray[np.int64], shots: int, seed: int) -> NDArray[np.int64]:
    if not shots:
        return np.arange(len(answers))
    chance = np.random.default_rng(seed)
    found = []
    for label in np.unique(answers):
        rows = np.flatnonzero(answers == label)
        found.append(chance.choice(rows, min(shots, len(rows)), replace=False))
    return np.concatenate(found)


def _centred(table: NDArray[np.float32], middle: NDArray[np.float32]) -> NDArray[np.float32]:
    moved = table - middle
    found: NDArray[np.float32] = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)
    return found


def _judged(
    known: Sequence[str],
    asked: Sequence[str],
    names: Sequence[str],
    answers: NDArray[np.int64],
    rows: NDArray[np.int64],
    views: Sequence[Sequence[NDArray[np.float32]]],
    size: str,
) -> NDArray[np.int64]:
    count = len(names)
    wanted = np.concatenate([answers[rows], np.arange(count)])
    weights = np.concatenate([np.ones(len(rows)), np.full(count, _NAME_ROWS)])
    words, table = Words.fit([*(known[row] for row in rows), *names], rarest=1 if size == "few" else 2)
    there = words.transform(asked)
    scores = heads.fit(table, wanted, count, inverse_penalty=_WORDS[size], rows=weights).scores(there)
    pool, seen, named = views
    if pool:
        learned = [np.vstack([part[rows], name]) for part, name in zip(pool, named, strict=True)]
        vectors = heads.fit(np.hstack(learned), wanted, count, inverse_penalty=_VECTORS[size], rows=weights)
        scores = _WORDS_COUNT[size] * scores + vectors.scores(np.hstack(seen))
        if len(wanted) <= kernel.MOST:
            near = kernel.scores(kernel.Views(learned, table), wanted, kernel.Views(seen, there), count, _KERNEL[size])
            scores = _even(scores) + _even(near)
    found: NDArray[np.int64] = scores.argmax(axis=1)
    return found


def _even(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of mean 0 and spread 1, so that the heads can be added."""
    spread = scores.std(axis=1, keepdims=True)
    found: NDArray[np.float64] = (scores - scores.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-9)
    return found
