"""`cobranza statements read` and `check`: exact output, exit codes, and text that a bank cannot style."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cobranza.cli import statements
from cobranza.ledger.statements import StatementError
from cobranza.reconciliation import statement_files
from tests.unit.statements import builders

KEYS = [
    "booking_date", "value_date", "amount", "currency", "text", "reference", "counterparty_name",
    "counterparty_account", "bank_code", "booked", "details",
]  # fmt: skip


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(statements.group, [str(each) for each in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = builders.many(3)
    (tmp_path / "sub").mkdir()
    (tmp_path / "bueno.n43").write_bytes(builders.n43(lines, Decimal("10.00")))
    (tmp_path / "sub" / "no cuadra.xml").write_bytes(
        builders.camt(lines, Decimal("10.00")).replace(b'"EUR">10.00', b'"EUR">11.00', 1)
    )
    (tmp_path / "sub" / "otra cosa.txt").write_bytes(b"hola [bold]mundo")
    return tmp_path


def test_read_prints_the_statement(folder: Path) -> None:
    result = _run("read", folder / "bueno.n43", "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert list(found) == ["format", "version", "statements", "objections"]
    assert list(found["statements"][0]) == ["account", "currency", "opening", "closing", "movements"]
    assert [list(movement) for movement in found["statements"][0]["movements"]] == [KEYS] * 3
    assert found["statements"][0]["opening"] == "10.00"
    assert found["objections"] == []


def test_read_answers_an_unreadable_file_with_its_error_and_code_3(folder: Path) -> None:
    result = _run("read", folder / "sub" / "otra cosa.txt", "--json")

    error = json.loads(result.stdout)["error"]
    assert result.exit_code == 3
    assert error["code"] == "COB-EXT-001"
    assert set(error) == {"code", "message", "remedy"}


def test_without_json_the_error_goes_to_stderr(folder: Path) -> None:
    result = _run("read", folder / "sub" / "otra cosa.txt")

    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.startswith("COB-EXT-001: ")
    assert " → " in result.stderr


def test_a_statement_that_does_not_close_is_shown_and_can_be_refused(folder: Path) -> None:
    path = folder / "sub" / "no cuadra.xml"

    shown, refused = _run("read", path, "--json"), _run("read", path, "--json", "--prove")

    assert shown.exit_code == 0
    assert "saldo final declarado" in json.loads(shown.stdout)["objections"][0]
    assert refused.exit_code == 3
    assert "saldo final declarado" in json.loads(refused.stdout)["error"]["message"]


def test_check_gives_the_same_for_every_file_of_the_tree(folder: Path) -> None:
    result = _run("check", folder, "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert list(found) == ["bueno.n43", "sub/no cuadra.xml", "sub/otra cosa.txt"]
    assert found["bueno.n43"] == json.loads(_run("read", folder / "bueno.n43", "--json").stdout)
    assert list(found["sub/otra cosa.txt"]) == ["error"]


def test_check_tables_the_verdicts(folder: Path) -> None:
    result = _run("check", folder)

    assert "3 ficheros: 1 correctos, 1 con objeciones, 1 rechazados." in result.stdout
    assert _run("check", folder, "--strict").exit_code == 3


def test_the_table_shows_what_the_bank_wrote_and_never_obeys_it(tmp_path: Path) -> None:
    text = "Fecha;Concepto;Importe;Saldo\n02/03/2026;[red]PAGO[/red] [/] 50% [;10,00;10,00\n03/03/2026;b;-4,00;6,00\n"
    (tmp_path / "extracto.csv").write_text(text, encoding="utf-8")

    result = _run("read", tmp_path / "extracto.csv")

    assert result.exit_code == 0
    assert "[red]PAGO[/red]" in result.stdout


def test_quarantine_keeps_a_copy_with_the_reason(folder: Path, tmp_path: Path) -> None:
    path = folder / "sub" / "no cuadra.xml"
    with pytest.raises(StatementError) as caught:
        statement_files.read(path)

    reason = statement_files.quarantine(path, tmp_path / "cuarentena", caught.value)
    again = statement_files.quarantine(path, tmp_path / "cuarentena", caught.value)

    content = json.loads(reason.read_text(encoding="utf-8"))
    assert again == reason
    assert len(list((tmp_path / "cuarentena").iterdir())) == 2
    assert (tmp_path / "cuarentena" / content["copy"]).read_bytes() == path.read_bytes()
    assert content["error"]["code"] == "COB-EXT-001"
    assert content["file"] == "no cuadra.xml"


def test_a_file_that_books_nothing_is_refused(tmp_path: Path) -> None:
    raw = builders.camt(builders.many(2)).replace(b"<Cd>BOOK</Cd>", b"<Cd>INFO</Cd>")
    closing = sum(line.amount for line in builders.many(2))
    (tmp_path / "aviso.xml").write_bytes(raw.replace(f"{closing}</Amt>".encode(), b"0</Amt>"))

    with pytest.raises(StatementError, match="no ha asentado ninguno"):
        statement_files.read(tmp_path / "aviso.xml")
