"""A run in the foreground: outcomes, evidence, limits, secrets, and what is left of its processes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core import serializers

from cobranza.kernel import clock
from cobranza.kernel.errors import EXIT_BUSINESS, EXIT_DONE, EXIT_OUTSIDE, EXIT_PERSON
from cobranza.runs import credentials, engine, processes, runner
from cobranza.runs.errors import CredentialBusy, NotRunnable, VariableError
from cobranza.runs.models import Alert, CredentialLease, Evidence, Run, RunState, WorkItem
from cobranza.runs.rows import Progress
from tests.journeys.runs.engine_room import EngineRoom, attempt_processes, wait_until

RAISES = """
from cobranza.kernel.errors import ApplicationError, BusinessError, NeedsPerson

class Closed(BusinessError):
    code = "COB-PRU-001"
    remedy = "Abra el periodo."

class Refused(BusinessError):
    code = "COB-PRU-002"
    remedy = "Cambie la clave."
    blocks_credential = True

class Down(ApplicationError):
    code = "COB-PRU-003"
    remedy = "Espere."

class Code(NeedsPerson):
    code = "COB-PRU-004"
    remedy = "Escriba el código."

def haz():
    raise {what}
"""


def start(robot: str, **variables: str) -> Run:
    return engine.create(robot, variables, started_by="prueba", foreground=True)


def execute(robot: str, **variables: str) -> Run:
    return runner.execute(start(robot, **variables).pk)


@pytest.mark.parametrize(
    ("what", "state", "code", "exit_code"),
    [
        ('Closed("El periodo está cerrado.")', RunState.BUSINESS_ERROR, "COB-PRU-001", EXIT_BUSINESS),
        ('Down("No contesta.")', RunState.TECHNICAL_ERROR, "COB-PRU-003", EXIT_OUTSIDE),
        ('Code("¿Qué código ha llegado?")', RunState.NEEDS_PERSON, "COB-PRU-004", EXIT_PERSON),
        ('ValueError("vaya")', RunState.TECHNICAL_ERROR, "COB-MOT-001", EXIT_OUTSIDE),
    ],
)
def test_the_class_of_the_error_decides_the_outcome(
    room: EngineRoom, what: str, state: RunState, code: str, exit_code: int
) -> None:
    room.simple("falla", RAISES.format(what=what))

    run = execute("falla")

    assert (run.state, run.error_code, run.exit_code) == (state, code, exit_code)
    assert run.error_remedy
    assert "→" not in run.error_message


def test_a_run_that_goes_well_leaves_its_evidence_with_true_hashes(room: EngineRoom) -> None:
    room.simple(
        "guarda",
        """
        from pathlib import Path
        from cobranza.runs import context

        def haz():
            file = Path(context.current().evidence) / "nota.txt"
            file.write_text("hola")
            context.save_evidence(file, "Una nota", kind="document")
            context.progress(3, 10, "Leyendo")
        """,
    )
    seen: list[Progress] = []

    run = runner.execute(start("guarda").pk, on_progress=seen.append)

    assert (run.state, run.exit_code) == (RunState.DONE, EXIT_DONE)
    folder = run.evidence_folder
    assert folder is not None
    rows = {Path(row.path).name: row for row in Evidence.objects.filter(run=run)}
    assert {"log.html", "report.html", "output.xml", "console.txt", "nota.txt"} <= set(rows)
    assert (rows["nota.txt"].title, rows["nota.txt"].kind) == ("Una nota", "document")
    for name, row in rows.items():
        assert row.sha256 == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert checked.returncode == 0
    assert any(step.keyword == "Leyendo" and (step.done, step.total) == (3, 10) for step in seen)
    assert any(step.task == "Tarea de guarda" for step in seen)


def test_variables_arrive_with_their_types(room: EngineRoom) -> None:
    room.simple(
        "tipos",
        """
        from pathlib import Path
        from cobranza.runs import context

        def haz(days, amount, day):
            Path(context.current().evidence, "tipos.txt").write_text(f"{days!r} {amount!r} {day!r}")
        """,
        variables="${DIAS: int}    1\n${IMPORTE: Decimal}    0\n${FECHA: date}    2026-01-01",
        steps="    Haz    ${DIAS}    ${IMPORTE}    ${FECHA}",
    )

    run = execute("tipos", DIAS="7", IMPORTE="10.50", FECHA="2026-03-02")

    assert run.state == RunState.DONE
    assert run.evidence_folder is not None
    text = (run.evidence_folder / "tipos.txt").read_text()
    assert text == "7 Decimal('10.50') datetime.date(2026, 3, 2)"
    with pytest.raises(VariableError, match="DIAS"):
        start("tipos", DIAS="siete")
    with pytest.raises(VariableError, match="NADA"):
        start("tipos", NADA="1")


def test_no_secret_is_left_anywhere_at_trace(
    room: EngineRoom, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two secrets, one from the suite's own default and one by reference, handled carelessly by the keyword."""
    monkeypatch.setenv("PRUEBA_CLAVE", "clave-plantada-9f3a")
    monkeypatch.setenv("PRUEBA_OTRA", "otra-plantada-77c1")
    room.settings(registro="TRACE")
    room.simple(
        "secretos",
        """
        import logging
        from robot.api import logger

        def haz(clave, otra):
            logger.info(f"la clave es {clave.value}")
            logger.info(f"<b>{otra.value}</b>", html=True)
            logging.getLogger("descuidada").warning("otra: %s", otra.value)
            print("impresa", clave.value)
            return helper(clave.value)

        def helper(value):
            return "devuelta " + value

        def falla(clave):
            raise RuntimeError(f"no entra con {clave.value}")
        """,
        variables="${CLAVE: Secret}    %{PRUEBA_CLAVE}\n${OTRA: Secret}    %{PRUEBA_CLAVE}",
        steps="    Log    ${CLAVE}\n    Haz    ${CLAVE}    ${OTRA}\n    Log Variables\n    Falla    ${CLAVE}",
    )

    run = execute("secretos", OTRA="env:PRUEBA_OTRA")

    assert run.state == RunState.TECHNICAL_ERROR
    assert "no entra con <secret>" in run.error_message
    assert run.variables == {"OTRA": "env:PRUEBA_OTRA"}
    written = b"".join(file.read_bytes() for file in room.output.rglob("*") if file.is_file())
    assert b"no entra con" in written  # the files do hold what the keyword said
    database = serializers.serialize(
        "json", [*Run.objects.all(), *Evidence.objects.all(), *Alert.objects.all(), *WorkItem.objects.all()]
    )
    printed = "".join(capfd.readouterr())
    for secret in ("clave-plantada-9f3a", "otra-plantada-77c1"):
        assert secret.encode() not in written
        assert secret not in database
        assert secret not in printed


