"""The sheet refuses what does not add up, and names the field."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cobranza.ledger.models import Debtor, Invoice
from cobranza.reconciliation.workbench import on_account, sheet
from cobranza.reconciliation.workbench.readings import readings
from tests.journeys.reconciliation_workbench.world import ERP
from tests.unit.reconciliation_workbench.conftest import Desk

D = Decimal


def typed(desk: Desk, amount: str, **boxes: str) -> sheet.Sheet:
    """A sheet over a movement of `amount`; box names are given as part_last-digits ("applied_0101")."""
    movement = desk.movement(amount)
    posted = {}
    for name, value in boxes.items():
        part, _, digits = name.rpartition("_")
        known = part in sheet.PARTS
        posted[f"{part}-{desk.invoice(f'FV-26-{digits}').pk}" if known else name] = value
    return sheet.read(movement, movement.amount, posted, creditor=desk.creditor.pk, country="ES")


def fields(made: sheet.Sheet) -> list[str]:
    names = {row.pk: row.number[-4:] for row in Invoice.objects.all()}
    found = []
    for problem in made.problems:
        part, _, pk = problem.field.partition("-")
        found.append(f"{part}_{names[int(pk)]}" if pk.isdecimal() else problem.field)
    return found


def test_a_plain_payment_adds_up(desk: Desk) -> None:
    made = typed(desk, "1210.00", applied_0101="1.210,00")

    assert (made.problems, made.left) == ([], 0)
    [link] = made.links("ana")
    assert (link.applied, link.cash, link.rule) == (D("1210.00"), None, "persona")
    assert "1.210,00" in link.explanation


@pytest.mark.parametrize(
    ("amount", "boxes", "wrong", "says"),
    [
        ("1210.00", {"applied_0101": "1.000,00"}, "on_account", "Faltan 210,00"),
        ("1000.00", {"applied_0101": "1.210,00"}, "applied_0101", "sobran 210,00"),
        ("3000.00", {"applied_0101": "3.000,00"}, "applied_0101", "solo hay 1.210,00"),
        ("1210.00", {"applied_0101": "mil"}, "applied_0101", "no es un importe"),
        ("1210.00", {"applied_0101": ""}, "applied_0101", "ponga cuánto se salda"),
        ("1210.00", {"applied_0101": "-1210"}, "applied_0101", "el signo no corresponde"),
        ("1210.00", {"applied_0101": "1210,001"}, "applied_0101", "más decimales"),
        ("1210.00", {"applied_0101": "1210,00", "withheld_0101": "-5"}, "withheld_0101", "no puede ser negativo"),
        ("1.00", {"applied_0101": "1210,00", "withheld_0101": "1210,00"}, "withheld_0101", "no queda nada cobrado"),
        ("1300.00", {"applied_0101": "1210,00", "on_account": "90,00"}, "debtor", "de quién es"),
        ("1300.00", {"on_account": "-1"}, "on_account", "negativo"),
        ("-20.00", {"on_account": "20,00"}, "on_account", "cargo"),
        ("1210.00", {}, "add", "Elija una factura"),
        ("1210.00", {"applied_0101": "1.234"}, "applied_0101", "miles o decimales"),
    ],
)
def test_what_does_not_add_up_names_its_field(
    desk: Desk, amount: str, boxes: dict[str, str], wrong: str, says: str
) -> None:
    made = typed(desk, amount, **boxes)

    assert fields(made)[0] == wrong
    assert says in made.problems[0].message


def test_a_withholding_says_which_law_it_is(desk: Desk) -> None:
    lawful = typed(desk, "1590.00", applied_0113="1.815,00", withheld_0113="225,00")
    odd = typed(desk, "1600.00", applied_0113="1.815,00", withheld_0113="215,00")

    assert lawful.problems == odd.problems == []
    assert "IRPF 15 %" in lawful.sums[0][2]
    assert "no es un tipo legal" in odd.sums[0][2]


@pytest.mark.parametrize("kind", ["withheld", "fee", "discount"])
def test_a_difference_is_put_where_the_person_says(desk: Desk, kind: sheet.Difference) -> None:
    made = sheet.explain_difference(typed(desk, "1535.43", applied_0108="1"), kind)

    assert made.problems == []
    [line] = made.lines
    assert (line.applied, getattr(line, kind)) == (D("1548.80"), D("13.37"))


def test_without_a_difference_nothing_is_explained_away(desk: Desk) -> None:
    made = sheet.explain_difference(typed(desk, "1548.80", applied_0108="1548,80"), "fee")

    assert made.lines[0].fee == 0
    assert made.hints


def test_a_partial_payment_leaves_the_rest_open_and_several_share_oldest_first(desk: Desk) -> None:
    one = sheet.as_partial(typed(desk, "300.00", applied_0105="502,45"))
    assert (one.problems, one.lines[0].applied) == ([], D("300.00"))

    several = sheet.as_partial(
        typed(desk, "1400.00", applied_0101="1"), more=[desk.invoice("FV-26-0102"), desk.invoice("FV-26-0103")]
    )
    assert [(line.invoice.number, line.applied) for line in several.lines] == [
        ("FV-26-0101", D("1210.00")),
        ("FV-26-0102", D("190.00")),
    ]
    assert several.problems == []


def test_a_return_reopens_no_more_than_was_paid_and_no_robot_registers_it(desk: Desk) -> None:
    unpaid = typed(desk, "-100.00", applied_0101="-100,00")
    assert "solo hay 0,00" in unpaid.problems[0].message

    from cobranza.ledger.allocations import Part, allocate

    allocate(desk.movement("1210.00"), [Part(invoice=desk.invoice("FV-26-0101").pk, applied=D(1210))], actor=ERP)
    assert fields(typed(desk, "-100.00", applied_0101="-100,00")) == ["by_hand"]
    assert typed(desk, "-100.00", applied_0101="-100,00", by_hand="on").problems == []


def test_another_companys_documents_are_not_there(desk: Desk) -> None:
    from cobranza.ledger.registry import register_creditor

    other = register_creditor("otra", "Otra, S.L.", actor=ERP)
    movement = desk.movement("1210.00")
    posted = {f"applied-{desk.invoice('FV-26-0101').pk}": "1210"}

    assert sheet.read(movement, movement.amount, posted, creditor=other.pk).rows == []


def test_what_a_reading_leaves_goes_on_account_of_its_customer(desk: Desk) -> None:
    proposal = desk.proposal("1300.00", "FV-26-0101")
    [reading] = readings(proposal, D("1300.00"))

    made = sheet.of_reading(proposal.movement, D("1300.00"), reading)

    assert (made.on_account, made.debtor.name, made.problems) == (D("90.00"), "Talleres Ebro, S.L.", [])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cents=st.lists(st.integers(min_value=1, max_value=20_000), min_size=2, max_size=2),
    parts=st.lists(st.integers(min_value=0, max_value=4_000), min_size=3, max_size=3),
    rest=st.integers(min_value=0, max_value=5_000),
    slip=st.integers(min_value=-3, max_value=3),
)
def test_a_sheet_stands_exactly_when_its_cents_do(
    desk: Desk, cents: list[int], parts: list[int], rest: int, slip: int
) -> None:
    """Conservation: rows and rest are accepted if and only if they are the movement's money to the cent."""
    invoices = [desk.invoice("FV-26-0101"), desk.invoice("FV-26-0102")]
    movement = desk_movement(desk)
    net = cents[0] - sum(parts)
    free = D(net + cents[1] + rest + slip) / 100
    posted = {f"applied-{row.pk}": f"{D(value) / 100:.2f}" for row, value in zip(invoices, cents, strict=True)}
    for part, value in zip(("withheld", "fee", "discount"), parts, strict=True):
        posted[f"{part}-{invoices[0].pk}"] = f"{D(value) / 100:.2f}"
    posted |= {"on_account": f"{D(rest) / 100:.2f}", "debtor": str(invoices[0].debtor_id)}

    made = sheet.read(movement, free, posted, creditor=desk.creditor.pk)

    fits = slip == 0 and net > 0 and cents[0] <= 121_000 and cents[1] <= 30_250
    assert (made.problems == []) == fits
    assert made.left == D(slip) / 100


def desk_movement(desk: Desk):
    """One movement for all examples; only what is free of it changes."""
    from cobranza.ledger.models import Movement

    return Movement.objects.filter(amount=D("9999.99")).first() or desk.movement("9999.99")


def test_money_on_account_is_used_once(desk: Desk) -> None:
    movement = desk.movement("100.00")
    debtor = Debtor.objects.get(name="Talleres Ebro, S.L.")
    held = on_account.hold(movement.pk, debtor.pk, D("60"), person="ana")

    assert on_account.free(movement) == D("40")
    with pytest.raises(on_account.OnAccountError, match="le quedan"):
        on_account.hold(movement.pk, Debtor.objects.get(name="Bodegas Miño, S.L.").pk, D("40.01"), person="ana")
    with pytest.raises(on_account.OnAccountError, match="ya hay dinero"):
        on_account.hold(movement.pk, debtor.pk, D("1"), person="ana")
    on_account.release(held, person="luis", reason="Era de otro")
    assert on_account.free(movement) == D("100")
