"""A strategy: versioned steps, and the one that an account is due for today. Pure: proposes, never sends.

Days count from the due day: −3 is three days before, 3 is three days late. An arrear's stage is that of its oldest
document; a step is about that document's due day (its *anchor*), so that a new arrear starts from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from cobranza.dunning.account import REMINDED, Account, DunningError, Habit, HabitRule, Item, habit
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day

Does = Literal["message", "call", "letter", "person", "negotiate"]
FREE = frozenset({"email"})
"""Channels that cost nothing a message; an account that never answers keeps to these."""
TASKS: Mapping[Does, str] = {"person": "llamar", "negotiate": "negociar"}
"""What is a person's work, and which kind of task it is."""
ADVISER = "asesor"
"""The step, of every strategy, by which an account reaches an adviser because of how it is treated."""
UNRATED = "sin_valorar"
"""How a strategy names accounts without a segment."""
NOT_KNOWN: Mapping[str, tuple[str, str]] = {
    "products": ("productos", "el libro no guarda de qué producto es cada factura: el ERP no lo dice en sus pendientes")
}
"""What a step may ask for and no ledger tells: the field of `Step`, its name in the file, and why."""
_BACK = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Attributes:
    id: Stable.
    first: First day, relative to the due day.
    last: Last day, None without an end.
    does: What is proposed.
    channels: In order of preference; the first that the account can be reached on is taken.
    templates: To choose among, with the channels that each is written for.
    times: Most acts of this step for one arrear.
    every: Least days between two of them.
    habits: Payers that it is for; empty for all.
    segments: Segments that it is for, or `UNRATED`; empty for all.
    countries: Countries; empty for all.
    languages: Of the debtor; empty for all.
    products: Products; empty for all.
    least: Least amount by currency; below, the step is not worth it.
    earlier: When its first day is no permitted day it moves to an earlier one (a notice before the due day must not
        come after it).
    """

    id: str
    first: int
    last: int | None
    does: Does
    channels: tuple[str, ...]
    templates: Mapping[str, frozenset[str]]
    times: int = 1
    every: int = 7
    habits: frozenset[Habit] = frozenset()
    segments: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    least: Mapping[str, Decimal] | None = None
    earlier: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """Attributes:
    name: Slug.
    version: Changes with every change of a step; stored with what was sent.
    steps: In order; the first that an account is due for is proposed.
    habits: How payers are told apart.
    give_up: Unanswered contacts in a row after which paid channels are left alone.
    """

    name: str
    version: str
    steps: tuple[Step, ...]
    habits: HabitRule = field(default_factory=HabitRule)
    give_up: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a strategy would do today for one account.

    Attributes:
        account: Key.
        step: `Step.id`.
        does: What.
        channel: "" for a person's task.
        template: "" for a person's task.
        amount: What may be claimed of the items.
        items: What it is about.
        anchor: See `Sent`.
        strategy: "name@version".
        key: Idempotency key: the same proposal on the same day is the same message.
        why: Spanish.
    """

    account: str
    step: str
    does: Does
    channel: str
    template: str
    amount: Money
    items: tuple[Item, ...]
    anchor: date
    strategy: str
    key: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """Nothing is proposed: why, in Spanish."""

    account: str
    why: str


def answerable(strategy: Strategy) -> Strategy:
    """`strategy`, if the ledger tells all that its steps ask for.

    Raises:
        DunningError: a step asks for what nobody knows: it would never be due, and nobody would notice.
    """
    for step in strategy.steps:
        answerable_step(step, strategy.name)
    return strategy


def answerable_step(step: Step, strategy: str) -> None:
    """See `answerable`."""
    for asked, (name, why) in NOT_KNOWN.items():
        if getattr(step, asked):
            raise DunningError(
                f"El paso «{step.id}» de la estrategia «{strategy}» filtra por «{name}», y {why}.",
                remedy=f"Quite «{name}» del paso, o distinga por importe, país, idioma, hábito o segmento.",
            )


Permitted = Callable[[date, str], bool]
"""Whether a day has any hour at which the country's law lets something leave on a channel."""


