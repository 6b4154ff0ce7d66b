"""Why a payment is not exactly what was invoiced: a closed list of explanations, each with its arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from typing import NamedTuple

from cobranza.kernel.spanish import write_amount
from cobranza.reconciliation.hundredths import percent, rounded, written
from cobranza.reconciliation.policy import Policy
from cobranza.regimes.payments import Base, PaymentRegime, regime

# Log-odds that an explanation, found for the right document, is the true reading rather than chance.
WEIGHTS = {
    "equal": 6.0,
    "rounding": 4.5,
    "withholding": 4.5,
    "deposit": 4.5,
    "discount": 3.5,
    "fx": 4.0,
    "fee": 2.0,
    "partial": -0.5,
    "over": -0.5,
}


class Owed(NamedTuple):
    """What one document, or several taken together, say.

    Attributes:
        open: Free to apply, hundredths.
        net: Taxable base of the whole document.
        tax: Its taxes.
        gross: Its total.
        due: Last due day (ordinal).
    """

    open: int
    net: int
    tax: int
    gross: int
    due: int

    @property
    def untouched(self) -> bool:
        """Nothing has been applied to it yet."""
        return self.open == self.gross


class Reading(NamedTuple):
    """One explanation of an amount.

    Attributes:
        rule: "equal", "rounding", "withholding", "deposit", "discount", "fee", "partial", "over", "fx", "charge".
        applied: Of the open balance that it settles.
        withheld: See `records.Line`.
        fee: See `records.Line`.
        discount: See `records.Line`.
        weight: Log-odds.
        told: Gives the arithmetic in words, Spanish; most readings lose and are never told.
        cap: Most confidence that the explanation deserves, however sure the document.
    """

    rule: str
    applied: int
    weight: float
    told: Callable[[], str]
    withheld: int = 0
    fee: int = 0
    discount: int = 0
    cap: float = 1.0

    @property
    def arithmetic(self) -> str:
        """The arithmetic in words, Spanish."""
        return self.told()


def explain(
    owed: Owed, cash: int, country: str, day: int, hints: frozenset[str], policy: Policy, *, loose: bool = True
) -> list[Reading]:
    """Every explanation of `cash` (positive hundredths, same currency) against what is owed; best first.

    Args:
        owed: One document or the sum of several.
        cash: What arrived.
        country: Of the customer: says what may be withheld.
        day: Booking day, ordinal.
        hints: Kinds that the text announces ("withholding", "discount", "partial", "deposit").
        policy: The company's tolerances.
        loose: Also offer partial payments and overpayments, which any amount fits.
    """
    rules = regime(country)
    missing = owed.open - cash
    if missing == 0:
        return [
            Reading(
                rule="equal",
                applied=cash,
                weight=WEIGHTS["equal"],
                told=lambda: f"{written(owed.open)} = {written(cash)}",
            )
        ]
    found: list[Reading] = []
    if abs(missing) <= rules.rounding and abs(missing) * 20 <= owed.open:
        found.append(_rounding(owed, missing, cash, rules))
    if missing > 0:
        if owed.open == owed.gross:
            found += _withholdings(owed, missing, cash, rules, day, hints)
            found += _deposits(owed, missing, cash, rules, hints)
            found += _discounts(owed, missing, cash, day, hints, policy)
        found += _fees(owed, missing, cash, rules, policy)
        if loose:
            found.append(_partial(owed, cash, hints))
    elif loose:
        found.append(_over(owed, cash, hints))
    found.sort(key=lambda reading: (-reading.weight, reading.rule))
    return found


def most_kept_back(owed: Owed, rules: PaymentRegime, day: int, policy: Policy) -> int:
    """More than this is never withheld, deducted, deposited or charged of one document."""
    (parts, over), _, largest_discount = policy.tolerances
    least = max(min(rules.fee_cap, owed.open * parts // over + 1), rules.rounding)
    if owed.open != owed.gross:
        return least
    on_net, on_tax, on_gross = _largest_shares(rules.country, day, largest_discount)
    kept = owed.net * on_net + owed.tax * on_tax + owed.gross * on_gross
    return max(least, math.ceil(kept) + 4 * rules.unit + 4)


@lru_cache(maxsize=4096)
def _largest_shares(country: str, day: int, discount: float) -> tuple[float, float, float]:
    """Of a document's base, taxes and total: the most that a chain of rates, a deposit or a discount takes."""
    deposit = regime(country).deposit
    chains = _chains(country, day)
    on_net = max([chain.net / chain.over for chain in chains], default=0.0)
    on_tax = max([chain.tax / chain.over for chain in chains], default=0.0)
    on_gross = max(
        [chain.gross / chain.over for chain in chains]
        + [float(rate) for rate in (deposit.rates if deposit else ())]
        + [discount]
    )
    return on_net, on_tax, on_gross


