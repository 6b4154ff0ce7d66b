"""What a proposal is worth to the creditor today, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext

from cobranza.agreements.terms import Debt, Proposal
from cobranza.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Attributes:
    npv: Payments discounted to the day of the figures, rounded to the currency.
    waived: What is given up in name.
    waiting: What it costs to wait: payments in name less `npv`.
    cost: Covered debt less `npv`; negative when the plan's own interest pays for more than the waiting.
    """

    npv: Money
    waived: Money
    waiting: Money
    cost: Money


def value_of(debt: Debt, proposal: Proposal, percent: Decimal) -> Value:
    """Discount at `percent` a year, effective, by actual days over 365.

    >>> from datetime import date
    >>> from cobranza.agreements import schedule
    >>> from cobranza.agreements.terms import Kind
    >>> euros = lambda text: Money("EUR", Decimal(text))
    >>> debt = Debt(country="ES", debtor="business", as_of=date(2026, 1, 1), principal=euros("1100"),
    ...             interest=euros("0"), costs=euros("0"), disputed=euros("0"))
    >>> late = schedule.build(debt, Kind.PROMISE, [date(2027, 1, 1)])
    >>> value_of(debt, late, Decimal(10)).npv
    Money(currency='EUR', amount=Decimal('1000.00'))
    """
    with localcontext() as context:
        context.prec = 28
        yearly = 1 + percent / 100
        worth = sum(
            (
                each.amount.amount / yearly ** (Decimal((each.due - debt.as_of).days) / 365)
                for each in proposal.instalments
            ),
            Decimal(0),
        )
    npv = Money(debt.currency, worth).rounded()
    return Value(npv=npv, waived=proposal.waived.total, waiting=proposal.total - npv, cost=debt.covered - npv)
