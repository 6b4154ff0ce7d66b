"""Interest that a debt has earned, line by line: pure arithmetic over dated rates.

Days: both ends count. The first day is the one after the event that starts it (due day, demand, ruling); a day of
payment still bears interest on what it pays. Amounts are exact until a line is finished and rounded once there, half
up, so that the lines shown add up to the total. A line has one rate, one principal and one base of the year.

A period worked out in two parts differs by roundings alone: one line is cut in two, so by a cent and a half at most.
With an effective rate the parts also lack what the one earns on the other (principal x a x b), always in the debtor's
favour: nothing compounds from line to line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.legal.arithmetic import Base, by_base, earned, exactly, half_up, is_precise
from cobranza.regimes.interest import DAY, Agreement, Debtor, Imputation, Method, RateBook, Regime, Stretch
from cobranza.regimes.interest_errors import UnverifiedRateError

_YEARS = (1900, 2200)


class ConsumerError(BusinessError):
    """A regime between businesses, asked for a consumer's debt."""

    code = "COB-LEG-001"
    remedy = "Elija un régimen que valga para consumidores; los hay en «cobranza legal rates»."


class ClaimDataError(BusinessError):
    """Figures or days of a claim that contradict each other."""

    code = "COB-LEG-002"
    remedy = "Corrija las fechas y los importes de la reclamación y repita el cálculo."


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What the debtor paid on account.

    Attributes:
        on: Day of payment; that day still bears interest on it.
        money: Positive.
        reference: Where it can be found, may be empty.
    """

    on: date
    money: Money
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table.

    Attributes:
        first: First day.
        last: Last day, counted.
        principal: What bears interest.
        percent: Per cent a year.
        base: Days of the year that it is divided by, 365 or 366.
        method: See `Regime.method`.
        money: Interest, rounded half up to the currency's own precision.
        sources: Where the rate comes from.
        verified_on: Oldest verification of those; None when one of them has none.
    """

    first: date
    last: date
    principal: Money
    percent: Decimal
    base: int
    method: Method
    money: Money
    sources: tuple[str, ...]
    verified_on: date | None

    @property
    def days(self) -> int:
        """Days that bear interest, both ends counted."""
        return (self.last - self.first).days + 1

    def again(self) -> Money:
        """The interest worked out anew from what the line shows."""
        return earned(self.principal, self.percent, self.days, self.base, self.method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imputed:
    """How the payments of one day were used.

    Attributes:
        on: Day of payment.
        money: What was paid.
        to_interest: Part that covered interest earned until then.
        to_principal: Part that covered principal.
        unapplied: What was left over: nothing was owed any more.
        principal_left: Principal from the next day on.
        interest_left: Interest earned and unpaid.
    """

    on: date
    money: Money
    to_interest: Money
    to_principal: Money
    unapplied: Money
    principal_left: Money
    interest_left: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Interest of one debt over one period.

    Attributes:
        regime: What was applied.
        first: First day that bears interest.
        last: Last one.
        base: How years are divided.
        imputation: What payments covered first.
        principal: Debt before any payment.
        lines: In order of time; their sum is `total`.
        payments: Oldest first, one entry per day.
    """

    regime: Regime
    first: date
    last: date
    base: Base
    imputation: Imputation
    principal: Money
    lines: tuple[Line, ...]
    payments: tuple[Imputed, ...]

    @property
    def total(self) -> Money:
        """Interest earned: the sum of the lines."""
        return Money.total(self.principal.currency, (line.money for line in self.lines))

    @property
    def rounded_once(self) -> Money:
        """What the lines would add up to without their own roundings: for whoever checks the total another way."""
        exact = (exactly(each.principal, each.percent, each.days, each.base, each.method) for each in self.lines)
        return half_up(sum(exact, Fraction(0)), self.principal.currency)

    @property
    def interest_paid(self) -> Money:
        """Interest that payments have covered."""
        return Money.total(self.principal.currency, (each.to_interest for each in self.payments))

    @property
    def interest_left(self) -> Money:
        """Interest that is still owed."""
        return self.total - self.interest_paid

    @property
    def principal_left(self) -> Money:
        """Principal that is still owed."""
        paid = Money.total(self.principal.currency, (each.to_principal for each in self.payments))
        return self.principal - paid

    @property
    def unapplied(self) -> Money:
        """What was paid beyond the debt."""
        return Money.total(self.principal.currency, (each.unapplied for each in self.payments))

    @property
    def unverified(self) -> tuple[Line, ...]:
        """Lines whose rate nobody has read in its source."""
        return tuple(line for line in self.lines if line.verified_on is None)

    def require_verified(self) -> None:
        """Refuse rates that nobody has read in their source.

        Raises:
            UnverifiedRateError: the days and the figure.
        """
        if self.unverified:
            told = "; ".join(
                f"{write_percent(line.percent)} % del {write_day(line.first)} al {write_day(line.last)}"
                for line in self.unverified
            )
            raise UnverifiedRateError(f"Tipos sin verificar de «{self.regime.name}» ({self.regime.slug}): {told}.")


def calculate(
    book: RateBook,
    slug: str,
    principal: Money,
    first: date,
    last: date,
    *,
    base: Base = "365",
    payments: Iterable[Payment] = (),
    imputation: Imputation | None = None,
    debtor: Debtor = "business",
    agreed: Agreement | None = None,
) -> Statement:
    """Interest that `principal` earns from `first` to `last`, both counted.

    Args:
        book: Rates.
        slug: Regime, "es-ley3-2004".
        principal: Positive, in the currency's own precision.
        first: First day that bears interest: the one after the due day.
        last: Last day that bears interest.
        base: "365" divides every year by 365; "actual" divides leap years by 366.
        payments: In any order; those before `first` lower the principal from the start.
        imputation: What they cover first; None does as the regime says.
        debtor: A consumer never bears a regime between businesses.
        agreed: A contract's rate, which goes before the law's.

    Raises:
        UnknownRegimeError: no such regime.
        MissingRateError: days without a rate while principal is owed.
        ConsumerError: the regime is not for consumers.
        ClaimDataError: days or amounts that contradict each other.

    >>> from cobranza.regimes.interest import book
    >>> debt = Money("EUR", Decimal("5000.00"))
    >>> calculate(book(), "es-lec576", debt, date(2024, 2, 1), date(2025, 1, 31)).total
    Money(currency='EUR', amount=Decimal('263.22'))
    """
    regime = book.regime(slug)
    if debtor == "consumer" and regime.parties == "business":
        instead = f"Use «{regime.instead}»." if regime.instead else ConsumerError.remedy
        raise ConsumerError(f"«{regime.name}» ({slug}) no se aplica a consumidores.", remedy=instead)
    _check(principal, first, last, agreed)
    paid = _by_day(payments, principal, last)
    walk = _Walk(principal=principal, order=imputation or regime.imputation)
    start = first
    for day in sorted(paid):
        if day >= start and walk.principal:
            stretches = book.stretches(slug, start, day, agreed=agreed)
            walk.earn(lines(stretches, walk.principal, regime.method, base))
        start = max(start, day + DAY)
        walk.pay(day, paid[day])
    if start <= last and walk.principal:
        stretches = book.stretches(slug, start, last, agreed=agreed)
        walk.earn(lines(stretches, walk.principal, regime.method, base))
    return Statement(
        regime=regime,
        first=first,
        last=last,
        base=base,
        imputation=walk.order,
        principal=principal,
        lines=tuple(walk.lines),
        payments=tuple(walk.payments),
    )


def lines(stretches: Iterable[Stretch], principal: Money, method: Method, base: Base) -> Iterator[Line]:
    """A line per stretch, cut at the turn of the year where its base changes."""
    for stretch in stretches:
        for first, last, days in by_base(stretch.first, stretch.last, base):
            yield Line(
                first=first,
                last=last,
                principal=principal,
                percent=stretch.percent,
                base=days,
                method=method,
                money=earned(principal, stretch.percent, (last - first).days + 1, days, method),
                sources=stretch.sources,
                verified_on=stretch.verified_on,
            )


def read_percent(text: str) -> Decimal:
    """A rate as a person writes it, per cent a year: point or comma, never thousands.

    Raises:
        ClaimDataError: it is none.

    >>> read_percent("7,125") == read_percent("7.125 %") == Decimal("7.125")
    True
    """
    bare = text.strip().removesuffix("%").strip()
    if not re.fullmatch(r"\d{1,3}(?:[.,]\d{1,8})?", bare, re.ASCII):
        raise ClaimDataError(f"«{text}» no es un tanto por ciento anual.", remedy="Escríbalo como 7,25 o 7.25.")
    return Decimal(bare.replace(",", "."))


def write_percent(value: Decimal) -> str:
    """A rate the Spanish way: at least two decimals, and all that there are.

    >>> write_percent(Decimal("12.5")), write_percent(Decimal("7.125"))
    ('12,50', '7,125')
    """
    return write_amount(value, max(2, -int(value.normalize().as_tuple().exponent)))


def first_bearing_day(
    regime: Regime, *, due: date, demanded: date | None = None, ruled: date | None = None
) -> date | None:
    """The first day that bears interest under `regime`; None while the event that starts it has not happened.

    The day of the event itself is not counted (in Spain CC art. 5.1).

    Args:
        regime: Says which event starts it.
        due: Last day to pay on time.
        demanded: Day on which the debtor was asked to pay; a demand before the due day waits for it.
        ruled: Day of the ruling.
    """
    if regime.start == "after_due":
        return due + DAY
    if regime.start == "after_demand":
        return None if demanded is None else max(due, demanded) + DAY
    return None if ruled is None else ruled + DAY


class _Walk:
    """Principal and interest as the days go by."""

    def __init__(self, *, principal: Money, order: Imputation) -> None:
        self.principal = principal
        self.interest = Money(principal.currency, Decimal(0))
        self.order = order
        self.lines: list[Line] = []
        self.payments: list[Imputed] = []

    def earn(self, new: Iterable[Line]) -> None:
        for line in new:
            self.lines.append(line)
            self.interest = self.interest + line.money

    def pay(self, day: date, money: Money) -> None:
        if self.order == "interest_first":
            to_interest = min(money, self.interest)
            to_principal = min(money - to_interest, self.principal)
        else:
            to_principal = min(money, self.principal)
            to_interest = min(money - to_principal, self.interest)
        self.principal = self.principal - to_principal
        self.interest = self.interest - to_interest
        self.payments.append(
            Imputed(
                on=day,
                money=money,
                to_interest=to_interest,
                to_principal=to_principal,
                unapplied=money - to_interest - to_principal,
                principal_left=self.principal,
                interest_left=self.interest,
            )
        )


def _by_day(payments: Iterable[Payment], principal: Money, last: date) -> dict[date, Money]:
    found: dict[date, Money] = {}
    for payment in payments:
        require_plausible(payment.on, "El día de un pago")
        told = f"El pago del {write_day(payment.on)} ({write_amount(payment.money.amount)} {payment.money.currency})"
        if payment.money.currency != principal.currency:
            raise ClaimDataError(f"{told} no está en {principal.currency}, la moneda de la deuda.")
        if payment.money.amount <= 0 or not is_precise(payment.money):
            raise ClaimDataError(f"{told} no es un importe positivo de esa moneda.")
        if payment.on > last:
            raise ClaimDataError(
                f"{told} es posterior al último día, {write_day(last)}.",
                remedy="Calcule hasta el día del pago o después, o quítelo.",
            )
        found[payment.on] = found[payment.on] + payment.money if payment.on in found else payment.money
    return found


def require_plausible(day: date, what: str) -> None:
    """Refuse a day that can only be a slip of the pen.

    Raises:
        ClaimDataError: `what` (Spanish, with its article) and the day.
    """
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise ClaimDataError(f"{what} ({write_day(day)}) no está entre {_YEARS[0]} y {_YEARS[1]}.")


def _check(principal: Money, first: date, last: date, agreed: Agreement | None) -> None:
    require_plausible(first, "El primer día")
    require_plausible(last, "El último día")
    if first > last:
        raise ClaimDataError(f"El primer día ({write_day(first)}) es posterior al último ({write_day(last)}).")
    if principal.amount <= 0 or not is_precise(principal):
        raise ClaimDataError(f"{principal.amount} {principal.currency} no es un principal positivo de esa moneda.")
    if agreed is not None and not (agreed.percent.is_finite() and 0 <= agreed.percent <= 1000):
        raise ClaimDataError(f"{agreed.percent} no es un tanto por ciento anual.")
    if agreed is not None and not agreed.source.strip():
        raise ClaimDataError("El tipo pactado no dice en qué documento consta.")
