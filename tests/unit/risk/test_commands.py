"""The commands and the robot's keywords say what the room does, as programs read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from cobranza.cli.risk import group
from cobranza.cli.risk_people import credit_command, decide_command
from cobranza.ledger.events import Actor
from cobranza.risk import shift
from cobranza.risk.people import PersonNeeded
from cobranza.screens.access import Role
from tests.unit.risk.conftest import Company

People = Callable[..., Actor]


def told(command: Any, *words: str) -> Any:
    done = CliRunner().invoke(command, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_from_the_score_to_the_decision(company: Company, person: People) -> None:
    debtor = company.owes("Ana, S.L.", -90, -30)
    assert told(group, "score", "--company", "talleres")["written"] == 1
    shown = told(group, "show", str(debtor.pk))
    assert (shown["segment"], shown["rating"]["debtor"]) == ("negociacion", debtor.pk)
    explained = told(group, "explain", "Ana, S.L.")
    assert (explained["equal"], explained["differences"]) == (True, {})
    assert explained["changes"][0]["what"] == "Si pagara todo lo vencido"
    listed = told(group, "worklist", "--company", "talleres", "--actions", "--order", "caja")
    assert [row["debtor"] for row in listed["rows"]] == [debtor.pk]
    assert listed["rows"][0]["next"]["reason"]
    assert told(group, "warn", "--company", "talleres")["opened"] == 0

    words = (str(debtor.pk), "caso_legal", "--why", "No contesta.", "--person")
    with pytest.raises(PersonNeeded):
        told(decide_command, *words, "robot")
    person("luis", Role.LEGAL)
    assert told(decide_command, *words, "luis")["by"] == "luis"
    assert told(group, "show", str(debtor.pk))["segment"] == "caso_legal"
    assert CliRunner().invoke(group, ["show", "nadie"]).exit_code != 0


def test_a_credit_check_says_what_is_missing(company: Company) -> None:
    found = told(
        credit_command, "--tax-id", "B12345674", "--name", "Nueva, S.L.", "--monthly", "1500.00", "--person", "ana"
    )
    assert (found["band"], found["currency"], found["needs_person"]) == ("medio", "EUR", False)
    assert found["missing"]


def test_a_night_twice_does_what_one_does(company: Company) -> None:
    company.owes("Ana, S.L.", -90)
    room = shift.open_shift("talleres")
    assert shift.debtors(room) == 1
    assert shift.ask_sources(room) == {"read": 0, "unknown": 0, "failed": 0}
    assert shift.score(room)["written"] == 1
    assert shift.score(room)["written"] == 0
    assert dict(shift.look_out(room)) == {"opened": 0}
    assert (shift.after(room), shift.prepare_list(room), shift.prepare_list(room)) == (0, 1, 1)
