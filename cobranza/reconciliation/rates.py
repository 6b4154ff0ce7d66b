"""Reference exchange rates: units of a currency for one US dollar, by day; the last one known counts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from fractions import Fraction

_STALE_DAYS = 10


class Rates:
    """Looks up the rate of a day."""

    def __init__(self, rows: Iterable[tuple[int, str, Fraction | str]] = ()) -> None:
        """Take rows of (day as an ordinal, currency, units of it for one US dollar, exact or as written)."""
        self._rows: dict[str, list[tuple[int, Fraction | str]]] = {}
        for day, currency, value in rows:
            self._rows.setdefault(currency.upper(), []).append((day, value))
        self._read: dict[str, list[tuple[int, Fraction]]] = {}

    def rate(self, base: str, currency: str, day: int) -> Fraction | None:
        """Units of `currency` for one of `base` on `day`, None when unknown or older than ten days."""
        if base == currency:
            return Fraction(1)
        of_base, of_currency = self._per_dollar(base, day), self._per_dollar(currency, day)
        return None if of_base is None or of_currency is None else of_currency / of_base

    def _per_dollar(self, currency: str, day: int) -> Fraction | None:
        if currency == "USD":
            return Fraction(1)
        rates = self._rates(currency)
        position = bisect_right(rates, (day, Fraction(10**12))) - 1
        if position < 0 or day - rates[position][0] > _STALE_DAYS:
            return None
        return rates[position][1]

    def _rates(self, currency: str) -> list[tuple[int, Fraction]]:
        """The currency's rates by day, made numbers when they are asked for: most currencies never are."""
        held = self._read.get(currency)
        if held is None:
            rows = self._rows.get(currency, ())
            held = self._read[currency] = sorted((day, Fraction(value)) for day, value in rows)
        return held
