"""How figures and instants are written for the person who reads, in their language. Pure text, no HTML."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from babel.numbers import format_decimal
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from cobranza.kernel import clock
from cobranza.kernel.money import minor_units
from cobranza.kernel.spanish import write_amount

MINUS = "\u2212"
_THIN = "\u00a0"


def _english() -> bool:
    return (get_language() or "es").startswith("en")


def amount(value: Decimal, places: int = 2) -> str:
    """Write an amount with a true minus sign.

    >>> amount(Decimal("-1234.5"))
    '−1.234,50'
    """
    if _english():
        text = format_decimal(value, format=f"#,##0.{'0' * places}" if places else "#,##0", locale="en")
    else:
        text = write_amount(value, places)
    return text.replace("-", MINUS)


def money(value: Decimal, currency: str) -> str:
    """Write money with its currency last, at least at the currency's own precision.

    >>> money(Decimal("1234.5"), "EUR")
    '1.234,50\xa0EUR'
    >>> money(Decimal("1200.100"), "EUR"), money(Decimal("0.125"), "EUR"), money(Decimal(5000), "CLP")
    ('1.200,10\xa0EUR', '0,125\xa0EUR', '5.000\xa0CLP')
    """
    # Columns keep more decimals than a currency has: only those that say something are written.
    exponent = value.normalize().as_tuple().exponent
    places = max(minor_units(currency), -exponent if isinstance(exponent, int) else 0)
    return f"{amount(value, places)}{_THIN}{currency}"


def count(value: int) -> str:
    """Write a whole number with thousands apart.

    >>> count(12345)
    '12.345'
    """
    return amount(Decimal(value), 0)


def day(value: date) -> str:
    """Write a day.

    >>> day(date(2026, 3, 2))
    '02/03/2026'
    """
    return value.strftime("%d %b %Y" if _english() else "%d/%m/%Y")


def instant(value: datetime) -> str:
    """Write an instant in the zone of the instance, to the minute."""
    local = timezone.localtime(value)
    return f"{day(local.date())} {local:%H:%M}"


def ago(value: datetime, *, now: datetime | None = None) -> str:
    """Say how far an instant is from now, the way people do; beyond a day, write it."""
    gap = (now or clock.now()) - value
    future, gap = gap < timedelta(0), abs(gap)
    if gap >= timedelta(days=1):
        return instant(value)
    if gap < timedelta(seconds=45):
        return _("ahora mismo") if not future else _("en unos segundos")
    minutes = round(gap.total_seconds() / 60)
    if minutes < 60:
        text = ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    else:
        text = ngettext("%(n)d h", "%(n)d h", round(minutes / 60)) % {"n": round(minutes / 60)}
    return (_("dentro de %(time)s") if future else _("hace %(time)s")) % {"time": text}


def duration(value: timedelta | None) -> str:
    """Write how long something took.

    >>> duration(timedelta(seconds=3.2)), duration(timedelta(seconds=75)), duration(timedelta(hours=2, minutes=5))
    ('3,2 s', '1 min 15 s', '2 h 5 min')
    """
    if value is None:
        return "—"
    seconds = max(value.total_seconds(), 0)
    if seconds < 10:
        return f"{amount(Decimal(str(round(seconds, 1))), 1)} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def size(value: int) -> str:
    """Write a file's size.

    >>> size(512), size(20480), size(5 * 1024 * 1024)
    ('512 B', '20 kB', '5,0 MB')
    """
    if value < 1024:
        return f"{value} B"
    if value < 1024 * 1024:
        return f"{round(value / 1024)} kB"
    return f"{amount(Decimal(value) / (1024 * 1024), 1)} MB"


def percent(value: Decimal) -> str:
    """Write a share between 0 and 1.

    >>> percent(Decimal("0.985"))
    '98,5\xa0%'
    """
    share = value * 100
    places = 0 if share == share.to_integral_value() else 1
    return f"{amount(share, places)}{_THIN}%"
