"""Labelled messages: the corpus that ships, and what a company labels itself.

One JSON object a line: ``id, lang, country, from, subject, body, own_text, label``, and where there is one
``secondary, date, attachments`` (names), ``traps`` (what makes it hard), ``pair`` (name of a group
of messages that differ in what decides). The texts are fiction written for this project; see ``corpus/README.md``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
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
_RAREST, _OWNERS, _SHARED = 16, 12, 3


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
    runs = [_runs(line.own_text) for line in lines]
    found: list[Near] = []
    for one, other in sorted(_candidates(runs)):
        alike = len(runs[one] & runs[other]) / len(runs[one] | runs[other])
        if alike >= likeness:
            found.append(Near(lines[one].id, lines[other].id, alike))
    return sorted(found, key=lambda near: (-near.likeness, near.first, near.second))


def _runs(text: str) -> frozenset[str]:
    folded = counted(text)
    return frozenset(folded[start : start + 5] for start in range(max(1, len(folded) - 4)))


def _candidates(runs: Sequence[frozenset[str]]) -> set[tuple[int, int]]:
    """Pairs that share several of the rarest runs of one of them; only these are worth comparing whole."""
    owners: dict[str, list[int]] = {}
    for place, own in enumerate(runs):
        for run in own:
            owners.setdefault(run, []).append(place)
    shared: Counter[tuple[int, int]] = Counter()
    for place, own in enumerate(runs):
        for run in sorted(own, key=lambda run: (len(owners[run]), run))[:_RAREST]:
            shared.update({(min(place, other), max(place, other)) for other in owners[run][:_OWNERS] if other != place})
    return {pair for pair, count in shared.items() if count >= _SHARED}
