"""`cobranza disputes parse`: one mail, a folder, and what is no mail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cobranza.cli import disputes
from cobranza.cli.disputes_judge import read_row
from tests.unit.disputes_reading import builders


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(disputes.group, ["parse", *(str(each) for each in arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "uno.eml").write_bytes(builders.raw("La F-77 está pagada.\n> ¿Paga?", subject="Re: [red]F-77"))
    (tmp_path / "sub" / "foto.jpg").write_bytes(b"\xff\xd8\xff\x00\x00")
    return tmp_path


def test_one_mail_as_json(folder: Path) -> None:
    result = _run(folder / "uno.eml", "--json")

    told = json.loads(result.output)
    assert result.exit_code == 0
    assert told["kind"] == "human"
    assert told["kind_reason"]
    assert told["own_text"] == "La F-77 está pagada."
    assert told["lang"] == "es"
    assert [(each["type"], each["value"], each["in"], each["zone"]) for each in told["entities"]] == [
        ("invoice", "F-77", "subject", "new"),
        ("invoice", "F-77", "body", "new"),
    ]
    assert [each["zone"] for each in told["spans"]] == ["new", "quoted"]


def test_a_folder_gives_one_result_per_path(folder: Path) -> None:
    told = json.loads(_run(folder, "--json").output)

    assert sorted(told) == ["sub/foto.jpg", "uno.eml"]
    assert told["sub/foto.jpg"]["error"]["code"] == "COB-DIS-001"
    assert told["uno.eml"]["own_text"] == "La F-77 está pagada."


def test_a_file_that_is_no_mail_ends_with_three(folder: Path) -> None:
    result = _run(folder / "sub" / "foto.jpg", "--json")

    assert result.exit_code == 3
    assert "error" in json.loads(result.output)


def test_staff_read_it_as_text(folder: Path) -> None:
    assert "La F-77 está pagada." in _run(folder / "uno.eml").output
    assert "[red]F-77" in _run(folder / "uno.eml").output
    assert "foto.jpg" in _run(folder).output


def test_the_country_of_the_account_decides_the_dollar(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(builders.raw("Son $ 300"))

    told = json.loads(_run(tmp_path / "a.eml", "--country", "cl", "--json").output)

    assert [each["value"] for each in told["entities"]] == ["300.00 CLP"]


@pytest.mark.parametrize(
    ("country", "value"),
    [("co", "300.00 COP"), ("AR", "300.00 ARS"), ("CL ", "300.00 CLP"), ("Chile", "300.00 MXN"), (None, "300.00 MXN")],
)
def test_the_country_of_a_row_decides_the_dollar(country: str | None, value: str) -> None:
    row = {"id": "1", "from": "Ana <ana@x.example>", "subject": "Pago", "body": "Son $ 300", "country": country}

    assert [each.value for each in read_row(row).entities] == [value]
