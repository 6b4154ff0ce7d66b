from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from cobranza.kernel.config import ConfigError, Strict, load
from cobranza.kernel.secrets import Secret, SecretError, SecretRef, resolve


class _Account(Strict):
    banco: str
    formato: Literal["caja_csv", "n43"] = "n43"
    ventana_dias: int = 5
    clave: SecretRef = "env:CLAVE"
    tolerancia: Decimal = Decimal("0.01")


class _Banks(Strict):
    cuentas: dict[str, _Account] = {}


def _write(folder: Path, text: str) -> Path:
    file = folder / "banks.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_reads_what_is_right(tmp_path: Path) -> None:
    file = _write(tmp_path, '[cuentas.operativa]\nbanco = "caja_demo"\nventana_dias = 7\n')
    assert load(file, _Banks).cuentas["operativa"].ventana_dias == 7


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml", _Banks).cuentas == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ventana_dia = 7", ["cuentas.operativa.ventana_dia", "¿quería decir «ventana_dias»?", "se admiten: banco"]),
        ('ventana_dias = "siete"', ["cuentas.operativa.ventana_dias", "'siete'"]),
        ('formato = "n34"', ["cuentas.operativa.formato", "'caja_csv' or 'n43'"]),
        ('clave = "hunter2"', ["cuentas.operativa.clave", "env:NOMBRE"]),
        ("banco =", ["TOML"]),
    ],
)
def test_says_file_key_and_what_is_allowed(tmp_path: Path, line: str, said: list[str]) -> None:
    file = _write(tmp_path, f'[cuentas.operativa]\nbanco = "caja_demo"\n{line}\n')
    with pytest.raises(ConfigError) as caught:
        load(file, _Banks)
    assert "banks.toml" in str(caught.value)
    for words in said:
        assert words in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"falta la clave «cuentas\.operativa\.banco»"):
        load(_write(tmp_path, "[cuentas.operativa]\n"), _Banks)


def test_secrets_come_from_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAVE", "abc")
    (tmp_path / "clave.txt").write_text("def\n", encoding="utf-8")
    assert resolve("env:CLAVE").reveal() == "abc"
    assert resolve("file:clave.txt", base=tmp_path).reveal() == "def"


@pytest.mark.parametrize("reference", ["env:NO_EXISTE_1", "file:none.txt", "vault:x", "sin-esquema", "keyring:solo"])
def test_a_secret_that_is_not_there_is_named_without_a_value(tmp_path: Path, reference: str) -> None:
    with pytest.raises(SecretError):
        resolve(reference, base=tmp_path)


def test_a_secret_never_prints_itself() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
