"""Labelled messages: the corpus that ships, and what a company labels itself.

One JSON object a line: ``id, lang, country, from, subject, body, own_text, label``, and where there is one
``secondary, date, attachments`` (names), ``traps`` (what makes it hard), ``pair`` (name of a group
of messages that differ in what decides). The texts are fiction written for this project; see ``corpus/README.md``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from classifiers.disputes.text import counted, subject
from cobranza.kernel.config import ConfigError, Strict

FOLDER = Path(__file__).parent / "corpus"
_FOLDED = re.compile(r"\s+")


class CorpusError(ConfigError):
    """A labelled message that cannot be used."""

    code = "COB-JUZ-002"
    remedy = "Corrija esa línea del corpus y repita la orden."


class Line(Strict):
    """One labelled message."""

    id: Annotated[str, Field(min_length=1, max_length=80)]
    lang: Literal["es", "pt", "en"]
    country: str = ""
    sender: str = Field(default="", alias="from")
    subject: str = ""
    body: Annotated[str, Field(max_length=200_000)]
    own_text: Annotated[str, Field(max_length=200_000)]
    label: str
    secondary: str | None = None
    date: str | None = None
    attachments: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
    pair: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """Two messages that say nearly the same; `likeness` 0 to 1."""

    first: str
    second: str
    likeness: float


def read(folder: Path, labels: Collection[str]) -> list[Line]:
    """Every labelled message of a folder (``*.jsonl``), in the order of file names and lines.

    Raises:
        CorpusError: no message at all, a line that is no such message, an unknown label, an id twice, or an own text
            that is not in the body.
    """
    found: list[Line] = []
    seen: dict[str, str] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for number, line in _lines(file):
            where = f"{file.name}, línea {number}"
            for label in filter(None, (line.label, line.secondary)):
                if label not in labels:
                    raise CorpusError(f"{where}: la categoría «{label}» no existe.")
            if line.id in seen:
                raise CorpusError(f"{where}: «{line.id}» ya está en {seen[line.id]}.")
            if _FOLDED.sub(" ", line.own_text).strip() not in _FOLDED.sub(" ", line.body):
                raise CorpusError(f"{where}: «own_text» de «{line.id}» no está en su «body».")
            seen[line.id] = where
            found.append(line)
    if not found:
        raise CorpusError(f"En «{folder}» no hay ningún correo etiquetado.")
    return found


def _lines(file: Path) -> Iterator[tuple[int, Line]]:
    with file.open(encoding="utf-8") as text:
        for number, row in enumerate(text, start=1):
            if not row.strip():
                continue
            try:
                yield number, Line.model_validate(json.loads(row))
            except json.JSONDecodeError as exc:
                raise CorpusError(f"{file.name}, línea {number}: no es JSON ({exc.msg}).") from exc
            except ValidationError as exc:
                error = exc.errors()[0]
                key = ".".join(map(str, error["loc"]))
                raise CorpusError(f"{file.name}, línea {number}: «{key}» no vale: {error['msg']}.") from exc


def digest(lines: Sequence[Line]) -> str:
    """Hash of what was learned from: equal for equal messages in equal order."""
    made = hashlib.sha256()
    for line in lines:
        made.update(line.model_dump_json(by_alias=True).encode())
    return made.hexdigest()


def groups(lines: Sequence[Line]) -> NDArray[np.int64]:
    """Which messages belong together, so that one of a thread or of an author never tests another.

    Two messages share a group when they share the sender's address, a pair or a subject (without "Re:") of more than
    two words.

    Returns:
        Group numbers, shape (n_lines,).
    """
    parent = list(range(len(lines)))

    def top(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first: dict[str, int] = {}
    for place, line in enumerate(lines):
        address = re.search(r"[\w.+-]+@[\w.-]+", line.sender)
        keys = [f"from {address.group().lower()}"] if address else []
        bare = counted(subject(line.subject)[0])
        keys += [f"subject {bare}"] if len(bare.split()) > 2 else []
        keys += [f"pair {line.pair}"] if line.pair else []
        for key in keys:
            parent[top(place)] = top(first.setdefault(key, place))
    return np.array([top(place) for place in range(len(lines))], dtype=np.int64)


def near_duplicates(lines: Sequence[Line], *, likeness: float = 0.5) -> list[Near]:
    """Pairs of messages whose runs of five letters overlap (Jaccard) by `likeness` or more, the nearest first."""
    from sklearn.feature_extraction.text import CountVectorizer

    if len(lines) < 2:
        return []
    counter = CountVectorizer(preprocessor=counted, analyzer="char_wb", ngram_range=(5, 5), binary=True, dtype=np.int32)
    table = counter.fit_transform([line.own_text for line in lines])
    sizes = np.asarray(table.sum(axis=1)).ravel()
    shared = (table @ table.T).tocoo()
    found: list[Near] = []
    for one, other, both in zip(shared.row, shared.col, shared.data, strict=True):
        if one < other and (alike := both / (sizes[one] + sizes[other] - both)) >= likeness:
            found.append(Near(lines[one].id, lines[other].id, float(alike)))
    return sorted(found, key=lambda near: (-near.likeness, near.first, near.second))
