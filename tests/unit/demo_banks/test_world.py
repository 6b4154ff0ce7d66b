"""The world that the banks show: invented from a seed or given in a file."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from schwifty import IBAN

from cobranza.demo.banks import invented, world
from tests.unit.demo_banks.visitors import TODAY, visit

BANKS = ("caja_demo", "banco_ejemplo")
FILE = {
    "accounts": [
        {
            "iban": "ES79 2100 0813 6101 2345 6789",
            "name": "Cuenta de cobros",
            "currency": "EUR",
            "opening_balance": "100.00",
            "movements": [
                {"booked_on": "2026-11-20", "value_on": "2026-11-19", "amount": "-12.00", "text": "COMISION"},
                {
                    "booked_on": "2026-11-18",
                    "value_on": "2026-11-18",
                    "amount": "1234.56",
                    "text": ["TRANSF. DE PEÑA SL", "FRA 7"],
                    "reference": "RF18539007547034",
                    "counterparty_name": "PEÑA SL",
                    "counterparty_account": "ES79 2100 0813 6101 2345 6789",
                    "counterparty_tax_id": "B99000015",
                    "bank_code": "04/007",
                },
                {"booked_on": "2026-11-21", "amount": "5.00", "text": [], "pending": True},
            ],
        }
    ]
}


@pytest.mark.parametrize("bank", BANKS)
def test_same_seed_and_day_give_the_same_world_and_another_seed_another(bank: str) -> None:
    first = invented.invent(bank, 7, TODAY).as_dict()

    assert first == invented.invent(bank, 7, TODAY).as_dict()
    assert first != invented.invent(bank, 8, TODAY).as_dict()


@pytest.mark.parametrize("bank", BANKS)
@pytest.mark.parametrize("seed", range(10))
def test_every_invented_world_has_what_makes_reading_hard(bank: str, seed: int) -> None:
    made = invented.invent(bank, seed, TODAY)
    busy = made.accounts[0]
    same = Counter((m.booked_on, m.value_on, m.amount, m.text, m.reference, m.counterparty_name) for m in busy.booked())

    assert len(made.accounts) == 2
    assert 90 <= len(busy.booked()) <= 150
    assert max(same.values()) >= 2, "two movements that nothing tells apart"
    assert all(m.value_on is None for m in busy.pending())
    assert len(busy.pending()) == 2
    assert any(m.value_on != m.booked_on for m in busy.booked())
    assert any(m.instant.astimezone(UTC).date() != m.booked_on for m in busy.booked())
    assert all(IBAN(account.iban).compact == account.iban for account in made.accounts)
    assert all(TODAY - timedelta(days=60) <= m.booked_on <= TODAY for m in busy.movements)


@pytest.mark.parametrize("bank", BANKS)
def test_extracts_of_neighbouring_periods_chain(bank: str) -> None:
    account = invented.invent(bank, 3, TODAY).accounts[0]
    middle = TODAY - timedelta(days=31)
    before = account.extract(TODAY - timedelta(days=60), middle)
    after = account.extract(middle + timedelta(days=1), TODAY)

    assert before.opening == account.opening
    assert before.closing == after.opening
    assert after.closing == account.closing
    assert [*before.movements, *after.movements] == account.booked()
    assert after.with_balances()[-1][1] == account.closing


def test_a_world_file_is_served_exactly(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text(json.dumps(FILE), encoding="utf-8")
    truth = visit("caja_demo", world=file).truth()

    (account,) = truth["accounts"]
    assert account["iban"] == "ES7921000813610123456789"
    assert account["closing_balance"] == "1322.56"
    assert [m["amount"] for m in account["movements"]] == ["1234.56", "-12.00", "5.00"]
    assert [m["balance_after"] for m in account["movements"]] == ["1334.56", "1322.56", None]
    assert account["movements"][0]["counterparty_tax_id"] == "B99000015"
    assert account["movements"][1]["text"] == ["COMISION"]
    assert account["movements"][2]["value_on"] is None


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"amount": 12.5}, "debe ser un texto"),
        ({"amount": "12.345"}, "dos decimales"),
        ({"amount": "NaN"}, "dos decimales"),
        ({"booked_on": "21/11/2026"}, "no es un día"),
        ({"concept": "x"}, "clave desconocida «concept»"),
    ],
)
def test_a_wrong_world_is_refused_by_name(change: dict[str, object], complaint: str) -> None:
    line = {"booked_on": "2026-11-20", "amount": "1.00"} | change
    raw = {"accounts": [{"iban": "ES79", "name": "x", "opening_balance": "0.00", "movements": [line]}]}

    with pytest.raises(world.WorldError, match=complaint):
        world.parse(raw)


def test_an_arrival_goes_behind_the_movements_of_its_day() -> None:
    account = invented.invent("caja_demo", 1, TODAY).accounts[0]
    day = date(2026, 11, 10)
    new = world.Movement(id=999, booked_on=day, value_on=day, amount=Decimal("1.00"))
    account.add(new)

    position = account.movements.index(new)
    assert account.movements[position - 1].booked_on <= day < account.movements[position + 1].booked_on


@pytest.mark.parametrize("bank", BANKS)
def test_a_truth_can_be_served_again_as_a_world(bank: str) -> None:
    visitor = visit(bank, seed=5)
    before = visitor.truth()["accounts"]
    answer = visitor.admin("POST", "/__reset", {"world": {"accounts": before}})

    assert answer.status_code == 200
    assert visitor.truth()["accounts"] == before


@pytest.mark.parametrize(
    ("orders", "complaint"),
    [
        ({"accounts": []}, "vacía"),
        ({"accounts": ["x"]}, "se esperaba un objeto"),
        ({"accounts": [{"iban": "ES79", "name": "x", "opening_balance": "0", "owner": "y"}]}, "«owner»"),
        ({"accounts": [{"iban": "DE89370400440532013000", "name": "x", "opening_balance": "0"}]}, "Norma 43"),
    ],
)
def test_a_wrong_world_leaves_the_old_one_standing(orders: dict[str, object], complaint: str) -> None:
    visitor = visit("caja_demo", seed=5)
    before = visitor.truth()
    answer = visitor.admin("POST", "/__reset", {"world": orders})

    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert visitor.truth() == before
