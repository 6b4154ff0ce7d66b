"""The approval matrix: who may agree to a proposal. Within the unattended level nobody; one cent over it, a person.

Levels are asked in order, the unattended one first; the first whose every limit holds decides. What no level allows is
refused. Approving is all that is automatic: refusing a plan that somebody asked for always passes a person
(`Approval.state` is then "person" with the highest role), because of article 22 GDPR.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cobranza.agreements.terms import AgreementError, Debt, Proposal, Risk, percent_of
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_money

UNATTENDED = "automatico"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What one role may agree to.

    Attributes:
        role: "automatico" for nobody at all, else a role of the house.
        amount: Largest covered debt by currency; a currency that is not named may not be agreed at this level.
        discount: Most that may be waived, per cent of the covered debt.
        principal_discount: Most of the principal, per cent of the covered principal.
        days: Most days until the last payment.
        instalments: Most payments.
        first: Least first payment of a plan, per cent of what is paid.
        risks: Bands that it may agree with.
        broken: Most broken agreements.
        second_over: Amount by currency above which a second person of this role has to agree.
    """

    role: str
    amount: Mapping[str, Decimal]
    discount: Decimal
    principal_discount: Decimal
    days: int
    instalments: int
    first: Decimal
    risks: frozenset[Risk]
    broken: int
    second_over: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Attributes:
    state: "approved" (nobody needed), "person".
    role: Who approves; "" when nobody is needed.
    people: How many different persons.
    beyond: Not even the highest level covers it; a person may only refuse or change it.
    reasons: Spanish: the limits of the unattended level (or of the last one, when beyond) that it passes.
    """

    state: Literal["approved", "person"]
    role: str
    people: int
    beyond: bool
    reasons: tuple[str, ...]


def approve(debt: Debt, proposal: Proposal, levels: Sequence[Level]) -> Approval:
    """Who has to agree to `proposal`.

    Raises:
        AgreementError: there is no level, or the first is not the unattended one.
    """
    if not levels or levels[0].role != UNATTENDED:
        raise AgreementError("La matriz de aprobación no empieza por el nivel «automatico».")
    passed = passes(debt, proposal, levels[0])
    if not passed:
        return Approval(state="approved", role="", people=0, beyond=False, reasons=())
    last = passed
    for level in levels[1:]:
        last = passes(debt, proposal, level)
        if not last:
            over = level.second_over.get(debt.currency)
            people = 2 if over is not None and debt.covered.amount > over else 1
            return Approval(state="person", role=level.role, people=people, beyond=False, reasons=passed)
    return Approval(state="person", role=levels[-1].role, people=1, beyond=True, reasons=last)


def passes(debt: Debt, proposal: Proposal, level: Level) -> tuple[str, ...]:
    """The limits of `level` that the proposal passes, in Spanish; empty when it stays within all."""
    told: list[str] = []
    limit = level.amount.get(debt.currency)
    if limit is None:
        told.append(f"no hay límite en {debt.currency} para este nivel")
    elif debt.covered.amount > limit:
        told.append(f"deuda de {write_money(debt.covered)}, límite {write_money(Money(debt.currency, limit))}")
    discount = percent_of(proposal.waived.total, debt.covered)
    if discount > level.discount:
        told.append(f"quita del {_percent(discount)} %, límite {_percent(level.discount)} %")
    principal = percent_of(proposal.waived.principal, debt.principal - debt.disputed)
    if principal > level.principal_discount:
        told.append(f"quita de principal del {_percent(principal)} %, límite {_percent(level.principal_discount)} %")
    days = (proposal.last_day - debt.as_of).days
    if days > level.days:
        told.append(f"último pago a {days} días, límite {level.days}")
    count = len(proposal.instalments)
    if count > level.instalments:
        told.append(f"{count} pagos, límite {level.instalments}")
    share = percent_of(proposal.first.amount, proposal.total)
    if count > 1 and share < level.first:
        told.append(f"primer pago del {_percent(share)} %, mínimo {_percent(level.first)} %")
    if debt.risk not in level.risks:
        told.append(f"riesgo {debt.risk}")
    if debt.broken > level.broken:
        told.append(f"{debt.broken} acuerdos incumplidos, límite {level.broken}")
    return tuple(told)


def _percent(value: Decimal) -> str:
    """With as many decimals as tell it apart from a limit of two."""
    return write_amount(value, 2 if value == round(value, 2) else 4)
