"""Which documents a payer names: numbers in full, stripped, digits only, in lists, cut short or with one slip."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from cobranza.reconciliation.records import Document, Payment
from cobranza.reconciliation.text import plain
from cobranza.regimes.payments import wording

_RUN = re.compile(r"\d+")
_LETTERS_DIGITS = re.compile(r"[^A-Z0-9]+")
_TRAILING = re.compile(r"(\d+)\D*$")
_RANGE_GAP = re.compile(r"\s*(?:A|AL|HASTA)\s*(?:LA\s*)?")
_LONG_WORD = re.compile(r"[A-Z0-9]{6,}")
_YEAR_AT_END = re.compile(r"\d{2,}$")
_YEAR_INSIDE = re.compile(r"[A-Z]*(\d{2,4})[A-Z]*$")
_LIST_GAP = re.compile(r"^(?:[\s,;/+&\-.]+|\s+(?:Y|E)\s+)$")


class Quality(IntEnum):
    """How exactly a mention names a document; the higher, the surer."""

    SUFFIX = 1  # last two or three digits, in a list
    SLIP = 2  # one wrong, missing or swapped digit
    CUT = 3  # the text ends inside the number
    TAIL = 4  # serial number only
    STRIPPED = 5  # part of the series and the serial number
    FULL = 6  # the whole number, punctuation aside
    STRUCTURED = 7  # RF or other structured reference, order number


class Token(NamedTuple):
    """A run of digits in a payment.

    Attributes:
        field: "remittance", "structured_ref" or "end_to_end_id".
        start: Position of its first digit in the plain text of the field.
        before: Letters and digits that stand before it (at most 14), punctuation aside.
        glued: A letter stands immediately before it.
        listed: It continues a list (another run stands shortly before).
        last: Nothing follows: the text may be cut here.
    """

    field: str
    digits: str
    start: int
    before: str
    glued: bool
    listed: bool
    last: bool


class Mention(NamedTuple):
    """One document named by one token."""

    token: int
    doc: int
    quality: Quality


def split_number(number: str, series: str = "") -> tuple[str, str]:
    """Split a document number into prefix (letters and digits only) and serial digits.

    >>> split_number("2026/A/03711", "2026/A/"), split_number("F001-00007860")
    (('2026A', '03711'), ('F001', '00007860'))
    """
    text = plain(number)
    head = plain(series)
    if head and text.startswith(head) and text[len(head) :].isdigit():
        return _LETTERS_DIGITS.sub("", head), text[len(head) :]
    found = _TRAILING.search(text)
    if not found:
        return _LETTERS_DIGITS.sub("", text), ""
    return _LETTERS_DIGITS.sub("", text[: found.start()]), found[1]


def letters_digits(plain_text: str) -> str:
    """Only the letters and digits of a plain text."""
    return _LETTERS_DIGITS.sub("", plain_text)


def tokens(payment: Payment) -> list[Token]:
    """Every run of digits of a payment's texts, with what stands around it; amounts and percentages left out."""
    result: list[Token] = []
    for name, text in (
        ("structured_ref", payment.structured),
        ("end_to_end_id", payment.end_to_end),
        ("remittance", payment.text),
    ):
        if text and text != "NOTPROVIDED":
            result += _scan(name, plain(text))
    return result


def _scan(field: str, text: str) -> list[Token]:
    result: list[Token] = []
    end_of_previous = -1
    runs = list(_RUN.finditer(text))
    for number, run in enumerate(runs):
        start, end = run.start(), run.end()
        if text.startswith(("%", " %"), end):
            continue
        listed = end_of_previous >= 0 and _LIST_GAP.match(text[end_of_previous:start]) is not None
        before = _LETTERS_DIGITS.sub("", text[max(0, start - 18) : start])[-14:] if start else ""
        glued = start > 0 and text[start - 1].isalpha()
        last = end == len(text)
        result.append(Token(field, run[0], start, before, glued, listed, last))
        if number + 1 < len(runs) and text[end : runs[number + 1].start()] == " ":
            joined = run[0] + runs[number + 1][0]
            if len(joined) <= 14:
                result.append(Token(field, joined, start, before, glued, False, runs[number + 1].end() == len(text)))
        end_of_previous = end
    if len(runs) > 1:
        result += _ranges(field, text, runs)
    return result


