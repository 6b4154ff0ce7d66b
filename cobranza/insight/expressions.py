"""The small language in which figures are written: columns, values, comparisons, sums. Nothing else gets through.

What comes in is text of ``config/figures``; what goes out is SQL made only of known words and columns, with every value
as a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

_TOKEN = re.compile(
    r"\s+|(?P<number>\d+(?:\.\d+)?)|'(?P<text>[^'\\%\x00]*)'|(?P<word>[a-z_][a-z0-9_]*)"
    r"|(?P<sign><=|>=|<>|[=<>+\-*/(),])",
    re.IGNORECASE,
)
_WORDS = frozenset(
    [
        "and",
        "or",
        "not",
        "is",
        "null",
        "true",
        "false",
        "case",
        "when",
        "then",
        "else",
        "end",
        "in",
        "between",
        "coalesce",
        "greatest",
        "least",
        "abs",
        "nullif",
    ]
)


class ExpressionError(ValueError):
    """Text that is no expression over the view's columns; Spanish."""


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL with its values.

    Attributes:
        sql: With ``%s`` where a value goes.
        values: In order.
        columns: Those it reads.
    """

    sql: str
    values: tuple[object, ...] = ()
    columns: frozenset[str] = frozenset()


def parse(text: str, columns: Collection[str]) -> Expression:
    """Read `text` over `columns`.

    Raises:
        ExpressionError: an unknown word, sign or column, or brackets that do not close.

    >>> parse("importe * 2 > 10 AND estado = 'x'", {"importe", "estado"}).sql
    'importe * %s > %s AND estado = %s'
    """
    place, depth = 0, 0
    pieces: list[str] = []
    values: list[object] = []
    read: set[str] = set()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise ExpressionError(f"no se entiende desde «{text[place : place + 20]}»")
        place = found.end()
        if found["number"] is not None:
            pieces.append("%s")
            values.append(Decimal(found["number"]) if "." in found["number"] else int(found["number"]))
        elif found["text"] is not None:
            pieces.append("%s")
            values.append(found["text"])
        elif found["word"] is not None:
            pieces.append(_word(found["word"], columns, read))
        elif found["sign"] is not None:
            depth += {"(": 1, ")": -1}.get(found["sign"], 0)
            if depth < 0:
                raise ExpressionError("sobra un paréntesis")
            pieces.append(found["sign"])
    if depth:
        raise ExpressionError("falta cerrar un paréntesis")
    if not pieces:
        raise ExpressionError("está vacío")
    return Expression(" ".join(pieces), tuple(values), frozenset(read))


def _word(word: str, columns: Collection[str], read: set[str]) -> str:
    if word.lower() in _WORDS:
        return word.upper()
    if word not in columns:
        raise ExpressionError(f"«{word}» no es una columna de la vista ni una palabra que se admita")
    read.add(word)
    return word
