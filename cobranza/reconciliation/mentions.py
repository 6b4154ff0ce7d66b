"""What the texts of many payments name, found at once: the readings of `references`, a column at a time.

The texts of a block stand behind one another in one array of characters; runs of digits, what stands before them and
the documents that they name are then found for all payments with a handful of array operations. What these do not
know (letters beyond ASCII, ranges, endless numbers) is read payment by payment, with the same result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cobranza.reconciliation.records import Document, Payment
from cobranza.reconciliation.references import DocumentIndex, Mention, Quality, Token, letters_digits, tokens, years_of
from cobranza.reconciliation.text import plain

Numbers = NDArray[np.int64]
_BLOCK = 20_000  # payments read at once: some ten megabytes of working memory
_FIELDS = ("structured_ref", "end_to_end_id", "remittance")  # the order of `references.tokens`
_LONGEST = 18  # digits of a number that fit 64 bits
_LETTERS = 12  # letters and digits of a series that do
_JOINED = 14
_BACK, _BEFORE = 18, 14  # characters before a number that are looked at, and letters and digits kept of them
_LONG_WORD = re.compile(r"[A-Z0-9]{6,}")
_KEPT = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BARE = {code: None for code in range(128) if chr(code) not in _KEPT + "\n"}
_QUALITIES = (Quality.SUFFIX, *Quality)  # by number, from 1


def _where(characters: str) -> NDArray[np.bool_]:
    table = np.zeros(256, dtype=np.bool_)
    table[[ord(one) for one in characters]] = True
    return table


_IS_DIGIT, _IS_KEPT, _IS_LETTER = _where("0123456789"), _where(_KEPT), _where(_KEPT[10:])
_IS_GAP, _IS_RANGE = _where(" ,;/+&-."), _where(" ALHST")
_VALUE = np.zeros(256, dtype=np.int64)
_VALUE[[ord(one) for one in _KEPT]] = np.arange(1, 37)
_TENS = 10 ** np.arange(1, 19, dtype=np.int64)


class _Columns(NamedTuple):
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


class _Found(NamedTuple):
    """One block: its tokens and its mentions as rows, and where those of each payment begin.

    Attributes:
        tokens: Text field, first position and the one after the last, flags.
        mentions: Number of the token, document, quality.
    """

    token_first: list[int]
    tokens: NDArray[np.void]
    first: list[int]
    mentions: NDArray[np.void]


_TOKEN = np.dtype([("field", "i1"), ("start", "i4"), ("stop", "i4"), ("flags", "i1")])
_MENTION = np.dtype([("token", "i2"), ("doc", "i4"), ("quality", "i1")])


_GLUED, _LISTED, _LAST, _PAIR = 1, 2, 4, 8


class Mentions:
    """The numbers in the texts of `payments` and the documents that they name, as `references` finds them."""

    def __init__(self, payments: Sequence[Payment], index: DocumentIndex) -> None:
        """Read all texts; `payments` are in the order of their `index`."""
        self._payments = payments
        self._index = index
        self._odd: dict[int, tuple[list[Token], list[Mention]]] = {}
        self._countries: dict[str, int] = {"": 0}
        columns = self._columns(index.documents)
        self._blocks: list[_Found] = []
        if columns is not None:
            for start in range(0, len(payments), _BLOCK):
                self._blocks.append(self._block(payments[start : start + _BLOCK], columns))

    def of(self, payment: Payment) -> list[Mention]:
        """See `DocumentIndex.anywhere`."""
        if payment.index in self._odd or not self._blocks:
            return self._slowly(payment)[1]
        number, place = divmod(payment.index, _BLOCK)
        block = self._blocks[number]
        low, high = block.first[place], block.first[place + 1]
        if low == high:
            return []
        return [Mention(token, doc, _QUALITIES[quality]) for token, doc, quality in block.mentions[low:high].tolist()]

    def tokens(self, payment: Payment) -> list[Token]:
        """See `references.tokens`."""
        if payment.index in self._odd or not self._blocks:
            return self._slowly(payment)[0]
        return [_token(payment, row) for row in self._rows(payment)]

    def said(self, payment: Payment) -> list[tuple[int, Token]]:
        """Those of `tokens` that stand in the remittance, with their place among all."""
        if payment.index in self._odd or not self._blocks:
            found = enumerate(self._slowly(payment)[0])
            return [(number, token) for number, token in found if token.field == _FIELDS[2]]
        return [(number, _token(payment, row)) for number, row in enumerate(self._rows(payment)) if row[0] == 2]

    def quoted(self, payment: Payment, number: int) -> tuple[str, str, int]:
        """Of one of `tokens`: its field, digits and first position."""
        if payment.index in self._odd or not self._blocks:
            token = self._slowly(payment)[0][number]
            return token.field, token.digits, token.start
        block = self._blocks[payment.index // _BLOCK]
        row = block.tokens[block.token_first[payment.index % _BLOCK] + number].item()
        return _FIELDS[row[0]], _digits(_text(payment, row[0]), row), row[1]

    def _rows(self, payment: Payment) -> list[tuple[int, int, int, int]]:
        number, place = divmod(payment.index, _BLOCK)
        block = self._blocks[number]
        rows: list[tuple[int, int, int, int]] = block.tokens[
            block.token_first[place] : block.token_first[place + 1]
        ].tolist()
        return rows

    def _slowly(self, payment: Payment) -> tuple[list[Token], list[Mention]]:
        held = self._odd.get(payment.index)
        if held is None or not held[0]:
            found = tokens(payment)
            held = self._odd[payment.index] = found, self._index.anywhere(found, payment)
        return held

    def _country(self, country: str) -> int:
        return self._countries.setdefault(country, len(self._countries))

    def _columns(self, documents: Sequence[Document]) -> _Columns | None:
        """The index as arrays; None where a document's number is too long for them."""
        size = np.fromiter((len(one.prefix) for one in documents), np.int64, len(documents))
        widest = max((len(one.digits) for one in documents), default=0)
        if widest > _LONGEST or size.max(initial=0) > _LETTERS or not all(one.digits.isascii() for one in documents):
            return None
        place: dict[str, int] = {}
        series = np.fromiter((place.setdefault(one.prefix, len(place)) for one in documents), np.int64, len(documents))
        code = np.array([_packed(prefix) for prefix in place], dtype=np.int64)
        years = [years_of(prefix) for prefix in place]
        ends = [prefix[-2:] if prefix.isalpha() else "" for prefix in place]
        known: dict[int, list[int]] = {}
        for prefix in sorted(self._index.prefixes):
            known.setdefault(len(prefix), []).append(_packed(prefix))
        serial = _ordered([(one.serial_int, one.index) for one in documents if one.serial])
        digits = _ordered(
            [
                (int(one.digits), one.index)
                for one in documents
                if one.digits != one.serial and len(one.digits) >= 6 and one.digits.lstrip("0")
            ]
        )
        return _Columns(
            serial=serial[0], serial_doc=serial[1], digits=digits[0], digits_doc=digits[1],
            width=np.fromiter((len(one.serial) for one in documents), np.int64, len(documents)),
            size=size,
            code=code[series] if len(documents) else series,
            series=series,
            years=(
                np.array([_packed(last[-2:]) for last, _ in years], dtype=np.int64),
                np.array([_packed(inner) for _, inner in years], dtype=np.int64),
                np.array([len(inner) for _, inner in years], dtype=np.int64),
            ),
            end=(
                np.array([_packed(end) for end in ends], dtype=np.int64),
                np.array([len(end) for end in ends], dtype=np.int64),
            ),
            known={length: np.array(codes, dtype=np.int64) for length, codes in known.items()},
            issued=np.fromiter((one.issued for one in documents), np.int64, len(documents)),
            country=np.fromiter((self._country(one.country) for one in documents), np.int64, len(documents)),
        )  # fmt: skip

    def _block(self, payments: Sequence[Payment], columns: _Columns) -> _Found:
        texts = self._texts(payments)
        whole = "\n".join([*texts, ""])
        runs = _Runs(whole, 3 * len(payments))
        for text in runs.odd:
            self._odd.setdefault(payments[text // 3].index, ([], []))
        pairs = [_by_serial(runs, columns), _by_digits(runs, columns)]
        token = np.concatenate([pair[0] for pair in pairs])
        doc = np.concatenate([pair[1] for pair in pairs])
        quality = np.concatenate([pair[2] for pair in pairs])
        payer = runs.text[token] // 3
        booked = np.fromiter((one.booked for one in payments), np.int64, len(payments))[payer]
        country = np.fromiter((self._country(one.country) for one in payments), np.int64, len(payments))[payer]
        home = columns.country[doc]
        kept = ((country == 0) | (home == 0) | (country == home)) & (columns.issued[doc] <= booked + 3)
        first_token = np.searchsorted(runs.text, 3 * np.arange(len(payments) + 1))
        number = token[kept] - first_token[payer[kept]]
        said = self._referred(whole, texts, runs)
        found = np.concatenate((payer[kept], said[0]))
        number = np.concatenate((number, np.full(len(said[0]), -1, dtype=np.int64)))
        doc = np.concatenate((doc[kept], said[1]))
        quality = np.concatenate((quality[kept], np.full(len(said[0]), int(Quality.STRUCTURED), dtype=np.int64)))
        order = np.lexsort((-quality, doc, number, found))
        found, number, doc, quality = found[order], number[order], doc[order], quality[order]
        new = np.ones(len(found), dtype=np.bool_)
        new[1:] = (np.diff(found) != 0) | (np.diff(number) != 0) | (np.diff(doc) != 0)
        first = np.searchsorted(found[new], np.arange(len(payments) + 1))
        read = np.empty(len(runs.text), dtype=_TOKEN)
        read["field"], read["flags"] = runs.text % 3, runs.flags
        read["start"], read["stop"] = runs.start - runs.begin, runs.stop - runs.begin
        named = np.empty(int(new.sum()), dtype=_MENTION)
        named["token"], named["doc"], named["quality"] = number[new], doc[new], quality[new]
        return _Found(first_token.tolist(), read, first.tolist(), named)

    def _texts(self, payments: Sequence[Payment]) -> list[str]:
        """The plain texts of a block, three a payment; empty where they are not of ASCII alone."""
        result: list[str] = []
        for payment in payments:
            mine = [
                plain(text) if text and text != "NOTPROVIDED" else ""
                for text in (payment.structured, payment.end_to_end, payment.text)
            ]
            if not all(map(str.isascii, mine)):
                self._odd[payment.index] = ([], [])
                mine = ["", "", ""]
            result += mine
        return result

    def _referred(self, whole: str, texts: Sequence[str], runs: _Runs) -> tuple[Numbers, Numbers]:
        """Structured references and orders, whole or as a long word: payment and document of each."""
        references = self._index.references
        none = np.zeros(0, dtype=np.int64)
        if not references:
            return none, none
        found: list[tuple[int, int]] = []
        spoken = set()
        for number, bare in enumerate(whole.translate(_BARE).split("\n")[: len(texts)]):
            if bare in references and not bare.isdigit():
                spoken.add(number)
                found += [(number // 3, doc) for doc in references[bare]]
        for place, word in enumerate(_LONG_WORD.findall(whole)):
            if word in references and (len(word) >= 7 or not word.isdigit()):
                number = int(runs.long_word_text(place))
                if number not in spoken:
                    found += [(number // 3, doc) for doc in references[word]]
        if not found:
            return none, none
        pairs = np.array(found, dtype=np.int64)
        return pairs[:, 0], pairs[:, 1]


def _token(payment: Payment, row: tuple[int, int, int, int]) -> Token:
    field, start, _, flags = row
    text = _text(payment, field)
    before = letters_digits(text[max(0, start - _BACK) : start])[-_BEFORE:] if start else ""
    digits = _digits(text, row)
    return Token(_FIELDS[field], digits, start, before, flags & _GLUED > 0, flags & _LISTED > 0, flags & _LAST > 0)


def _text(payment: Payment, field: int) -> str:
    return plain(payment.text if field == 2 else payment.end_to_end if field else payment.structured)


def _digits(text: str, row: tuple[int, int, int, int]) -> str:
    _, start, stop, flags = row
    return text[start:stop].replace(" ", "") if flags & _PAIR else text[start:stop]


class _Runs:
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
        value = _read(letters, start, np.minimum(size, _LONGEST))
        rise = value - np.roll(value, 1)
        ranged &= (np.roll(size, 1) >= 3) & (rise > 1) & (rise <= 30)
        endless = (size > _LONGEST) & (letters[start] == 48)
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
            np.where(size > _LONGEST, -1, value)[single], value[pair] * 10 ** size[pair + 1] + value[pair + 1]
        )
        self.bare = np.searchsorted(_TENS, self.value, side="right") + (self.value > 0)
        self.begin = begins[self.text]
        glued = (self.start > self.begin) & _IS_LETTER[letters[np.maximum(self.start - 1, 0)]]
        in_list = both(listed[single], np.zeros(len(pair), dtype=np.int64))
        joined = both(np.zeros(len(single), dtype=np.int64), np.ones(len(pair), dtype=np.int64))
        self.flags = _GLUED * glued + _LISTED * in_list + _LAST * (self.stop == ends[self.text]) + _PAIR * joined
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
        back = self._kept[np.maximum(self.begin[token], start - _BACK)]
        return np.minimum(_BEFORE, here - back), here

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


def _ordered(entries: list[tuple[int, int]]) -> tuple[Numbers, Numbers]:
    pairs = np.array(sorted(entries), dtype=np.int64).reshape(-1, 2)
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def _packed(text: str) -> int:
    """Up to twelve letters and digits as one number; nothing is 0."""
    code = 0
    for letter in text:
        code = code * 37 + int(_VALUE[ord(letter)])
    return code


def _matched(token: Numbers, value: Numbers, keys: Numbers, docs: Numbers) -> tuple[Numbers, Numbers]:
    """Every token with every document of that key."""
    low, high = np.searchsorted(keys, value, side="left"), np.searchsorted(keys, value, side="right")
    count = high - low
    place = np.repeat(low - np.concatenate(([0], np.cumsum(count)[:-1])), count) + np.arange(count.sum())
    return np.repeat(token, count), docs[place]


def _by_digits(runs: _Runs, columns: _Columns) -> tuple[Numbers, Numbers, Numbers]:
    """Documents all of whose digits a token has."""
    token = np.flatnonzero(runs.bare >= 6)
    found, doc = _matched(token, runs.value[token], columns.digits, columns.digits_doc)
    return found, doc, np.full(len(found), int(Quality.FULL), dtype=np.int64)


def _by_serial(runs: _Runs, columns: _Columns) -> tuple[Numbers, Numbers, Numbers]:
    """Documents whose serial number a token is, and how well what stands before it agrees; see `references`."""
    token = np.flatnonzero((runs.size >= 3) & (runs.bare >= 1) & (runs.bare <= 9))
    token, doc = _matched(token, runs.value[token], columns.serial, columns.serial_doc)
    if not len(token):
        return token, doc, token
    length, here = runs.before(token)
    glued = (runs.flags[token] & _GLUED) > 0
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

    def __init__(self, runs: _Runs, here: Numbers, length: Numbers) -> None:
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
