"""Days that a text names: with a year "2026-03-07", without one "--03-07". Weekdays and «mañana» are left alone."""

from __future__ import annotations

import re
from datetime import date

from cobranza.disputes.reading.found import Found

_MONTHS = {
    "enero": 1, "febrero": 2, "marzo": 3, "abril": 4, "mayo": 5, "junio": 6, "julio": 7, "agosto": 8,
    "septiembre": 9, "setiembre": 9,
    "octubre": 10, "noviembre": 11, "diciembre": 12, "ene": 1, "feb": 2, "mar": 3, "abr": 4, "may": 5, "jun": 6,
    "jul": 7, "ago": 8,
    "sep": 9, "sept": 9, "set": 9, "oct": 10, "nov": 11, "dic": 12,
    "janeiro": 1, "fevereiro": 2, "março": 3, "marco": 3, "maio": 5, "junho": 6, "julho": 7, "setembro": 9,
    "outubro": 10, "novembro": 11,
    "dezembro": 12, "jan": 1, "fev": 2, "out": 10, "dez": 12,
    "january": 1, "february": 2, "march": 3, "april": 4, "june": 6, "july": 7, "august": 8, "september": 9,
    "october": 10, "november": 11,
    "december": 12, "apr": 4, "aug": 8, "dec": 12,
}  # fmt: skip
_SHORT = frozenset(name for name in _MONTHS if len(name) <= 4 and name not in ("mayo", "maio", "june", "july"))
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?P<year>(?:19|20)\d{2}(?!\d)|'?\d{2}(?![\d.,:/h%-]))"
_WRITTEN = re.compile(
    rf"(?<![\w.,/-])(?P<day>\d{{1,2}})(?:\s?(?:º|°|ro|er|ero|st|nd|rd|th))?[\s\u00a0-]{{1,2}}(?:de\s|of\s|"
    rf"d['’])?(?P<month>{_MONTH})\b\.?"
    rf"(?:(?:\s(?:de|del|of)\s|,?\s|[-/])(?:año\s)?{_YEAR})?",
    re.IGNORECASE,
)
_FIRST = re.compile(
    rf"\b(?:primero|1ro|primeiro)\s(?:de\s)(?P<month>{_MONTH})\b(?:\s(?:de|del)\s(?P<year>(?:19|20)\d{{2}})(?!\d))?",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    rf"\b(?P<month>{_MONTH})\b\.?\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.,]\d|\d|\s?(?:%|€|\$|h\b|"
    rf"de\s(?:{_MONTH})))(?:(?:,\s?|\s)(?:de\s|del\s)?(?P<year>(?:19|20)\d{{2}})(?!\d))?",
    re.IGNORECASE,
)
_ISO = re.compile(
    r"(?<![\w./-])(?P<year>(?:19|20)\d{2})(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})(?![\w]|[-/.]\d)"
)
_NUMBERS = re.compile(
    r"(?<![\w./-])(?P<a>\d{1,2})(?P<sign>[-/.])(?P<b>\d{1,2})(?P=sign)(?P<year>(?:19|20)\d{2}|\d{2})(?![\w%]|[-/.,]\d)"
)
_NO_YEAR = re.compile(
    r"(?<![\w./,-])(?P<a>\d{1,2})(?P<sign>[/-])(?P<b>\d{1,2})(?![\w/%]|-\w|[.,]\d|\s?(?:h|hs|horas|hrs)\b)"
)
_CUE = re.compile(
    r"(?:\b(?:el|del|d[íi]a|dia|al|hasta|desde|fecha|vence|venc[íi]a|venci[óo]|vencimiento|on|by|until|"
    r"through|thru|from|since|em|at[ée]|no|para el|before|after|due|"
    r"lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|lun|mar|mie|jue|vie|monday|tuesday|wednesday|"
    r"thursday|friday|saturday|sunday|dated|of|de|y))\W{0,3}$",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:cuota|cuotas|pago|parte|partes|talla|art|art[íi]culo|factura|n[º°o.]{1,2}|nro\.?|unidad|parcela|"
    r"hoja|p[áa]gina|piso|opci[óo]n|etapa|mitad)\W{0,3}$",
    re.IGNORECASE,
)


def find(text: str, *, country: str, language: str) -> list[Found]:
    """Days of `text`; 3/4 is the fourth of March only in the United States.

    >>> [each.value for each in find("el 27 de marzo, no el 12/3/2025", country="AR", language="es")]
    ['--03-27', '2025-03-12']
    """
    found: list[Found | None] = [
        _made(each, each["day"], _MONTHS[each["month"].lower()], each["year"])
        for each in _WRITTEN.finditer(text)
        if _month_meant(each, language)
    ]
    found += [_made(each, "1", _MONTHS[each["month"].lower()], each["year"]) for each in _FIRST.finditer(text)]
    found += [
        _made(each, each["day"], _MONTHS[each["month"].lower()], each["year"])
        for each in _MONTH_FIRST.finditer(text)
        if _month_meant(each, language)
    ]
    found += [_made(each, each["day"], int(each["month"]), each["year"]) for each in _ISO.finditer(text)]
    american = country == "US" or (country == "" and language == "en")
    found += [_ordered(each, american) for each in _NUMBERS.finditer(text)]
    for each in _NO_YEAR.finditer(text):
        before = text[max(0, each.start() - 16) : each.start()]
        if each["sign"] != "/" or each[0] in ("24/7", "24/24") or _NOT.search(before):
            continue
        full = len(each["a"]) == 2 and len(each["b"]) == 2 and int(each["a" if american else "b"]) <= 12
        if full or _CUE.search(before):
            found.append(_ordered(each, american))
    return [each for each in found if each is not None]


def _month_meant(each: re.Match[str], language: str) -> bool:
    """ "mar", "may", "set", "out" are words too: short names need a point, a capital, a year or "de"."""
    name = each["month"]
    if name.lower() not in _SHORT:
        return True
    return (
        bool(each["year"])
        or name[0].isupper()
        or " de " in each[0]
        or f"{name}." in each[0]
        or "-" in each[0]
        or name.lower() not in ("mar", "may", "set", "out", "ago", "sept", "dec", "jan")
    )


def _ordered(each: re.Match[str], american: bool) -> Found | None:
    a, b = int(each["a"]), int(each["b"])
    day, month = (b, a) if american else (a, b)
    if month > 12 >= day:
        day, month = month, day
    year = each.groupdict().get("year")
    return _made(each, str(day), month, year)


def _made(each: re.Match[str], day: str, month: int, year: str | None) -> Found | None:
    number = int(day)
    if year is None:
        try:
            date(2024, month, number)  # a leap year: 29 February may be meant
        except ValueError:
            return None
        return Found("date", each.start(), each.end(), f"--{month:02d}-{number:02d}")
    full = int(year.lstrip("'"))
    full += 2000 if full < 80 else 1900 if full < 100 else 0
    try:
        return Found("date", each.start(), each.end(), date(full, month, number).isoformat())
    except ValueError:
        return None
