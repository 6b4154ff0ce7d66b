"""Texts as banks deliver them, made comparable: accents, broken encodings, legal forms, abbreviations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from cobranza.kernel.spanish import plain as _plain
from cobranza.regimes.payments import wording

_BROKEN = re.compile(r"[ÃÂ][\x80-\xbf]")
_NOT_WORD = re.compile(r"[^A-Z0-9]+")
_WORD = re.compile(r"[A-Z0-9]+")


@lru_cache(maxsize=20_000)
def plain(text: str) -> str:
    """Upper case, no accents, single spaces, UTF-8 that was read as Latin-1 repaired.

    >>> plain("LogÃ­stica Muñoz")
    'LOGISTICA MUNOZ'
    """
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.upper().split())
    if _BROKEN.search(text):
        text = _BROKEN.sub(_repair, text)
    return _plain(text.replace("º", "").replace("ª", ""))


def _repair(found: re.Match[str]) -> str:
    try:
        return found[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return found[0]


def compact(text: str) -> str:
    """Only letters and digits of `plain`.

    >>> compact("2026/A/03711")
    '2026A03711'
    """
    return _NOT_WORD.sub("", plain(text))


def words(text: str) -> list[str]:
    """The words of `plain`: runs of letters and digits."""
    return _WORD.findall(plain(text))


@cache
def _legal_forms() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(form.split()) for form in wording().legal_forms)


@cache
def _cut_forms() -> dict[tuple[str, ...], tuple[str, ...]]:
    """The words that follow each beginning of a legal form."""
    after: dict[tuple[str, ...], set[str]] = {}
    for form in _legal_forms():
        for size in range(len(form)):
            after.setdefault(form[:size], set()).add(form[size])
    return {begun: tuple(sorted(words)) for begun, words in after.items()}


def _legal_tail(found: list[str]) -> int:
    """How many of the last words are a legal form, whole or cut off by the bank."""
    forms, following = _legal_forms(), _cut_forms()
    for size in range(min(max(map(len, forms), default=0), len(found) - 1), 0, -1):
        if tuple(found[-size:]) in forms:
            return size
    for size in range(min(6, len(found) - 1), 0, -1):
        *whole, last = found[-size:]
        if not whole and len(last) != 1:
            continue
        if any(word.startswith(last) for word in following.get(tuple(whole), ())):
            return size
    return 0


@lru_cache(maxsize=20_000)
def name_words(name: str) -> tuple[str, ...]:
    """The words that tell a company from another: no legal form, abbreviations written out.

    >>> name_words("Áridos Hnos. Zubizarreta, S.L.U.")
    ('ARIDOS', 'HERMANOS', 'ZUBIZARRETA')
    """
    found = words(name)
    found = found[: len(found) - _legal_tail(found)]
    expand = wording().abbreviations
    return tuple(expand.get(word, word) for word in found)


def has_word(haystack: str, needles: tuple[str, ...]) -> bool:
    """Whether one of `needles` stands in the plain text as whole words.

    >>> has_word("FRA 1 DTO PP", ("PP",)), has_word("APPLE", ("PP",))
    (True, False)
    """
    padded = f" {_NOT_WORD.sub(' ', haystack)} "
    return any(f" {needle} " in padded for needle in needles)


class Phrases:
    """Finds which kinds of phrases stand in texts, as whole words; one pass over the words of a text.

    >>> phrases = Phrases({"discount": ("PP", "PRONTO PAGO"), "partial": ("A CUENTA",)})
    >>> sorted(phrases.kinds("PRONTO PAGO, A CUENTA")), phrases.kinds("APPLE")
    (['discount', 'partial'], set())
    """

    def __init__(self, needles: Mapping[str, tuple[str, ...]]) -> None:
        self._by_first: dict[str, list[tuple[str, str]]] = {}
        for kind, phrases in needles.items():
            for phrase in phrases:
                self._by_first.setdefault(phrase.split(" ", 1)[0], []).append((kind, phrase))
        self._first = frozenset(self._by_first)

    def kinds(self, *plain_texts: str) -> set[str]:
        """The kinds that stand in any of the plain texts."""
        found: set[str] = set()
        for text in plain_texts:
            said = _WORD.findall(text)
            if self._first.isdisjoint(said):
                continue
            hits = self._first.intersection(said)
            padded = f" {' '.join(said)} "
            for first in hits:
                for kind, phrase in self._by_first[first]:
                    if kind not in found and f" {phrase} " in padded:
                        found.add(kind)
        return found
