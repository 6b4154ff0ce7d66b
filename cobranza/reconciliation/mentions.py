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

from cobranza.reconciliation.digit_runs import BACK, BEFORE, GLUED, KEPT, LAST, LISTED, PAIR, Numbers, Runs
from cobranza.reconciliation.number_columns import NumberColumns, by_digits, by_serial, columns_of
from cobranza.reconciliation.records import Payment
from cobranza.reconciliation.references import DocumentIndex, Mention, Quality, Token, letters_digits, tokens
from cobranza.reconciliation.text import plain

_BLOCK = 20_000  # payments read at once: some ten megabytes of working memory
_FIELDS = ("structured_ref", "end_to_end_id", "remittance")  # the order of `references.tokens`
_LONG_WORD = re.compile(r"[A-Z0-9]{6,}")
_BARE = {code: None for code in range(128) if chr(code) not in KEPT + "\n"}
_QUALITIES = (Quality.SUFFIX, *Quality)  # by number, from 1


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
_MENTION = np.dtype([("token", "i4"), ("doc", "i4"), ("quality", "i1")])


class Mentions:
    """The numbers in the texts of `payments` and the documents that they name, as `references` finds them."""

    def __init__(self, payments: Sequence[Payment], index: DocumentIndex) -> None:
        """Read all texts; `payments` are in the order of their `index`."""
        self._payments = payments
        self._index = index
        self._odd: dict[int, tuple[list[Token], list[Mention]]] = {}
        self._countries: dict[str, int] = {"": 0}
        columns = columns_of(index.documents, sorted(index.prefixes), self._country)
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

    def _block(self, payments: Sequence[Payment], columns: NumberColumns) -> _Found:
        texts = self._texts(payments)
        whole = "\n".join([*texts, ""])
        runs = Runs(whole, 3 * len(payments))
        for text in runs.odd:
            self._odd.setdefault(payments[text // 3].index, ([], []))
        pairs = [by_serial(runs, columns), by_digits(runs, columns)]
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

    def _referred(self, whole: str, texts: Sequence[str], runs: Runs) -> tuple[Numbers, Numbers]:
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
    before = letters_digits(text[max(0, start - BACK) : start])[-BEFORE:] if start else ""
    digits = _digits(text, row)
    return Token(_FIELDS[field], digits, start, before, flags & GLUED > 0, flags & LISTED > 0, flags & LAST > 0)


def _text(payment: Payment, field: int) -> str:
    return plain(payment.text if field == 2 else payment.end_to_end if field else payment.structured)


def _digits(text: str, row: tuple[int, int, int, int]) -> str:
    _, start, stop, flags = row
    return text[start:stop].replace(" ", "") if flags & PAIR else text[start:stop]