def propose(account: Account, strategy: Strategy, today: date, permitted: Permitted) -> Proposal | Nothing:
    """What `strategy` would do for `account` today.

    Args:
        account: As known now.
        today: In the debtor's zone.
        permitted: See `Permitted`; hours, caps and consent are the gate's.
    """
    if account.waits:
        return Nothing(account=account.key, why=account.waits)
    overdue = account.overdue(today)
    items = overdue or account.coming(today)
    if not items:
        return Nothing(account=account.key, why="no debe nada que se pueda reclamar")
    payer = habit(account.paid, today, strategy.habits)
    anchor = items[0].due
    if overdue and account.advised and not _reached(account, anchor):
        return _to_adviser(account, strategy, overdue)
    told = "ningún paso de la estrategia toca hoy"
    for step in strategy.steps:
        about = items if overdue else tuple(item for item in items if item.due == anchor)
        reason = _not_due(step, account, payer, about, anchor, today, permitted)
        if reason is None:
            found = _choose(step, account, strategy, today, permitted)
            if isinstance(found, str):
                told = found
                continue
            channel, template = found
            amount = Money.total(about[0].claimable.currency, (item.claimable for item in about))
            return Proposal(
                account=account.key,
                step=step.id,
                does=step.does,
                channel=channel,
                template=template,
                amount=amount,
                items=about,
                anchor=anchor,
                strategy=f"{strategy.name}@{strategy.version}",
                key=f"{account.key}:{step.id}:{anchor.isoformat()}:{_times(step, account, anchor) + 1}",
                why=f"{_days(anchor, today)}, pagador {payer.value}{_treated(account)}",
            )
        if reason:
            told = reason
    return Nothing(account=account.key, why=told)


def _reached(account: Account, anchor: date) -> bool:
    """A person has, or had, this arrear on their list."""
    if {"llamar", "negociar"} & account.tasks:
        return True
    return any(not each.template and each.anchor == anchor for each in account.sent)


def _to_adviser(account: Account, strategy: Strategy, items: tuple[Item, ...]) -> Proposal:
    anchor = items[0].due
    return Proposal(
        account=account.key,
        step=ADVISER,
        does="person",
        channel="",
        template="",
        amount=Money.total(items[0].claimable.currency, (item.claimable for item in items)),
        items=items,
        anchor=anchor,
        strategy=f"{strategy.name}@{strategy.version}",
        key=f"{account.key}:{ADVISER}:{anchor.isoformat()}:1",
        why=account.to_person or f"segmento {account.segment}",
    )


def _treated(account: Account) -> str:
    return f", segmento {account.segment}" if account.segment else ""


def _not_due(
    step: Step,
    account: Account,
    payer: Habit,
    items: tuple[Item, ...],
    anchor: date,
    today: date,
    permitted: Permitted,
) -> str | None:
    """None when the step is due; "" when it is not for this account or day; else why it waits, in Spanish."""
    wanted: tuple[tuple[frozenset[str], str], ...] = (
        (step.habits, payer),
        (step.segments, account.segment or UNRATED),
        (step.countries, account.country),
        (step.languages, account.language),
    )
    if any(allowed and value not in allowed for allowed, value in wanted):
        return ""
    if step.products and not any(item.product in step.products for item in items):
        return ""
    opens = anchor + timedelta(days=step.first)
    if step.earlier:
        for _ in range(_BACK):
            if any(permitted(opens, channel) for channel in step.channels):
                break
            opens -= timedelta(days=1)
    if today < opens or (step.last is not None and today > anchor + timedelta(days=step.last)):
        return ""
    if step.least is not None:
        currency = items[0].claimable.currency
        asked = sum((item.claimable.amount for item in items), Decimal(0))
        if asked < step.least.get(currency, Decimal(0)):
            return f"el importe no llega al mínimo del paso {step.id}"
    before = [each for each in account.sent if each.step == step.id and each.anchor == anchor]
    if len(before) >= step.times:
        return ""
    latest = max((each.on for each in before), default=None)
    if latest is not None and (today - latest).days < step.every:
        return f"el paso {step.id} se hizo el {write_day(latest)}"
    if step.does in TASKS and account.segment == REMINDED and not account.to_person:
        return "paga con un recordatorio según su valoración: no va a la lista de nadie"
    return None


def _choose(
    step: Step, account: Account, strategy: Strategy, today: date, permitted: Permitted
) -> tuple[str, str] | str:
    """Channel and template, or why there is none, in Spanish."""
    if step.does in TASKS:
        return "ya hay una tarea abierta" if TASKS[step.does] in account.tasks else ("", "")
    tired = account.unanswered >= strategy.give_up
    possible = [each for each in step.channels if each in account.channels and (each in FREE or not tired)]
    if not possible:
        return "no contesta: se dejan los canales de pago" if tired else "sin canal consentido para este paso"
    possible = [each for each in possible if permitted(today, each)]
    if not possible:
        return "hoy no se puede contactar según la norma del país"
    last = {each.template: each.on for each in sorted(account.sent, key=lambda sent: sent.on)}
    order = list(step.templates)
    for channel in possible:
        fresh = [name for name in order if channel in step.templates[name] and name != account.last_template]
        if fresh:
            return channel, min(fresh, key=lambda name: (last.get(name, date.min), order.index(name)))
    return "la única plantilla del paso es la última que se envió"


def _times(step: Step, account: Account, anchor: date) -> int:
    return sum(each.step == step.id and each.anchor == anchor for each in account.sent)


def _days(anchor: date, today: date) -> str:
    late = (today - anchor).days
    if late > 0:
        return f"{late} días de atraso"
    return "vence hoy" if late == 0 else f"vence en {-late} días"