def test_a_secret_in_clear_is_refused_and_a_missing_one_stops_before_the_robot(room: EngineRoom) -> None:
    room.simple("pide", "def haz(x):\n    pass\n", variables="${CLAVE: Secret}    %{NO_ESTA_PUESTA}")
    with pytest.raises(VariableError, match="secreto"):
        start("pide", CLAVE="en-claro")

    run = execute("pide")

    assert (run.state, run.error_code) == (RunState.BUSINESS_ERROR, "COB-SEC-001")
    assert "NO_ESTA_PUESTA" in run.error_message


GRANDCHILD = """
import subprocess, sys, time
from pathlib import Path
from cobranza.runs import context

def haz():
    # a browser does the same: a session of its own, whose leader outlives whoever started it
    code = (
        "import subprocess, sys, time;"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True);"
        "time.sleep({leader})"
    )
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    time.sleep(1)
    Path(context.current().evidence, "listo").touch()
    {then}
"""


@pytest.mark.parametrize(
    ("leader", "then"),
    [("600", "pass"), ("0", "pass"), ("600", "time.sleep(600)"), ("0", "import os; os.kill(os.getpid(), 9)")],
    ids=["ends", "ends, leader gone", "overruns", "dies"],
)
def test_nothing_of_the_process_tree_survives_the_run(room: EngineRoom, leader: str, then: str) -> None:
    room.simple("arbol", GRANDCHILD.format(leader=leader, then=then), metadata="Metadata    Límite    5 seconds")
    run = start("arbol")
    found: list[int] = []

    def look(_progress: Progress) -> None:
        token = str(Run.objects.get(pk=run.pk).token)
        found.extend(attempt_processes(token))

    ended = runner.execute(run.pk, on_progress=look)

    assert found  # the robot itself carried the mark while it lived
    assert ended.state in (RunState.DONE, RunState.EXPIRED, RunState.TECHNICAL_ERROR)
    assert [pid for pid in set(found) if processes.identity(pid)] == []
    assert _sleepers(ended) == []


def _sleepers(run: Run) -> list[int]:
    """Processes whose environment still names this run's evidence folder."""
    left = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if f"COBRANZA_EVIDENCE={run.evidence_folder}".encode() in environment:
                left.append(int(entry.name))
    return left


def test_a_run_over_its_limit_ends_vencido_after_its_teardown(room: EngineRoom) -> None:
    room.settings(gracia=60)  # it ends as soon as its log is written, however slow the machine
    room.simple(
        "lento",
        """
        import time
        from pathlib import Path
        from cobranza.runs import context

        def haz():
            time.sleep(600)

        def cierra():
            Path(context.current().evidence, "cerrado").touch()
        """,
        metadata="Metadata    Límite    3 seconds\nTask Teardown    Cierra",
    )

    run = execute("lento")

    assert run.error_code == "COB-MOT-004", run.error_message
    assert (run.state, run.exit_code) == (RunState.EXPIRED, EXIT_OUTSIDE)
    assert "límite de 3 s" in run.error_message
    assert run.evidence_folder is not None
    assert (run.evidence_folder / "cerrado").exists()
    assert (run.evidence_folder / "log.html").exists()


