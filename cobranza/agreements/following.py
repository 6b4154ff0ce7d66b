"""Whether an agreement is kept: what has been paid of each instalment, and what has to be done about it today.

Money alone closes an instalment: a booked bank movement or a confirmed gateway payment, counted once by its key. What a
debtor says closes nothing. Payments fill the instalments in order, whatever day they were meant for, so that paying
early or in two parts is as good as paying to the day.

The act for each day is a pure function of the plan, the money and what was done before; asking twice gives the same
act once (`Act.key`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from cobranza.agreements.schedule import working_day_before
from cobranza.agreements.terms import AgreementError, Instalment
from cobranza.kernel.money import Money


class Standing(StrEnum):
    """How an agreement stands; the values are stable."""

    GOOD = "al_corriente"
    DUE = "vencida_en_gracia"
    MISSED = "impago"
    BROKEN = "incumplido"
    KEPT = "cumplido"


class Does(StrEnum):
    """What has to be done."""

    REMIND = "recordar"
    CALL = "llamar"
    PERSON = "revisar"
    CLOSE = "cerrar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Money that came in for the agreement.

    Attributes:
        key: Of the movement or gateway payment; the same key counts once, however often it is reported.
        on: Day of value.
        money: Positive; a return is negative and carries a key of its own.
    """

    key: str
    on: date
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One instalment and the money that fills it.

    Attributes:
        number: From 1.
        instalment: As agreed.
        paid: Of it, never more than its amount.
        closed_on: Day of the payment that completed it, None while it is open.
    """

    number: int
    instalment: Instalment
    paid: Money
    closed_on: date | None

    @property
    def open(self) -> Money:
        """What is still owed of it."""
        return self.instalment.amount - self.paid


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something to do today, once: `key` is equal for every asking."""

    does: Does
    key: str
    number: int
    on: date
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How agreements are followed; see `config/agreements.toml`.

    Attributes:
        remind_days: Days before an instalment on which the debtor is reminded.
        grace_days: Days after it on which it is not yet missed.
        misses: Missed instalments that break the agreement and hand it to a person.
    """

    remind_days: int = 2
    grace_days: int = 2
    misses: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """An agreement as it stands on a day.

    Attributes:
        standing: Of the whole.
        rows: Every instalment.
        misses: How many were not complete when their grace ended, paid later or not.
        beyond: Money beyond the last instalment.
        acts: To do today, and not done before.
        at_risk: Early signs of a breach, Spanish; empty when there is none.
    """

    standing: Standing
    rows: tuple[Filled, ...]
    misses: int
    beyond: Money
    acts: tuple[Act, ...]
    at_risk: tuple[str, ...]


def follow(
    agreement: str,
    instalments: Sequence[Instalment],
    received: Iterable[Received],
    *,
    today: date,
    country: str,
    watch: Watch,
    done: Collection[str] = (),
    wants_change: bool = False,
) -> Following:
    """Where the agreement stands at the end of `today`.

    Args:
        agreement: Its key, part of every act's key.
        instalments: In order of their days.
        received: Money for it, in any order; what is dated after `today` does not count yet.
        country: Whose working days the reminder keeps to.
        done: Keys of acts that were done.
        wants_change: The debtor asked to change it: a person decides, no robot goes on.

    Raises:
        AgreementError: no instalment, or money of another currency.
    """
    if not instalments:
        raise AgreementError("El acuerdo no tiene pagos.")
    currency = instalments[0].amount.currency
    events = _counted(received, currency, today)
    rows, beyond = _fill(instalments, events, currency)
    missed = [row for row in rows if _was_missed(row, instalments, events, today, watch)]
    standing = _standing(rows, missed, today, watch)
    acts = _acts(agreement, rows, missed, standing, today, country, watch, wants_change)
    return Following(
        standing=standing,
        rows=rows,
        misses=len(missed),
        beyond=beyond,
        acts=tuple(act for act in acts if act.key not in done),
        at_risk=_signs(rows, today),
    )


def _counted(received: Iterable[Received], currency: str, today: date) -> list[Received]:
    once: dict[str, Received] = {}
    for each in received:
        if each.money.currency != currency:
            raise AgreementError(f"El pago {each.key} está en {each.money.currency} y el acuerdo en {currency}.")
        if once.setdefault(each.key, each) != each:
            raise AgreementError(f"El pago {each.key} llega dos veces con datos distintos.")
    return sorted((each for each in once.values() if each.on <= today), key=lambda each: (each.on, each.key))


def _fill(instalments: Sequence[Instalment], events: list[Received], currency: str) -> tuple[tuple[Filled, ...], Money]:
    """Fill the instalments in order with the money as it stands after all events."""
    total = sum((each.money.amount for each in events), Decimal(0))
    rest = max(total, Decimal(0))
    rows = []
    wanted = Decimal(0)
    for number, instalment in enumerate(instalments, start=1):
        wanted += instalment.amount.amount
        paid = min(rest, instalment.amount.amount)
        rest -= paid
        closed = _reached(events, wanted) if paid == instalment.amount.amount else None
        rows.append(Filled(number=number, instalment=instalment, paid=Money(currency, paid), closed_on=closed))
    return tuple(rows), Money(currency, rest)


def _reached(events: list[Received], wanted: Decimal) -> date | None:
    """Day from which on the sum never again fell below `wanted`: a returned payment opens what it had closed."""
    sums = Decimal(0)
    since: date | None = None
    for each in events:
        sums += each.money.amount
        if sums < wanted:
            since = None
        elif since is None:
            since = each.on
    return since


def _was_missed(
    row: Filled, instalments: Sequence[Instalment], events: list[Received], today: date, watch: Watch
) -> bool:
    end = row.instalment.due + timedelta(days=watch.grace_days)
    if today <= end:
        return False
    wanted = sum((each.amount.amount for each in instalments[: row.number]), Decimal(0))
    in_time = sum((each.money.amount for each in events if each.on <= end), Decimal(0))
    return in_time < wanted


def _standing(rows: tuple[Filled, ...], missed: list[Filled], today: date, watch: Watch) -> Standing:
    if not any(row.open.amount for row in rows):
        return Standing.KEPT
    if len(missed) >= watch.misses:
        return Standing.BROKEN
    if any(row.open.amount for row in missed):
        return Standing.MISSED
    if any(row.open.amount and row.instalment.due < today for row in rows):
        return Standing.DUE
    return Standing.GOOD


def _acts(
    agreement: str,
    rows: tuple[Filled, ...],
    missed: list[Filled],
    standing: Standing,
    today: date,
    country: str,
    watch: Watch,
    wants_change: bool,
) -> list[Act]:
    def act(does: Does, number: int, why: str) -> Act:
        return Act(does=does, key=f"{agreement}:{does.value}:{number}", number=number, on=today, why=why)

    if standing is Standing.KEPT:
        return [act(Does.CLOSE, len(rows), "está todo pagado")]
    if wants_change:
        return [act(Does.PERSON, 0, "el deudor pide cambiar el acuerdo")]
    if standing is Standing.BROKEN:
        return [act(Does.PERSON, missed[-1].number, f"{len(missed)} pagos sin cumplir")]
    acts = []
    for row in missed:
        if row.open.amount:
            acts.append(act(Does.CALL, row.number, f"el pago {row.number} venció y no ha llegado"))
    for row in rows:
        reminder = _reminder_day(row.instalment.due, country, watch)
        if row.open.amount and reminder <= today < row.instalment.due:
            acts.append(act(Does.REMIND, row.number, f"el pago {row.number} vence pronto"))
    return acts


def _reminder_day(due: date, country: str, watch: Watch) -> date:
    """So many days before the payment, earlier when that is no working day: a reminder that comes late is none."""
    return working_day_before(due - timedelta(days=watch.remind_days), country)


def _signs(rows: tuple[Filled, ...], today: date) -> tuple[str, ...]:
    """What tends to come before a breach, while the agreement still holds."""
    told = []
    late = [row for row in rows if row.closed_on is not None and row.closed_on > row.instalment.due]
    if len(late) >= 2 and late[-1].closed_on and late[-2].closed_on:
        delays = [(row.closed_on - row.instalment.due).days for row in late[-2:] if row.closed_on]
        if delays[1] > delays[0]:
            told.append(f"cada vez paga más tarde ({delays[0]} y {delays[1]} días)")
    part = next((row for row in rows if row.paid.amount and row.open.amount and row.instalment.due < today), None)
    if part is not None:
        told.append(f"el pago {part.number} llegó incompleto")
    return tuple(told)
