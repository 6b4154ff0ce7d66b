"""config/banks.toml: what is not known is refused by name, and no secret stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cobranza import suite
from cobranza.kernel.config import ConfigError
from connectors.banks import settings

GOOD = """
[bancos.caja]
conector = "caja_demo"
url = "env:CAJA_URL"
usuario = "cobros"
clave = "env:CAJA_CLAVE"
"""


def write(tmp_path: Path, text: str) -> Path:
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "banks.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_shipped_file_is_valid() -> None:
    assert {"caja", "ejemplo"} <= set(settings.load(suite.shipped_root()))


def test_resolves_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAJA_URL", "https://caja.example/")
    monkeypatch.setenv("CAJA_CLAVE", "no-se-ve")
    portal = settings.load(write(tmp_path, GOOD))["caja"]
    assert (portal.address(), portal.user(), portal.credential) == (
        "https://caja.example",
        "cobros",
        "caja_demo:cobros",
    )
    assert portal.password().reveal() == "no-se-ve"
    assert portal.totp_secret() is None
    assert "no-se-ve" not in repr(portal)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("clabe = 'env:X'", "clave"),
        ("cuentas = 'ES1'", "cuentas"),
        ("guardar_sesion_minutos = -1", "guardar_sesion_minutos"),
        ("[bancos.caja.limites]\nespera = 3", "espera_segundos"),
    ],
)
def test_refuses_what_it_does_not_know(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings.load(write(tmp_path, GOOD + change))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"env:CAJA_CLAVE"', '"Olivo-2026"', "clave"),
        ('"env:CAJA_URL"', '"caja.example"', "https"),
        ('"caja_demo"', '"caja_demos"', "banco_ejemplo"),
    ],
)
def test_refuses_wrong_values(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings.load(write(tmp_path, GOOD.replace(old, new)))
