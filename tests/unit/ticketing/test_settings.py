"""The settings of the desks."""

from __future__ import annotations

from pathlib import Path

import pytest

from cobranza import suite
from cobranza.kernel.config import ConfigError
from cobranza.kernel.secrets import SecretError
from connectors.ticketing.settings import checked_address
from connectors.ticketing.zendesk import ADAPTER

ROOT = Path(__file__).resolve().parents[3]


def _file(folder: Path, text: str) -> Path:
    file = folder / "ticketing.toml"
    file.write_text(text, encoding="utf-8")
    return file


ENTRY = """[mesas.uno]
conector = "zendesk"
url = "https://x.zendesk.com"
usuario = "r@x.example"
clave = "env:P4_CLAVE"
"""


def test_every_department_and_form_of_the_categories_is_in_the_shipped_settings() -> None:
    import tomllib

    shipped = tomllib.loads((ROOT / "config" / "ticketing.toml").read_text(encoding="utf-8"))["mesas"]
    files = sorted((ROOT / "classifiers" / "disputes" / "categories").glob("*.toml"))
    assert files
    for file in files:
        category = tomllib.loads(file.read_text(encoding="utf-8"))
        for name, desk in shipped.items():
            assert category["departamento"] in desk["grupos"], f"{file.name}, {name}"
            assert category["formulario"] in desk["formularios"], f"{file.name}, {name}"


def test_the_shipped_entries_can_be_read_by_their_connectors() -> None:
    for adapter in suite.adapters("connectors.ticketing").values():
        list(adapter.names(file=ROOT / "config" / "ticketing.toml"))  # type: ignore[attr-defined]


def test_an_entry_that_is_switched_off_is_not_named_but_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P4_CLAVE", "x")
    file = _file(tmp_path, ENTRY.replace("[mesas.uno]", "[mesas.uno]\nactiva = false"))

    assert list(ADAPTER.names(file=file)) == []
    assert ADAPTER.open("uno", file=file).slug == "zendesk"


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    wrong = {
        ENTRY + "contrasena = 1\n": "contrasena",
        ENTRY.replace("https://x.zendesk.com", "http://x.zendesk.com"): "https://",
        ENTRY.replace("env:P4_CLAVE", "abc123"): "keyring",
        ENTRY + '[mesas.dos]\nurl = "https://x"\n': "mesas.dos.conector",
        ENTRY + "[mesas.uno.grupos]\ncobros = 'uno'\n": "grupos.cobros",
    }
    for text, told in wrong.items():
        with pytest.raises(ConfigError, match=told) as caught:
            list(ADAPTER.names(file=_file(tmp_path, text)))
        assert "abc123" not in str(caught.value)
    with pytest.raises(ConfigError, match="«dos»"):
        ADAPTER.open("dos", file=_file(tmp_path, ENTRY))


def test_a_missing_secret_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("P4_CLAVE", raising=False)

    with pytest.raises(SecretError, match="P4_CLAVE"):
        ADAPTER.open("uno", file=_file(tmp_path, ENTRY))


@pytest.mark.parametrize(
    "address",
    [
        "http://x.zendesk.com",
        "ftp://x",
        "https://",
        "https://u:c@x.zendesk.com",
        "https://x.zendesk.com?a=b",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "",
    ],
)
def test_an_address_that_would_show_the_key_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        checked_address(address)


def test_this_machine_may_be_asked_without_encryption() -> None:
    assert checked_address("http://127.0.0.1:8123/") == "http://127.0.0.1:8123"
