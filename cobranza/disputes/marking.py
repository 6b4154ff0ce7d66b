"""A mail as people see it: plain text in its zones, with what it names marked. Pure; nothing of it is ever HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SHOWN = ("invoice", "reference", "amount", "date", "tax_id", "iban", "clabe", "cbu", "cci")
_KINDS = {
    "invoice": "document", "reference": "document", "amount": "amount", "date": "date", "tax_id": "customer",
    "iban": "account", "clabe": "account", "cbu": "account", "cci": "account",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text.

    Attributes:
        text: As received.
        kind: "document", "amount", "date", "customer" or "account"; "" for plain text.
        says: What exactly it names.
    """

    text: str
    kind: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A zone of the mail ("new", "quoted", "forwarded", "signature") cut into pieces."""

    zone: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """Its plain text."""
        return "".join(piece.text for piece in self.pieces)


def blocks(reading: Mapping[str, Any]) -> list[Block]:
    """The body of a stored reading (see `storing`) in its zones.

    >>> stored = {"body": "La F-1 mal\\n> antes", "spans": [["new", 0, 11], ["quoted", 11, 18]],
    ...           "entities": [["invoice", "F-1", "F-1", 3, 6, "body", "new", True]]}
    >>> [(block.zone, [(piece.text, piece.kind) for piece in block.pieces]) for block in blocks(stored)]
    [('new', [('La ', ''), ('F-1', 'document'), (' mal\\n', '')]), ('quoted', [('> antes', '')])]
    """
    body = str(reading.get("body", ""))
    marks = sorted(
        (int(start), int(end), kind, value or text)
        for kind, text, value, start, end, where, _zone, _valid in reading.get("entities", ())
        if where == "body" and kind in _SHOWN
    )
    spans = [(str(zone), int(start), int(end)) for zone, start, end in reading.get("spans", ())]
    return [Block(zone, tuple(_cut(body, start, end, marks))) for zone, start, end in _whole(spans, len(body))]


def subject(text: str, reading: Mapping[str, Any]) -> list[Piece]:
    """The subject with what it names marked."""
    marks = sorted(
        (int(start), int(end), kind, value or said)
        for kind, said, value, start, end, where, _zone, _valid in reading.get("entities", ())
        if where == "subject" and kind in _SHOWN
    )
    return list(_cut(text, 0, len(text), marks))


def _whole(spans: Sequence[tuple[str, int, int]], length: int) -> Iterator[tuple[str, int, int]]:
    """The spans with whatever they leave out, so that no word of a mail is hidden."""
    at = 0
    for zone, start, end in sorted(spans, key=lambda span: span[1]):
        start, end = max(start, at), min(end, length)
        if start > at:
            yield "new", at, start
        if end > start:
            yield zone, start, end
            at = end
    if at < length:
        yield "new", at, length


def _cut(text: str, start: int, end: int, marks: Iterable[tuple[int, int, str, str]]) -> Iterator[Piece]:
    at = start
    for first, last, kind, says in marks:
        if first < at or last > end or last <= first:
            continue
        if first > at:
            yield Piece(text[at:first])
        yield Piece(text[first:last], _KINDS[kind], says)
        at = last
    if at < end:
        yield Piece(text[at:end])