def _ranges(field: str, text: str, runs: Sequence[re.Match[str]]) -> list[Token]:
    """Numbers between the ends of "FRAS 101 A 105", "101 AL 105" (a bare hyphen is taken as a list, not a range)."""
    result = []
    for first, second in pairwise(runs):
        gap = text[first.end() : second.start()]
        if not _RANGE_GAP.fullmatch(gap):
            continue
        low, high = int(first[0]), int(second[0])
        if len(first[0]) >= 3 and 1 < high - low <= 30:
            width = len(first[0])
            before = _LETTERS_DIGITS.sub("", text[max(0, first.start() - 18) : first.start()])[-14:]
            result += [
                Token(field, str(value).zfill(width), first.start(), before, False, True, False)
                for value in range(low + 1, high)
            ]
    return result


class DocumentIndex:
    """Finds documents by any way of writing their number."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents
        self.references: dict[str, list[int]] = defaultdict(list)
        self._by_customer: dict[int, list[int]] = defaultdict(list)
        words = wording().document_words
        prefixes = {document.prefix for document in documents}
        for document in documents:
            self._by_customer[document.customer].append(document.index)
            if document.payment_ref or document.order:
                for reference in (document.payment_ref, document.order):
                    key = _LETTERS_DIGITS.sub("", plain(reference))
                    if len(key) >= 5:
                        self.references[key].append(document.index)
        self.prefixes = frozenset(prefix for prefix in prefixes if len(prefix) >= 2 and prefix not in words)
        self._prefix_lengths = tuple(sorted({len(prefix) for prefix in self.prefixes}, reverse=True))
        self._years: dict[str, tuple[str, str]] = {}
        self._weak: dict[int, _Weak] = {}
        self._serial: dict[int, list[int]] | None = None
        self._digits: dict[str, list[int]] | None = None

    def _by_serial(self) -> dict[int, list[int]]:
        held = self._serial
        if held is None:
            held = self._serial = {}
            for document in self.documents:
                if document.serial:
                    held.setdefault(document.serial_int, []).append(document.index)
        return held

    def _by_digits(self) -> dict[str, list[int]]:
        held = self._digits
        if held is None:
            held = self._digits = {}
            for document in self.documents:
                if document.digits != document.serial and len(document.digits) >= 6:
                    held.setdefault(document.digits.lstrip("0"), []).append(document.index)
        return held

    def of_customer(self, customer: int) -> Sequence[int]:
        """Documents of a customer, in input order."""
        return self._by_customer.get(customer, ())

    def anywhere(self, found: Sequence[Token], payment: Payment) -> list[Mention]:
        """Documents of any customer that the tokens name, best quality per token and document."""
        mentions: dict[tuple[int, int], Quality] = {}
        for number, token in enumerate(found):
            for doc, quality in self._named_by(token):
                document = self.documents[doc]
                if payment.country and document.country and document.country != payment.country:
                    continue
                if document.issued > payment.booked + 3:
                    continue
                if mentions.get((number, doc), 0) < quality:
                    mentions[number, doc] = quality
        for doc in self._structured(payment):
            mentions[-1, doc] = Quality.STRUCTURED
        return [Mention(token, doc, quality) for (token, doc), quality in sorted(mentions.items())]

    def _structured(self, payment: Payment) -> Iterable[int]:
        references = self.references
        if not references:
            return
        for text in (payment.structured, payment.end_to_end, payment.text):
            if not text:
                continue
            bare = plain(text)
            whole = _LETTERS_DIGITS.sub("", bare)
            if whole in references and not whole.isdigit():
                yield from references[whole]
                continue
            for word in _LONG_WORD.findall(bare):
                if word in references and (not word.isdigit() or len(word) >= 7):
                    yield from references[word]

    def _named_by(self, token: Token) -> Iterable[tuple[int, Quality]]:
        digits = token.digits
        bare = digits.lstrip("0")
        if len(bare) >= 6:
            for doc in self._by_digits().get(bare, ()):
                yield doc, Quality.FULL
        if len(digits) < 3 or not 1 <= len(bare) <= 9:  # "00010" as printed names its document, a bare "10" does not
            return
        for doc in self._by_serial().get(int(bare), ()):
            quality = self._judge(self.documents[doc], token)
            if quality:
                yield doc, quality

    def _judge(self, document: Document, token: Token) -> Quality | None:
        """How well what stands before the digits agrees with the document's series; None when it contradicts."""
        before = token.before
        prefix = document.prefix
        if not before or not prefix:
            return Quality.FULL if token.glued is False and not prefix else Quality.TAIL
        if before.endswith(prefix):
            head = before[: -len(prefix)]
            if len(prefix) > 1 or not head or not head[-1].isalpha() or token.digits == document.serial:
                return Quality.FULL
        for length in self._prefix_lengths:
            known = before[-length:]
            if len(known) == length and known in self.prefixes:
                return None if known != prefix else Quality.FULL
        years = self._years.get(prefix)
        if years is None:
            years = self._years[prefix] = years_of(prefix)
        last, inner = years
        if last and (before.endswith(last) or before.endswith(last[-2:])):
            return Quality.STRIPPED
        if inner and before.endswith(inner):
            return Quality.STRIPPED
        if token.glued and "A" <= before[-1] <= "Z" and prefix.isalpha() and before.endswith(prefix[-2:]):
            return Quality.STRIPPED
        return Quality.TAIL

    def within(self, found: Sequence[Token], candidates: Sequence[int], taken: frozenset[int]) -> list[Mention]:
        """Weaker readings of tokens that name nothing else, only among one customer's `candidates`.

        Args:
            found: All tokens of the payment.
            candidates: Documents of one customer, open or paid as the caller needs.
            taken: Numbers of the tokens that already name a document of this customer.
        """
        if not candidates:
            return []
        said = [(number, token) for number, token in enumerate(found) if token.field == "remittance"]
        return best_of(self.weak_hits(said, self.documents[candidates[0]].customer, taken), candidates)

    def weak_hits(self, said: Sequence[tuple[int, Token]], customer: int, taken: frozenset[int]) -> WeakHits:
        """The numbers in a remittance that name nothing else, each with the documents that it may mean, open or not.

        Args:
            said: The remittance's tokens, with their place among all of the payment.
            customer: Whose documents.
            taken: See `within`.
        """
        places = {token.start for number, token in said if number in taken}
        weak: _Weak | None = None
        result = []
        for number, token in said:
            if len(token.digits) < 2 or number in taken or token.start in places:
                continue
            if weak is None:
                weak = self._weak.get(customer)
                if weak is None:
                    weak = self._weak[customer] = _Weak(self.documents, self._by_customer[customer])
            hits = weak.hits(token, bool(taken))
            if hits:
                result.append((number, hits))
        return result


