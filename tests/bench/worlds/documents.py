"""The open documents of a world as columns: drawn at once with numpy, so that a million payments stay cheap.

Amounts are hundredths of the document's currency in int64; days are proleptic ordinals (`date.toordinal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tests.bench.worlds import profiles
from tests.bench.worlds.countries import COUNTRIES, DOLLAR, Country
from tests.bench.worlds.parties import Party

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FIRST_DAY = date(2026, 1, 5).toordinal()
LAST_DAY = date(2026, 12, 1).toordinal()
NO_REMESA = 0
_CREDIT = 9  # place of the credit notes among a country's series


@dataclass(slots=True)
class Documents:
    """Columns of equal length, ordered by customer and planned day of payment.

    Attributes:
        series: Place in `Country.series`; `_CREDIT` for credit notes.
        planned: Day on which the payer means to pay.
        unpaid: Nobody ever pays it.
        remesa: Number of the direct-debit batch, `NO_REMESA` when there is none.
        order: The customer's purchase order that the document states, 0 when it states none.
        referenced: The document asks its payer to quote a payment reference.
    """

    customer: Ints
    series: Ints
    sequence: Ints
    issued: Ints
    due: Ints
    planned: Ints
    net: Ints
    tax: Ints
    dollars: Flags
    unpaid: Flags
    remesa: Ints
    order: Ints
    referenced: Flags

    @property
    def gross(self) -> Ints:
        """Total of each document."""
        return self.net + self.tax

    @property
    def credit(self) -> Flags:
        """Which documents are credit notes."""
        flags: Flags = self.series == _CREDIT
        return flags


def number(country: Country, series: int, sequence: int) -> tuple[str, str, str]:
    """Prefix, digits and whole number of a document."""
    prefix, width = country.credit_series if series == _CREDIT else country.series[series]
    digits = f"{sequence:0{width}d}"
    return prefix, digits, prefix + digits


def draw(parties: Sequence[Party], payments: int, seed: int) -> Documents:
    """Draw the documents of `parties` for about `payments` payments."""
    rng = np.random.default_rng([seed, 1])
    customer = np.repeat(np.arange(len(parties)), _sizes(len(parties), payments, rng))
    planned, issued, due = _days(parties, customer, rng)
    order = np.lexsort((issued, planned, customer))
    customer, planned, issued, due = customer[order], planned[order], issued[order], due[order]
    land = np.array([COUNTRIES.index(party.country) for party in parties])[customer]
    spain = land == 0
    unpaid = rng.random(len(customer)) < profiles.UNPAID
    dollars = ~spain & (rng.random(len(customer)) < profiles.FOREIGN)
    debit = np.array([party.debit for party in parties])[customer]
    debited = ~unpaid & (rng.random(len(customer)) < debit)
    credit = ~unpaid & ~dollars & ~debited & (rng.random(len(customer)) < profiles.CREDIT_NOTES)
    net, tax = _amounts(parties, customer, land, dollars, credit, rng)
    series = _series(len(parties), customer, land, credit, rng)
    remesa, planned = _remesas(debited, planned, payments, rng)
    return Documents(
        customer=customer,
        series=series,
        sequence=_sequences(land, series, issued, customer),
        issued=issued,
        due=due,
        planned=planned,
        net=net,
        tax=tax,
        dollars=dollars,
        unpaid=unpaid,
        remesa=remesa,
        order=np.where(rng.random(len(customer)) < 0.3, rng.integers(4_500_000_000, 4_599_999_999, len(customer)), 0),
        referenced=~credit & (rng.random(len(customer)) < 0.3),
    )


def _sizes(customers: int, payments: int, rng: np.random.Generator) -> Ints:
    """Documents per customer: few have many."""
    wanted = payments * profiles.INVOICES_PER_PAYMENT
    drawn = np.clip(rng.lognormal(np.log(28), 1.2, customers), 1, 1200)
    sizes: Ints = np.maximum(1, np.rint(drawn * wanted / drawn.sum())).astype(np.int64)
    return sizes


def _days(parties: Sequence[Party], customer: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Planned payment, issue and due day. Some customers get several documents on one day, numbered in a row."""
    count = len(customer)
    planned = workday(rng.integers(FIRST_DAY, LAST_DAY - 2, count))
    habit = rng.choice(np.array([-2, 2, 8, 25, 60]), len(parties), p=[0.25, 0.30, 0.25, 0.15, 0.05])[customer]
    late = np.maximum(-12, habit + np.rint(rng.normal(0, 4, count)).astype(np.int64))
    due = planned - late
    issued = due - np.array([party.terms for party in parties])[customer]
    several = (rng.random(len(parties)) < 0.08)[customer] & (rng.random(count) < 0.6)
    several[0] = False
    several[1:] &= customer[1:] == customer[:-1]
    leader = np.maximum.accumulate(np.where(several, 0, np.arange(count)))
    return planned[leader], issued[leader], due[leader]


