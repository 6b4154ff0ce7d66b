"""A debtor as a strategy sees it: what is open, how it used to be paid, how it can be reached, what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money


class DunningError(BusinessError):
    """A strategy, a template or an account that cannot be used."""

    code = "COB-REC-001"
    remedy = "Corrija la estrategia o la plantilla en config/ y repita la orden."


REMINDED = "recordatorio"
"""The segment that pays after a reminder: robots alone, it never reaches an adviser."""


class Habit(StrEnum):
    """How somebody has paid so far; the values are those of the strategy files."""

    NEW = "nuevo"
    GOOD = "bueno"
    MIXED = "irregular"
    CHRONIC = "cronico"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An open document: `claimable` is what nobody disputes of it."""

    number: str
    due: date
    claimable: Money
    product: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A document that was settled, and how many days after its due day (negative: before)."""

    on: date
    days_late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Something that was sent or queued under a strategy.

    Attributes:
        on: Day, in the debtor's zone.
        step: `Step.id`.
        anchor: Due day that it was about: the stage of a new arrear starts afresh.
        channel: As the gate names it.
        template: Its name.
        answered: The debtor answered, paid or opened it; None while it is too soon to tell.
    """

    on: date
    step: str
    anchor: date
    channel: str
    template: str
    answered: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Attributes:
    key: Of the debtor.
    country: ISO 3166 alpha-2.
    debtor_type: "consumer" or "business".
    language: "es", "en" or "pt".
    segment: How the debtor is treated, by score or verdict: "recordatorio", "negociacion", "caso_legal"; "" unrated.
    to_person: Spanish: why a person has to lead whatever the segment (high value, vulnerable); "" when nobody has to.
    items: Open documents, all of one currency.
    paid: What was settled before.
    channels: Channels with an address, a leave to use it and no stop; the gate looks again when it is sent.
    sent: What was sent, in any order.
    tasks: Kinds of the tasks that are open for people.
    waits: Spanish: why no strategy is to press this debtor now (a person leads, an answer of ours is due); "" nothing.
    """

    key: str
    country: str
    debtor_type: str
    items: tuple[Item, ...]
    language: str = "es"
    segment: str = ""
    to_person: str = ""
    paid: tuple[Paid, ...] = ()
    channels: frozenset[str] = frozenset()
    sent: tuple[Sent, ...] = ()
    tasks: frozenset[str] = frozenset()
    waits: str = ""

    def __post_init__(self) -> None:
        """One currency: a debtor with two is two accounts."""
        if len({item.claimable.currency for item in self.items}) > 1:
            raise DunningError(f"La cuenta {self.key} mezcla monedas.", remedy="Haga una cuenta por moneda.")

    def overdue(self, today: date) -> tuple[Item, ...]:
        """Items past their due day with something to claim, oldest first."""
        found = (item for item in self.items if item.due < today and item.claimable.amount > 0)
        return tuple(sorted(found, key=lambda item: (item.due, item.number)))

    def coming(self, today: date) -> tuple[Item, ...]:
        """Items that fall due today or later, soonest first."""
        found = (item for item in self.items if item.due >= today and item.claimable.amount > 0)
        return tuple(sorted(found, key=lambda item: (item.due, item.number)))

    @property
    def advised(self) -> bool:
        """An adviser is to see it: always but for who pays after a reminder, and unless nobody rated it yet."""
        return bool(self.to_person) or self.segment not in ("", REMINDED)

    @property
    def unanswered(self) -> int:
        """Contacts in a row, the latest first, that are known to have met no answer."""
        count = 0
        for each in sorted(self.sent, key=lambda sent: sent.on, reverse=True):
            if each.answered is None:
                continue
            if each.answered:
                break
            count += 1
        return count

    @property
    def last_template(self) -> str:
        """Name of the template sent last, "" when none was; a task for a person has none."""
        latest = max((sent for sent in self.sent if sent.template), key=lambda sent: sent.on, default=None)
        return latest.template if latest else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitRule:
    """When a payer is called good or chronic, over the documents settled within `days`.

    Attributes:
        days: How far back.
        least: Fewer documents than these say nothing: "nuevo".
        late_days: A document is late from so many days on.
        good_share: Least share on time of a good payer, 0 to 1.
        chronic_share: Least share late of a chronic one.
    """

    days: int = 365
    least: int = 3
    late_days: int = 5
    good_share: Decimal = Decimal("0.8")
    chronic_share: Decimal = Decimal("0.5")


def habit(paid: Iterable[Paid], today: date, rule: HabitRule) -> Habit:
    """How somebody has paid: a good payer who slips is treated otherwise than one who never pays in time."""
    since = today - timedelta(days=rule.days)
    counted = [each for each in paid if since <= each.on <= today]
    if len(counted) < rule.least:
        return Habit.NEW
    late = sum(each.days_late >= rule.late_days for each in counted)
    if late >= rule.chronic_share * len(counted):
        return Habit.CHRONIC
    return Habit.GOOD if len(counted) - late >= rule.good_share * len(counted) else Habit.MIXED
