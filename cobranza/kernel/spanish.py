"""Spanish formats: amounts, days and plain text, in and out."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money

MONTHS = {
    "ene": 1, "feb": 2, "mar": 3, "abr": 4, "may": 5, "jun": 6,
    "jul": 7, "ago": 8, "sep": 9, "set": 9, "oct": 10, "nov": 11, "dic": 12,
}  # fmt: skip


class FormatError(BusinessError):
    """A text that is not the amount or the day it should be."""

    code = "COB-FMT-001"
    remedy = "Escriba el importe como 1.234,56 y el día como dd/mm/aaaa."


_CURRENCY = re.compile(r"(?:€|\$|US\$|S/\.?|EUR|USD|MXN|COP|PEN|CLP|ARS|UYU)", re.IGNORECASE)
_SPACES = re.compile(r"[\s\u00a0\u202f]+")


def amount(text: str, *, decimal: str | None = None) -> Decimal:
    """Read a written amount.

    Takes thousands with point, comma, space or apostrophe, a sign before or after, accountants' parentheses and
    a currency sign. With both separators present the last one is the decimal; with one alone followed by exactly
    three digits the text is ambiguous and is refused unless `decimal` says which sign it is.

    Args:
        text: What somebody or some page wrote.
        decimal: The decimal sign, "," or ".", when the source declares it.

    Raises:
        FormatError: it is no amount, or it could be two.

    >>> amount("1.234,56"), amount("(12,00)"), amount("12.00-"), amount("1 234,5 €")
    (Decimal('1234.56'), Decimal('-12.00'), Decimal('-12.00'), Decimal('1234.5'))
    >>> amount("1.234", decimal=",")
    Decimal('1234')
    """
    bare = _SPACES.sub("", _CURRENCY.sub("", text.replace("\u2212", "-"))).replace("'", "").replace("\u2019", "")
    negative = False
    if bare.startswith("(") and bare.endswith(")"):
        bare, negative = bare[1:-1], True
    if bare.endswith(("-", "+")):
        bare, negative = bare[:-1], bare[-1] == "-" or negative
    elif bare.startswith(("-", "+")):
        bare, negative = bare[1:], bare[0] == "-" or negative
    if not re.fullmatch(r"\d[\d.,]*|[.,]\d+", bare):
        raise FormatError(f"«{text}» no es un importe.")
    sign = decimal or _decimal_sign(bare, text)
    thousands = "." if sign == "," else ","
    whole, _, fraction = bare.partition(sign)
    if thousands in fraction or sign in fraction or (thousands in whole and not _grouped(whole, thousands)):
        raise FormatError(f"«{text}» no es un importe bien escrito.")
    try:
        value = Decimal((whole.replace(thousands, "") or "0") + ("." + fraction if fraction else ""))
    except InvalidOperation as exc:
        raise FormatError(f"«{text}» no es un importe.") from exc
    return -value if negative else value


def _grouped(whole: str, thousands: str) -> bool:
    first, *rest = whole.split(thousands)
    return 1 <= len(first) <= 3 and all(len(group) == 3 for group in rest)


def _decimal_sign(bare: str, text: str) -> str:
    points, commas = bare.count("."), bare.count(",")
    if points and commas:
        return "." if bare.rfind(".") > bare.rfind(",") else ","
    if points + commas == 0:
        return ","
    sign = "." if points else ","
    if points + commas > 1:
        return "," if sign == "." else "."
    if re.fullmatch(r"\d{1,3}[.,]\d{3}", bare):
        raise FormatError(f"«{text}» puede ser miles o decimales.")
    return sign


def day(text: str) -> date:
    """Read a day as people and portals in Spanish write it: dd/mm/yyyy, dd-mmm-yy, yyyy-mm-dd, yyyymmdd.

    >>> day("02/03/2026") == day("2-mar-26") == day("2026-03-02") == date(2026, 3, 2)
    True
    """
    bare = text.strip().lower().rstrip(".")
    try:
        if found := re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})(?:[t ].*)?", bare):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := re.fullmatch(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{2}|\d{4})", bare):
            return date(_year(found[3]), int(found[2]), int(found[1]))
        if found := re.fullmatch(r"(\d{1,2})[/.\- ](?:de )?([a-z]{3})[a-z]*\.?[/.\- ](?:de )?(\d{2}|\d{4})", bare):
            return date(_year(found[3]), MONTHS[found[2]], int(found[1]))
    except (ValueError, KeyError) as exc:
        raise FormatError(f"«{text}» no es un día del calendario.") from exc
    raise FormatError(f"«{text}» no es un día.")


def _year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    return 2000 + int(digits) if int(digits) < 70 else 1900 + int(digits)


def write_amount(value: Decimal, places: int = 2) -> str:
    """Write an amount the Spanish way.

    >>> write_amount(Decimal("-1234.5"))
    '-1.234,50'
    """
    return f"{value:,.{places}f}".replace(",", "\0").replace(".", ",").replace("\0", ".")


def write_money(money: Money) -> str:
    """Write money the Spanish way, currency last.

    >>> write_money(Money("EUR", Decimal("1234.5")))
    '1.234,50 EUR'
    """
    return f"{write_amount(money.amount)} {money.currency}"


def write_day(value: date) -> str:
    """Write a day as dd/mm/yyyy."""
    return value.strftime("%d/%m/%Y")


def plain(text: str) -> str:
    """Upper case without accents and with single spaces, to compare names and remittance texts.

    >>> plain(" Peña  e Hijos, S.L. ")
    'PENA E HIJOS, S.L.'
    """
    flat = unicodedata.normalize("NFKD", text)
    flat = "".join(ch for ch in flat if not unicodedata.combining(ch))
    return _SPACES.sub(" ", flat).strip().upper()
