"""What a clerk and an auditor are told, and whether it can be told again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cobranza.cli.reconcile_explain import explain
from cobranza.reconciliation import files, ruleset
from cobranza.reconciliation.frames import CUSTOMER_COLUMNS, INVOICE_COLUMNS, PAYMENT_COLUMNS
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.reproduction import Line, Reading, compare
from tests.unit.reconciliation.factory import CUSTOMERS, frame, invoice, payment, run

INVOICES = [
    invoice("I1", "F2026-00101", "1210.00", net="1000.00", tax="210.00", series="F2026-"),
    invoice("I2", "F2026-00102", "84.70", series="F2026-"),
]
PAYMENTS = [
    payment("P1", "1060.00", payer_account="ES001", remittance="PAGO FRA F2026-00101"),
    payment("P2", "17.35", payer_name="Nadie", remittance="VARIOS"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files.write(frame(PAYMENTS, PAYMENT_COLUMNS), tmp_path / "payments.csv")
    files.write(frame(INVOICES, INVOICE_COLUMNS), tmp_path / "invoices.csv")
    files.write(frame(CUSTOMERS, CUSTOMER_COLUMNS), tmp_path / "customers.csv")
    files.write(run(PAYMENTS, INVOICES).links, tmp_path / "matches.csv", free_text=["explanation"])
    return tmp_path


def told(folder: Path, key: str, *more: str) -> tuple[int, dict[str, object]]:
    result = CliRunner().invoke(explain, [key, "--data", str(folder), "--json", *more])
    return result.exit_code, json.loads(result.stdout)


def test_what_was_stored_comes_out_again(folder: Path) -> None:
    code, answer = told(folder, "P1", "--matches", str(folder / "matches.csv"))

    assert (code, answer["same"]) == (0, True)
    assert answer["stored"] == answer["again"]
    assert answer["rules_stored"] == str(ruleset.current(Policy())) == answer["rules_now"]


def test_without_a_stored_reading_the_reading_is_shown(folder: Path) -> None:
    code, answer = told(folder, "P1")

    assert (code, answer["same"], answer["stored"]) == (0, None, None)
    assert answer["again"]["lines"] == [  # type: ignore[index]
        {"document": "I1", "applied": "1210.00", "withheld": "150.00", "fee": "0.00", "discount": "0.00"}
    ]


def test_other_data_and_the_reason_are_named(folder: Path) -> None:
    files.write(frame(INVOICES[1:], INVOICE_COLUMNS), folder / "invoices.csv")

    code, answer = told(folder, "P1", "--matches", str(folder / "matches.csv"))

    assert (code, answer["same"]) == (5, False)
    assert "I1: estaba y ya no está" in answer["differences"]  # type: ignore[operator]
    assert answer["causes"] == [
        "las reglas y los parámetros son los mismos: han cambiado los datos (facturas, otros cobros)"
    ]


def test_what_stayed_unmatched_says_why(folder: Path) -> None:
    code, answer = told(folder, "P2", "--matches", str(folder / "matches.csv"))

    assert (code, answer["same"]) == (0, True)
    assert "No se reconoce al ordenante" in answer["again"]["explanation"]  # type: ignore[index]


def test_an_unknown_payment_is_refused(folder: Path) -> None:
    result = CliRunner().invoke(explain, ["P9", "--data", str(folder)])

    assert "No hay ningún cobro P9" in str(result.exception)


def test_other_rules_and_other_parameters_are_told_apart() -> None:
    now = ruleset.current(Policy())
    old = Reading(lines=(Line("I1", "10.00"),), confidence="0.9000", rule="equal/referencia", explanation=f"{now}.")
    new = replace(old, confidence="0.8000")

    other_rules = replace(old, explanation=str(replace(now, version="2020-01-01")))
    other_parameters = replace(old, explanation=str(replace(now, parameters="00000000")))

    assert compare(old, old, Policy()).same
    assert compare(old, new, Policy()).causes[0].startswith("las reglas y los parámetros son los mismos")
    assert compare(other_rules, new, Policy()).causes == (
        f"han cambiado las reglas: eran las de 2020-01-01 y son las de {ruleset.RULES_VERSION}",
    )
    assert compare(other_parameters, new, Policy()).causes == (
        "han cambiado los parámetros: la política de la empresa o los datos de un país",
    )
    assert compare(replace(old, explanation="Importe exacto."), new, Policy()).causes == (
        "lo guardado no dice con qué reglas se hizo",
    )


def test_a_changed_parameter_changes_the_fingerprint() -> None:
    assert ruleset.current(Policy()) == ruleset.current(Policy())
    assert ruleset.current(Policy(ventana_dias=300)).parameters != ruleset.current(Policy()).parameters


def test_rivals_say_why_they_lost() -> None:
    rows = [*INVOICES, invoice("I3", "F2026-00103", "1060.00", series="F2026-", due_date="2025-12-01")]

    result = run([payment("P1", "1060.00", payer_account="ES001", remittance="FRA 00101 IRPF")], rows)
    text = result.links["explanation"][0]

    assert set(result.links["invoice_id"]) == {"I1"}
    assert "1.210,00 − 150,00 (IRPF 15 % s/ 1.000,00) = 1.060,00" in text
    assert text.endswith(f"{ruleset.current(Policy())}.")
