"""How money and days are written for a debtor: figures as in the debtor's country, words in the page's language."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from cobranza.kernel import clock, spanish
from cobranza.kernel.money import minor_units

_LOCALES = {
    "ES": "es_ES", "MX": "es_MX", "CO": "es_CO", "PE": "es_PE", "CL": "es_CL", "AR": "es_AR", "EC": "es_EC",
    "UY": "es_UY", "PA": "es_PA", "CR": "es_CR", "DO": "es_DO", "GT": "es_GT", "PY": "es_PY", "BO": "es_BO",
    "BR": "pt_BR", "PT": "pt_PT", "US": "en_US",
}  # fmt: skip
_GLUED = re.compile(r"^(-?[A-Z]{2,3})(?=\d)")


def locale_of(country: str) -> str:
    """How a country writes figures."""
    return _LOCALES.get(country, "es_ES")


def money(value: Decimal, currency: str, country: str) -> str:
    """Write money as in `country`.

    >>> money(Decimal("1234.5"), "EUR", "ES"), money(Decimal("1234.5"), "MXN", "MX"), money(Decimal(5000), "CLP", "CL")
    ('1.234,50\xa0€', '$1,234.50', '$5.000')
    >>> money(Decimal("1234.5"), "EUR", "MX")
    'EUR\xa01,234.50'
    """
    text = format_currency(value, currency, locale=locale_of(country))
    return _GLUED.sub("\\1\u00a0", text).replace("\u202f", "\u00a0")


def figure(value: Decimal, currency: str, country: str) -> str:
    """Write an amount without its currency and without thousands, for a field to be changed.

    >>> figure(Decimal("1234.5"), "EUR", "ES"), figure(Decimal("1234.5"), "MXN", "MX")
    ('1234,50', '1234.50')
    """
    places = minor_units(currency)
    shape = f"0.{'0' * places}" if places else "0"
    return format_decimal(value, format=shape, locale=locale_of(country))


def amount(text: str, currency: str, country: str) -> Decimal:
    """Read an amount that a debtor of `country` wrote.

    Raises:
        FormatError: no amount, finer than the currency, or one that could be two.

    >>> amount("1.234,50", "EUR", "ES"), amount("1,234.50", "MXN", "MX"), amount("12,5", "EUR", "ES")
    (Decimal('1234.50'), Decimal('1234.50'), Decimal('12.5'))
    """
    sign = "," if format_decimal(Decimal("0.5"), locale=locale_of(country)) == "0,5" else "."
    bare = text.strip()
    if any(each.isdigit() and not each.isascii() for each in bare):
        raise spanish.FormatError(f"«{text}» no está en cifras de las nuestras.")
    # «12.50» of a Spaniard is no thousand: one separator with one or two digits after it can only be the decimal one.
    if re.fullmatch(r"\d+[.,]\d{1,2}", bare):
        bare, sign = bare.replace(",", "."), "."
    try:
        value = spanish.amount(bare, decimal=sign)
    except InvalidOperation as exc:
        raise spanish.FormatError(f"«{text}» no es un importe.") from exc
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > minor_units(currency):
        raise spanish.FormatError(f"«{text}» tiene más decimales que la moneda.")
    return value


def day(value: date, language: str) -> str:
    """Write a day: dd/mm/yyyy, or with the month's name for readers of English, who would mix the two up.

    >>> day(date(2026, 3, 7), "es"), day(date(2026, 3, 7), "en")
    ('07/03/2026', '7 Mar 2026')
    """
    return format_date(value, "d MMM yyyy" if language == "en" else "dd/MM/yyyy", locale=language)


def long_day(value: date, language: str) -> str:
    """Write a day in full, for what is agreed.

    >>> long_day(date(2026, 3, 7), "es")
    '7 de marzo de 2026'
    """
    return format_date(value, "long", locale=language)


def moment(value: datetime, language: str, zone: str = "Europe/Madrid") -> str:
    """Write an instant in `zone`, to the minute."""
    local = value.astimezone(clock.zone(zone))
    return f"{day(local.date(), language)} {local:%H:%M}"
