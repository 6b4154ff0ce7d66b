"""What holds for every debt, period and set of payments."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cobranza.kernel.money import Money
from cobranza.legal.arithmetic import Base
from cobranza.legal.interest import Payment, Statement, calculate
from cobranza.regimes.interest import DAY, Imputation, book

ZERO = Decimal(0)
CENT = Decimal("0.01")
SIMPLE = st.sampled_from(["es-ley3-2004", "es-legal", "es-lec576"])
BASES = st.sampled_from(["365", "actual"])
ORDERS = st.sampled_from(["interest_first", "principal_first"])
CENTS = st.integers(min_value=1, max_value=50_000_000).map(lambda cents: Money("EUR", Decimal(cents) * CENT))
DAYS = st.integers(min_value=0, max_value=1500).map(lambda ago: date(2026, 6, 30) - timedelta(days=ago))
PERIODS = st.tuples(DAYS, DAYS).map(sorted)


@st.composite
def debts(draw: st.DrawFn) -> tuple[Money, date, date, list[Payment]]:
    first, last = draw(PERIODS)
    principal = draw(CENTS)
    length = (last - first).days
    payments = [
        Payment(
            on=first + timedelta(days=draw(st.integers(min_value=-40, max_value=length))),
            money=Money("EUR", (draw(CENTS).amount % (principal.amount + 5)) + CENT),
        )
        for _ in range(draw(st.integers(min_value=0, max_value=5)))
    ]
    return principal, first, last, payments


def run(slug: str, debt: tuple[Money, date, date, list[Payment]], base: Base, order: Imputation) -> Statement:
    principal, first, last, payments = debt
    return calculate(book(), slug, principal, first, last, payments=payments, base=base, imputation=order)


@settings(max_examples=150, deadline=None)
@given(SIMPLE, debts(), BASES, ORDERS)
def test_the_sheet_foots_and_every_line_can_be_worked_out_again(
    slug: str, debt: tuple[Money, date, date, list[Payment]], base: Base, order: Imputation
) -> None:
    found = run(slug, debt, base, order)
    assert found.total.amount == sum((line.money.amount for line in found.lines), ZERO)
    assert all(line.again() == line.money for line in found.lines)
    paid = sum((payment.money.amount for payment in debt[3]), ZERO)
    used = found.interest_paid.amount + (debt[0] - found.principal_left).amount + found.unapplied.amount
    assert used == paid
    assert abs(found.total.amount - found.rounded_once.amount) <= CENT / 2 * (len(found.lines) + 1)


@settings(max_examples=150, deadline=None)
@given(SIMPLE, debts(), BASES, ORDERS)
def test_payments_never_make_anything_negative_nor_earn_more(
    slug: str, debt: tuple[Money, date, date, list[Payment]], base: Base, order: Imputation
) -> None:
    found = run(slug, debt, base, order)
    for left in (found.principal_left, found.interest_left, found.unapplied):
        assert left.amount >= 0
    for use in found.payments:
        parts = (use.to_interest, use.to_principal, use.unapplied)
        assert all(part.amount >= 0 for part in parts)
        assert sum((part.amount for part in parts), ZERO) == use.money.amount
        if use.unapplied:
            assert not use.principal_left
            assert not use.interest_left
    without = calculate(book(), slug, debt[0], debt[1], debt[2], base=base)
    assert found.total.amount <= without.total.amount + CENT / 2 * (len(found.lines) + len(without.lines))


@settings(max_examples=100, deadline=None)
@given(SIMPLE, debts(), BASES, ORDERS, st.randoms(use_true_random=False))
def test_the_order_in_which_payments_are_given_is_irrelevant(
    slug: str, debt: tuple[Money, date, date, list[Payment]], base: Base, order: Imputation, chance: object
) -> None:
    shuffled = list(debt[3])
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert run(slug, debt, base, order) == run(slug, (*debt[:3], shuffled), base, order)


@settings(max_examples=150, deadline=None)
@given(SIMPLE, CENTS, PERIODS, BASES, st.integers(min_value=0, max_value=1500))
def test_splitting_a_period_changes_no_more_than_the_roundings(
    slug: str, principal: Money, period: list[date], base: Base, cut: int
) -> None:
    first, last = period
    middle = first + timedelta(days=cut % ((last - first).days + 1))
    assume(first <= middle < last)
    whole = calculate(book(), slug, principal, first, last, base=base)
    halves = [
        calculate(book(), slug, principal, first, middle, base=base),
        calculate(book(), slug, principal, middle + DAY, last, base=base),
    ]
    together = halves[0].total + halves[1].total
    # At most one line is cut in two: three roundings of half a cent.
    assert abs((whole.total - together).amount) <= CENT * 3 / 2


@settings(max_examples=100, deadline=None)
@given(SIMPLE, CENTS, PERIODS, BASES, CENTS, st.integers(min_value=1, max_value=400))
def test_more_principal_or_more_days_never_earn_less(
    slug: str, principal: Money, period: list[date], base: Base, more: Money, days: int
) -> None:
    first, last = period
    found = calculate(book(), slug, principal, first, last, base=base)
    larger = calculate(book(), slug, principal + more, first, last, base=base)
    assert larger.total.amount >= found.total.amount
    longer = calculate(book(), slug, principal, first, min(last + timedelta(days=days), date(2026, 6, 30)), base=base)
    assert longer.total.amount >= found.total.amount
    assert found.total.amount >= 0


@settings(max_examples=100, deadline=None)
@given(SIMPLE, CENTS, PERIODS, BASES)
def test_lines_follow_each_other_without_hole_or_overlap(
    slug: str, principal: Money, period: list[date], base: Base
) -> None:
    first, last = period
    lines = calculate(book(), slug, principal, first, last, base=base).lines
    assert lines[0].first == first
    assert lines[-1].last == last
    assert all(after.first == before.last + DAY for before, after in pairwise(lines))
    assert sum(line.days for line in lines) == (last - first).days + 1


@settings(max_examples=100, deadline=None)
@given(
    st.integers(min_value=1, max_value=10**10).map(lambda cents: Money("COP", Decimal(cents) * CENT)),
    st.integers(min_value=1, max_value=30),
)
def test_cutting_an_effective_month_loses_what_one_part_earns_on_the_other(principal: Money, cut: int) -> None:
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    middle = first + timedelta(days=cut - 1)
    whole = calculate(book(), "co-ibc", principal, first, last).total
    before = calculate(book(), "co-ibc", principal, first, middle).total
    after = calculate(book(), "co-ibc", principal, middle + DAY, last).total
    # (1 + a)(1 + b) - 1 = a + b + ab: the parts add up to the whole less P x a x b, and three roundings.
    lost = Fraction(before.amount) * Fraction(after.amount) / Fraction(principal.amount)
    gap = Fraction(whole.amount) - Fraction(before.amount) - Fraction(after.amount) - lost
    assert abs(gap) <= Fraction(3, 200) + Fraction(1, 100)
