"""A simulated portfolio: debtors with a known way of paying, and what a strategy does to it through the real gate.

Nothing of the product is copied: `cobranza.dunning.workflow.judge` proposes and asks the gate, day by day. Debtors do
not influence each other, so each lives its year alone, and a day on which no step of the strategy can open is skipped.

How somebody pays is known: an invoice is paid some days after it is due, drawn by the payer's type; each message moves
a payer to pay within five days with a fixed chance. What would have happened without any message is drawn the same way,
so the true effect of the strategy is known for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cobranza.dunning import workflow
from cobranza.dunning.account import Account, Item, Paid, Sent
from cobranza.dunning.facts import Facts
from cobranza.dunning.strategy import TASKS, Nothing, Strategy
from cobranza.gate.acts import Balance, Consent, OptOut, PastContact, State, Verdict
from cobranza.kernel import clock
from cobranza.kernel.money import Money

START = date(2026, 1, 1)
TYPES = ("puntual", "despistado", "moroso")
SHARES = (0.55, 0.3, 0.15)
LATE_MEAN = (2.0, 18.0, 70.0)
"""Mean days after the due day at which an invoice is paid when nobody writes, exponential."""
MOVED = 0.25
"""Chance that one contact makes a debtor pay within five days: the effect that a trial has to find."""
STOPPED = 0.02
_GIVEN = datetime(2025, 6, 1, tzinfo=UTC)
_MOST = 12
_MOVES_BACK = 6
"""So many days a notice before the due day may move earlier in Spain: the longest run of days without contact."""


@dataclass(frozen=True, slots=True)
class Draws:
    """All chance of a portfolio, drawn once; the same for both worlds (with the strategy and without).

    Attributes:
        first_due: int32, shape (debtors,): days after `START`.
        amounts: int64 cents, shape (debtors, invoices).
        natural: int32, shape (debtors, invoices): day of payment relative to the due day when nobody writes.
        moved: int8, shape (debtors, invoices, contacts): days from a contact to the payment, 0 where it moves nobody.
        stopped: bool, shape (debtors,): never to be written to.
    """

    first_due: npt.NDArray[np.int32]
    amounts: npt.NDArray[np.int64]
    natural: npt.NDArray[np.int32]
    moved: npt.NDArray[np.int8]
    stopped: npt.NDArray[np.bool_]
    every: int

    @property
    def debtors(self) -> int:
        return len(self.first_due)


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a portfolio.

    Attributes:
        paid: int32, shape (debtors, invoices): day of payment relative to the due day.
        contacts: Messages sent, by debtor.
        tasks: Given to a person.
        looks: How often strategy and gate were asked.
    """

    paid: npt.NDArray[np.int32]
    contacts: npt.NDArray[np.int32]
    tasks: int
    looks: int


