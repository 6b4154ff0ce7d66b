"""config/mail.toml: what is unsafe or unknown is refused by name, and no secret stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cobranza import suite
from cobranza.disputes.ports import Inbox, Outbox
from cobranza.kernel.config import ConfigError
from connectors.mail import settings
from connectors.mail.folder import ADAPTER as FOLDER
from connectors.mail.imap import ADAPTER as IMAP
from connectors.mail.smtp import ADAPTER as SMTP

GOOD = """
[buzones.disputas]
conector = "imap"
direccion = "Disputas@Empresa.example"
salida = "principal"
servidor = "imap.empresa.example"
usuario = "robot"
clave = "env:CORREO_CLAVE"

[buzones.apagado]
activo = false
conector = "imap"
direccion = "otro@empresa.example"
servidor = "imap.empresa.example"
usuario = "robot"
clave = "env:CORREO_CLAVE"

[buzones.carpeta]
conector = "folder"
direccion = "carpeta@empresa.example"
carpeta = "correo"

[salidas.principal]
servidor = "smtp.empresa.example"
usuario = "robot"
clave = "env:CORREO_CLAVE"
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "cobranza.toml").write_text("")
    monkeypatch.setenv("COBRANZA_HOME", str(tmp_path))
    return tmp_path


def write(root: Path, text: str) -> None:
    (root / "config" / "mail.toml").write_text(text, encoding="utf-8")


def test_the_shipped_file_is_valid_and_reads_only_the_demo_s_mail() -> None:
    shipped = settings.accounts(suite.shipped_root())
    assert {"disputas", "carpeta"} <= set(shipped)
    assert [name for name, entry in shipped.items() if entry.activo] == ["demo"]  # a folder of the demo


def test_each_connector_serves_its_own_entries_that_are_on(root: Path) -> None:
    write(root, GOOD)
    assert (list(IMAP.accounts()), list(FOLDER.accounts())) == (["disputas"], ["carpeta"])


def test_the_registry_tells_mailboxes_from_ways_out() -> None:
    found = suite.adapters("connectors.mail")
    assert {slug for slug, adapter in found.items() if isinstance(adapter, Inbox)} == {"imap", "folder"}
    assert {slug for slug, adapter in found.items() if isinstance(adapter, Outbox)} == {"smtp"}


def test_safe_by_default(root: Path) -> None:
    write(root, GOOD)
    entry = settings.account("disputas")
    way = settings.way_out("disputas", SMTP.Settings)
    assert (entry.direccion, getattr(entry, "cifrado", ""), getattr(entry, "puerto", 0)) == (
        "disputas@empresa.example",
        "tls",
        993,
    )
    assert (way.cifrado, way.puerto, way.sobre_vacio) == ("starttls", 587, True)
    assert SMTP.address("disputas") == "disputas@empresa.example"


@pytest.mark.parametrize(("name", "message"), [("nadie", "carpeta"), ("apagado", "apagado")])
def test_a_mailbox_that_is_not_there_or_is_off(root: Path, name: str, message: str) -> None:
    write(root, GOOD)
    with pytest.raises(ConfigError, match=message):
        settings.account(name)


def test_a_mailbox_without_a_way_out_cannot_answer(root: Path) -> None:
    write(root, GOOD)
    with pytest.raises(ConfigError, match="salida"):
        SMTP.sender("carpeta")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"env:CORREO_CLAVE"', '"Olivo-2026"', "clave"),
        ('conector = "imap"', 'conector = "imp"', "¿quería decir «imap»"),
        ('conector = "imap"', 'conector = "smtp"', "no existe el conector «smtp»"),
        ('salida = "principal"', 'salida = "otra"', "ninguna salida «otra»"),
        ('servidor = "imap.empresa.example"', 'servidor = "imap.empresa.example"\ncifrado = "ninguno"', "cifrado"),
        ('servidor = "imap.empresa.example"', 'servidor = "imap.empresa.example"\npuertos = 1', "puerto"),
        ('usuario = "robot"\nclave = "env:CORREO_CLAVE"', 'usuario = "robot"', "clave"),
        ("Disputas@Empresa.example", "disputas", "nombre@dominio"),
        ("Disputas@Empresa.example", "a@b.example>, <c@d.example", "nombre@dominio"),
    ],
)
def test_refuses_what_is_wrong(root: Path, old: str, new: str, message: str) -> None:
    write(root, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message) as caught:
        settings.accounts()
    assert "Olivo" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('modo = "cliente"\nurl = "https://x.example"\ncliente = "c"', "secreto"),
        ('modo = "cliente"\nurl = "http://x.example"\ncliente = "c"\nsecreto = "env:S"', "https"),
        ('modo = "renovacion"\nurl = "https://x.example"\ncliente = "c"', "renovacion"),
        ('modo = "orden"', "orden"),
    ],
)
def test_refuses_oauth_that_is_not_whole(root: Path, table: str, message: str) -> None:
    text = GOOD.replace('clave = "env:CORREO_CLAVE"\n', f"[buzones.disputas.oauth]\n{table}\n", 1)
    write(root, text)
    with pytest.raises(ConfigError, match=message):
        settings.accounts()
