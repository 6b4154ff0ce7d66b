"""Each connector over the provider that it talks to: the doubles, a mail server, a folder."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from cobranza import suite
from cobranza.demo.channels import server
from cobranza.demo.channels.server import RunningProviders
from cobranza.dunning.ports import Channel, Outgoing
from tests.smtpd import DROP, Smtpd, smtpd

__all__ = ["smtpd"]

REPO = Path(__file__).resolve().parents[3]
HOOKS = "http://127.0.0.1:9/dunning/avisos/"
MOBILE = "+34600000001"
ADDRESS = "Ferretería Pepa, S.L.\nC/ Mayor 1\n28013 Madrid"


@dataclass
class Place:
    """A connector, where its messages go, and what its provider took.

    Attributes:
        channel: Under test.
        to: An address that it can reach.
        bad: One that it cannot.
        taken: How many messages the provider took to `to`.
        lose: Make the next answer get lost, the message taken.
        away: Make the next order fail, the message surely not taken.
        lock: Let the provider refuse our account.
    """

    channel: Channel
    to: str
    bad: str
    taken: Callable[[], int]
    lose: Callable[[], object] | None
    away: Callable[[], object]
    lock: Callable[[], object] | None

    def message(self, key: str = "7:EUR:aviso:2026-11-18:1") -> Outgoing:
        return Outgoing(key=key, to=self.to, subject="Su factura F-1", text="Debe 10,00 EUR. Ñandú & compañía.")


@pytest.fixture(scope="session")
def running() -> Iterator[RunningProviders]:
    with server.in_process() as providers:
        yield providers


@pytest.fixture
def providers(running: RunningProviders, home: Path, monkeypatch: pytest.MonkeyPatch) -> RunningProviders:
    running.reset()
    running.hooks(HOOKS)
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COBRANZA_AVISOS_URL", HOOKS)
    return running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of its own, with the shipped configuration."""
    folder = tmp_path / "una suite"
    shutil.copytree(REPO / "config", folder / "config")
    monkeypatch.setenv("COBRANZA_HOME", str(folder))
    monkeypatch.setenv("COBRANZA_OUTPUT", str(tmp_path / "output"))
    return folder


def mail_toml(home: Path, smtp: Smtpd, **changes: object) -> None:
    """Let the mailbox that reminders leave from use that server."""
    box: dict[str, object] = {
        "conector": "folder",
        "direccion": "cobros@talleres.example",
        "carpeta": "correo",
        "salida": "principal",
    }
    tables: dict[str, dict[str, object]] = {"buzones.demo": box, "salidas.principal": smtp.way_out() | changes}
    lines = [
        "\n".join([f"[{name}]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items())])
        for name, table in tables.items()
    ]
    (home / "config" / "mail.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def adapter(slug: str) -> Channel:
    return cast("Channel", suite.adapters("connectors.channels")[slug])


def _telephone(slug: str, kind: str) -> Callable[[pytest.FixtureRequest], Place]:
    def make(request: pytest.FixtureRequest) -> Place:
        running: RunningProviders = request.getfixturevalue("providers")
        monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        if slug == "whatsapp":
            running.debtor("whatsapp", MOBILE, "hola")  # opens the window
        key = "COBRANZA_WHATSAPP_CLAVE" if slug == "whatsapp" else "COBRANZA_TWILIO_CLAVE"
        return Place(
            channel=adapter(slug),
            to=MOBILE,
            bad="91 0",
            taken=lambda: len(running.truth()[kind]),
            lose=lambda: running.faults(plan=["drop_after"]),
            away=lambda: running.faults(plan=["rate_limit"]),
            lock=lambda: monkeypatch.setenv(key, "otra"),
        )

    return make


def _burofax(request: pytest.FixtureRequest) -> Place:
    running: RunningProviders = request.getfixturevalue("providers")
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    return Place(
        channel=adapter("burofax"),
        to=ADDRESS,
        bad="Pepa",
        taken=lambda: len(running.truth()["burofax"]),
        lose=lambda: running.faults(plan=["drop_after"]),
        away=lambda: running.faults(plan=["rate_limit"]),
        lock=lambda: monkeypatch.setenv("COBRANZA_BUROFAX_CLAVE", "otra"),
    )


def _letter(request: pytest.FixtureRequest) -> Place:
    request.getfixturevalue("home")
    folder = suite.output_folder() / "cartas"

    def away() -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("no es una carpeta", encoding="utf-8")

    def taken() -> int:
        lists = folder.glob("*/lista.csv") if folder.is_dir() else ()
        listed = 0
        for each in lists:
            with each.open(encoding="utf-8-sig", newline="") as lines:
                listed += len(list(csv.DictReader(lines, delimiter=";")))
        pdfs = len(list(folder.glob("*/*.pdf"))) if folder.is_dir() else 0
        assert listed == pdfs
        return pdfs

    return Place(channel=adapter("letter"), to=ADDRESS, bad="Pepa", taken=taken, lose=None, away=away, lock=None)


def _email(request: pytest.FixtureRequest) -> Place:
    home: Path = request.getfixturevalue("home")
    smtp: Smtpd = request.getfixturevalue("smtpd")
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")

    def write(**changes: object) -> None:
        mail_toml(home, smtp, **changes)

    write()
    smtp.refused_recipients.add("nadie@pepa.example")
    monkeypatch.setenv("OTRA_CLAVE", "otra")
    return Place(
        channel=adapter("email"),
        to="pagos@pepa.example",
        bad="nadie@pepa.example",
        taken=lambda: len(smtp.accepted),
        lose=lambda: smtp.fault("end", DROP),
        away=lambda: smtp.fault("mail", "450 4.7.1 luego"),
        lock=lambda: write(clave="env:OTRA_CLAVE"),
    )


MAKERS: dict[str, Callable[[pytest.FixtureRequest], Place]] = {
    "email": _email,
    "sms": _telephone("sms", "sms"),
    "voice": _telephone("voice", "call"),
    "whatsapp": _telephone("whatsapp", "whatsapp"),
    "letter": _letter,
    "burofax": _burofax,
}


@pytest.fixture(params=sorted(MAKERS))
def place(request: pytest.FixtureRequest) -> Place:
    return MAKERS[request.param](request)
