"""Amounts with their currency. A bare «$» is pesos of five countries, or dollars: the country of the mail decides."""

from __future__ import annotations

import re
from decimal import Decimal

from cobranza.disputes.reading.found import Found

_BLANK = "[ \u00a0\u2009\u202f]"
_NUMBER = (
    r"\d{1,3}(?:[.,'’]\d{3}){1,5}(?:[.,]\d{1,2})?"
    rf"|\d{{1,3}}(?:{_BLANK}\d{{3}}){{1,4}}(?:[.,]\d{{1,2}})?|\d{{1,12}}(?:[.,]\d{{1,2}})?"
)
_ISO = "EUR|USD|MXN|COP|CLP|ARS|PEN|BRL|GBP|UYU|BOB|PYG|CRC|DOP|GTQ|VES|HNL|NIO|CHF"
_SIGNS = {
    "€": "EUR", "â‚¬": "EUR", "£": "GBP", "Â£": "GBP", "R$": "BRL", "S/": "PEN", "S/.": "PEN", "US$": "USD",
    "U$S": "USD", "U$D": "USD", "USD$": "USD", "U$": "USD", "MX$": "MXN", "MXN$": "MXN", "AR$": "ARS", "ARS$": "ARS",
    "CLP$": "CLP", "COP$": "COP", "CO$": "COP", "₡": "CRC", "RD$": "DOP", "$U": "UYU", "UYU$": "UYU",
    "LPS.": "HNL", "LPS": "HNL", "BS.": "BOB", "BS": "BOB", "C$": "NIO", "GS.": "PYG", "B/.": "USD", "Q": "GTQ",
}  # fmt: skip
_BEFORE = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True)) + rf"|(?:{_ISO})\b|\$"
_WORDS = (
    r"€|â‚¬|£|euros?\b|eur\b|d[óo]lares(?: americanos| estadounidenses)?\b|d[óo]lar\b|dollars?\b|u\.?s\.?d\.?\b|"
    r"pesos(?: mexicanos| colombianos| chilenos| argentinos| uruguayos| m\.?n\.?)?\b|soles\b|nuevos soles\b|"
    r"reais\b|real\b|reales\b|libras(?: esterlinas)?\b|"
    rf"pounds?\b|sterling\b|quid\b|(?:{_ISO})\b|mxn\b|clp\b|m\.n\.|r\$|us\$|u\$s|s/\.?(?!\w)|\$(?!\s?\d)"
)
_AMOUNT = re.compile(
    rf"(?<![\w$€£.,/-])(?:(?P<before>{_BEFORE}){_BLANK}{{0,2}}(?P<first>{_NUMBER})(?:{_BLANK}{{0,1}}(?P<more>{_WORDS}|millones|millón|mil\b))?"
    rf"|(?P<second>{_NUMBER})(?P<scale>{_BLANK}millones de|{_BLANK}millón de)?(?:,-|\.-|,–|"
    rf"-)?{_BLANK}{{0,2}}(?P<after>{_WORDS}))(?![\w])(?![.,]\d)",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?<![\w$€£.,/-])(?:\d{{1,3}}(?:[.,]\d{{3}}){{1,4}}|\d{{1,9}})[.,]\d{{2}}(?![\w%]|[.,/-]\d|{_BLANK}?%)"
)
_BARE_CUE = re.compile(
    r"\b(?:importes?|montos?|total|valor|suma|saldo|amount|cantidad|deuda|adeudo|pago|abono|transferencia|"
    r"cargo|cobro|cuota|quantia|montante|dep[óo]sito|"
    r"mensualidad|recibo|balance|sum|payment|pagu[ée]|pagamos|abon[ée]|transfer[íi])\b[^.\d\n]{0,25}$",
    re.IGNORECASE,
)
_DOLLAR = {"MX": "MXN", "CO": "COP", "CL": "CLP", "AR": "ARS", "UY": "UYU", "DO": "DOP"}
_OWN = {
    **_DOLLAR,
    "ES": "EUR",
    "PT": "EUR",
    "PE": "PEN",
    "BR": "BRL",
    "GB": "GBP",
    "US": "USD",
    "EC": "USD",
    "IE": "EUR",
}
_MONEY_WORDS = tuple(
    (currency, re.compile(f"^(?:{words})", re.IGNORECASE))
    for currency, words in {
        "EUR": "€|â‚¬|eur", "GBP": "£|libra|pound|sterling|quid|gbp", "USD": r"d[óo]lar|dollar|u\.?s\.?d|us\$|u\$s",
        "PEN": "sol|nuevos|s/", "BRL": r"reais|real|r\$", "MXN": r"pesos mex|pesos m|m\.n|mxn", "COP": "pesos col",
        "CLP": "pesos ch|clp", "ARS": "pesos arg", "UYU": "pesos uru",
    }.items()
)  # fmt: skip
_GROUPS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")


