"""The scenarios that a debtor may be shown: full payment, part now, a promise, instalments that the debtor can pay.

Nothing is offered below the floor. Deterministic: the same debt and policy give the same offers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from cobranza.agreements import schedule
from cobranza.agreements.matrix import Approval, Level, approve
from cobranza.agreements.terms import AgreementError, Debt, DebtorType, Kind, Proposal, Waived, percent_of
from cobranza.agreements.value import Value, value_of
from cobranza.kernel.money import Money, minor_units

_SAME_PAY = 20
"""Payments less than this many days apart come out of one month's pay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the house negotiates; see `config/agreements.toml`.

    Attributes:
        levels: The approval matrix, lowest first.
        prompt_days: Days for a full payment.
        prompt_waiver: Of interest and costs, per cent, for a full payment within them.
        promise_days: Most days until a promised payment.
        part_now: Least share paid now when paying in part, per cent.
        discount_rate: The creditor's cost of money, per cent a year.
        deferral_rate: Interest of a plan by type of debtor, per cent a year.
        smallest: Least instalment by currency.
        lengths: Numbers of instalments that are offered.
        floor: Least worth of an agreement today, per cent of the covered principal.
    """

    levels: tuple[Level, ...]
    prompt_days: int
    prompt_waiver: Decimal
    promise_days: int
    part_now: Decimal
    discount_rate: Decimal
    deferral_rate: Mapping[DebtorType, Decimal]
    smallest: Mapping[str, Decimal]
    lengths: tuple[int, ...]
    floor: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An offer with what it does: `fits` is None while the debtor's capacity is unknown."""

    proposal: Proposal
    value: Value
    approval: Approval
    fits: bool | None


def offers(debt: Debt, policy: Policy) -> tuple[Scenario, ...]:
    """What may be offered, the creditor's best first; whoever shows them to a debtor takes the approved ones.

    Args:
        debt: As of today.
        policy: Limits and rates.
    """
    found: dict[tuple[object, ...], Scenario] = {}
    for proposal in (_full(debt, policy), _promise(debt, policy), _part(debt, policy), *_plans(debt, policy)):
        if proposal is None:
            continue
        scenario = weigh(debt, proposal, policy)
        if not below_floor(debt, scenario.value, policy):
            found.setdefault((proposal.kind, *((row.due, row.amount) for row in proposal.instalments)), scenario)
    return tuple(sorted(found.values(), key=lambda each: (each.value.cost.amount, each.proposal.last_day)))


def weigh(debt: Debt, proposal: Proposal, policy: Policy) -> Scenario:
    """The proposal with its worth, who has to approve it, and whether the debtor can pay it."""
    return Scenario(
        proposal=proposal,
        value=value_of(debt, proposal, policy.discount_rate),
        approval=approve(debt, proposal, policy.levels),
        fits=_fits(debt, proposal),
    )


def below_floor(debt: Debt, value: Value, policy: Policy) -> bool:
    """An agreement of this worth must not be offered by anybody."""
    return percent_of(value.npv, debt.principal - debt.disputed) < policy.floor


def _fits(debt: Debt, proposal: Proposal) -> bool | None:
    """No stretch between two pay days asks for more than the debtor can pay in a month.

    Counted by stretches, not calendar months: a pay day that moves from Sunday the 28th to Monday the 1st is still the
    payment of its own month.
    """
    if debt.capacity is None:
        return None
    rows = proposal.instalments
    for index, start in enumerate(rows):
        asked = sum(each.amount.amount for each in rows[index:] if (each.due - start.due).days < _SAME_PAY)
        if asked > debt.capacity.amount:
            return False
    return True


def _full(debt: Debt, policy: Policy) -> Proposal | None:
    day = schedule.working_day(debt.as_of + timedelta(days=policy.prompt_days), debt.country)
    waived = Waived(
        interest=_share(debt.interest, policy.prompt_waiver),
        costs=_share(debt.costs, policy.prompt_waiver),
        principal=Money(debt.currency, Decimal(0)),
    )
    return _built(debt, Kind.FULL, [day], waived=waived)


def _promise(debt: Debt, policy: Policy) -> Proposal | None:
    last = schedule.working_day_before(debt.as_of + timedelta(days=policy.promise_days), debt.country)
    if debt.pay_day is not None:
        last = min(last, schedule.pay_days(debt.as_of, 1, debt.country, debt.pay_day)[0])
    return _built(debt, Kind.PROMISE, [last])


def _part(debt: Debt, policy: Policy) -> Proposal | None:
    """A part at once, the rest on the first pay day that brings new money."""
    now = schedule.working_day(debt.as_of + timedelta(days=policy.prompt_days), debt.country)
    rest = schedule.pay_days(now + timedelta(days=_SAME_PAY - 1), 1, debt.country, debt.pay_day)[0]
    part = _share(debt.covered, policy.part_now)
    if debt.capacity is not None and part < debt.capacity < debt.covered:
        part = debt.capacity.rounded()
    return _built(debt, Kind.PART, [now, rest], first=part)


def _plans(debt: Debt, policy: Policy) -> list[Proposal]:
    """The shortest plan that the debtor can pay and its two neighbours; without a capacity the two shortest lengths."""
    percent = policy.deferral_rate[debt.debtor]
    smallest = policy.smallest.get(debt.currency, Decimal(0))
    built: list[Proposal] = []
    for count in sorted(policy.lengths):
        days = schedule.pay_days(debt.as_of, count, debt.country, debt.pay_day)
        plan = _built(debt, Kind.INSTALMENTS, days, percent=percent)
        if plan is not None and min(each.amount.amount for each in plan.instalments) >= smallest:
            built.append(plan)
    if debt.capacity is None:
        return built[:2]
    fitting = next((index for index, plan in enumerate(built) if _fits(debt, plan)), None)
    if fitting is None:
        return built[-2:]
    return built[max(0, fitting - 1) : fitting + 2]


def _built(
    debt: Debt,
    kind: Kind,
    days: Sequence[date],
    *,
    waived: Waived | None = None,
    percent: Decimal = Decimal(0),
    first: Money | None = None,
) -> Proposal | None:
    """None where the debt is too small for such payments."""
    try:
        return schedule.build(debt, kind, days, waived=waived, percent=percent, first=first)
    except AgreementError:
        return None


def _share(money: Money, percent: Decimal) -> Money:
    unit = Decimal(1).scaleb(-minor_units(money.currency))
    return Money(money.currency, (money.amount * percent / 100).quantize(unit, ROUND_DOWN))
