from __future__ import annotations

from pathlib import Path

import pytest

from cobranza.kernel.config import ConfigError
from connectors.erps import settings

GOOD = """
[erps.demo]
conector = "tryton"
url = "http://127.0.0.1:8000"
base = "erp"
usuario = "robot"
clave = "env:CLAVE"
metodo_pago = "Transferencia bancaria"
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "erps.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_reads_an_entry_with_the_model_of_its_connector(tmp_path: Path) -> None:
    connector, entry = settings.load(write(tmp_path, GOOD))["demo"]
    assert connector.slug == "tryton"
    assert entry.model_dump()["modo"] == "api"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (GOOD.replace('"tryton"', '"trytn"'), "¿quería decir «tryton»?"),
        (GOOD.replace("usuario", "usario"), "¿quería decir «usuario»?"),
        (GOOD.replace("env:CLAVE", "secreta"), "clave"),
        (GOOD.replace("http://", "ftp://"), "url"),
        (GOOD + 'modo = "telepatia"\n', "api"),
        (GOOD.replace('base = "erp"\n', ""), "falta la clave «base»"),
        ("[erps]\ndemo = 3\n", "demo"),
    ],
)
def test_stops_with_the_file_and_the_key(tmp_path: Path, wrong: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load(write(tmp_path, wrong))
    assert says in str(caught.value)
    assert "erps.toml" in str(caught.value)
    assert "secreta" not in str(caught.value)


def test_says_which_erps_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="hay: demo"):
        settings.open_erp("otro", evidence=tmp_path, file=write(tmp_path, GOOD))


def test_an_address_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_URL", "http://127.0.0.1:9")
    assert settings.place("env:ERP_URL") == "http://127.0.0.1:9"
    assert settings.place("https://erp.example") == "https://erp.example"
    monkeypatch.delenv("ERP_URL")
    with pytest.raises(ConfigError, match="ERP_URL"):
        settings.place("env:ERP_URL")


def test_the_shipped_file_is_right() -> None:
    assert settings.load()["demo"][0].slug == "tryton"
