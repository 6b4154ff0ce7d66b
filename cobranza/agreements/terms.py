"""What an agreement is about: the debt, a proposal and its dated payments. Plain data, exact to the minor unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money

DebtorType = Literal["consumer", "business"]
Risk = Literal["bajo", "medio", "alto"]


class AgreementError(BusinessError):
    """Figures or days of an agreement that contradict each other."""

    code = "COB-ACU-001"
    remedy = "Corrija los importes o las fechas del acuerdo."


class Kind(StrEnum):
    """The four ways of settling a debt; the values are stable in JSON."""

    FULL = "full"
    PART = "part"
    PROMISE = "promise"
    INSTALMENTS = "instalments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is owed, and by whom.

    Attributes:
        country: ISO 3166 alpha-2: whose working days.
        debtor: Consumer or business.
        as_of: Day of the figures.
        principal: Open, of all documents.
        interest: Late-payment interest earned until `as_of`.
        costs: Fixed compensation and other costs.
        disputed: Part of the principal that is in dispute: no agreement covers it.
        capacity: What the debtor can pay a month, None when unknown.
        pay_day: Day of the month on which the debtor is paid, 1 to 31; None when unknown.
        risk: Band of the score.
        broken: Agreements that this debtor has broken within the policy's memory.
    """

    country: str
    debtor: DebtorType
    as_of: date
    principal: Money
    interest: Money
    costs: Money
    disputed: Money
    capacity: Money | None = None
    pay_day: int | None = None
    risk: Risk = "medio"
    broken: int = 0

    def __post_init__(self) -> None:
        for name, money in (
            ("principal", self.principal),
            ("intereses", self.interest),
            ("gastos", self.costs),
            ("importe en disputa", self.disputed),
        ):
            if money.currency != self.currency:
                raise AgreementError(f"El {name} está en {money.currency} y el principal en {self.currency}.")
            if money.amount < 0 or money != money.rounded():
                raise AgreementError(f"El {name} ({money.amount}) es negativo o tiene más decimales que la moneda.")
        if self.capacity is not None and (self.capacity.currency != self.currency or self.capacity.amount < 0):
            raise AgreementError("La capacidad de pago es negativa o está en otra moneda.")
        if self.pay_day is not None and not 1 <= self.pay_day <= 31:
            raise AgreementError(f"El día de cobro {self.pay_day} no existe.")
        if self.principal < self.disputed:
            raise AgreementError("Se discute más que el principal.")
        if not self.covered.amount:
            raise AgreementError("No queda deuda sin discutir sobre la que acordar.")

    @property
    def currency(self) -> str:
        """Of every amount."""
        return self.principal.currency

    @property
    def covered(self) -> Money:
        """What an agreement settles: everything but the disputed principal."""
        return self.principal - self.disputed + self.interest + self.costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """One dated payment and what it pays: `deferral` is the interest that the plan itself bears."""

    due: date
    amount: Money
    principal: Money
    interest: Money
    costs: Money
    deferral: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """What the creditor gives up, by part of the debt."""

    interest: Money
    costs: Money
    principal: Money

    @property
    def total(self) -> Money:
        """All of it."""
        return self.interest + self.costs + self.principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A way to settle a debt.

    Attributes:
        kind: Of the four.
        instalments: In order of their days; they sum to the covered debt less what is waived, plus `deferral`.
        waived: Given up on the day the agreement is kept to the end.
        deferral: Interest of the plan itself, all instalments together.
    """

    kind: Kind
    instalments: tuple[Instalment, ...]
    waived: Waived
    deferral: Money

    @property
    def total(self) -> Money:
        """What the debtor pays."""
        return Money.total(self.deferral.currency, (each.amount for each in self.instalments))

    @property
    def first(self) -> Instalment:
        """The first payment."""
        return self.instalments[0]

    @property
    def last_day(self) -> date:
        """Day of the last payment."""
        return self.instalments[-1].due


def percent_of(part: Money, whole: Money) -> Decimal:
    """`part` in per cent of `whole`, 0 for a whole of nothing; exact enough to compare with a limit, never rounded."""
    return part.amount * 100 / whole.amount if whole.amount else Decimal(0)
