"""Which documents a payer names: numbers in full, stripped, digits only, in lists, cut short or with one slip."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from rapidfuzz.distance import OSA

from cobranza.reconciliation.records import Document, Payment
from cobranza.reconciliation.text import plain
from cobranza.regimes.payments import wording

_RUN = re.compile(r"\d+")
_LETTERS_DIGITS = re.compile(r"[^A-Z0-9]+")
_TRAILING = re.compile(r"(\d+)\D*$")
_RANGE = re.compile(r"^\s*(?:A|AL|HASTA|-|–)\s*$")
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


@dataclass(frozen=True, slots=True)
class Token:
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


@dataclass(frozen=True, slots=True)
class Mention:
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
        after = text[end : end + 2].lstrip()
        if after.startswith("%"):
            continue
        listed = end_of_previous >= 0 and _LIST_GAP.match(text[end_of_previous:start]) is not None
        before = _LETTERS_DIGITS.sub("", text[max(0, start - 18) : start])[-14:]
        glued = start > 0 and text[start - 1].isalpha()
        last = end == len(text)
        result.append(Token(field, run[0], start, before, glued, listed, last))
        if number + 1 < len(runs) and text[end : runs[number + 1].start()] == " ":
            joined = run[0] + runs[number + 1][0]
            if len(joined) <= 14:
                result.append(Token(field, joined, start, before, glued, False, runs[number + 1].end() == len(text)))
        end_of_previous = end
    result += _ranges(field, text, runs)
    return result


def _ranges(field: str, text: str, runs: Sequence[re.Match[str]]) -> list[Token]:
    """Numbers between the ends of "FRAS 101 A 105", "101 AL 105" (a bare hyphen is taken as a list, not a range)."""
    result = []
    for first, second in pairwise(runs):
        gap = text[first.end() : second.start()]
        if not re.fullmatch(r"\s*(?:A|AL|HASTA)\s*(?:LA\s*)?", gap):
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
        self._serial: dict[int, list[int]] = defaultdict(list)
        self._digits: dict[str, list[int]] = defaultdict(list)
        self._reference: dict[str, list[int]] = defaultdict(list)
        self._by_customer: dict[int, list[int]] = defaultdict(list)
        self._suffix: dict[int, dict[str, list[int]]] = {}
        words = wording().document_words
        prefixes: set[str] = set()
        for document in documents:
            if document.serial:
                self._serial[document.serial_int].append(document.index)
            if document.digits != document.serial and len(document.digits) >= 6:
                self._digits[document.digits.lstrip("0")].append(document.index)
            for reference in (document.payment_ref, document.order):
                key = _LETTERS_DIGITS.sub("", plain(reference))
                if len(key) >= 5:
                    self._reference[key].append(document.index)
            self._by_customer[document.customer].append(document.index)
            prefixes.add(document.prefix)
        self._prefixes = tuple(
            sorted((p for p in prefixes if len(p) >= 2 and p not in words), key=lambda p: (-len(p), p))
        )
        self._prefix_set = frozenset(prefixes)

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
        for text in (payment.structured, payment.end_to_end, payment.text):
            if not text:
                continue
            whole = _LETTERS_DIGITS.sub("", plain(text))
            if whole in self._reference and not whole.isdigit():
                yield from self._reference[whole]
                continue
            for word in re.split(r"[^A-Z0-9]+", plain(text)):
                if len(word) >= 6 and word in self._reference and (not word.isdigit() or len(word) >= 7):
                    yield from self._reference[word]

    def _named_by(self, token: Token) -> Iterable[tuple[int, Quality]]:
        digits = token.digits
        bare = digits.lstrip("0")
        if len(bare) >= 6:
            for doc in self._digits.get(bare, ()):
                yield doc, Quality.FULL
        if len(digits) < 3 or not 1 <= len(bare) <= 9:  # "00010" as printed names its document, a bare "10" does not
            return
        for doc in self._serial.get(int(bare), ()):
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
        for known in self._prefixes:
            if before.endswith(known):
                return None if known != prefix else Quality.FULL
        digits = re.search(r"\d{2,}$", prefix)
        if digits and (before.endswith(digits[0]) or before.endswith(digits[0][-2:])):
            return Quality.STRIPPED
        inner = re.match(r"[A-Z]*(\d{2,4})[A-Z]*$", prefix)
        if inner and before.endswith(inner[1]):
            return Quality.STRIPPED
        if token.glued and re.match(r".*[A-Z]$", before) and prefix.isalpha() and before.endswith(prefix[-2:]):
            return Quality.STRIPPED
        return Quality.TAIL

    def within(self, found: Sequence[Token], candidates: Sequence[int], taken: frozenset[int]) -> list[Mention]:
        """Weaker readings of tokens that name nothing else, only among one customer's `candidates`.

        Args:
            found: All tokens of the payment.
            candidates: Documents of the customer that are open.
            taken: Numbers of the tokens that already name a document of this customer.
        """
        result: list[Mention] = []
        used = {number for number in taken if number >= 0}
        spans = [(found[number].field, found[number].start, len(found[number].digits)) for number in used]
        any_named = bool(taken)
        for number, token in enumerate(found):
            if number in used or (token.field, token.start) in {(f, s) for f, s, _ in spans}:
                continue
            digits = token.digits
            if token.field != "remittance":
                continue
            hits: list[tuple[int, Quality]] = []
            for doc in candidates:
                document = self.documents[doc]
                quality = self._weak(document, token, any_named)
                if quality:
                    hits.append((doc, quality))
            if not hits or len(digits) < 2:
                continue
            best = max(quality for _, quality in hits)
            result += [Mention(number, doc, quality) for doc, quality in hits if quality == best]
        return result

    def _weak(self, document: Document, token: Token, any_named: bool) -> Quality | None:
        digits, serial = token.digits, document.serial
        if any_named and token.listed and 2 <= len(digits) <= len(serial) and serial.endswith(digits):
            return Quality.SUFFIX
        if token.last and len(digits) >= 2 and (token.listed or token.before.endswith(document.prefix)):
            written = token.before + digits
            number = document.prefix + serial
            if len(document.prefix) >= 2 and any(
                number.startswith(written[-size:])
                for size in range(len(document.prefix) + 1, min(len(number), len(written)) + 1)
            ):
                return Quality.CUT
        size = len(digits)
        if size < 4:
            return None
        if abs(size - len(serial)) <= 1 and OSA.distance(digits, serial, score_cutoff=1) <= 1:
            return Quality.SLIP
        if size <= 6 and document.serial_int >= 1000:
            bare = str(document.serial_int)
            if abs(size - len(bare)) <= 1 and OSA.distance(digits, bare, score_cutoff=1) <= 1:
                return Quality.SLIP
        if (
            size >= 7
            and abs(size - len(document.digits)) <= 1
            and OSA.distance(digits, document.digits, score_cutoff=1) <= 1
        ):
            return Quality.SLIP
        return None
