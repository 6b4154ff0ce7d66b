"""Dated payments that sum to the debt: amounts in whole minor units, days on which a bank works.

A plan without interest of its own is cut into equal instalments and the last takes the rest. With interest every
instalment pays what its stretch has earned on the balance (actual days over 365, rounded half up) and then the debt;
the equal amount is the largest for which the last instalment is not the smaller one. Payments go to interest first,
then costs, then principal (Spain: art. 1173 CC; alike in the other countries unless agreed otherwise).
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import pairwise

import holidays

from cobranza.agreements.terms import AgreementError, Debt, Instalment, Kind, Proposal, Waived
from cobranza.kernel.money import Money, minor_units

YEAR = Decimal(36500)


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


def working_day(day: date, country: str) -> date:
    """`day`, or the first one after it that is no weekend and no national holiday of `country`."""
    while day.weekday() >= 5 or day in _holidays(country, day.year):
        day += timedelta(days=1)
    return day


def working_day_before(day: date, country: str) -> date:
    """`day`, or the last one before it on which banks work."""
    while working_day(day, country) != day:
        day -= timedelta(days=1)
    return day


def pay_days(start: date, count: int, country: str, pay_day: int | None) -> tuple[date, ...]:
    """`count` monthly days, the first after `start`.

    Args:
        start: Day of the agreement.
        pay_day: Of the month; months that lack it use their last day. None takes the day of `start`.

    Returns:
        Ascending, each on a working day, never two in one month unless the move to a working day makes it so.
    """
    wanted = pay_day or start.day
    year, month = start.year, start.month
    days: list[date] = []
    while len(days) < count:
        day = date(year, month, min(wanted, calendar.monthrange(year, month)[1]))
        if day > start:
            days.append(working_day(day, country))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return tuple(days)


def build(
    debt: Debt,
    kind: Kind,
    days: Sequence[date],
    *,
    waived: Waived | None = None,
    percent: Decimal = Decimal(0),
    first: Money | None = None,
) -> Proposal:
    """A proposal whose instalments settle the debt to the minor unit.

    Args:
        debt: What is owed.
        kind: As it is called.
        days: Of the payments, strictly ascending, none before `debt.as_of`.
        waived: What is given up; None nothing.
        percent: Interest of the plan, per cent a year.
        first: Amount of the first payment where it differs from the others.

    Raises:
        AgreementError: no day, days that do not ascend, more waived than owed, or instalments of nothing.
    """
    nothing = Money(debt.currency, Decimal(0))
    waived = waived or Waived(interest=nothing, costs=nothing, principal=nothing)
    parts = [debt.interest - waived.interest, debt.costs - waived.costs]
    parts.append(debt.principal - debt.disputed - waived.principal)
    if any(part.amount < 0 for part in (*parts, waived.interest, waived.costs, waived.principal)):
        raise AgreementError("Se renuncia a más de lo que se debe, o a un importe negativo.")
    if not days or any(later <= earlier for earlier, later in pairwise(days)):
        raise AgreementError("Los pagos necesitan días distintos y en orden.")
    if days[0] < debt.as_of or percent < 0:
        raise AgreementError("El primer pago cae antes del día de las cifras, o el interés es negativo.")
    unit = Decimal(1).scaleb(-minor_units(debt.currency))
    owed = sum((part.amount for part in parts), Decimal(0))
    amounts, deferrals = _amounts(_units(owed, unit), _stretches(debt.as_of, days), percent, _first(first, unit))
    rows = []
    rest = [part.amount for part in parts]
    for day, amount, deferral in zip(days, amounts, deferrals, strict=True):
        to_debt = (amount - deferral) * unit
        shares = []
        for index, part in enumerate(rest):
            share = min(part, to_debt)
            rest[index] -= share
            to_debt -= share
            shares.append(Money(debt.currency, share))
        rows.append(
            Instalment(
                due=day,
                amount=Money(debt.currency, amount * unit),
                interest=shares[0],
                costs=shares[1],
                principal=shares[2],
                deferral=Money(debt.currency, deferral * unit),
            )
        )
    earned = Money.total(debt.currency, (row.deferral for row in rows))
    return Proposal(kind=kind, instalments=tuple(rows), waived=waived, deferral=earned)


def _units(amount: Decimal, unit: Decimal) -> int:
    return int(amount / unit)


def _first(first: Money | None, unit: Decimal) -> int | None:
    return None if first is None else _units(first.amount, unit)


def _stretches(start: date, days: Sequence[date]) -> list[int]:
    return [(day - before).days for before, day in zip((start, *days), days, strict=False)]


def _amounts(owed: int, stretches: list[int], percent: Decimal, first: int | None) -> tuple[list[int], list[int]]:
    """Amounts and the plan's interest in each, in minor units; see the module for the rule."""

    def run(equal: int) -> tuple[list[int], list[int]]:
        balance, amounts, earned = owed, [], []
        for index, length in enumerate(stretches):
            interest = int((balance * percent * length / YEAR).quantize(Decimal(1), ROUND_HALF_UP))
            last = index == len(stretches) - 1
            amount = balance + interest if last else (first if index == 0 and first is not None else equal)
            amounts.append(amount)
            earned.append(interest)
            balance += interest - amount
        return amounts, earned

    low, high = 1, owed * 2 + 1
    while low < high:
        middle = (low + high + 1) // 2
        amounts, _ = run(middle)
        if amounts[-1] >= middle:
            low = middle
        else:
            high = middle - 1
    amounts, earned = run(low)
    if any(amount <= interest for amount, interest in zip(amounts, earned, strict=True)):
        raise AgreementError("La deuda es demasiado pequeña para tantos pagos, o el primero es demasiado grande.")
    return amounts, earned
