"""Reads amounts, days and references out of cells, under one hypothesis about the decimal sign."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from cobranza.kernel.spanish import FormatError, plain
from cobranza.kernel.spanish import amount as spanish_amount
from cobranza.kernel.spanish import day as spanish_day
from cobranza.reconciliation.advice.ports import Value

_MONEY = r"(?:€|US\$|\$|S/\.?|£|EUR|USD|MXN|COP|PEN|CLP|ARS|GBP|CHF)"
_FIGURE = r"(?:\d{1,3}(?:[.,'\u2019\u00a0\u202f ]\d{3})+(?:[.,]\d{1,2})?|\d{1,13}[.,]\d{1,2}|[.,]\d{2})"
_AMOUNT = re.compile(
    rf"(?P<open>\()?{_MONEY}? ?[+\-\u2212]? ?{_MONEY}? ?{_FIGURE} ?[+\-\u2212]? ?{_MONEY}?(?(open)\))", re.IGNORECASE
)
_WHOLE = re.compile(rf"(?:{_MONEY} ?[+\-\u2212]?\d{{1,13}}|[+\-\u2212]?\d{{1,13}} ?{_MONEY})", re.IGNORECASE)
_BARE_WHOLE = re.compile(r"[+\-\u2212]?\d{1,13}[+\-\u2212]?")
_MARKED = re.compile(r"^(.*[\d)])\s*(CR|DR|DB|D|H|C)$", re.IGNORECASE)
_OTHER_MONEY = re.compile(r"£|GBP|CHF", re.IGNORECASE)
_DAY = re.compile(
    r"\d{1,2}[/.\-]\d{1,2}[/.\-](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}"
    r"|\d{1,2}[\- ](?:de )?[A-Za-z]{3,10}\.?[\- ](?:de )?\d{2,4}"
)
_SLASHED = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})")
_ENGLISH = {
    "jan": 1, "january": 1, "feb": 2, "february": 2, "march": 3, "apr": 4, "april": 4, "may": 5, "june": 6, "july": 7,
    "aug": 8, "august": 8, "september": 9, "october": 10, "november": 11, "dec": 12, "december": 12,
}  # fmt: skip
_WORDED = re.compile(r"(\d{1,2})[\- ]([a-z]+)\.?[\- ,]+(\d{4})|([a-z]+)\.? (\d{1,2}),? (\d{4})")
_LARGEST = Decimal(10) ** 13


@lru_cache(maxsize=65536)
def looks_like_amount(text: str) -> bool:
    """Whether a text can only be money: it has decimals, thousands or a currency sign.

    >>> looks_like_amount("1.234,56"), looks_like_amount("$ 1.234.567"), looks_like_amount("2026001")
    (True, True, False)
    """
    bare = _MARKED.sub(r"\1", text.strip())
    return _AMOUNT.fullmatch(bare) is not None or _WHOLE.fullmatch(bare) is not None


@lru_cache(maxsize=65536)
def looks_like_day(text: str) -> bool:
    """Whether a text is a day and nothing else."""
    return _DAY.fullmatch(text.strip()) is not None


@lru_cache(maxsize=16384)
def _amount(text: str, decimal: str) -> Decimal | None:
    bare = text.strip()
    marked = _MARKED.match(bare)
    if marked:
        bare = marked[1]
    bare = _OTHER_MONEY.sub("", bare)
    if not (_AMOUNT.fullmatch(bare) or _WHOLE.fullmatch(bare) or _BARE_WHOLE.fullmatch(bare)):
        return None
    try:
        value = spanish_amount(bare.replace("S/.", "").replace("s/.", ""), decimal=decimal)
    except FormatError:
        return None
    return value if abs(value) < _LARGEST else None


def amount(value: Value | None, decimal: str) -> Decimal | None:
    """The amount in a cell when `decimal` is the decimal sign, None when it cannot be one.

    >>> amount("1.234,50-", ","), amount("1.234", ","), amount("1.234,50", "."), amount("- 12,00 EUR", ",")
    (Decimal('-1234.50'), Decimal('1234'), None, Decimal('-12.00'))
    """
    if isinstance(value, Decimal):
        return value
    return _amount(value, decimal) if isinstance(value, str) else None


def mark(value: Value | None) -> str:
    """The letter behind an amount ("D", "H", "CR"…), "" when none."""
    found = _MARKED.match(value.strip()) if isinstance(value, str) else None
    return found[2].upper() if found else ""


def day(value: Value | None, *, month_first: bool = False) -> date | None:
    """The day in a cell, None when it is none.

    >>> day("02/03/2026"), day("03/02/2026", month_first=True), day("15 March 2026"), day("hoy")
    (datetime.date(2026, 3, 2), datetime.date(2026, 3, 2), datetime.date(2026, 3, 15), None)
    """
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    slashed = _SLASHED.fullmatch(text)
    if slashed and month_first:
        text = f"{slashed[2]}/{slashed[1]}/{slashed[3]}"
    try:
        return spanish_day(plain(text))
    except FormatError:
        return _in_words(text.lower())


def _in_words(text: str) -> date | None:
    found = _WORDED.fullmatch(text)
    if found is None:
        return None
    number, name, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
    if name not in _ENGLISH:
        return None
    try:
        return date(int(year), _ENGLISH[name], int(number))
    except ValueError:
        return None


def first_day(text: str, *, month_first: bool = False) -> date | None:
    """The first day written in a text, None when none is."""
    for found in _DAY.finditer(text):
        value = day(found[0], month_first=month_first)
        if value is not None:
            return value
    return None


def month_first(texts: list[str]) -> bool:
    """Whether these days can only be read month first.

    >>> month_first(["03/15/2026", "04/02/2026"]), month_first(["15/03/2026", "02/04/2026"])
    (True, False)
    """
    pairs = [(int(found[1]), int(found[2])) for text in texts if (found := _SLASHED.fullmatch(text.strip()))]
    return any(second > 12 for _, second in pairs) and not any(first > 12 for first, _ in pairs)


def amounts_in(text: str) -> list[tuple[int, int, str]]:
    """Every amount with decimals inside a text: start, end, as written; days are no amounts.

    >>> [found[2] for found in amounts_in("F26/001 de 02.03.2026 por 1.210,00 EUR")]
    ['1.210,00 EUR']
    """
    days = [(found.start(), found.end()) for found in _DAY.finditer(text)]
    result = []
    for found in re.finditer(rf"(?<![\w.,/\-]){_AMOUNT.pattern}(?![\w/]|[.,]\d)", text, re.IGNORECASE):
        if any(start < found.end() and found.start() < end for start, end in days):
            continue
        result.append((found.start(), found.end(), found[0].strip()))
    return result
