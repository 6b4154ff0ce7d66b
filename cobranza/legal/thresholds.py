"""When a lawyer is told about a debtor. Pure: arrears in, reasons out; whether to sue is a person's decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.legal.house import Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrear:
    """An invoice of the debtor.

    Attributes:
        number: Of the invoice.
        due: Last day to pay on time.
        money: Still to pay.
        held: How much of it is not to be claimed now (a dispute, a plan).
    """

    number: str
    due: date
    money: Money
    held: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one debtor owes one creditor in one currency.

    Attributes:
        creditor: Short name of the creditor.
        country: Of the creditor.
        person: "fisica", "juridica" or "" when it cannot be told.
        group: Group of companies of the debtor.
        arrears: Invoices that are not settled.
        attempts: Attempts of contact in the record.
        stopped: Why nothing at all is claimed of this debtor (insolvency, a dispute about everything), "" when it is.
    """

    creditor: str
    country: str
    arrears: tuple[Arrear, ...]
    person: str = ""
    group: str = ""
    attempts: int = 0
    stopped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A threshold that was passed.

    Attributes:
        threshold: Name in ``config/legal.toml``.
        reasons: Spanish, one for each thing that holds.
        invoices: Numbers of the invoices that count, oldest first.
        total: Their claimable amount.
        limitation: Day on which the oldest is time-barred, None when nobody has said.
    """

    threshold: str
    reasons: tuple[str, ...]
    invoices: tuple[str, ...]
    total: Money
    limitation: date | None


def passed(standing: Standing, thresholds: Mapping[str, Threshold], on: date) -> Passed | None:
    """The first threshold that the debtor has passed on `on`; None when none, or when nothing may be claimed.

    An invoice that is held in part counts with what is left of it; one held whole does not count. One currency at a
    time: amounts are never added across currencies.
    """
    if standing.stopped:
        return None
    for name, rule in thresholds.items():
        if not _fits(rule, standing):
            continue
        found = _judge(name, rule, standing, on)
        if found is not None:
            return found
    return None


def time_barred(due: date, years: int) -> date:
    """The day on which a debt due on `due` is time-barred.

    >>> time_barred(date(2024, 2, 29), 5)
    datetime.date(2029, 3, 1)
    """
    day = date.fromordinal(due.toordinal() + 1)
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _fits(rule: Threshold, standing: Standing) -> bool:
    return (
        rule.pais == standing.country
        and rule.acreedor in ("", standing.creditor)
        and rule.persona in ("", standing.person)
        and rule.grupo in ("", standing.group)
    )


def _judge(name: str, rule: Threshold, standing: Standing, on: date) -> Passed | None:
    due = sorted(
        (each for each in _claimable(standing.arrears) if each.money.currency == rule.moneda and each.due < on),
        key=lambda each: (each.due, each.number),
    )
    if not due:
        return None
    total = Money.total(rule.moneda, (each.money for each in due))
    if total < rule.least:
        return None
    oldest = due[0].due
    days = (on - oldest).days
    limit = time_barred(oldest, rule.prescripcion_anos) if rule.prescripcion_anos else None
    reasons = [
        f"Debe {write_amount(total.amount)} {total.currency} vencidos (umbral {write_amount(rule.least.amount)})"
    ]
    late = days >= rule.dias and standing.attempts >= rule.gestiones
    if late:
        reasons.append(f"El más antiguo venció hace {days} días, el {write_day(oldest)} (umbral {rule.dias})")
        if rule.gestiones:
            reasons.append(f"Constan {standing.attempts} gestiones sin resultado (umbral {rule.gestiones})")
    near = limit is not None and (limit - on).days <= rule.prescripcion_aviso
    if near and limit is not None:
        told = "prescribió" if limit < on else "prescribe"
        reasons.append(f"Lo más antiguo {told} el {write_day(limit)} ({rule.fuente or 'según config/legal.toml'})")
    if not (late or near):
        return None
    numbers = tuple(each.number for each in due)
    return Passed(threshold=name, reasons=tuple(reasons), invoices=numbers, total=total, limitation=limit)


def _claimable(arrears: Iterable[Arrear]) -> Iterable[Arrear]:
    for each in arrears:
        left = each.money - each.held
        if left.amount > 0:
            yield Arrear(number=each.number, due=each.due, money=left, held=each.held)
