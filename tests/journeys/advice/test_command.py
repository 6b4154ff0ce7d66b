"""`cobranza reconcile advice` as people and programs start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cobranza.cli.advices import group
from cobranza.ledger.registry import register_creditor
from cobranza.reconciliation.advice.models import Advice, AdviceFile
from tests.journeys.ledger.conftest import ROBOT
from tests.journeys.runs.engine_room import REPO, database_url

GOOD = (
    "Ordenante: Bodegas Inventadas, S.L.\nFactura   Importe\nF-1001     100,00\nF-1002      50,00\nTOTAL      150,00\n"
)
COMPANY = '[empresas.demo]\nnombre = "Prueba, S.L."\npais = "ES"\nerp = "hoja"\nbancos = ["caja"]\n'


def test_reading_shows_what_it_says_and_fails_when_it_does_not_add_up(tmp_path: Path) -> None:
    good, bad = tmp_path / "aviso.txt", tmp_path / "malo.txt"
    good.write_text(GOOD, encoding="utf-8")
    bad.write_text(GOOD.replace("150,00", "151,00"), encoding="utf-8")

    told = CliRunner().invoke(group, ["read", str(good), "--json"])
    [advice] = json.loads(told.output)["advices"]
    shown = CliRunner().invoke(group, ["read", str(good)])
    wrong = CliRunner().invoke(group, ["read", str(bad), "--json"])

    assert told.exit_code == shown.exit_code == 0
    assert (advice["total"], advice["total_stated"], advice["payer"]["name"]) == (
        "150.00",
        True,
        "Bodegas Inventadas, S.L.",
    )
    assert [(line["document"], line["paid"]) for line in advice["lines"]] == [("F-1001", "100.00"), ("F-1002", "50.00")]
    assert "F-1001" in shown.output
    assert wrong.exit_code == 3
    assert json.loads(wrong.output)["advices"][0]["objections"]


@pytest.mark.django_db(transaction=True)
def test_taking_a_file_twice_keeps_it_once(tmp_path: Path) -> None:
    register_creditor("demo", "Prueba, S.L.", actor=ROBOT, country="ES")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "cobranza.toml").write_text("", encoding="utf-8")
    (tmp_path / "config" / "companies.toml").write_text(COMPANY, encoding="utf-8")
    file = tmp_path / "aviso.txt"
    file.write_text(GOOD, encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(REPO),
        "COBRANZA_HOME": str(tmp_path),
        "DATABASE_URL": database_url(),
    }
    command = [
        sys.executable,
        "-m",
        "cobranza",
        "reconcile",
        "advice",
        "take",
        str(file),
        "--company",
        "demo",
        "--json",
    ]

    answers = [
        subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=180)
        for _ in range(2)
    ]

    assert [answer.returncode for answer in answers] == [0, 0], answers[0].stderr
    first, second = (json.loads(answer.stdout)["advices"][0] for answer in answers)
    assert (first["new"], second["new"]) == (True, False)
    assert (first["state"], first["total"], first["movement"]) == ("waiting", "150.00", None)
    assert Advice.objects.count() == AdviceFile.objects.count() == 1