def draw(debtors: int, *, months: int, seed: int) -> Draws:
    """A portfolio of `debtors`, one invoice a quarter (at least one in all)."""
    rng = np.random.default_rng(seed)
    invoices = max(1, months // 3)
    kinds = rng.choice(len(TYPES), size=debtors, p=SHARES)
    mean = np.array(LATE_MEAN)[kinds][:, None]
    natural = np.minimum(rng.exponential(mean, size=(debtors, invoices)), 2000).astype(np.int32) - 2
    moves = rng.random((debtors, invoices, _MOST)) < MOVED
    days = rng.integers(1, 6, size=moves.shape)
    return Draws(
        first_due=rng.integers(15, 90, size=debtors).astype(np.int32),
        amounts=rng.integers(5_000, 200_000, size=(debtors, invoices)),
        natural=natural,
        moved=np.where(moves, days, 0).astype(np.int8),
        stopped=rng.random(debtors) < STOPPED,
        every=91,
    )


def live(portfolio: Draws, strategy: Strategy, *, months: int, treated: npt.NDArray[np.bool_] | None = None) -> Lived:
    """Let every debtor live: those `treated` (all by default) with the strategy, the others without."""
    paid = portfolio.natural.copy()
    contacts = np.zeros(portfolio.debtors, dtype=np.int32)
    tasks = looks = 0
    horizon = 30 * months
    for who in range(portfolio.debtors):
        if treated is not None and not treated[who]:
            continue
        life = _Life(portfolio, who, strategy, horizon)
        life.run()
        paid[who] = life.paid
        contacts[who] = life.count
        tasks += life.tasks
        looks += life.looks
    return Lived(paid=paid, contacts=contacts, tasks=tasks, looks=looks)


class _Life:
    """One debtor's days."""

    def __init__(self, portfolio: Draws, who: int, strategy: Strategy, horizon: int) -> None:
        self.strategy = strategy
        self.horizon = horizon
        first = int(portfolio.first_due[who])
        self.due = [first + portfolio.every * number for number in range(portfolio.amounts.shape[1])]
        self.amounts = [Decimal(int(cents)).scaleb(-2) for cents in portfolio.amounts[who]]
        self.paid = [int(each) for each in portfolio.natural[who]]
        self.moved = portfolio.moved[who]
        self.told = [0] * len(self.due)
        self.key = f"{who}:EUR"
        self.stops = (OptOut(at=_GIVEN),) if portfolio.stopped[who] else ()
        self.sent: list[Sent] = []
        self.made: list[PastContact] = []
        self.count = self.tasks = self.looks = 0

    def run(self) -> None:
        day = self.due[0] - 14
        while day < self.horizon:
            if not _permitted(day):
                day += 1
                continue
            open_ = [i for i, due in enumerate(self.due) if due - 60 <= day < due + self.paid[i]]
            if not open_:
                later = [due - 14 for i, due in enumerate(self.due) if due - 14 > day and self.paid[i] > -2]
                if not later:
                    return
                day = min(later)
                continue
            acted = self._look(day, open_)
            day = self._next(day, open_) if not acted else day + 1

    def _look(self, day: int, open_: list[int]) -> bool:
        """Ask strategy and gate; whether anything was done."""
        self.looks += 1
        at = _ten(day)
        known = self._facts(day, open_, at)
        planned = workflow.judge(known, self.strategy, at)
        found = planned.found
        if isinstance(found, Nothing):
            return False
        if found.does in TASKS:
            self.tasks += 1
            self._record(day, found.step, found.anchor, "", "", open_)
            return True
        decision = planned.decision
        if decision is None or decision.verdict is not Verdict.ALLOW:
            return decision is not None and decision.verdict is Verdict.DEFER
        self.made.append(PastContact(at=at, channel=found.channel, reference=found.key))
        self.count += 1
        self._record(day, found.step, found.anchor, found.channel, found.template, open_)
        return True

    def _record(self, day: int, step: str, anchor: date, channel: str, template: str, open_: list[int]) -> None:
        self.sent.append(Sent(on=_date(day), step=step, anchor=anchor, channel=channel, template=template))
        for which in open_:
            if self.due[which] > day + 3 or self.told[which] >= _MOST:
                continue
            moved = int(self.moved[which][self.told[which]])
            self.told[which] += 1
            if moved:
                self.paid[which] = min(self.paid[which], day + moved - self.due[which])

    def _next(self, day: int, open_: list[int]) -> int:
        """The next day on which a step may open: until then nothing that the strategy reads changes."""
        ahead = [self.horizon]
        ahead += [self.due[which] + self.paid[which] for which in open_]
        for which in open_[:1]:  # the oldest is what a strategy is about
            due = self.due[which]
            for step in self.strategy.steps:
                ahead += [due + step.first - back for back in (range(_MOVES_BACK) if step.earlier else (0,))]
                ahead += [(each.on - START).days + step.every for each in self.sent[-4:] if each.step == step.id]
        ahead += [due - 14 for due in self.due]
        return min(each for each in ahead if each > day)

    def _facts(self, day: int, open_: list[int], at: datetime) -> Facts:
        items = tuple(
            Item(number=f"F{which}", due=_date(self.due[which]), claimable=Money("EUR", self.amounts[which]))
            for which in open_
        )
        history = tuple(
            Paid(on=_date(due + self.paid[which]), days_late=self.paid[which])
            for which, due in enumerate(self.due)
            if due + self.paid[which] <= day
        )
        owed = sum((self.amounts[which] for which in open_), Decimal(0))
        account = Account(
            key=self.key,
            country="ES",
            debtor_type="consumer",
            items=items,
            paid=history,
            channels=frozenset() if self.stops else _CHANNELS,
            sent=tuple(self.sent),
        )
        state = State(
            balance=Balance(open=owed, read_at=at),
            consents=_CONSENTS,
            opt_outs=self.stops,
            contacts=tuple(self.made[-12:]),
        )
        return Facts(
            account=account, state=state, addresses=_ADDRESSES, country="ES", debtor_type="consumer", today=_date(day)
        )


_ADDRESSES = {"email": "x@example.com", "sms": "+34600000000"}
_CHANNELS = frozenset(_ADDRESSES)
_CONSENTS = tuple(Consent(channel=each, given_at=_GIVEN, proof="contrato") for each in _ADDRESSES)


@lru_cache(maxsize=4096)
def _date(day: int) -> date:
    return START + timedelta(days=day)


@lru_cache(maxsize=4096)
def _ten(day: int) -> datetime:
    return datetime.combine(_date(day), datetime.min.time().replace(hour=10), clock.MADRID)


@lru_cache(maxsize=4096)
def _permitted(day: int) -> bool:
    return workflow.is_open("ES", _date(day), "consumer", "email")


def by_debtor(paid: npt.NDArray[np.int32], within: int = 30) -> npt.NDArray[np.float64]:
    """Share of each debtor's invoices paid within so many days after they were due; float64, shape (debtors,)."""
    share: npt.NDArray[np.float64] = (paid <= within).mean(axis=1)
    return share


def interval(treated: npt.NDArray[np.float64], control: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Effect by hold-out with its 95 % interval (difference of means over debtors, unequal variances)."""
    effect = float(treated.mean() - control.mean())
    wide = 1.96 * float(np.sqrt(treated.var(ddof=1) / len(treated) + control.var(ddof=1) / len(control)))
    return effect - wide, effect, effect + wide


def dso(portfolio: Draws, paid: npt.NDArray[np.int32], days_credit: int = 30) -> float:
    """Days that a euro is owed, from the invoice's day to its payment, weighted by amount."""
    weights = portfolio.amounts.astype(np.float64)
    return float(((paid + days_credit) * weights).sum() / weights.sum())


def recovered(portfolio: Draws, paid: npt.NDArray[np.int32], within: int) -> float:
    """Share of the money paid within so many days after it was due."""
    weights = portfolio.amounts.astype(np.float64)
    return float(weights[paid <= within].sum() / weights.sum())


def arms(names: Iterator[str], debtors: int, share: int) -> Iterator[npt.NDArray[np.bool_]]:
    """For each trial's name, who is in its hold-out; bool, shape (debtors,)."""
    from cobranza.dunning.trial import Trial, arm

    for name in names:
        trial = Trial(name=name, holdout_share=share)
        yield np.fromiter((arm(trial, f"{who}:EUR", START) == "holdout" for who in range(debtors)), bool, debtors)


def verdict(drawn: Draws, lived: Lived, *, trials: int, share: int) -> tuple[tuple[float, float, float], float, int]:
    """What hold-outs say of a strategy whose effect is known.

    Args:
        lived: Everybody with the strategy; without it everybody pays as drawn.
        trials: So many names, each with its own draw of the hold-out.
        share: Of all debtors, per cent.

    Returns:
        The first trial's interval, the true effect on the share paid within 30 days, and how many intervals hold it.
    """
    after, before = by_debtor(lived.paid), by_debtor(drawn.natural)
    truth = float((after - before).mean())
    found = []
    for control in arms((f"ensayo {number}" for number in range(trials)), drawn.debtors, share):
        found.append(interval(after[~control], before[control]))
    return found[0], truth, sum(low <= truth <= high for low, _, high in found)
