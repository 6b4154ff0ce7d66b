"""The robot as staff start it: a demo bank in Chromium, a spreadsheet for an ERP, what it leaves, how it ends."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cobranza.demo.banks.portal import DEFAULTS
from cobranza.demo.banks.server import RunningPortal, running
from cobranza.ledger.models import Invoice, Movement
from cobranza.reconciliation.models import PostingIntent, Proposal, ReversalIntent
from cobranza.reconciliation.reversals import request
from cobranza.runs.models import CredentialBlock, Run
from tests.journeys.runs.engine_room import REPO, database_url, empty_ticket_box

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TODAY = date(2026, 11, 20)
SECRET = DEFAULTS["caja_demo"][1]
BOOK = (
    "Factura;Cliente;NIF;Fecha;Vencimiento;Total;Pendiente\n"
    "F2026-01001;Talleres Núñez, S.L.;B28746063;01/09/2026;01/10/2026;1.210,00;1.210,00\n"
    "F2026-01002;Aceites del Ebro, S.A.;A15900426;05/09/2026;05/10/2026;605,50;605,50\n"
    "F2026-01003;Aceites del Ebro, S.A.;A15900426;06/09/2026;06/10/2026;300,00;300,00\n"
)
ERP = """
[erps.hoja]
conector = "spreadsheet"
fichero = "libro.csv"

