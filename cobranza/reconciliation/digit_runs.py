"""Runs of digits in many texts at once, and what stands before each: arrays instead of a regular expression a text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
GLUED, LISTED, LAST, PAIR = 1, 2, 4, 8  # flags of a token; see `references.Token`, `PAIR` is joined of two runs
LONGEST = 18  # digits of a number that fit 64 bits
BACK, BEFORE = 18, 14  # characters before a number that are looked at, and letters and digits kept of them
KEPT = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_JOINED = 14


def _where(characters: str) -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[[ord(one) for one in characters]] = True
    return table


_IS_DIGIT, _IS_KEPT, _IS_LETTER = _where("0123456789"), _where(KEPT), _where(KEPT[10:])
_IS_GAP, _IS_RANGE = _where(" ,;/+&-."), _where(" ALHST")
_VALUE = np.zeros(256, dtype=np.int64)
_VALUE[[ord(one) for one in KEPT]] = np.arange(1, 37)
_TENS = 10 ** np.arange(1, 19, dtype=np.int64)


class Runs:
    """The runs of digits in some texts, one a line; arrays by token, as `references.tokens` orders them."""

    def __init__(self, whole: str, texts: int) -> None:
        letters = np.frombuffer(whole.encode("ascii"), dtype=np.uint8)
        ends = np.flatnonzero(letters == 10)  # of the lines
        begins = np.concatenate(([0], ends[:-1] + 1)) if texts else ends
        start, stop = _edges(_IS_DIGIT[letters])
        text = np.searchsorted(ends, start)
        size = stop - start
        after = letters[stop] if len(stop) else stop
        percent = (after == 37) | ((after == 32) & (letters[np.minimum(stop + 1, len(letters) - 1)] == 37))
        follows = np.zeros(len(start), dtype=np.bool_)
        follows[1:] = text[1:] == text[:-1]
        gap = np.zeros(len(start), dtype=np.int64)
        gap[1:] = start[1:] - stop[:-1]
        back = np.roll(stop, 1)
        listed = (
            follows & ~np.roll(percent, 1) & (_all_between(~_IS_GAP[letters], back, start) | _and(letters, back, gap))
        )
        spaced = follows & (gap == 1) & (letters[np.maximum(start - 1, 0)] == 32)
        ranged = follows & _all_between(~_IS_RANGE[letters], back, start) & ~_all_between(letters != 32, back, start)
        value = _read(letters, start, np.minimum(size, LONGEST))
        rise = value - np.roll(value, 1)
        ranged &= (np.roll(size, 1) >= 3) & (rise > 1) & (rise <= 30)
        endless = (size > LONGEST) & (letters[start] == 48)
        self.odd = sorted(set(text[ranged | endless].tolist()))
        pair = np.flatnonzero(spaced[1:] & ~percent[:-1] & (size[1:] + size[:-1] <= _JOINED)) if len(start) else start
        single = np.flatnonzero(~percent)
        order = np.argsort(np.concatenate((2 * start[single], 2 * start[pair] + 1)), kind="stable")

        def both(one: Numbers, two: Numbers) -> Numbers:
            return np.concatenate((one, two))[order].astype(np.int64)

        self.text = both(text[single], text[pair])
        self.start = both(start[single], start[pair])
        self.stop = both(stop[single], stop[pair + 1])
        self.size = both(size[single], size[pair] + size[pair + 1])
        self.value = both(
            np.where(size > LONGEST, -1, value)[single], value[pair] * 10 ** size[pair + 1] + value[pair + 1]
        )
        self.bare = np.searchsorted(_TENS, self.value, side="right") + (self.value > 0)
        self.begin = begins[self.text]
        glued = (self.start > self.begin) & _IS_LETTER[letters[np.maximum(self.start - 1, 0)]]
        in_list = both(listed[single], np.zeros(len(pair), dtype=np.int64))
        joined = both(np.zeros(len(single), dtype=np.int64), np.ones(len(pair), dtype=np.int64))
        self.flags = GLUED * glued + LISTED * in_list + LAST * (self.stop == ends[self.text]) + PAIR * joined
        kept = _IS_KEPT[letters]
        self._kept = np.concatenate(([0], np.cumsum(kept)))
        self._packed = _VALUE[letters[kept]]
        self._words, self._ends = _edges(kept), ends
        self._long: Numbers | None = None

    def long_word_text(self, place: int) -> int:
        """In which text the word of six letters or digits or more stands that is number `place` of all."""
        if self._long is None:
            start, stop = self._words
            self._long = np.searchsorted(self._ends, start[stop - start >= 6])
        return int(self._long[place])

    def before(self, token: Numbers) -> tuple[Numbers, Numbers]:
        """Of tokens: how many letters and digits before them are looked at, and where these end."""
        start = self.start[token]
        here = self._kept[start]
        back = self._kept[np.maximum(self.begin[token], start - BACK)]
        return np.minimum(BEFORE, here - back), here

    def ending(self, here: Numbers, length: int) -> Numbers:
        """What stands before, packed: the last `length` letters and digits."""
        code = np.zeros(len(here), dtype=np.int64)
        for back in range(length, 0, -1):
            code = code * 37 + self._packed[np.maximum(here - back, 0)]
        return code

    def letter_at(self, here: Numbers, back: Numbers) -> NDArray[np.bool_]:
        """Whether a letter stands `back` letters and digits before."""
        return np.asarray(self._packed[np.maximum(here - back, 0)] > 10)


def _edges(mask: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Where runs of True begin and end."""
    padded = np.zeros(len(mask) + 2, dtype=np.int8)
    padded[1:-1] = mask
    turns = np.flatnonzero(np.diff(padded))
    return turns[::2], turns[1::2]


def _all_between(wrong: NDArray[np.bool_], low: Numbers, high: Numbers) -> NDArray[np.bool_]:
    """Whether nothing is `wrong` from `low` to before `high`."""
    count = np.concatenate(([0], np.cumsum(wrong, dtype=np.int32)))
    return np.asarray(count[low] == count[high])


def _and(letters: NDArray[np.uint8], back: Numbers, gap: Numbers) -> NDArray[np.bool_]:
    """Whether the gap is " Y " or " E "."""
    last = len(letters) - 1
    one, two, three = (letters[np.minimum(back + step, last)] for step in range(3))
    return np.asarray((gap == 3) & (one == 32) & ((two == 89) | (two == 69)) & (three == 32))


def _read(letters: NDArray[np.uint8], start: Numbers, size: Numbers) -> Numbers:
    """Runs of at most 18 digits as numbers."""
    value = np.zeros(len(start), dtype=np.int64)
    rows = np.arange(len(start))
    for step in range(int(size.max(initial=0))):
        rows = rows[size[rows] > step]
        value[rows] = value[rows] * 10 + (letters[start[rows] + step] - np.uint8(48))
    return value


def packed(text: str) -> int:
    """Up to twelve letters and digits as one number; nothing is 0."""
    code = 0
    for letter in text:
        code = code * 37 + int(_VALUE[ord(letter)])
    return code
