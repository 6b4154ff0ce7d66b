"""Amounts in words, as a court reads them in Spanish."""

from __future__ import annotations

from cobranza.kernel.money import Money, minor_units

_ONES_TOLD = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco "
    "veintiséis veintisiete veintiocho veintinueve"
)

_ONES = _ONES_TOLD.split()
_TENS = ["-", "-", "-", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"]
_HUNDREDS_TOLD = (
    "- ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_HUNDREDS = _HUNDREDS_TOLD.split()
_NAMES = {
    "EUR": ("euro", "euros", "céntimo", "céntimos"),
    "USD": ("dólar estadounidense", "dólares estadounidenses", "centavo", "centavos"),
    "COP": ("peso colombiano", "pesos colombianos", "centavo", "centavos"),
    "CLP": ("peso chileno", "pesos chilenos", "centavo", "centavos"),
    "ARS": ("peso argentino", "pesos argentinos", "centavo", "centavos"),
    "UYU": ("peso uruguayo", "pesos uruguayos", "centavo", "centavos"),
}
_HUNDREDTHS = {"MXN": ("peso", "pesos", "{} {:02d}/100 M.N."), "PEN": ("sol", "soles", "{} y {:02d}/100 {}")}
_LARGEST = 10**15


def in_words(money: Money) -> str:
    """The amount in words, in lower case, as the country of its currency writes it.

    Raises:
        ValueError: negative, finer than the currency, or beyond any debt.

    >>> from decimal import Decimal
    >>> in_words(Money("EUR", Decimal("21001.01")))
    'veintiún mil un euros con un céntimo'
    >>> in_words(Money("MXN", Decimal("1000000.50")))
    'un millón de pesos 50/100 M.N.'
    >>> in_words(Money("PEN", Decimal("31.00")))
    'treinta y uno y 00/100 soles'
    """
    places = minor_units(money.currency)
    scaled = money.amount * 10**places
    if money.amount < 0 or scaled != scaled.to_integral_value() or money.amount >= _LARGEST:
        raise ValueError(f"{money.amount} {money.currency}")
    whole, minor = divmod(int(scaled), 10**places)
    if money.currency in _HUNDREDTHS:
        one, many, form = _HUNDREDTHS[money.currency]
        if money.currency == "PEN":
            return form.format(number(whole), minor, one if whole == 1 and not minor else many)
        return form.format(_counted(whole, one, many), minor)
    one, many, small, smalls = _NAMES.get(money.currency, (money.currency, money.currency, "centésima", "centésimas"))
    told = _counted(whole, one, many)
    return f"{told} con {_counted(minor, small, smalls)}" if minor else told


def number(value: int) -> str:
    """A whole number in words.

    >>> number(1021), number(1_000_000), number(999), number(100)
    ('mil veintiuno', 'un millón', 'novecientos noventa y nueve', 'cien')
    """
    millions, rest = divmod(value, 1_000_000)
    parts: list[str] = []
    if millions:
        parts.append("un millón" if millions == 1 else f"{_short(_below_million(millions))} millones")
    if rest or not parts:
        parts.append(_below_million(rest))
    return " ".join(parts)


def ordinal(value: int) -> str:
    """How a numbered fact or petition begins: PRIMERO, SEGUNDO … and from the twenty-first on "21.º".

    >>> ordinal(1), ordinal(12), ordinal(21)
    ('PRIMERO', 'DUODÉCIMO', '21.º')
    """
    told = (
        "PRIMERO SEGUNDO TERCERO CUARTO QUINTO SEXTO SÉPTIMO OCTAVO NOVENO DÉCIMO UNDÉCIMO DUODÉCIMO "
        "DECIMOTERCERO DECIMOCUARTO DECIMOQUINTO DECIMOSEXTO DECIMOSÉPTIMO DECIMOCTAVO DECIMONOVENO VIGÉSIMO"
    )
    names = told.split()
    return names[value - 1] if value <= len(names) else f"{value}.º"


def _counted(value: int, one: str, many: str) -> str:
    told = _short(number(value))
    if value and value % 1_000_000 == 0:
        told += " de"
    return f"{told} {one if value == 1 else many}"


def _below_million(value: int) -> str:
    thousands, rest = divmod(value, 1000)
    parts: list[str] = []
    if thousands:
        parts.append("mil" if thousands == 1 else f"{_short(_below_thousand(thousands))} mil")
    if rest or not parts:
        parts.append(_below_thousand(rest))
    return " ".join(parts)


def _below_thousand(value: int) -> str:
    if value == 100:
        return "cien"
    hundreds, rest = divmod(value, 100)
    parts = [_HUNDREDS[hundreds]] if hundreds else []
    if rest or not parts:
        parts.append(_below_hundred(rest))
    return " ".join(parts)


def _below_hundred(value: int) -> str:
    if value < 30:
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return f"{_TENS[tens]} y {_ONES[ones]}" if ones else _TENS[tens]


def _short(told: str) -> str:
    """Before a noun "uno" is "un", "veintiuno" is "veintiún"."""
    if told.endswith("veintiuno"):
        return told.removesuffix("veintiuno") + "veintiún"
    return told.removesuffix("uno") + "un" if told.endswith("uno") else told