def _rounding(owed: Owed, missing: int, cash: int, rules: PaymentRegime) -> Reading:
    weight = WEIGHTS["rounding"] - 1.5 * abs(missing) / max(1, rules.rounding)
    sign = "−" if missing > 0 else "+"
    return Reading(
        rule="rounding",
        applied=owed.open,
        fee=missing,
        weight=weight,
        told=lambda: f"{written(owed.open)} {sign} {written(abs(missing))} de redondeo = {written(cash)}",
    )


@dataclass(frozen=True, slots=True)
class _Chain:
    """Rates withheld together, as whole numbers over one denominator."""

    names: str
    bases: tuple[Base, ...]
    net: int
    tax: int
    gross: int
    over: int


@lru_cache(maxsize=4096)
def _chains(country: str, day: int) -> tuple[_Chain, ...]:
    """The chains of a day; days with the same rates in force share theirs."""
    on = date.fromordinal(day)
    alive = tuple(rate.in_force(on) for rate in regime(country).withholdings)
    held = _SAME_RATES.get((country, alive))
    if held is None:
        held = _SAME_RATES[country, alive] = _chains_on(country, on)
    return held


_SAME_RATES: dict[tuple[str, tuple[bool, ...]], tuple[_Chain, ...]] = {}


def _chains_on(country: str, day: date) -> tuple[_Chain, ...]:
    result = []
    for chain in regime(country).combinations(day):
        over = math.lcm(*(rate.rate.denominator for rate in chain))
        shares: dict[Base, int] = {"net": 0, "tax": 0, "gross": 0}
        for rate in chain:
            shares[rate.base] += rate.rate.numerator * (over // rate.rate.denominator)
        bases = tuple(dict.fromkeys(rate.base for rate in chain))
        names = " + ".join(rate.name for rate in chain)
        result.append(_Chain(names, bases, shares["net"], shares["tax"], shares["gross"], over))
    return tuple(result)


@lru_cache(maxsize=4096)
def _tried(country: str, unit: int, day: int) -> tuple[tuple[int, int, int, int, int, _Chain], ...]:
    """The chains of a day as plain numbers, with twice what rounding may put a sum off by."""
    return tuple(
        (one.over, one.net, one.tax, one.gross, one.over * (unit * (1 + len(one.bases)) + 2), one)
        for one in _chains(country, day)
    )


def _withholdings(
    owed: Owed, missing: int, cash: int, rules: PaymentRegime, day: int, hints: frozenset[str]
) -> list[Reading]:
    net, tax, gross = owed.net, owed.tax, owed.gross
    for over, of_net, of_tax, of_gross, slack, chain in _tried(rules.country, rules.unit, day):
        off = abs(missing * over - (net * of_net + tax * of_tax + gross * of_gross))
        if 2 * off > slack:
            continue
        return [
            Reading(
                rule="withholding",
                applied=owed.open,
                withheld=missing,
                weight=WEIGHTS["withholding"]
                + (1.5 if "withholding" in hints else 0.0)
                - 0.3 * (chain.names.count(" + "))
                - 2.0 * off / over / max(2, rules.unit),
                told=partial(_told_withholding, owed, missing, cash, chain),
            )
        ]
    return []


def _told_withholding(owed: Owed, missing: int, cash: int, chain: _Chain) -> str:
    amounts = {"net": owed.net, "tax": owed.tax, "gross": owed.gross}
    bases = " y ".join(written(amounts[base]) for base in chain.bases)
    return f"{written(owed.open)} − {written(missing)} ({chain.names} s/ {bases}) = {written(cash)}"


def _deposits(owed: Owed, missing: int, cash: int, rules: PaymentRegime, hints: frozenset[str]) -> list[Reading]:
    if rules.deposit is None:
        return []
    found = []
    for rate in rules.deposit.rates:
        part = rounded(owed.gross * rate.numerator, rate.denominator, rules.deposit.unit)
        if part == missing and "deposit" not in hints:
            found.append(
                Reading(
                    rule="deposit",
                    applied=cash,
                    weight=WEIGHTS["deposit"],
                    told=partial(
                        str,
                        f"{written(owed.gross)} − {written(part)} "
                        f"({rules.deposit.name.lower()} {percent(rate)}, llega aparte) = {written(cash)}",
                    ),
                )
            )
        elif part == cash and "deposit" in hints:
            found.append(
                Reading(
                    rule="deposit",
                    applied=cash,
                    weight=WEIGHTS["deposit"] + 1.5,
                    told=partial(
                        str, f"{rules.deposit.name} {percent(rate)} s/ {written(owed.gross)} = {written(cash)}"
                    ),
                )
            )
    return sorted(found, key=lambda reading: reading.arithmetic)


def _discounts(owed: Owed, missing: int, cash: int, day: int, hints: frozenset[str], policy: Policy) -> list[Reading]:
    if day > owed.due + policy.descuento_gracia_dias:
        return []
    for parts, over in policy.tolerances.discounts:
        for base, name in ((owed.gross, ""), (owed.net, " s/ base")):
            if base > 0 and abs(missing * over - base * parts) <= over:
                return [
                    Reading(
                        rule="discount",
                        applied=owed.open,
                        discount=missing,
                        weight=WEIGHTS["discount"] + (2.0 if "discount" in hints else 0.0),
                        told=partial(_told_discount, owed, missing, cash, Fraction(parts, over), name),
                    )
                ]
    return []


def _told_discount(owed: Owed, missing: int, cash: int, rate: Fraction, name: str) -> str:
    return f"{written(owed.open)} − {percent(rate)} pronto pago{name} ({written(missing)}) = {written(cash)}"


def _fees(owed: Owed, missing: int, cash: int, rules: PaymentRegime, policy: Policy) -> list[Reading]:
    parts, over = policy.tolerances.fee
    if missing > rules.fee_cap or missing * over > owed.open * parts + over:
        return []
    weight = WEIGHTS["fee"] - 2.0 * missing / max(1, owed.open) / float(policy.comision_parte or 1)
    weight += 1.0 if missing % 50 == 0 else 0.5 if missing % 10 == 0 else -0.5  # tariffs are round amounts
    return [
        Reading(
            rule="fee",
            applied=owed.open,
            fee=missing,
            weight=weight,
            told=lambda: f"{written(owed.open)} − {written(missing)} de gastos bancarios = {written(cash)}",
        )
    ]


def _partial(owed: Owed, cash: int, hints: frozenset[str]) -> Reading:
    weight = WEIGHTS["partial"] + (2.5 if "partial" in hints else 0.0)
    even = next((parts for parts in (2, 3, 4) if abs(cash * parts - owed.gross) <= parts), 0)
    if even:
        weight += 3.0
    elif cash % 1000 == 0:
        weight += 0.5
    share = {2: " (la mitad)", 3: " (un tercio)", 4: " (un cuarto)"}.get(even, "")
    return Reading(
        rule="partial",
        applied=cash,
        weight=weight,
        cap=0.97 if "partial" not in hints and not even else 1.0,
        told=lambda: f"{written(cash)} a cuenta de {written(owed.open)}{share}; quedan {written(owed.open - cash)}",
    )


def _over(owed: Owed, cash: int, hints: frozenset[str]) -> Reading:
    extra = cash - owed.open
    even = cash % 1000 == 0 or extra % 100 == 0
    weight = WEIGHTS["over"] + (1.5 if even else 0.0)
    large = extra * 4 > owed.open or "others" in hints  # more likely other documents that the text does not show
    if large:
        weight -= 2.0
    return Reading(
        rule="over",
        applied=owed.open,
        weight=weight,
        cap=0.98 if not large else 0.6 if even and "others" not in hints else 0.45,
        told=lambda: f"{written(cash)} − {written(owed.open)} = {written(extra)} de más, a favor del cliente",
    )


def explain_fx(
    owed: int, owed_currency: str, cash: int, currency: str, rate: Fraction, policy: Policy
) -> Reading | None:
    """A document in another currency: is the rate that the payment implies near the day's reference rate?

    Args:
        owed: Open hundredths of the document.
        owed_currency: Its currency.
        cash: What arrived.
        currency: The payment's currency.
        rate: Units of `currency` for one of `owed_currency` on the day.
        policy: Gives the band.
    """
    if owed <= 0 or rate <= 0:
        return None
    expected = owed * rate
    off = abs(cash - expected) / expected
    if off > Fraction(policy.banda_cambio):
        return None
    implied = Fraction(cash, owed)
    return Reading(
        rule="fx",
        applied=owed,
        weight=WEIGHTS["fx"] - 100 * float(off),
        told=lambda: (
            f"{written(owed)} {owed_currency} × {write_amount(Decimal(implied.numerator) / implied.denominator, 5)} = "
            f"{written(cash)} {currency} (cambio del día "
            f"{write_amount(Decimal(rate.numerator) / rate.denominator, 5)}, "
            f"diferencia {write_amount(Decimal(off.numerator) / off.denominator * 100)} %)"
        ),
    )


def explain_charge(owed: Owed, cash: int, charge: int, country: str) -> Reading | None:
    """A returned document paid again together with what the return cost.

    Args:
        owed: The document.
        cash: What arrived.
        charge: What the bank charged for the return, 0 when the return came without a charge.
        country: Of the customer: says what a creditor may ask for a return at most.
    """
    extra = cash - owed.open
    rules = regime(country)
    known = extra == charge
    if not 0 < extra <= (charge if known else rules.return_charge):
        return None
    return Reading(
        rule="charge",
        applied=owed.open,
        fee=-extra,
        weight=5.5 if known else 4.0 if is_tariff(extra, rules) else 0.0,
        told=lambda: f"{written(owed.open)} + {written(extra)} de gastos de devolución = {written(cash)}",
    )


def is_tariff(charge: int, rules: PaymentRegime) -> bool:
    """Whether a bank would charge so much: a multiple of half a unit, with or without value added tax.

    >>> is_tariff(605, regime("ES")), is_tariff(350, regime("ES")), is_tariff(119, regime("ES"))
    (True, True, False)
    """
    if charge % 50 == 0:
        return True
    share = 1 + rules.vat
    before = round(charge / share / 50) * 50
    return bool(rules.vat) and abs(before * share - charge) <= 1
