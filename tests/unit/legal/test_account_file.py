"""`cobranza legal sheet` over an account that a person wrote."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cobranza.cli import main

ACCOUNT = """
hasta = 2026-03-02
deudor = "empresa"

[[facturas]]
numero = "F-1"
importe = "1860.01"
vence = 2024-05-13

[[facturas]]
numero = "F-2"
importe = "1.000,00"
vence = 2025-01-15
pactado = { tipo = "7.125", fuente = "Contrato 7, cláusula 3", verificado = 2025-11-03 }
renuncia_indemnizacion = { por = "Ana Ruiz", motivo = "cliente antiguo", dia = 2026-02-20 }

[[facturas.pagos]]
dia = 2025-06-01
importe = "250.00"
"""


def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, *more: str) -> tuple[int, str]:
    file = tmp_path / "cuenta.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["legal", "sheet", str(file), *more])
    return int(ended.value.code or 0), capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str) -> tuple[int, Any]:
    code, out = call(capsys, tmp_path, text, "--json")
    return code, json.loads(out)


def test_the_account_foots_from_its_rows_to_its_total(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found = told(capsys, tmp_path, ACCOUNT)
    assert code == 0
    for each in found["invoices"]:
        assert sum(Decimal(row["amount"]) for row in each["rows"]) == Decimal(each["total"])
    assert sum(Decimal(each["total"]) for each in found["invoices"]) == Decimal(found["total"])
    first, second = found["invoices"]
    assert (first["interest"], first["recovery"]) == ("375.00", "40.00")
    assert (second["recovery"], second["waived"]) == ("0.00", "40.00")
    assert second["statement"]["segments"][0]["rate"] == "7.125"
    assert found["unverified"] == ["F-1"]


def test_people_read_it_with_who_waived_what(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out = call(capsys, tmp_path, ACCOUNT)
    assert code == 0
    for words in ("Ana Ruiz", "7,125", "2.275,01", "sin verificar", "40,00"):
        assert words in out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"1860.01"', '"mil"', "Factura F-1"),
        ('deudor = "empresa"', 'deudor = "particular"', "deudor"),
        ('deudor = "empresa"', 'deudor = "consumidor"', "requerimiento"),
        ("hasta = 2026-03-02", "hasta = 2026-08-01", "2026-S2"),
        ("motivo", "razon", "razon"),
        ("dia = 2025-06-01", "dia = 2026-06-01", "posterior"),
    ],
)
def test_an_account_that_cannot_be_settled_says_why(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in ACCOUNT
    code, found = told(capsys, tmp_path, ACCOUNT.replace(old, new, 1))
    assert code == 3
    assert said in found["error"]["message"]
