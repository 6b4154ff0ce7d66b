"""The one public address of the debtors' pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from cobranza.kernel.config import ConfigError
from cobranza.ledger import pages
from cobranza.portal import settings


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "cobranza.toml").touch()
    monkeypatch.setenv("COBRANZA_HOME", str(tmp_path))
    monkeypatch.delenv("COBRANZA_PORTAL", raising=False)
    return tmp_path / "config" / "portal.toml"


def test_one_address_for_the_portal_and_for_all_who_write_to_debtors(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.write_text('direccion = "https://pagos.example.com/"\npuerto = 8020\n', encoding="utf-8")
    assert pages.page("7-abc") == "https://pagos.example.com/d/7-abc"
    assert (settings.read().direccion, settings.read().host) == ("https://pagos.example.com", "pagos.example.com")

    written.write_text('direccion = "env:COBRANZA_PORTAL"\n', encoding="utf-8")
    assert pages.page("7-abc") == settings.read().direccion == ""
    monkeypatch.setenv("COBRANZA_PORTAL", "http://127.0.0.1:8010")
    assert pages.page("7-abc") == "http://127.0.0.1:8010/d/7-abc"


@pytest.mark.parametrize("wrong", ["http://x.example", "x.example", "https://x.example/carpeta", "https://"])
def test_only_https_and_this_very_machine(written: Path, wrong: str) -> None:
    written.write_text(f'direccion = "{wrong}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="https://nombre"):
        pages.page("7-abc")
    with pytest.raises(ConfigError, match="https://nombre"):
        settings.read()
