"""The robot's words and the commands, on the same small company."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from cobranza.agreements import workflow
from cobranza.cli import agreements_follow, payments
from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger import conversation
from cobranza.ledger.models import Agreement, Wanted
from cobranza.screens.access import Role
from keywords.acuerdos import Acuerdos
from tests.unit.agreements.test_workflow import PORTAL, agreed, person, propose
from tests.unit.payments.conftest import ROBOT, Room, make_room, room

__all__ = ["make_room", "room"]


def run(name: str, *words: str, of: Any = None) -> Any:
    commands: list[click.Command] = of or agreements_follow.commands
    command = next(each for each in commands if each.name == name)
    done = CliRunner().invoke(command, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def plain(name: str, *words: str) -> str:
    command = next(each for each in agreements_follow.commands if each.name == name)
    return CliRunner().invoke(command, list(words), catch_exceptions=False).output


def test_the_robot_reads_payments_follows_and_answers(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COBRANZA_EVIDENCE", str(tmp_path))
    made = agreed(room)
    room.start("100", agreement=made.pk)
    room.gateway.pay("k1")  # its call was lost
    conversation.note(
        "w:1", channel="whatsapp", direction="in", text="hola", at=clock.now(), actor=ROBOT, debtor=room.debtor
    )
    words = Acuerdos()
    words.open_room("talleres")
    for _ in range(2):
        words.read_payments()
        words.follow()
        words.answer()
    words.save_summary()
    told = json.loads((tmp_path / "acuerdos.json").read_text(encoding="utf-8"))
    assert told == {"payments": {"asked": 1, "unanswered": 0}, "agreements": {"followed": 1}, "conversation": {}}
    assert made.instalments.get(number=1).paid == 100
    assert Wanted.objects.count() == 1


def test_a_person_decides_by_command(room: Room) -> None:
    person("ana", Role.ADMINISTRATION)
    person("luis", Role.SUPERVISION)
    propose(room, PORTAL, waived="10")
    (waiting,) = run("waiting")
    assert (waiting["role"], waiting["people"], waiting["proposal"]["waived"]["principal"]) == (
        "supervisor",
        1,
        "10.00",
    )
    assert "Decide: supervisor" in plain("waiting")
    number = str(waiting["number"])
    with pytest.raises(CobranzaError, match="COB-ACU-003"):
        run("approve", number, "--person", "ana")
    made = run("approve", number, "--person", "luis")["agreement"]
    assert (made["approved_by"], made["waived"]) == ("luis", "10.00")
    assert run("waiting") == []
    assert [each["number"] for each in run("list")] == [made["number"]]
    assert run("list", "--standing", "impago") == []
    shown = run("show", str(made["number"]))
    assert [each["amount"] for each in shown["instalments"]] == ["200.00", "200.00"]
    assert "al corriente" in plain("show", str(made["number"]))
    assert run("follow", "--company", "talleres")["followed"] == 1


def test_a_refusal_has_a_reason_and_what_is_not_there_is_said(room: Room) -> None:
    person("luis", Role.SUPERVISION)
    waiting = propose(room, PORTAL, waived="10")
    told = run("refuse", str(waiting.pk), "--why", "Es mucho.", "--person", "luis")
    assert told["request"]["state"] == "rechazada"
    for name, words in (("show", ["999999"]), ("approve", ["999999", "--person", "luis"])):
        with pytest.raises(CobranzaError, match="COB-ACU-005"):
            run(name, *words)
    assert not Agreement.objects.exists()


def test_payments_by_command(room: Room) -> None:
    room.start("100")
    room.gateway.pay("k1")
    commands = list(payments.group.commands.values())
    assert run("reconcile", "--company", "talleres", of=commands)["asked"] == 1
    (row,) = run("list", "--company", "talleres", of=commands)
    assert (row["state"], row["paid"], row["booked"]) == ("pagado", "100.00", False)
    room.gateway.charges["k1"].payout = "po_3"
    room.movement("99.00", "STRIPE PO_3")
    assert run("reconcile", "--company", "talleres", of=commands)["booked"] == 1
    assert run("list", "--company", "talleres", of=commands) == []


def test_what_is_overdue_is_followed_when_it_is_paid_by_gateway(room: Room) -> None:
    made = agreed(room)
    room.start(*(str(workflow.to_pay(made).get(row.pk, 0)) for row in room.invoices[:2]), agreement=made.pk)
    room.hear(room.gateway.pay("k1"))
    run("follow", "--company", "talleres")
    assert made.instalments.get(number=1).closed_on is not None