def test_cancelling_stops_a_running_robot(room: EngineRoom) -> None:
    room.simple("espera", "import time\ndef haz():\n    time.sleep(600)\n")
    run = start("espera")

    def cancel_once(progress: Progress) -> None:
        if progress.keyword and not asked.is_set():
            asked.set()
            threading.Thread(target=_cancel, args=(run.pk,)).start()

    asked = threading.Event()
    ended = runner.execute(run.pk, on_progress=cancel_once)

    assert (ended.state, ended.cancel_requested_by) == (RunState.CANCELLED, "consola:ana")
    assert engine.cancel(run.pk, by="consola:ana") is False


def _cancel(run_id: int) -> None:
    from django.db import connection

    engine.cancel(run_id, by="consola:ana")
    connection.close()


def test_a_wrong_password_stops_every_robot_of_the_credential_until_cleared(room: EngineRoom) -> None:
    room.simple("entra", RAISES.format(what='Refused("La clave no vale.")'), metadata="Metadata    Credencial    banco")
    room.simple("otro", "def haz():\n    pass\n", metadata="Metadata    Credencial    banco")

    first = execute("entra")
    second = execute("otro")

    assert first.error_code == "COB-PRU-002"
    assert (second.state, second.error_code, second.attempt) == (RunState.BUSINESS_ERROR, "COB-MOT-009", 0)
    assert Alert.objects.filter(kind="credencial").count() == 1
    assert credentials.clear("banco", by="consola:ana")
    assert execute("otro").state == RunState.DONE
    assert not CredentialLease.objects.exists()


def test_one_run_at_a_time_per_credential(room: EngineRoom) -> None:
    room.simple("uno", "def haz():\n    pass\n", metadata="Metadata    Credencial    banco")
    other = start("uno")
    token = uuid4()
    assert credentials.take("banco", token, other.pk, timedelta(minutes=5))

    run = start("uno")
    with pytest.raises(CredentialBusy):
        runner.execute(run.pk)

    closed = Run.objects.get(pk=run.pk)
    assert (closed.state, closed.error_code, closed.attempt) == (RunState.TECHNICAL_ERROR, "COB-MOT-008", 0)
    credentials.release("banco", token)
    assert execute("uno").state == RunState.DONE
    with pytest.raises(NotRunnable):
        runner.execute(999_999)


def test_a_foreground_run_whose_terminal_died_does_not_wait_for_ever(room: EngineRoom) -> None:
    room.simple("uno", "def haz():\n    pass\n")
    run = start("uno")
    Run.objects.filter(pk=run.pk).update(created_at=clock.now() - timedelta(hours=1))

    engine.sweep()

    run.refresh_from_db()
    assert (run.state, run.error_code) == (RunState.TECHNICAL_ERROR, "COB-MOT-003")


def test_the_command_line_ends_with_the_outcome(room: EngineRoom) -> None:
    room.simple("bien", "def haz():\n    pass\n")
    room.simple("mal", RAISES.format(what='Closed("Cerrado.")'))

    good = _cobranza("run", "bien", "--json")
    bad = _cobranza("run", "mal")

    assert good.returncode == EXIT_DONE, good.stderr
    assert json.loads(good.stdout)["state"] == "hecho"
    assert bad.returncode == EXIT_BUSINESS
    assert "COB-PRU-001: Cerrado. → Abra el periodo." in bad.stderr
    assert _cobranza("run", "nadie").returncode == 2
    assert _cobranza("run", "bien", "--var", "X=1").returncode == 2
    listed = json.loads(_cobranza("runs", "--json").stdout)
    assert [run["robot"] for run in listed] == ["mal", "bien"]
    shown = json.loads(_cobranza("runs", "show", str(listed[0]["id"]), "--json").stdout)
    assert shown["error"]["code"] == "COB-PRU-001"


def _cobranza(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from cobranza.cli import main; main()", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[3],
        timeout=120,
    )


def test_a_rehearsal_is_told_to_the_robot(room: EngineRoom) -> None:
    room.simple(
        "ensayo",
        """
        from pathlib import Path
        from cobranza.runs import context

        def haz():
            here = context.current()
            Path(here.evidence, "ensayo.txt").write_text(f"{here.rehearse} {here.run_id} {here.attempt}")
        """,
    )
    run = engine.create("ensayo", {}, started_by="prueba", rehearse=True, foreground=True)

    ended = runner.execute(run.pk)

    assert ended.evidence_folder is not None
    assert (ended.evidence_folder / "ensayo.txt").read_text() == f"True {run.pk} 1"
    wait_until(lambda: attempt_processes(str(run.token)) == [], 5)
