"""Document numbers as arrays, and the documents that runs of digits name: `DocumentIndex` for many tokens at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cobranza.reconciliation.digit_runs import GLUED, LONGEST, Numbers, Runs, packed
from cobranza.reconciliation.records import Document
from cobranza.reconciliation.references import Quality, years_of

_LETTERS = 12  # letters and digits of a series that fit 64 bits


class NumberColumns(NamedTuple):
    """The documents' numbers as arrays.

    Attributes:
        serial: Serial numbers in ascending order, and which document each is of; `digits` likewise for all digits.
        width: Digits of each document's serial as printed.
        size: Letters and digits of its series; `code` packs them, `series` counts the different ones.
        years: By series: the packed two digits of the year at its end, and inside it with their number; 0 for none.
        end: By series: its last two letters and their number, 0 where the series is not of letters alone.
        known: By length: the packed series that are told from one another.
    """

    serial: Numbers
    serial_doc: Numbers
    digits: Numbers
    digits_doc: Numbers
    width: Numbers
    size: Numbers
    code: Numbers
    series: Numbers
    years: tuple[Numbers, Numbers, Numbers]
    end: tuple[Numbers, Numbers]
    known: dict[int, Numbers]
    issued: Numbers
    country: Numbers


def columns_of(
    documents: Sequence[Document], prefixes: Iterable[str], country: Callable[[str], int]
) -> NumberColumns | None:
    """The documents' numbers as arrays; None where one is too long for them.

    Args:
        documents: In the order of their `index`.
        prefixes: The series that are told from one another.
        country: The number of a country.
    """
    size = np.fromiter((len(one.prefix) for one in documents), np.int64, len(documents))
    widest = max((len(one.digits) for one in documents), default=0)
    if widest > LONGEST or size.max(initial=0) > _LETTERS or not all(one.digits.isascii() for one in documents):
        return None
    place: dict[str, int] = {}
    series = np.fromiter((place.setdefault(one.prefix, len(place)) for one in documents), np.int64, len(documents))
    code = np.array([packed(prefix) for prefix in place], dtype=np.int64)
    years = [years_of(prefix) for prefix in place]
    ends = [prefix[-2:] if prefix.isalpha() else "" for prefix in place]
    known: dict[int, list[int]] = {}
    for prefix in sorted(prefixes):
        known.setdefault(len(prefix), []).append(packed(prefix))
    serial = _ordered([(one.serial_int, one.index) for one in documents if one.serial])
    digits = _ordered(
        [
            (int(one.digits), one.index)
            for one in documents
            if one.digits != one.serial and len(one.digits) >= 6 and one.digits.lstrip("0")
        ]
    )
    return NumberColumns(
        serial=serial[0], serial_doc=serial[1], digits=digits[0], digits_doc=digits[1],
        width=np.fromiter((len(one.serial) for one in documents), np.int64, len(documents)),
        size=size,
        code=code[series] if len(documents) else series,
        series=series,
        years=(
            np.array([packed(last[-2:]) for last, _ in years], dtype=np.int64),
            np.array([packed(inner) for _, inner in years], dtype=np.int64),
            np.array([len(inner) for _, inner in years], dtype=np.int64),
        ),
        end=(
            np.array([packed(end) for end in ends], dtype=np.int64),
            np.array([len(end) for end in ends], dtype=np.int64),
        ),
        known={length: np.array(codes, dtype=np.int64) for length, codes in known.items()},
        issued=np.fromiter((one.issued for one in documents), np.int64, len(documents)),
        country=np.fromiter((country(one.country) for one in documents), np.int64, len(documents)),
    )  # fmt: skip


def _ordered(entries: list[tuple[int, int]]) -> tuple[Numbers, Numbers]:
    pairs = np.array(sorted(entries), dtype=np.int64).reshape(-1, 2)
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def _matched(token: Numbers, value: Numbers, keys: Numbers, docs: Numbers) -> tuple[Numbers, Numbers]:
    """Every token with every document of that key."""
    low, high = np.searchsorted(keys, value, side="left"), np.searchsorted(keys, value, side="right")
    count = high - low
    place = np.repeat(low - np.concatenate(([0], np.cumsum(count)[:-1])), count) + np.arange(count.sum())
    return np.repeat(token, count), docs[place]


def by_digits(runs: Runs, columns: NumberColumns) -> tuple[Numbers, Numbers, Numbers]:
    """Documents all of whose digits a token has."""
    token = np.flatnonzero(runs.bare >= 6)
    found, doc = _matched(token, runs.value[token], columns.digits, columns.digits_doc)
    return found, doc, np.full(len(found), int(Quality.FULL), dtype=np.int64)


def by_serial(runs: Runs, columns: NumberColumns) -> tuple[Numbers, Numbers, Numbers]:
    """Documents whose serial number a token is, and how well what stands before it agrees; see `references`."""
    token = np.flatnonzero((runs.size >= 3) & (runs.bare >= 1) & (runs.bare <= 9))
    token, doc = _matched(token, runs.value[token], columns.serial, columns.serial_doc)
    if not len(token):
        return token, doc, token
    length, here = runs.before(token)
    glued = (runs.flags[token] & GLUED) > 0
    size, code, series = columns.size[doc], columns.code[doc], columns.series[doc]
    endings = _Endings(runs, here, length)
    bare = (length == 0) | (size == 0)
    whole = endings.equal(size, code) & (size > 0)
    apart = (size > 1) | (length == size) | ~runs.letter_at(here, size + 1)
    whole &= apart | (runs.size[token] == columns.width[doc])
    known_size, known_code = endings.known(columns.known)
    known = known_size > 0
    year, inner, inner_size = columns.years
    part = (year[series] > 0) & endings.equal(np.full(len(token), 2), year[series])
    part |= (inner_size[series] > 0) & endings.equal(inner_size[series], inner[series])
    end, end_size = columns.end
    part |= (
        glued
        & (end_size[series] > 0)
        & runs.letter_at(here, np.ones_like(here))
        & endings.equal(end_size[series], end[series])
    )
    quality = np.where(part, int(Quality.STRIPPED), int(Quality.TAIL))
    same = (known_size == size) & (known_code == code)
    quality = np.where(known, np.where(same, int(Quality.FULL), 0), quality)
    quality = np.where(whole, int(Quality.FULL), quality)
    quality = np.where(bare, np.where(~glued & (size == 0), int(Quality.FULL), int(Quality.TAIL)), quality)
    kept = quality > 0
    return token[kept], doc[kept], quality[kept]


class _Endings:
    """What stands before some tokens, compared with packed letters and digits of any length."""

    def __init__(self, runs: Runs, here: Numbers, length: Numbers) -> None:
        self._runs, self._here, self._length = runs, here, length
        self._by_length: dict[int, Numbers] = {}

    def _of(self, length: int) -> Numbers:
        if length not in self._by_length:
            code = self._runs.ending(self._here, length)
            self._by_length[length] = np.where(self._length >= length, code, -1)
        return self._by_length[length]

    def equal(self, size: Numbers, code: Numbers) -> NDArray[np.bool_]:
        """Whether each ends in `code`, which is `size` long."""
        result = np.zeros(len(size), dtype=np.bool_)
        for length in np.flatnonzero(np.bincount(size)).tolist():
            if not length:
                continue
            result |= (size == length) & (self._of(length) == code)
        return result

    def known(self, series: dict[int, Numbers]) -> tuple[Numbers, Numbers]:
        """The longest series that each ends in: its length and its code, zeros where there is none."""
        size = np.zeros(len(self._here), dtype=np.int64)
        code = np.zeros(len(self._here), dtype=np.int64)
        for length in sorted(series, reverse=True):
            mine = self._of(length)
            hit = (size == 0) & np.isin(mine, series[length])
            size[hit], code[hit] = length, mine[hit]
        return size, code
