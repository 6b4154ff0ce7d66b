"""The text as it was received, with the words that name a document or the customer marked. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

_LONE_TAIL = 3
_NAME_WORD = 4
_SENTENCE = re.compile(r"(?:\.\. |(?<![A-Z]\.[A-Z])(?<!\b[A-Z])\. )(?=[A-ZÁÉÍÓÚÑ«¿0-9])")
FORMS = frozenset({"SOCIEDAD", "LIMITADA", "ANONIMA", "HIJOS", "HERMANOS", "GRUPO", "COMPANIA", "CORP", "LTDA", "SPA"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text.

    Attributes:
        text: As received.
        kind: What it names, "" for nothing.
        says: What exactly: the number of the document, or the customer.
    """

    text: str
    kind: Literal["", "document", "customer"] = ""
    says: str = ""


def mark(text: str, documents: Iterable[str], customers: Iterable[str]) -> list[Piece]:
    """Cut a text into pieces, those that name something marked.

    A document is named by its number whole (whatever separates its parts), by its digits, or by its last group of
    digits when that is long enough to mean something alone. A customer is named by any long word of the name.

    Args:
        text: As the bank gave it.
        documents: Numbers to look for.
        customers: Names to look for.

    >>> [piece.says for piece in mark("FRA 2026/00381 PEÑA", ["F2026-00381"], ["Peña e Hijos, S.L."])]
    ['', 'F2026-00381', '', 'Peña e Hijos, S.L.']
    """
    flat = fold(text)
    found: list[tuple[int, int, Literal["document", "customer"], str]] = []
    for number in dict.fromkeys(documents):
        for pattern in _patterns(number):
            found += [(hit.start(), hit.end(), "document", number) for hit in pattern.finditer(flat)]
    for name in dict.fromkeys(customers):
        for word in re.findall(r"[A-Z0-9]+", fold(name)):
            if len(word) >= _NAME_WORD and word not in FORMS:
                hits = re.finditer(rf"(?<![A-Z0-9]){re.escape(word)}(?![A-Z0-9])", flat)
                found += [(hit.start(), hit.end(), "customer", name) for hit in hits]
    pieces: list[Piece] = []
    at = 0
    # Documents before customers and longer before shorter where they start together.
    for start, end, kind, says in sorted(found, key=lambda hit: (hit[0], hit[2] != "document", -hit[1])):
        if start < at:
            continue
        if start > at:
            pieces.append(Piece(text[at:start]))
        pieces.append(Piece(text[start:end], kind, says))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return pieces


def legend(pieces: Iterable[Piece]) -> Mapping[str, list[str]]:
    """What was named, by which words: {"F2026-00381": ["2026/00381"]}, in order."""
    said: dict[str, list[str]] = {}
    for piece in pieces:
        if piece.kind == "document" and piece.text not in said.setdefault(piece.says, []):
            said[piece.says].append(piece.text)
    return said


def sentences(explanation: str) -> list[str]:
    """An explanation as separate statements, whichever way the engine joined them.

    >>> sentences("Importe exacto. «381» (concepto) → F-381. Cliente Peña, S.L. por nombre")
    ['Importe exacto', '«381» (concepto) → F-381', 'Cliente Peña, S.L. por nombre']
    """
    found = [part.strip() for line in explanation.splitlines() for part in _SENTENCE.split(line)]
    return [part.removesuffix(".") if not part.endswith("S.L.") else part for part in found if part]


def _patterns(number: str) -> list[re.Pattern[str]]:
    flat = fold(number)
    groups = re.findall(r"[A-Z]+|\d+", flat)
    digits = [group for group in groups if group.isdigit()]
    if not digits:
        return [re.compile(rf"(?<![A-Z0-9]){re.escape(flat)}(?![A-Z0-9])")]
    between = r"[\s\-/._]*"
    whole = [between.join(map(re.escape, groups))]
    if len(digits) > 1:
        whole.append(between.join(digits))
    tail = digits[-1].lstrip("0")
    if len(tail) >= _LONE_TAIL or (len(digits[-1]) >= _LONE_TAIL and tail):
        whole.append(rf"0*{tail}" if len(tail) >= _LONE_TAIL else digits[-1])
    return [re.compile(rf"(?<!\d){pattern}(?!\d)") for pattern in whole]


def fold(text: str) -> str:
    """Capitals without accents, character by character, so that positions stay."""
    return "".join(unicodedata.normalize("NFD", char)[0].upper()[:1] or char for char in text)
