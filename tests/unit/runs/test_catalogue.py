"""What the catalogue reads from a robot's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cobranza.runs import catalogue
from cobranza.runs.errors import RobotBroken, RobotUnknown, VariableError

WHOLE = """
*** Settings ***
Documentation    Concilia cada mañana.
Metadata         Responsable    Administración
Metadata         cola    cobros
Metadata         CREDENCIAL    caja
Metadata         Límite    15 minutes
Metadata         Intentos    5
Task Tags        conciliacion    desatendido

*** Variables ***
${DIAS: int}    3    # Días hacia atrás
${MODO: Literal['corto', 'largo']}    corto
${CLAVE: Secret}    %{CAJA_CLAVE}
${LIBRE}    hola
@{LISTA}    a    b

*** Tasks ***
Conciliar
    Log    1
"""


@pytest.fixture
def suite_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "robots").mkdir()
    (tmp_path / "config" / "cobranza.toml").write_text("[instancia]\n")
    monkeypatch.setenv("COBRANZA_HOME", str(tmp_path))
    return tmp_path


def write(root: Path, slug: str, text: str) -> None:
    (root / "robots" / f"{slug}.robot").write_text(text, encoding="utf-8")


def test_a_robot_tells_what_the_form_the_command_line_and_the_scheduler_need(suite_root: Path) -> None:
    write(suite_root, "conciliacion_diaria", WHOLE)

    robot = catalogue.find("conciliacion_diaria")

    assert robot.error == ""
    assert (robot.title, robot.documentation) == ("Conciliacion diaria", "Concilia cada mañana.")
    assert (robot.responsible, robot.queue, robot.credential) == ("Administración", "cobros", "caja")
    assert (robot.limit_seconds, robot.max_attempts, robot.unattended) == (900, 5, True)
    assert robot.tasks == ("Conciliar",)
    assert [variable.name for variable in robot.variables] == ["DIAS", "MODO", "CLAVE", "LIBRE"]
    days, mode, secret, free = robot.variables
    assert (days.type, days.default, days.help) == ("int", "3", "Días hacia atrás")
    assert mode.choices == ("corto", "largo")
    assert (secret.is_secret, secret.default, secret.reference) == (True, "", "env:CAJA_CLAVE")
    assert free.type == "str"


def test_values_are_checked_before_anything_starts(suite_root: Path) -> None:
    write(suite_root, "r", WHOLE)
    robot = catalogue.find("r")

    assert robot.check({"${dias}": "7", "CLAVE": "env:OTRA"}) == {"DIAS": "7", "CLAVE": "env:OTRA"}
    for bad in ({"DIAS": "siete"}, {"MODO": "medio"}, {"CLAVE": "en-claro"}, {"NADA": "1"}):
        with pytest.raises(VariableError) as caught:
            robot.check(bad)
        assert "en-claro" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*** Settings ***\nResource    nada.resource\n*** Tasks ***\nA\n    Log    1\n", "línea 2: no existe «nada"),
        ("*** Settings ***\nDocumentation    x\n", "ninguna tarea"),
        ("*** Tasks ***\nA\n    FOR    ${x}    IN    1\n", "línea 3"),
        ("*** Settings ***\nMetadata    Límite    mucho\n*** Tasks ***\nA\n    Log    1\n", "tiempo"),
        ("*** Settings ***\nMetadata    Intentos    0\n*** Tasks ***\nA\n    Log    1\n", "Intentos"),
        ("*** Variables ***\n${N: int}    siete\n*** Tasks ***\nA\n    Log    1\n", "siete"),
        ("*** Variables ***\n${N: Nada}    1\n*** Tasks ***\nA\n    Log    1\n", "Nada"),
    ],
)
def test_a_broken_suite_is_listed_with_its_reason(
    suite_root: Path, text: str, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    write(suite_root, "bien", WHOLE)
    write(suite_root, "mal", text)

    listed = {robot.slug: robot.error for robot in catalogue.robots()}

    assert listed["bien"] == ""
    assert reason in listed["mal"]
    with pytest.raises(RobotBroken):
        catalogue.runnable("mal")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("slug", ["nadie", "../config/cobranza", "/etc/passwd"])
def test_an_unknown_name_is_refused_and_never_leaves_the_folder(suite_root: Path, slug: str) -> None:
    with pytest.raises(RobotUnknown):
        catalogue.find(slug)


def test_without_a_limit_the_tasks_time_outs_decide(suite_root: Path) -> None:
    timed = "*** Settings ***\nTask Timeout    2 minutes\n*** Tasks ***\nA\n    Log    1\nB\n    Log    1\n"
    write(suite_root, "con", timed)
    write(suite_root, "sin", "*** Tasks ***\nA\n    Log    1\n")

    assert catalogue.find("con").limit_seconds == 300
    assert catalogue.find("sin").limit_seconds == 3600
