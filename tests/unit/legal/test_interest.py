"""Payments, first days, refusals: what the calculator does besides multiplying."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from cobranza.kernel.money import Money
from cobranza.legal.interest import ClaimDataError, ConsumerError, Payment, calculate, first_bearing_day, read_percent
from cobranza.regimes.interest import Agreement, book
from cobranza.regimes.interest_errors import ExpiredRateError, UnverifiedRateError

FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


def euros(text: str) -> Money:
    return Money("EUR", Decimal(text))


def paid(on: date, text: str) -> Payment:
    return Payment(on=on, money=euros(text))


def test_a_payment_covers_interest_first_and_its_own_day_still_bears() -> None:
    found = calculate(
        book(), "es-ley3-2004", euros("10000.00"), FIRST, LAST, payments=[paid(date(2024, 6, 30), "1000.00")]
    )
    (use,) = found.payments
    assert (use.to_interest, use.to_principal) == (euros("623.29"), euros("376.71"))
    assert [(line.first, line.principal) for line in found.lines] == [
        (FIRST, euros("10000.00")),
        (date(2024, 7, 1), euros("9623.29")),
    ]
    assert found.interest_left == found.lines[1].money
    assert found.principal_left == euros("9623.29")


def test_principal_first_when_the_creditor_agreed() -> None:
    found = calculate(
        book(),
        "es-ley3-2004",
        euros("10000.00"),
        FIRST,
        LAST,
        payments=[paid(date(2024, 6, 30), "1000.00")],
        imputation="principal_first",
    )
    assert found.payments[0].to_principal == euros("1000.00")
    assert found.interest_left == found.total
    assert found.principal_left == euros("9000.00")


def test_what_exceeds_the_debt_is_told_and_nothing_bears_any_more() -> None:
    found = calculate(book(), "es-legal", euros("100.00"), FIRST, LAST, payments=[paid(date(2024, 1, 31), "150.00")])
    assert found.total == euros("0.28")
    assert (found.principal_left, found.interest_left) == (euros("0.00"), euros("0.00"))
    assert found.unapplied == euros("49.72")


def test_a_payment_before_the_first_day_lowers_the_principal_from_the_start() -> None:
    found = calculate(book(), "es-legal", euros("100.00"), FIRST, LAST, payments=[paid(date(2023, 12, 31), "40.00")])
    assert found.lines[0].principal == euros("60.00")
    assert found.lines[0].first == FIRST


def test_two_payments_of_one_day_are_one() -> None:
    twice = [paid(date(2024, 3, 1), "10.00"), paid(date(2024, 3, 1), "5.00")]
    once = [paid(date(2024, 3, 1), "15.00")]
    debt = euros("100.00")
    assert calculate(book(), "es-legal", debt, FIRST, LAST, payments=twice) == calculate(
        book(), "es-legal", debt, FIRST, LAST, payments=once
    )


def test_interest_that_is_left_after_the_principal_was_paid_is_not_forgotten() -> None:
    found = calculate(
        book(),
        "es-ley3-2004",
        euros("100.00"),
        FIRST,
        LAST,
        payments=[paid(date(2024, 6, 30), "100.00")],
        imputation="principal_first",
    )
    assert found.principal_left == euros("0.00")
    assert found.interest_left == euros("6.23")


def test_no_rate_is_needed_once_nothing_is_owed() -> None:
    late = date(2026, 12, 31)
    whole = [paid(date(2026, 6, 30), "20000.00")]
    assert calculate(book(), "es-ley3-2004", euros("100.00"), FIRST, late, payments=whole).unapplied
    with pytest.raises(ExpiredRateError):
        calculate(book(), "es-ley3-2004", euros("100.00"), FIRST, late)


def test_no_commercial_interest_from_a_consumer() -> None:
    with pytest.raises(ConsumerError) as caught:
        calculate(book(), "es-ley3-2004", euros("100.00"), FIRST, LAST, debtor="consumer")
    assert "es-legal" in caught.value.remedy
    assert calculate(book(), "es-legal", euros("100.00"), FIRST, LAST, debtor="consumer").total


def test_an_agreed_rate_needs_its_document() -> None:
    agreed = Agreement(percent=Decimal("8"), source="Contrato 7, cláusula 3")
    found = calculate(book(), "es-ley3-2004", euros("365.00"), date(2030, 1, 1), date(2030, 1, 10), agreed=agreed)
    assert found.total == euros("0.80")
    with pytest.raises(ClaimDataError, match="documento"):
        calculate(book(), "es-legal", euros("1.00"), FIRST, LAST, agreed=Agreement(percent=Decimal("8"), source=" "))


def test_rates_that_nobody_has_read_can_be_refused() -> None:
    found = calculate(book(), "es-ley3-2004", euros("100.00"), date(2024, 7, 1), date(2025, 1, 31))
    assert [line.first for line in found.unverified] == [date(2024, 7, 1)]
    with pytest.raises(UnverifiedRateError, match="12,25 % del 01/07/2024 al 31/12/2024"):
        found.require_verified()
    calculate(book(), "es-ley3-2004", euros("100.00"), date(2025, 1, 1), date(2025, 1, 31)).require_verified()


@pytest.mark.parametrize("text", ["", "ocho", "-1", "1.000,5", "1e3", "1000", "٣"])
def test_a_rate_is_read_in_one_way_only(text: str) -> None:
    assert read_percent("7,125 %") == read_percent("7.125") == Decimal("7.125")
    with pytest.raises(ClaimDataError, match="tanto por ciento"):
        read_percent(text)


@pytest.mark.parametrize(
    ("principal", "first", "last", "payments", "told"),
    [
        (euros("100.00"), LAST, FIRST, [], "posterior al último"),
        (euros("0.00"), FIRST, LAST, [], "no es un principal"),
        (euros("-5.00"), FIRST, LAST, [], "no es un principal"),
        (euros("1.001"), FIRST, LAST, [], "no es un principal"),
        (euros("1e15"), FIRST, LAST, [], "no es un principal"),
        (euros("1.00"), date(1, 1, 1), LAST, [], "primer día"),
        (euros("1.00"), FIRST, date(9999, 12, 31), [], "último día"),
        (euros("1.00"), FIRST, LAST, [paid(date(1, 1, 1), "1.00")], "día de un pago"),
        (euros("1.00"), FIRST, LAST, [paid(date(2025, 1, 1), "1.00")], "posterior al último día"),
        (euros("1.00"), FIRST, LAST, [paid(FIRST, "-1.00")], "no es un importe positivo"),
        (euros("1.00"), FIRST, LAST, [paid(FIRST, "0.001")], "no es un importe positivo"),
        (euros("1.00"), FIRST, LAST, [Payment(on=FIRST, money=Money("USD", Decimal(1)))], "no está en EUR"),
    ],
)
def test_figures_that_make_no_sense_are_refused(
    principal: Money, first: date, last: date, payments: list[Payment], told: str
) -> None:
    with pytest.raises(ClaimDataError, match=told):
        calculate(book(), "es-legal", principal, first, last, payments=payments)


def test_half_a_cent_goes_up() -> None:
    day = date(2024, 1, 1)  # 12.50 %: 0.125 exactly, and 0.375 for three times as much
    assert calculate(book(), "es-ley3-2004", euros("365.00"), day, day).total == euros("0.13")
    assert calculate(book(), "es-ley3-2004", euros("1095.00"), day, day).total == euros("0.38")


def test_pesos_without_cents_are_rounded_to_the_peso() -> None:
    agreed = Agreement(percent=Decimal("10"), source="Pagaré 1")
    found = calculate(book(), "es-legal", Money("CLP", Decimal(1_000_000)), FIRST, date(2024, 1, 31), agreed=agreed)
    assert found.total == Money("CLP", Decimal(8493))  # 8493.15…


def test_the_day_after_what_starts_it_is_the_first() -> None:
    due, demanded, ruled = date(2024, 2, 29), date(2024, 5, 2), date(2024, 9, 30)
    late, legal, court = (book().regime(slug) for slug in ("es-ley3-2004", "es-legal", "es-lec576"))
    assert first_bearing_day(late, due=due) == date(2024, 3, 1)
    assert first_bearing_day(legal, due=due) is None
    assert first_bearing_day(legal, due=due, demanded=demanded) == date(2024, 5, 3)
    assert first_bearing_day(legal, due=due, demanded=date(2024, 1, 1)) == date(2024, 3, 1)
    assert first_bearing_day(court, due=due) is None
    assert first_bearing_day(court, due=due, ruled=ruled) == date(2024, 10, 1)