def workday(day: Ints) -> Ints:
    """The same day, or Monday for a weekend."""
    weekday = (day + 6) % 7
    moved: Ints = day + np.where(weekday == 5, 2, np.where(weekday == 6, 1, 0))
    return moved


def _amounts(
    parties: Sequence[Party], customer: Ints, land: Ints, dollars: Flags, credit: Flags, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Net and tax: free amounts, fees that repeat every month, round totals; credit notes are negative parts of one."""
    count, customers = len(customer), len(parties)
    middle = np.array([country.median for country in COUNTRIES])[land]
    scale = rng.lognormal(0, 0.55, customers)
    wished = middle * scale[customer] * rng.lognormal(0, 1.2, count)
    home = np.array([COUNTRIES.index(party.country) for party in parties])
    price = np.array([country.median for country in COUNTRIES])[home] * scale * rng.lognormal(0, 0.6, customers)
    regular = np.where(rng.random(customers) < 0.11, 0.9, np.where(rng.random(customers) < 0.25, 0.1, 0.0))
    wished = np.where(rng.random(count) < regular[customer], price[customer], wished)
    rate = np.array([DOLLAR.get(country.currency, 1.0) for country in COUNTRIES])[land]
    wished = np.where(dollars, np.clip(wished / rate * 2, 4_000, None), wished)
    wished = np.where(credit, wished * rng.uniform(0.08, 0.5, count), wished)
    percent = np.zeros(count, dtype=np.int64)
    for place, country in enumerate(COUNTRIES):
        usual, other = country.taxes
        percent = np.where(land == place, np.where(rng.random(count) < usual[1], usual[0], other[0]), percent)
    total = np.maximum(500, np.rint(wished)).astype(np.int64)
    pesos = np.array([country.currency == "COP" for country in COUNTRIES])[land] & ~dollars
    total = np.where(pesos, np.maximum(1, total // 10_000) * 10_000, total)
    round_total = rng.random(count) < 0.12
    step = np.where(land == 0, 1_000, 10_000)
    total = np.where(round_total & ~pesos, np.maximum(1, total // step) * step, total)
    net = (200 * total + 100 + percent) // (2 * (100 + percent))
    tax = np.where(pesos | round_total, total - net, (2 * net * percent + 100) // 200)
    sign = np.where(credit, -1, 1)
    return net * sign, tax * sign


def _series(customers: int, customer: Ints, land: Ints, credit: Flags, rng: np.random.Generator) -> Ints:
    """Each customer's documents come mostly from one series."""
    count = np.array([len(country.series) for country in COUNTRIES])[land]
    main = rng.integers(0, 12, customers)[customer] % count
    any_other = rng.integers(0, 12, len(customer)) % count
    chosen = np.where(rng.random(len(customer)) < 0.88, main, any_other)
    series: Ints = np.where(credit, _CREDIT, chosen)
    return series


def _sequences(land: Ints, series: Ints, issued: Ints, customer: Ints) -> Ints:
    """Numbers without gaps in the order of issue, per country and series."""
    key = land * 10 + series
    order = np.lexsort((customer, issued, key))
    sorted_key = key[order]
    starts = np.flatnonzero(np.r_[True, sorted_key[1:] != sorted_key[:-1]])
    rank = np.arange(len(key)) - np.repeat(starts, np.diff(np.r_[starts, len(key)]))
    result = np.empty(len(key), dtype=np.int64)
    result[order] = rank + 1
    first: Ints = np.array([country.first for country in COUNTRIES])[land]
    return result + first


def _remesas(debited: Flags, planned: Ints, payments: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Batches of direct debits in the order of their day; all of a batch are collected on its last day."""
    places = np.flatnonzero(debited)
    remesa = np.full(len(debited), NO_REMESA, dtype=np.int64)
    if not len(places):
        return remesa, planned
    places = places[np.argsort(planned[places], kind="stable")]
    count = max(1, min(len(places), round(payments / profiles.PAYMENTS_PER_REMESA)))
    weights = rng.uniform(0.4, 1.6, count)
    bounds = np.rint(np.cumsum(weights) / weights.sum() * len(places)).astype(np.int64)
    which = np.searchsorted(bounds, np.arange(len(places)), side="right")
    remesa[places] = which + 1
    collected = np.zeros(count, dtype=np.int64)
    np.maximum.at(collected, which, planned[places])
    planned = planned.copy()
    planned[places] = collected[which]
    return remesa, planned
