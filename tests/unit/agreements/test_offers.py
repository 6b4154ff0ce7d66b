"""Offers: exact sums, days that exist, limits that hold to the cent, and nothing below the floor."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.agreements import schedule
from cobranza.agreements.matrix import Level, approve
from cobranza.agreements.offers import Policy, below_floor, offers, weigh
from cobranza.agreements.settings import agreement_settings
from cobranza.agreements.terms import AgreementError, Debt, Kind, Waived
from cobranza.agreements.value import value_of
from cobranza.cli.agreements import group
from cobranza.kernel.money import Money, minor_units

TODAY = date(2026, 11, 23)


def money(text: str, currency: str = "EUR") -> Money:
    return Money(currency, Decimal(text))


def debt(principal: str = "1200.00", interest: str = "0", costs: str = "0", **changes: object) -> Debt:
    given: dict[str, object] = {
        "country": "ES",
        "debtor": "business",
        "as_of": TODAY,
        "principal": money(principal),
        "interest": money(interest),
        "costs": money(costs),
        "disputed": money("0"),
        "risk": "bajo",
    }
    return Debt(**{**given, **changes})  # type: ignore[arg-type]


UNATTENDED = Level(
    role="automatico",
    amount={"EUR": Decimal("3000.00")},
    discount=Decimal(10),
    principal_discount=Decimal(5),
    days=190,
    instalments=6,
    first=Decimal(10),
    risks=frozenset({"bajo", "medio"}),
    broken=0,
    second_over={},
)
ADVISER = replace(UNATTENDED, role="asesor", amount={"EUR": Decimal(9000)}, days=400, instalments=12, first=Decimal(0))
HEAD = replace(
    ADVISER,
    role="supervisor",
    amount={"EUR": Decimal(50000)},
    risks=frozenset({"bajo", "medio", "alto"}),
    second_over={"EUR": Decimal(20000)},
)
LEVELS = (UNATTENDED, ADVISER, HEAD)
POLICY = Policy(
    levels=LEVELS,
    prompt_days=3,
    prompt_waiver=Decimal(50),
    promise_days=15,
    part_now=Decimal(30),
    discount_rate=Decimal(8),
    deferral_rate={"consumer": Decimal(0), "business": Decimal("12.5")},
    smallest={"EUR": Decimal(30)},
    lengths=(2, 3, 4, 6, 9, 12),
    floor=Decimal(90),
)

amounts = st.decimals(min_value="0.01", max_value="99999.99", places=2)
whole = st.integers(min_value=1, max_value=10_000_000).map(Decimal)
debts = st.builds(
    lambda currency, cents, units, interest, costs, disputed, capacity, pay_day, debtor, risk, start: Debt(
        country="CL" if currency == "CLP" else "ES",
        debtor=debtor,
        as_of=start,
        principal=Money(currency, units if currency == "CLP" else cents),
        interest=Money(currency, Decimal(interest)),
        costs=Money(currency, Decimal(costs)),
        disputed=Money(currency, (units if currency == "CLP" else cents) // 2 if disputed else Decimal(0)),
        capacity=None if capacity is None else Money(currency, Decimal(capacity)),
        pay_day=pay_day,
        risk=risk,
    ),
    st.sampled_from(["EUR", "CLP"]),
    amounts,
    whole,
    st.integers(0, 500),
    st.integers(0, 80),
    st.booleans(),
    st.none() | st.integers(1, 5000),
    st.none() | st.integers(1, 31),
    st.sampled_from(["consumer", "business"]),
    st.sampled_from(["bajo", "medio", "alto"]),
    st.dates(date(2024, 1, 1), date(2030, 12, 31)),
)


@settings(max_examples=150, deadline=None)
@given(debts)
def test_every_offer_sums_to_the_debt_less_what_is_waived(owed: Debt) -> None:
    unit = Decimal(1).scaleb(-minor_units(owed.currency))
    for each in offers(owed, POLICY):
        proposal = each.proposal
        assert proposal.total == owed.covered - proposal.waived.total + proposal.deferral
        for row in proposal.instalments:
            assert row.amount == row.principal + row.interest + row.costs + row.deferral
            assert row.amount.amount > 0
            assert row.amount.amount % unit == 0
            assert row.due >= owed.as_of
            assert schedule.working_day(row.due, owed.country) == row.due
        assert all(later.due > earlier.due for earlier, later in pairwise(proposal.instalments))
        assert not below_floor(owed, each.value, POLICY)
        if each.fits:
            assert owed.capacity is not None
            assert all(row.amount <= owed.capacity for row in proposal.instalments)


@settings(max_examples=150, deadline=None)
@given(debts)
def test_nothing_is_approved_unattended_outside_the_first_level(owed: Debt) -> None:
    for each in offers(owed, POLICY):
        rows = each.proposal.instalments
        within = (
            owed.currency == "EUR"
            and owed.covered.amount <= 3000
            and owed.risk != "alto"
            and len(rows) <= 6
            and (each.proposal.last_day - owed.as_of).days <= 190
            and each.proposal.waived.total.amount * 10 <= owed.covered.amount
            and (
                len(each.proposal.instalments) == 1
                or each.proposal.first.amount.amount * 10 >= each.proposal.total.amount
            )
        )
        assert (each.approval.state == "approved") == within, each.approval.reasons
        assert bool(each.approval.reasons) != within


def test_one_cent_over_the_amount_goes_to_a_person() -> None:
    at_limit, over = debt("3000.00"), debt("3000.01")
    day = [TODAY + timedelta(days=10)]
    assert approve(at_limit, schedule.build(at_limit, Kind.PROMISE, day), LEVELS).state == "approved"
    asked = approve(over, schedule.build(over, Kind.PROMISE, day), LEVELS)
    assert (asked.state, asked.role, asked.people, asked.beyond) == ("person", "asesor", 1, False)
    assert asked.reasons == ("deuda de 3.000,01 EUR, límite 3.000,00 EUR",)


@pytest.mark.parametrize(
    ("changes", "waived", "count", "role"),
    [
        ({}, "0", 6, ""),
        ({}, "0", 7, "asesor"),
        ({"risk": "alto"}, "0", 1, "supervisor"),
        ({"broken": 1}, "0", 1, "beyond"),
        ({}, "60.00", 1, ""),
        ({}, "60.01", 1, "beyond"),
    ],
)
def test_each_limit_decides_alone(changes: dict[str, object], waived: str, count: int, role: str) -> None:
    owed = debt(**changes)
    days = [TODAY + timedelta(days=20 * (step + 1)) for step in range(count)]
    given = Waived(interest=money("0"), costs=money("0"), principal=money(waived))
    answer = approve(owed, schedule.build(owed, Kind.INSTALMENTS, days, waived=given), LEVELS)
    assert ("beyond" if answer.beyond else answer.role) == role


def test_a_large_debt_needs_two_people() -> None:
    owed = debt("20000.01")
    answer = approve(owed, schedule.build(owed, Kind.PROMISE, [TODAY]), LEVELS)
    assert (answer.role, answer.people) == ("supervisor", 2)


def test_interest_is_paid_first_and_the_disputed_part_stays_out() -> None:
    owed = debt("1000.00", "35.10", "40.00", disputed=money("400.00"))
    plan = schedule.build(owed, Kind.INSTALMENTS, schedule.pay_days(TODAY, 3, "ES", 5))
    assert plan.total == money("675.10")
    assert [str(row.amount.amount) for row in plan.instalments] == ["225.03", "225.03", "225.04"]
    first = plan.first
    assert (first.interest, first.costs, first.principal) == (money("35.10"), money("40.00"), money("149.93"))
    assert sum((row.principal.amount for row in plan.instalments), Decimal(0)) == Decimal("600.00")


def test_a_plan_with_interest_of_its_own_foots_line_by_line() -> None:
    owed = debt("1000.00")
    days = [date(2026, 12, 23), date(2027, 1, 22)]
    plan = schedule.build(owed, Kind.INSTALMENTS, days, percent=Decimal(12))
    # 30 days of 12 % on 1,000.00 are 9.86; the balance after the first payment earns 30 days more.
    assert plan.first.deferral == money("9.86")
    balance = Decimal("1009.86") - plan.first.amount.amount
    assert plan.instalments[1].deferral.amount == (balance * 12 * 30 / 36500).quantize(Decimal("0.01"))
    assert plan.instalments[1].amount.amount - plan.first.amount.amount in {Decimal("0.00"), Decimal("0.01")}


def test_pay_days_keep_to_the_month_and_to_days_on_which_banks_work() -> None:
    days = schedule.pay_days(date(2027, 1, 30), 3, "ES", 31)
    assert days == (date(2027, 2, 1), date(2027, 3, 1), date(2027, 3, 31))
    assert schedule.pay_days(date(2026, 12, 24), 1, "ES", 25) == (date(2026, 12, 28),)


def test_what_a_debtor_can_pay_chooses_the_length() -> None:
    found = offers(debt("1200.00", capacity=money("210.00"), pay_day=28, debtor="consumer"), POLICY)
    plans = [each for each in found if each.proposal.kind is Kind.INSTALMENTS]
    assert [(len(each.proposal.instalments), each.fits) for each in plans] == [(4, False), (6, True), (9, True)]
    assert len(found) >= 3


def test_waiting_costs_and_the_floor_holds() -> None:
    owed = debt("1000.00")
    late = schedule.build(owed, Kind.PROMISE, [date(2027, 11, 23)])
    value = value_of(owed, late, Decimal(8))
    assert value.npv == money("925.93")
    assert value.cost == value.waiting == money("74.07")
    strict = replace(POLICY, floor=Decimal(95))
    assert below_floor(owed, weigh(owed, late, strict).value, strict)
    assert not below_floor(owed, value, POLICY)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: debt("-1"), "negativo"),
        (lambda: debt("1.001"), "decimales"),
        (lambda: debt("10", disputed=money("11")), "más que el principal"),
        (lambda: debt("10", disputed=money("10")), "sin discutir"),
        (lambda: debt("10", pay_day=32), "32"),
        (lambda: debt("10", interest="0", costs="0", capacity=Money("USD", Decimal(1))), "capacidad"),
        (lambda: schedule.build(debt("0.02"), Kind.INSTALMENTS, schedule.pay_days(TODAY, 3, "ES", 1)), "pequeña"),
        (lambda: schedule.build(debt(), Kind.PART, [TODAY, TODAY]), "orden"),
        (lambda: schedule.build(debt(), Kind.FULL, [TODAY - timedelta(days=1)]), "antes"),
        (
            lambda: schedule.build(
                debt(), Kind.FULL, [TODAY], waived=Waived(interest=money("1"), costs=money("0"), principal=money("0"))
            ),
            "más de lo que se debe",
        ),
        (lambda: approve(debt(), schedule.build(debt(), Kind.FULL, [TODAY]), (ADVISER,)), "automatico"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(build: object, told: str) -> None:
    with pytest.raises(AgreementError, match=told):
        build()  # type: ignore[operator]


def test_the_command_gives_three_scenarios_or_more(tmp_path: Path) -> None:
    file = tmp_path / "deuda.json"
    file.write_text(json.dumps({"principal": "900.00", "capacity": "200.00", "pay_day": 28, "as_of": "2026-11-23"}))
    done = CliRunner().invoke(group, ["offers", "--debt", str(file), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["covered"] == "900.00"
    assert len(told["scenarios"]) >= 3
    assert {each["kind"] for each in told["scenarios"]} == {"full", "part", "promise", "instalments"}
    for each in told["scenarios"]:
        assert sum(Decimal(row["amount"]) for row in each["instalments"]) == Decimal(each["total"]) == Decimal("900.00")
    fewer = CliRunner().invoke(group, ["offers", "--debt", str(file), "--json", "--approved"])
    assert all(each["approval"]["state"] == "approved" for each in json.loads(fewer.output)["scenarios"])
    plain = CliRunner().invoke(group, ["offers", "--debt", str(file)])
    assert "Plan de cuotas" in plain.output


@pytest.mark.parametrize(
    "text", ["{", '{"principal": "x"}', '{"principal": "1", "extra": 1}', "[]", '{"interest": "1"}']
)
def test_a_file_that_is_no_debt_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "deuda.json"
    file.write_text(text)
    done = CliRunner().invoke(group, ["offers", "--debt", str(file)])
    assert isinstance(done.exception, AgreementError)
    assert "deuda.json" in str(done.exception)


def test_the_shipped_policy_loads_and_starts_unattended() -> None:
    shipped = agreement_settings().policy()
    assert shipped.levels[0].role == "automatico"
    assert shipped.levels[0].principal_discount == 0
    assert shipped.floor > 0
