"""When a lawyer is told, and when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cobranza.kernel.money import Money
from cobranza.legal.house import Threshold
from cobranza.legal.thresholds import Arrear, Passed, Standing, passed, time_barred

TODAY = date(2026, 3, 20)
RULE = Threshold(
    pais="ES", importe="600.00", moneda="EUR", dias=60, gestiones=2, prescripcion_anos=5, prescripcion_aviso=90
)


def euro(amount: str) -> Money:
    return Money("EUR", Decimal(amount))


def arrear(amount: str, days: int, held: str = "0", number: str = "F-1") -> Arrear:
    return Arrear(number=number, due=TODAY - timedelta(days=days), money=euro(amount), held=euro(held))


def standing(*arrears: Arrear, **more: Any) -> Standing:
    return Standing(creditor="demo", country="ES", arrears=arrears, attempts=2, **more)


def judge(found: Standing, **changes: Any) -> Passed | None:
    return passed(found, {"regla": RULE.model_copy(update=changes)}, TODAY)


def test_amount_days_and_attempts_together() -> None:
    found = judge(standing(arrear("600.00", 60)))
    assert found is not None
    assert (found.threshold, found.invoices, found.total) == ("regla", ("F-1",), euro("600.00"))
    assert len(found.reasons) == 3
    assert judge(standing(arrear("599.99", 60))) is None
    assert judge(standing(arrear("600.00", 59))) is None
    assert judge(replace(standing(arrear("600.00", 60)), attempts=1)) is None


def test_held_money_does_not_count() -> None:
    assert judge(standing(arrear("800.00", 60, held="300.00"))) is None
    assert judge(standing(arrear("900.00", 60, held="300.00"))).total == euro("600.00")  # type: ignore[union-attr]
    assert judge(standing(arrear("900.00", 60), stopped="Concurso")) is None


def test_not_due_yet_does_not_count() -> None:
    assert judge(standing(arrear("600.00", 0), arrear("300.00", 70, number="F-2"))) is None


def test_another_country_person_group_or_currency_is_another_threshold() -> None:
    late = standing(arrear("900.00", 90), person="fisica", group="g1")
    assert judge(late, pais="CO") is None
    assert judge(late, persona="juridica") is None
    assert judge(late, grupo="g2") is None
    assert judge(late, moneda="COP") is None
    assert judge(late, acreedor="otro") is None
    assert judge(late, persona="fisica", grupo="g1", acreedor="demo") is not None


def test_near_the_limitation_nothing_else_is_waited_for() -> None:
    old = Arrear(number="F-1", due=date(2021, 5, 1), money=euro("700.00"), held=euro("0"))
    found = judge(replace(standing(old), attempts=0))
    assert found is not None
    assert found.limitation == date(2026, 5, 2)
    assert "prescribe el 02/05/2026" in found.reasons[-1]


def test_five_years_from_a_leap_day() -> None:
    assert time_barred(date(2024, 2, 28), 5) == date(2029, 3, 1)


@given(
    parts=st.lists(st.tuples(st.integers(1, 90_000), st.integers(-30, 400), st.integers(0, 90_000)), max_size=6),
    attempts=st.integers(0, 4),
)
def test_more_debt_or_time_never_takes_an_alert_away(parts: list[tuple[int, int, int]], attempts: int) -> None:
    arrears = [
        Arrear(
            number=f"F-{place}",
            due=TODAY - timedelta(days=days),
            money=euro(str(Decimal(cents) / 100)),
            held=euro(str(Decimal(min(held, cents)) / 100)),
        )
        for place, (cents, days, held) in enumerate(parts)
    ]
    now = replace(standing(*arrears), attempts=attempts)
    found = passed(now, {"regla": RULE}, TODAY)
    if found is not None:
        more = replace(now, arrears=(*now.arrears, arrear("50.00", 10, number="F-X")), attempts=attempts + 1)
        assert passed(more, {"regla": RULE}, TODAY) is not None
        assert passed(now, {"regla": RULE}, TODAY + timedelta(days=1)) is not None
        assert found.total.amount <= sum((each.money.amount for each in arrears), Decimal(0))