[erps.hoja.columnas]
numero = "Factura"
cliente = "Cliente"
nif = "NIF"
emision = "Fecha"
vencimiento = "Vencimiento"
total = "Total"
pendiente = "Pendiente"
"""
COMPANY = '[empresas.demo]\nnombre = "Prueba, S.L."\npais = "ES"\nerp = "hoja"\nbancos = ["caja"]\n'
LINES = [
    ("2026-11-03", "1210.00", ["TRANSF. DE TALLERES NUNEZ, S.L.", "FRA. F2026-01001"]),
    ("2026-11-04", "905.50", ["TRANSF. DE ACEITES DEL EBRO, S.A.", "FACTURAS F2026-01002 Y F2026-01003"]),
    ("2026-11-05", "77.77", ["INGRESO EFECTIVO"]),
    ("2026-11-05", "77.77", ["INGRESO EFECTIVO"]),
]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    movements = [
        {
            "booked_on": day,
            "value_on": day,
            "amount": amount,
            "text": text,
            "reference": "",
            "counterparty_name": "",
            "counterparty_account": "",
            "counterparty_tax_id": "",
            "bank_code": "PMNT/RCDT/ESCT",
            "pending": False,
        }
        for day, amount, text in LINES
    ]
    account = {"iban": "ES6520854503069000000015", "name": "Cobros", "currency": "EUR", "opening_balance": "10.00"}
    file = tmp_path_factory.mktemp("banco") / "mundo.json"
    file.write_text(json.dumps({"accounts": [account | {"movements": movements}]}), encoding="utf-8")
    with running("caja_demo", world=file, today=TODAY) as portal:
        yield portal


@pytest.fixture
def suite_folder(tmp_path: Path, bank: RunningPortal, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "una suite"
    for name in ("robots", "keywords", "connectors", "classifiers", "config"):
        shutil.copytree(REPO / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    (home / "config" / "companies.toml").write_text(COMPANY, encoding="utf-8")
    (home / "config" / "erps.toml").write_text(ERP, encoding="utf-8")
    (home / "libro.csv").write_text(BOOK, encoding="utf-8")
    monkeypatch.setenv("COBRANZA_HOME", str(home))
    monkeypatch.setenv("COBRANZA_OUTPUT", str(home / "output"))
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("CAJA_DEMO_URL", bank.url)
    monkeypatch.setenv("CAJA_DEMO_CLAVE", SECRET)
    monkeypatch.setenv("CAJA_DEMO_TOTP", DEFAULTS["caja_demo"][2])
    bank.reset()
    bank.faults({"none": True, "otp_reusable": True})
    empty_ticket_box()
    return home


def _run(home: Path, *words: str, robot: str = "conciliacion_diaria") -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "cobranza", "run", robot, "--json", *words]
    if robot == "conciliacion_diaria":
        command += ["--var", "HASTA=20/11/2026", "--var", "DIAS=30"]
    environment = os.environ | {"PYTHONPATH": str(REPO), "COBRANZA_LOG_LEVEL": "TRACE"}
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=300)
    assert SECRET not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


def _posted(home: Path) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(home / "libro.cobros.xlsx")
    return [row for row in book["Cobros aplicados"].iter_rows(min_row=2, values_only=True) if any(row)]


def test_posts_what_is_certain_once_and_leaves_the_rest_with_the_reason(suite_folder: Path) -> None:
    code, told = _run(suite_folder)

    assert code == 0, told
    assert Movement.objects.count() == 4  # two of them truly equal
    assert PostingIntent.objects.filter(state="posted").count() == 3
    assert len(_posted(suite_folder)) == 3
    waiting = Proposal.objects.filter(state="review")
    assert waiting.count() == 2
    assert all(row.explanation for row in waiting)
    assert (suite_folder / "libro.csv").read_text(encoding="utf-8") == BOOK

    run = Run.objects.get()
    folder = run.evidence_folder
    assert folder is not None
    book = openpyxl.load_workbook(folder / "conciliacion.xlsx")
    outcomes = [row[7] for row in book["Movimientos"].iter_rows(min_row=2, values_only=True)]
    assert outcomes == ["Registrado", "Registrado", "Sin casar", "Sin casar"]

    code, told = _run(suite_folder)

    assert code == 0, told
    assert Movement.objects.count() == 4
    assert PostingIntent.objects.count() == 3
    assert len(_posted(suite_folder)) == 3
    for file in (suite_folder / "output").rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_what_a_person_undoes_leaves_the_erp_once_and_is_not_posted_again(suite_folder: Path) -> None:
    code, told = _run(suite_folder)
    assert code == 0, told
    both = Proposal.objects.get(state="posted", movement__amount="905.50")
    request(both.pk, person="ana", reason="Era de otro cliente")

    code, told = _run(suite_folder, robot="deshacer_cobros")
    assert code == 0, told
    undone = _posted(suite_folder)[3:]
    assert sorted(row[3] for row in undone) == [-605.5, -300]
    assert ReversalIntent.objects.filter(state="reversed").count() == 2
    assert sorted(Invoice.objects.values_list("open", flat=True)) == [0, 300, Decimal("605.5")]

    for robot in ("deshacer_cobros", "conciliacion_diaria"):
        code, told = _run(suite_folder, robot=robot)
        assert code == 0, told
    assert len(_posted(suite_folder)) == 5
    live = Proposal.objects.exclude(state="superseded").get(movement=both.movement)
    assert live.state in ("reversed", "review")
    assert sorted(Invoice.objects.values_list("open", flat=True)) == [0, 300, Decimal("605.5")]


def test_a_rehearsal_does_everything_but_the_act(suite_folder: Path) -> None:
    code, told = _run(suite_folder, "--rehearse")

    assert code == 0, told
    assert Proposal.objects.filter(state="automatic").count() == 2
    assert PostingIntent.objects.count() == 0
    assert not (suite_folder / "libro.cobros.xlsx").exists()


@pytest.mark.parametrize(
    ("fault", "code", "error"),
    [
        ({"layout": "v3"}, 3, "COB-POR-003"),
        ({"maintenance": True}, 4, "COB-POR-005"),
        ({"blocked": True}, 3, "COB-POR-002"),
        ({"session_expiry": 3}, 4, "COB-POR-006"),
    ],
    ids=["changed page", "maintenance", "blocked", "expired session"],
)
def test_a_portal_that_fails_is_named_with_a_picture_and_nothing_is_concluded(
    suite_folder: Path, bank: RunningPortal, fault: dict[str, Any], code: int, error: str
) -> None:
    bank.faults(fault)

    ended, told = _run(suite_folder)

    run = Run.objects.latest("pk")
    assert (ended, run.error_code) == (code, error), told
    assert run.evidence_folder is not None
    assert list(run.evidence_folder.rglob("*.png")), "no screenshot"
    assert Movement.objects.count() == 0
    assert Proposal.objects.count() == 0


def test_a_wrong_password_is_tried_once_and_stops_the_credential(
    suite_folder: Path, bank: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAJA_DEMO_CLAVE", "no-es-esta-1")

    ended, _ = _run(suite_folder)

    run = Run.objects.latest("pk")
    assert (ended, run.error_code) == (3, "COB-POR-001")
    assert run.evidence_folder is not None
    assert list(run.evidence_folder.rglob("*.png"))
    assert bank.truth()["counters"]["failed_logins"] == 1
    assert CredentialBlock.objects.filter(cleared_at=None).count() == 1
    assert Movement.objects.count() == 0
