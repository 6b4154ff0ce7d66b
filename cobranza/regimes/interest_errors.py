"""How a rate that is missing, has ended or was never read is refused: by name, with its days and what to do."""

from __future__ import annotations

from datetime import date
from typing import Literal

from cobranza.kernel.errors import BusinessError, UsageError
from cobranza.kernel.spanish import write_day

Period = Literal["month", "semester", "year", "open"]


class UnknownRegimeError(UsageError):
    """An interest regime that there is not."""

    code = "COB-REG-002"
    remedy = "Vea los que hay con «cobranza legal rates»."


class MissingRateError(BusinessError):
    """A day that must bear interest has no rate.

    Attributes:
        regime: Slug of the regime.
        series: Slug of the rates where it should stand.
        gaps: First and last day of each stretch without a rate.
    """

    code = "COB-REG-003"
    remedy = "Anote el tipo en config/interest.toml con su fuente y la fecha en que lo ha verificado."

    def __init__(self, message: str, *, regime: str, series: str, gaps: tuple[tuple[date, date], ...], remedy: str):
        super().__init__(message, remedy=remedy)
        self.regime = regime
        self.series = series
        self.gaps = gaps


class ExpiredRateError(MissingRateError):
    """Every rate that is known ends before the day."""

    code = "COB-REG-004"


class UnverifiedRateError(BusinessError):
    """A rate that nobody has read in its source, where only verified ones are wanted."""

    code = "COB-REG-005"
    remedy = "Contraste el tipo con su fuente y anótelo en config/interest.toml con la fecha de verificación."


def period_name(day: date, period: Period) -> str:
    """The publication that covers `day`: "2026-S2", "2026", "2026-07"; "" for an open-ended rate.

    >>> period_name(date(2026, 7, 1), "semester")
    '2026-S2'
    """
    if period == "semester":
        return f"{day.year}-S{1 if day.month <= 6 else 2}"
    if period == "year":
        return str(day.year)
    return f"{day.year}-{day.month:02}" if period == "month" else ""


def gap_told(gap: tuple[date, date], period: Period) -> str:
    """First and last day without a rate, as staff read it: "desde el … hasta el … (2026-S2)"."""
    first, last = gap
    names = list(dict.fromkeys([period_name(first, period), period_name(last, period)]))
    named = f" ({' a '.join(names)})" if names[0] else ""
    if first == last:
        return f"para el {write_day(first)}{named}"
    return f"desde el {write_day(first)} hasta el {write_day(last)}{named}"