WeakHits = Sequence[tuple[int, dict[int, Quality]]]


def best_of(weak: WeakHits, candidates: Collection[int]) -> list[Mention]:
    """The documents among `candidates` that each of the tokens means best."""
    result: list[Mention] = []
    for number, hits in weak:
        live = (
            [(doc, hits[doc]) for doc in candidates if doc in hits]
            if len(hits) > 1
            else [pair for pair in hits.items() if pair[0] in candidates]
        )
        if live:
            best = max(quality for _, quality in live)
            result += [Mention(number, doc, quality) for doc, quality in live if quality == best]
    return result


class _Weak:
    """One customer's documents by the ways in which a number is written incompletely or with a slip."""

    __slots__ = ("_bare", "_digits", "_endings", "_own", "_prefixes", "_serial")

    def __init__(self, documents: Sequence[Document], own: Sequence[int]) -> None:
        self._own = [documents[doc] for doc in own]
        self._endings: dict[str, list[tuple[str, int]]] | None = None
        self._prefixes: dict[str, list[tuple[str, int]]] | None = None
        self._serial: dict[str, list[int]] | None = None
        self._bare: dict[str, list[int]] | None = None
        self._digits: dict[str, list[int]] | None = None

    def _by_ending(self) -> dict[str, list[tuple[str, int]]]:
        held = self._endings
        if held is None:
            held = self._endings = {}
            for document in self._own:
                held.setdefault(document.serial[-2:], []).append((document.serial, document.index))
        return held

    def _by_prefix(self) -> dict[str, list[tuple[str, int]]]:
        held = self._prefixes
        if held is None:
            held = self._prefixes = {}
            for document in self._own:
                if len(document.prefix) >= 2:
                    held.setdefault(document.prefix, []).append((document.serial, document.index))
        return held

    def _by_serial(self) -> dict[str, list[int]]:
        held = self._serial
        if held is None:
            held = self._serial = _gathered([(one.serial, one.index) for one in self._own if len(one.serial) >= 3])
        return held

    def _by_bare(self) -> dict[str, list[int]]:
        held = self._bare
        if held is None:
            large = [(str(one.serial_int), one.index) for one in self._own if one.serial_int >= 1000]
            held = self._bare = _gathered(large)
        return held

    def _by_digits(self) -> dict[str, list[int]]:
        held = self._digits
        if held is None:
            held = self._digits = _gathered([(one.digits, one.index) for one in self._own if len(one.digits) >= 6])
        return held

    def hits(self, token: Token, any_named: bool) -> dict[int, Quality]:
        """Documents that the token may mean, with the best way of each."""
        result: dict[int, Quality] = {}
        digits = token.digits
        size = len(digits)
        if size >= 4:
            near = _one_slip(digits)
            _meant(self._by_serial(), near, result)
            if size <= 6:
                _meant(self._by_bare(), near, result)
            if size >= 7:
                _meant(self._by_digits(), near, result)
        if token.last:
            for prefix, own in self._by_prefix().items():
                if token.listed or token.before.endswith(prefix):
                    for doc in _cut(token.before + digits, prefix, own):
                        result[doc] = Quality.CUT
        if any_named and token.listed:
            for serial, doc in self._by_ending().get(digits[-2:], ()):
                if serial.endswith(digits):
                    result[doc] = Quality.SUFFIX
        return result