def find(text: str, *, country: str, language: str) -> list[Found]:
    """Amounts of `text`; the value is "1250.40 EUR".

    >>> [each.value for each in find("$ 2.415.000 y 38 €", country="CO", language="es")]
    ['2415000.00 COP', '38.00 EUR']
    """
    found: list[Found] = []
    for each in _AMOUNT.finditer(text):
        number = each["first"] or each["second"]
        written = each["before"] or each["after"]
        more = each["more"] or ""
        start, end = each.start(), each.end()
        value = amount(number)
        scale = (each["scale"] or more).strip().lower()
        if scale.startswith("mill"):
            value *= 1_000_000
        elif scale == "mil":
            value *= 1_000
        elif more and each["before"] and _currency(more, country, language, number) and more.strip() != "$":
            written = more
        if more and not scale.startswith(("mil", "mill")) and written is not more:
            end = each.end("first")
        currency = _currency(written, country, language, number)
        if written.strip().upper() == "Q" and not (written.strip() == "Q" and re.search(r"[.,]\d", number)):
            continue  # a quarter of a year, not quetzales
        if currency and value < Decimal(10) ** 13:
            found.append(Found("amount", start, end, f"{value:.2f} {currency}"))
    for each in _BARE.finditer(text):
        if _BARE_CUE.search(text[max(0, each.start() - 45) : each.start()]):
            currency = _OWN.get(country) or {"en": "USD", "pt": "BRL"}.get(language, "EUR")
            found.append(Found("amount", each.start(), each.end(), f"{amount(each[0]):.2f} {currency}"))
    return found


def amount(number: str) -> Decimal:
    """The number: the last sign is decimal when one or two digits follow it, else it groups thousands.

    >>> amount("1.234"), amount("1.234,5"), amount("1,234.50"), amount("12,50"), amount("1 250,40")
    (Decimal('1234'), Decimal('1234.5'), Decimal('1234.50'), Decimal('12.50'), Decimal('1250.40'))
    """
    bare = re.sub(rf"{_BLANK}|['’]", "", number)
    last = max(bare.rfind("."), bare.rfind(","))
    if last < 0 or len(bare) - last - 1 not in (1, 2):
        return Decimal(re.sub(r"[.,]", "", bare))
    return Decimal(f"{re.sub(r'[.,]', '', bare[:last])}.{bare[last + 1 :]}")


def _currency(written: str, country: str, language: str, number: str) -> str:
    """ISO 4217 of a sign, a code or a word; "" when it is none."""
    bare = written.strip()
    upper = bare.upper()
    if bare == "$":
        return _dollar(country, language, number)
    if upper in _SIGNS:
        return _SIGNS[upper]
    if bare in _SIGNS:
        return _SIGNS[bare]
    if len(upper) == 3 and upper in _ISO.split("|"):
        return upper
    for currency, pattern in _MONEY_WORDS:
        if pattern.match(bare):
            return currency
    if upper.startswith("PESO"):
        return _DOLLAR.get(country) or _dollar("", language, number)
    return ""


def _dollar(country: str, language: str, number: str) -> str:
    if country in _DOLLAR:
        return _DOLLAR[country]
    if country or language != "es":
        return "USD"
    # Spanish with a «$» and no country told: how thousands are grouped leaves Mexico, or the south
    grouped = _GROUPS.match(number)
    if grouped is None or "," in grouped[0]:
        return "MXN"
    return "COP"
