"""What late payment costs by law: dated rates with source, expiry and the day on which somebody verified them.

The data stand in ``<country>/interest.toml`` beside this file; a person's own entries come on top
(`RateBook.with_rates`). A day without a rate is refused by name, never filled in. Rates are per cent a year.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import pairwise
from typing import Literal

from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day
from cobranza.regimes.interest_errors import ExpiredRateError, MissingRateError, Period, UnknownRegimeError, gap_told

Method = Literal["simple", "effective"]
Parties = Literal["business", "any"]
Debtor = Literal["business", "consumer"]
Start = Literal["after_due", "after_demand", "after_ruling"]
Imputation = Literal["interest_first", "principal_first"]
DAY = timedelta(days=1)
_TOLD = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One published rate.

    Attributes:
        since: First day in force.
        until: Last day on which it may be used: the last in force, or of an open-ended rate the day by which a person
            has to look at it again.
        percent: Per cent a year.
        source: Where it can be read.
        verified_on: Day on which somebody read it there; None when nobody has.
        result: What the regime makes of it, where that is published too (Colombia's limit).
        open_ended: In force until further notice.
    """

    since: date
    until: date
    percent: Decimal
    source: str
    verified_on: date | None = None
    result: Decimal | None = None
    open_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The rates of one publication.

    Attributes:
        slug: "es-legal".
        name: As shown to staff.
        publisher: Who publishes it, with its article: "el BOE (…)".
        period: How often.
        joins_equal: Equal neighbours are one line: the rate was carried over, not set anew.
        rates: Oldest first, without overlaps.
    """

    slug: str
    name: str
    publisher: str
    period: Period
    joins_equal: bool = False
    rates: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Fixed compensation that each invoice paid late carries.

    Attributes:
        money: Per invoice.
        since: First bearing day from which it is due.
        norm: What sets it.
    """

    money: Money
    since: date
    norm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """How one norm turns a delay into interest.

    Attributes:
        slug: "es-ley3-2004".
        country: ISO 3166 alpha-2.
        name: As shown to staff.
        norm: What sets it.
        currency: ISO 4217, of amounts given without one.
        series: Slug of the rates it builds on.
        times: Factor of the published rate.
        plus: Points on top of it.
        places: Decimals that the product is rounded to, half up; None leaves it exact.
        method: "simple", or "effective": the yearly rate compounds within a line, never from line to line.
        parties: "business" never applies to a consumer.
        instead: Slug of the regime that a consumer's debt bears, "" for none.
        start: After which event interest counts, from the next day: due day, demand or ruling.
        at_due: The rate of the day before the first bearing day holds for the whole delay.
        capped: An agreed rate above the regime's own comes down to it.
        imputation: What a payment covers first.
        imputation_norm: What says so.
        recovery: Fixed compensation per invoice, None where there is none.
        note: What a lawyer should know, in Spanish; may be empty.
    """

    slug: str
    country: str
    name: str
    norm: str
    currency: str
    series: str
    times: Decimal = Decimal(1)
    plus: Decimal = Decimal(0)
    places: int | None = None
    method: Method = "simple"
    parties: Parties = "any"
    instead: str = ""
    start: Start = "after_due"
    at_due: bool = False
    capped: bool = False
    imputation: Imputation = "interest_first"
    imputation_norm: str = ""
    recovery: Recovery | None = None
    note: str = ""

    def applied(self, published: Decimal) -> Decimal:
        """The rate that this regime applies where `published` is in force, both per cent a year.

        >>> book().regime("co-ibc").applied(Decimal("17.01"))
        Decimal('25.52')
        """
        value = published * self.times + self.plus
        if self.places is None:
            return value
        return value.quantize(Decimal(1).scaleb(-self.places), rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A rate that the parties agreed on: it goes before the law's own.

    Attributes:
        percent: Per cent a year.
        source: The document that says so, "Contrato de 3-2-2024, cláusula 8".
        verified_on: Day on which somebody read it there; None when nobody has.
    """

    percent: Decimal
    source: str
    verified_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days in a row with one rate.

    Attributes:
        first: First day.
        last: Last day, counted.
        percent: Applied rate, per cent a year.
        sources: Where it comes from.
        verified_on: Oldest verification of those; None when one of them has none.
    """

    first: date
    last: date
    percent: Decimal
    sources: tuple[str, ...]
    verified_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBook:
    """Every regime and its rates.

    Attributes:
        regimes: By slug.
        series: By slug.
        defaults: Country and kind of debtor → slug of the regime that nobody has to choose.
    """

    regimes: dict[str, Regime]
    series: dict[str, Series]
    defaults: dict[tuple[str, Debtor], str]

    def regime(self, slug: str) -> Regime:
        """The regime called `slug`.

        Raises:
            UnknownRegimeError: there is none.
        """
        found = self.regimes.get(slug)
        if found is None:
            raise UnknownRegimeError(
                f"No hay un régimen de intereses «{slug}» (hay: {', '.join(sorted(self.regimes))})."
            )
        return found

    def default(self, country: str, debtor: Debtor) -> Regime:
        """The regime of a country for a kind of debtor.

        Raises:
            UnknownRegimeError: nobody has said which.
        """
        slug = self.defaults.get((country.upper(), debtor))
        if slug is None:
            kind = "un consumidor" if debtor == "consumer" else "una empresa"
            raise UnknownRegimeError(
                f"No hay régimen de intereses por omisión para {kind} de {country.upper()}.",
                remedy="Diga el régimen; los que hay los muestra «cobranza legal rates».",
            )
        return self.regime(slug)

    def with_rates(self, slug: str, rates: Iterable[Rate], *, corrects: bool = False) -> RateBook:
        """The book with more rates in series `slug`.

        A rate with the very days of one that stands replaces it when that one is unverified, says the same, or
        `corrects` is set.

        Raises:
            UnknownRegimeError: no such series.
            ValueError: it overlaps another rate, or would silently change a verified figure.
        """
        if slug not in self.series:
            raise UnknownRegimeError(f"No hay una serie de tipos «{slug}» (hay: {', '.join(sorted(self.series))}).")
        standing = {(rate.since, rate.until): rate for rate in self.series[slug].rates}
        for rate in rates:
            old = standing.get((rate.since, rate.until))
            if old is not None and old.verified_on is not None and old.percent != rate.percent and not corrects:
                raise ValueError(
                    f"{slug}, {write_day(rate.since)}: {rate.percent} contradice {old.percent}, ya verificado el "
                    f"{write_day(old.verified_on)}; si lo corrige, diga «corrige = true»"
                )
            standing[(rate.since, rate.until)] = rate
        ordered = ordered_rates(slug, standing.values())
        return replace(self, series={**self.series, slug: replace(self.series[slug], rates=ordered)})

    def stretches(self, slug: str, first: date, last: date, *, agreed: Agreement | None = None) -> tuple[Stretch, ...]:
        """The rates that `slug` applies from `first` to `last`, both counted, without a hole.

        Args:
            slug: A regime.
            first: First day.
            last: Last day, not before `first`.
            agreed: A contract's rate; in a capped regime the law's rates are needed all the same.

        Raises:
            UnknownRegimeError: no such regime.
            ExpiredRateError: days after the last rate.
            MissingRateError: days without a rate.
        """
        regime = self.regime(slug)
        if agreed is not None and not regime.capped:
            whole = Stretch(
                first=first,
                last=last,
                percent=agreed.percent,
                sources=(agreed.source,),
                verified_on=agreed.verified_on,
            )
            return (whole,)
        if regime.at_due:
            due = self._covering(regime, first - DAY, first - DAY)[0]
            found = [replace(due, first=first, last=last)]
        else:
            found = self._covering(regime, first, last)
        if agreed is not None:
            found = [_limited(each, agreed) for each in found]
        return _joined(found) if self.series[regime.series].joins_equal else tuple(found)

    def _covering(self, regime: Regime, first: date, last: date) -> list[Stretch]:
        series = self.series[regime.series]
        found = [
            Stretch(
                first=max(first, rate.since),
                last=min(last, rate.until),
                percent=regime.applied(rate.percent),
                sources=(rate.source,),
                verified_on=rate.verified_on,
            )
            for rate in series.rates
            if rate.since <= last and rate.until >= first
        ]
        gaps = _gaps(found, first, last)
        if gaps:
            raise _missing(regime, series, gaps)
        return found


@cache
def book() -> RateBook:
    """The rates that come with the program.

    Raises:
        RegimeError: a file cannot be read, or contradicts itself.

    >>> book().stretches("es-legal", date(2025, 1, 1), date(2025, 1, 31))[0].percent
    Decimal('3.25')
    """
    from cobranza.regimes import interest_files

    return interest_files.read()


def ordered_rates(slug: str, rates: Iterable[Rate]) -> tuple[Rate, ...]:
    """`rates` oldest first.

    Raises:
        ValueError: two of them claim one day, one ends before it begins, or a figure is no yearly rate.
    """
    ordered = tuple(sorted(rates, key=lambda rate: rate.since))
    for rate in ordered:
        if rate.until < rate.since:
            raise ValueError(f"{slug}, {write_day(rate.since)}: acaba antes de empezar")
        if not rate.percent.is_finite() or not 0 <= rate.percent <= 1000:
            raise ValueError(f"{slug}, {write_day(rate.since)}: {rate.percent} no es un tanto por ciento anual")
        if not rate.source.strip():
            raise ValueError(f"{slug}, {write_day(rate.since)}: falta la fuente")
    for before, after in pairwise(ordered):
        if after.since <= before.until:
            raise ValueError(f"{slug}: los tipos de {write_day(before.since)} y {write_day(after.since)} se solapan")
    return ordered


def _limited(stretch: Stretch, agreed: Agreement) -> Stretch:
    if agreed.percent > stretch.percent:
        return stretch
    return replace(
        stretch,
        percent=agreed.percent,
        sources=(agreed.source, *stretch.sources),
        verified_on=_oldest(agreed.verified_on, stretch.verified_on),
    )


def _oldest(one: date | None, other: date | None) -> date | None:
    return None if one is None or other is None else min(one, other)


def _joined(found: list[Stretch]) -> tuple[Stretch, ...]:
    joined: list[Stretch] = []
    for each in found:
        if joined and joined[-1].percent == each.percent:
            before = joined[-1]
            joined[-1] = replace(
                before,
                last=each.last,
                sources=tuple(dict.fromkeys((*before.sources, *each.sources))),
                verified_on=_oldest(before.verified_on, each.verified_on),
            )
        else:
            joined.append(each)
    return tuple(joined)


def _gaps(found: list[Stretch], first: date, last: date) -> tuple[tuple[date, date], ...]:
    gaps: list[tuple[date, date]] = []
    expected = first
    for each in found:
        if each.first > expected:
            gaps.append((expected, each.first - DAY))
        expected = each.last + DAY
    if expected <= last:
        gaps.append((expected, last))
    return tuple(gaps)


def _missing(regime: Regime, series: Series, gaps: tuple[tuple[date, date], ...]) -> MissingRateError:
    told = "; ".join(gap_told(gap, series.period) for gap in gaps[:_TOLD])
    if len(gaps) > _TOLD:
        told += f"; y {len(gaps) - _TOLD} huecos más"
    what = f"«{regime.name}» ({regime.slug})"
    remedy = (
        f"Busque el tipo en {series.publisher} y anótelo en config/interest.toml, serie «{series.slug}», con su "
        "fuente y la fecha en que lo ha verificado; después repita el cálculo."
    )
    rates = series.rates
    if rates and gaps[0][0] > rates[-1].until:
        end = write_day(rates[-1].until)
        ended = (
            f"El tipo de {what} había que revisarlo a más tardar el {end}"
            if rates[-1].open_ended
            else f"El último tipo conocido de {what} terminó el {end}"
        )
        return ExpiredRateError(
            f"{ended}: falta {told}.", regime=regime.slug, series=series.slug, gaps=gaps, remedy=remedy
        )
    reason = "" if rates else " No hay ninguno cargado con fuente."
    return MissingRateError(
        f"Falta el tipo de {what} {told}.{reason}", regime=regime.slug, series=series.slug, gaps=gaps, remedy=remedy
    )