def _gathered(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    result: dict[str, list[int]] = {}
    for key, doc in pairs:
        result.setdefault(key, []).append(doc)
    return result


def _meant(known: dict[str, list[int]], near: frozenset[str], result: dict[int, Quality]) -> None:
    """Add the documents of which one of `near` is the number."""
    for slip in known.keys() & near:
        for doc in known[slip]:
            result[doc] = Quality.SLIP


def _cut(written: str, prefix: str, own: Sequence[tuple[str, int]]) -> list[int]:
    """Documents whose number begins with what stands at the end of `written`: whole prefix, some of the serial."""
    result: list[int] = []
    start = written.find(prefix)
    while start >= 0:
        rest = written[start + len(prefix) :]
        if rest:
            result += [doc for serial, doc in own if serial.startswith(rest)]
        start = written.find(prefix, start + 1)
    return result


@lru_cache(maxsize=256)  # some 15 KB each
def _one_slip(digits: str) -> frozenset[str]:
    """The digits and all that one wrong, missing, added or swapped digit makes of them.

    >>> sorted(text for text in _one_slip("12") if len(text) == 1), "21" in _one_slip("12")
    (['1', '2'], True)
    """
    result = {digits}
    for place in range(len(digits) + 1):
        head, tail = digits[:place], digits[place:]
        rest = tail[1:]
        result.update([head + digit + tail for digit in "0123456789"])
        if tail:
            result.update([head + digit + rest for digit in "0123456789"])
            result.add(head + rest)
        if rest:
            result.add(head + rest[0] + tail[0] + rest[1:])
    return frozenset(result)


def years_of(prefix: str) -> tuple[str, str]:
    """Digits at the end of a series, and digits among its letters: "26" of "FV26" and of "F26A"."""
    last = _YEAR_AT_END.search(prefix)
    inner = _YEAR_INSIDE.match(prefix)
    return last[0] if last else "", inner[1] if inner else ""
