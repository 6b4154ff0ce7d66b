"""`cobranza reconcile files`: CSV in, CSV out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cobranza.cli.reconcile import group
from cobranza.kernel.config import ConfigError
from cobranza.reconciliation import files, policy
from cobranza.reconciliation.frames import CUSTOMER_COLUMNS, INVOICE_COLUMNS, LINK_COLUMNS, PAYMENT_COLUMNS, text_frame
from tests.unit.reconciliation.factory import CUSTOMERS, frame, invoice, payment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "con espacio"
    place.mkdir()
    rows = [
        payment("P1", "100.00", payer_account="ES001", remittance="F-00001"),
        payment("P2", "7.00", remittance='=HYPERLINK("x")'),
    ]
    files.write(frame(rows, PAYMENT_COLUMNS), place / "payments.csv")
    files.write(frame([invoice("I1", "F-00001", "100.00")], INVOICE_COLUMNS), place / "invoices.csv")
    files.write(frame(CUSTOMERS, CUSTOMER_COLUMNS), place / "customers.csv")
    return place


def test_writes_matches_review_and_summary(folder: Path) -> None:
    out, review = folder / "matches.csv", folder / "revision.csv"

    answer = CliRunner().invoke(group, ["files", str(folder), "--out", str(out), "--review", str(review), "--json"])

    assert answer.exit_code == 0, answer.output
    with out.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == LINK_COLUMNS
    assert [(row["payment_id"], row["invoice_id"], row["applied"]) for row in rows] == [("P1", "I1", "100.00")]
    assert "P2" in review.read_text(encoding="utf-8")
    summary = json.loads(answer.output)
    assert summary["matched"] == 1
    assert summary["amounts"] == {"EUR": {"received": "107.00", "matched": "100.00"}}
    assert not list(folder.glob(".*tmp"))


def test_the_summary_for_people(folder: Path) -> None:
    answer = CliRunner().invoke(group, ["files", str(folder), "--out", str(folder / "m.csv")])

    assert "1 de 2 cobros emparejados" in answer.output
    assert "EUR: 100,00 de 107,00" in answer.output


@pytest.mark.parametrize("text", ["=1+1", "+34", "-5", "@SUM(A1)", "\tx"])
def test_formulas_become_text(text: str, tmp_path: Path) -> None:
    files.write(text_frame(["a", "b"], [["1", text]]), tmp_path / "x.csv", free_text=["b"])

    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as lines:
        assert list(csv.reader(lines))[1] == ["1", "'" + text]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.csv: est\u00e1 vac\u00edo."),
        (b"a,b\n1\n", "x.csv, l\u00ednea 2: tiene 1 celdas y la cabecera 2."),
        (b"a,a\n1,2\n", "x.csv, l\u00ednea 1: la columna \u00aba\u00bb est\u00e1 repetida."),
    ],
)
def test_a_broken_file_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(content)

    with pytest.raises(files.CsvError) as caught:
        files.read(tmp_path / "x.csv")

    assert caught.value.message == message


def test_a_missing_file_and_a_wrong_encoding(tmp_path: Path) -> None:
    with pytest.raises(files.CsvError, match="No existe"):
        files.read(tmp_path / "none.csv")
    (tmp_path / "l.csv").write_bytes("a\nñ\n".encode("latin-1"))
    with pytest.raises(files.CsvError, match="no se puede leer"):
        files.read(tmp_path / "l.csv")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "no" / "x.csv"

    with pytest.raises(files.CsvError, match="No se puede escribir"):
        files.write(text_frame(["a"], [["1"]]), target)

    assert not target.exists()


def test_the_shipped_policy_is_the_default() -> None:
    shipped = Path(__file__).resolve().parents[3] / "config" / "reconciliation.toml"

    assert policy.read(shipped) == policy.Policy()


def test_a_misspelt_key_is_answered_with_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text('umbral_automatica = "0.9"\n', encoding="utf-8")

    with pytest.raises(ConfigError, match="umbral_automatico"):
        policy.read(tmp_path / "r.toml")
