"""Reads amounts and days out of cells, under one hypothesis about decimal sign and day order."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from cobranza.kernel.spanish import FormatError, plain
from cobranza.kernel.spanish import day as spanish_day
from connectors.statements.tabular.sheets import Cell

_AROUND = re.compile(r"^[\s']*(?:[A-Z]{3}|[€$£])?\s*|\s*(?:[A-Z]{3}|[€$£])?\s*$")
_CODE = re.compile(r"^[\s']*([A-Z]{3})\b|\b([A-Z]{3})\s*$")
_SYMBOLS = {"€": "EUR", "£": "GBP"}
_COMMA = re.compile(r"[+-]?(?:\d{1,15}|\d{1,3}(?:[. '\u00a0\u202f\u2019]\d{3}){1,5})?(?:,\d{1,6})?")
_POINT = re.compile(r"[+-]?(?:\d{1,15}|\d{1,3}(?:[, '\u00a0\u202f\u2019]\d{3}){1,5})?(?:\.\d{1,6})?")
_THOUSANDS = {",": re.compile(r"[. '\u00a0\u202f\u2019]"), ".": re.compile(r"[, '\u00a0\u202f\u2019]")}
_DATE = re.compile(r"\s*(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})(?:[T ,].*)?\s*")

DMY, MDY, YMD = "dmy", "mdy", "ymd"


def is_blank(cell: Cell) -> bool:
    """Nothing, or only spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip(" \t\u00a0"))


def amount(cell: Cell, decimal: str) -> Decimal | None:
    """The amount in `cell` when `decimal` is the decimal sign; None when it cannot be one.

    >>> amount("-1.234,50", ","), amount("1.234", ","), amount("1.234", "."), amount("'USD 9.126,07", ",")
    (Decimal('-1234.50'), Decimal('1234'), Decimal('1.234'), Decimal('9126.07'))
    """
    if isinstance(cell, Decimal):
        return cell
    if not isinstance(cell, str):
        return None
    return _amount(cell, decimal)


@lru_cache(maxsize=65536)
def _amount(written: str, decimal: str) -> Decimal | None:
    pattern = _COMMA if decimal == "," else _POINT
    bare, negative = written, False
    if not pattern.fullmatch(bare):
        bare, negative = _undressed(written)
        if not pattern.fullmatch(bare):
            return None
    if not bare.strip("+-"):
        return None
    value = Decimal(_THOUSANDS[decimal].sub("", bare).replace(",", "."))
    return -value if negative else value


def _undressed(written: str) -> tuple[str, bool]:
    """Without currency, parentheses, trailing sign or typographic minus; and whether those made it negative."""
    bare = _AROUND.sub("", written.replace("\u2212", "-")).strip()
    negative = False
    if bare.startswith("(") and bare.endswith(")"):
        bare, negative = bare[1:-1].strip(), True
    if bare.endswith(("-", "+")):
        bare, negative = bare[:-1].strip(), bare.endswith("-")
    if bare.startswith(("- ", "+ ")):
        bare = bare[0] + bare[1:].strip()
    return _AROUND.sub("", bare), negative


def currency(cell: Cell) -> str:
    """The currency written beside an amount, "" when none."""
    if not isinstance(cell, str):
        return ""
    found = _CODE.search(cell)
    if found:
        return found[1] or found[2]
    return next((code for symbol, code in _SYMBOLS.items() if symbol in cell), "")


def day(cell: Cell, order: str) -> date | None:
    """The day in `cell` when `order` is the order of its parts; None when it cannot be one."""
    if isinstance(cell, date):
        return cell
    if not isinstance(cell, str):
        return None
    return _day(cell, order)


@lru_cache(maxsize=16384)
def _day(written: str, order: str) -> date | None:
    found = _DATE.fullmatch(written)
    if found is None:
        try:
            return spanish_day(written)  # 2-mar-26, 20260302
        except FormatError:
            return None
    first, second, third = found[1], found[2], found[3]
    if len(first) == 4:
        year, month, number = first, second, third
    elif order == MDY:
        month, number, year = first, second, third
    elif order == YMD:
        year, month, number = first, second, third
    else:
        number, month, year = first, second, third
    if len(year) not in {2, 4}:
        return None
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(number))
    except ValueError:
        return None


_DEBIT_MARKS = frozenset({"D", "DEBE", "CARGO", "DEBIT", "DEBITO", "DR", "-", "DBIT", "ADEUDO"})
_CREDIT_MARKS = frozenset({"C", "H", "HABER", "ABONO", "CREDIT", "CREDITO", "CR", "+", "CRDT", "A"})


def mark(cell: Cell) -> int:
    """-1 for a debit, 1 for a credit, 0 when the cell says neither."""
    word = plain(cell) if isinstance(cell, str) else ""
    return -1 if word in _DEBIT_MARKS else 1 if word in _CREDIT_MARKS else 0
