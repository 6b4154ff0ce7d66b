"""The robots' words and the commands, on the same small room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import Group, User

from cobranza.cli import legal_cases
from cobranza.kernel.errors import CobranzaError
from cobranza.legal import assembling, handing, stages
from cobranza.runs.models import WorkItem
from cobranza.screens.access import Role
from keywords.expedientes import Expedientes
from tests.journeys.runs.engine_room import EngineRoom
from tests.unit.legal import room as rooms
from tests.unit.legal.room import TODAY, Room


@pytest.fixture
def office(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    engine = EngineRoom(tmp_path / "suite")
    engine.settings(arriendo=600, latido=200)  # the thread that renews leases cannot see this test's transaction
    monkeypatch.setenv("COBRANZA_HOME", str(engine.root))
    monkeypatch.setenv("COBRANZA_EVIDENCE", str(tmp_path))
    monkeypatch.setattr(assembling, "assemble", rooms.assemble)
    monkeypatch.setattr(handing, "today", lambda rules, country: TODAY)
    user = User.objects.create(username="letrada")
    user.groups.add(Group.objects.get_or_create(name=Role.LEGAL.value)[0])
    return rooms.make(monkeypatch, tmp_path / "output")


def run(name: str, *words: str) -> Any:
    command = next(each for each in legal_cases.commands if each.name == name)
    done = CliRunner().invoke(command, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_robots_tell_once_and_assemble_what_was_accepted(office: Room, tmp_path: Path) -> None:
    words = Expedientes()
    words.open_room("prueba")
    words.alert()
    words.alert()
    words.leave_the_rest()
    words.save_alerts()
    told = json.loads((tmp_path / "avisos.json").read_text(encoding="utf-8"))
    assert told["waiting"] == {"Aviso: falta decidir": 1}
    run("accept", "EXP-2026-000001", "--person", "letrada")
    words.prepare()
    assert stages.find("EXP-2026-000001").stage == "en_revision"
    assert WorkItem.objects.get(queue="expedientes").state == "hecho"
    words.prepare()
    assert WorkItem.objects.count() == 1


def test_one_that_cannot_be_assembled_says_so_and_stops_no_other(office: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    row = office.accepted()
    office.settings.acreedores.clear()
    words = Expedientes()
    words.open_room("prueba")
    words.prepare()
    assert WorkItem.objects.get().state == "error_negocio"
    assert stages.find(row.number).problem["message"].endswith("faltan los datos de [acreedores.prueba].")


def test_the_whole_way_by_commands(office: Room, tmp_path: Path) -> None:
    (case,) = run("alerts", "--company", "prueba", "--on", TODAY.isoformat())["cases"]
    number = case["case"]
    assert case["stage"] == "aviso"
    assert run("alerts", "--on", TODAY.isoformat())["cases"] == []
    run("accept", number, "--person", "letrada")
    file = tmp_path / "factura.pdf"
    file.write_bytes(b"%PDF-1.7 factura")
    made = run("document", number, str(file), "--kind", "factura", "--proves", "F-1", "--person", "ana")
    assert made["key"] == "facturapdf"
    (paper,) = run("review", number, "facturapdf", "--accept", "--person", "letrada")["documents"]
    assert paper["state"] == "aceptado"
    (prepared,) = run("prepare", number)["prepared"]
    assert (Path(prepared["package"]) / "manifest.json").is_file()
    told = run("case", number)
    assert told["total"] == prepared["total"]
    assert [each["id"] for each in told["checklist"]] == ["factura", "revisados", "masc", "tipos"]
    signed = run("sign-off", number, "--person", "letrada", "--package", prepared["package_hash"])
    assert (signed["stage"], signed["signed"], signed["needed"]) == ("firmado", 1, 1)
    assert run("cases", "--stage", "firmado")["cases"][0]["deadline"] == "2030-12-15"
    run("revoke", number, "--why", "Otra cosa", "--person", "letrada")
    assert run("return", number, "--why", "Otra cosa", "--person", "letrada")["cases"][0]["stage"] == "en_preparacion"
    assert run("deadlines")["deadlines"][0]["case"] == number


def test_who_is_not_of_the_legal_team_decides_nothing(office: Room) -> None:
    User.objects.create(username="ana")
    run("alerts", "--on", TODAY.isoformat())
    for words in (
        ("accept", "EXP-2026-000001", "--person", "ana"),
        ("discard", "EXP-2026-000001", "--why", "Porque sí", "--person", "ana"),
        ("sign-off", "EXP-2026-000001", "--person", "ana"),
    ):
        with pytest.raises(CobranzaError, match="equipo jurídico"):
            run(*words)
    assert stages.find("EXP-2026-000001").stage == "aviso"
