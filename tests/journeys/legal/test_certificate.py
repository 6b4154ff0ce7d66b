"""Logging in with a certificate in real Chromium, and filing a case with it; the court's authority is our own."""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from cobranza.demo.court.server import RunningCourt
from cobranza.legal.filing.machine import State
from cobranza.legal.ports import AccessRefused
from connectors import browser
from connectors.client_certificate import CertificateUnreadable, ServerNotTrusted
from connectors.courts import pages
from connectors.courts.portal import in_browser
from tests.journeys.filing.conftest import CourtRobot, MakeRobot, any_court, court, make_robot

__all__ = ["any_court", "court", "make_robot"]
pytestmark = pytest.mark.browser
PASSWORD = "una-clave-de-prueba-8842"


@dataclass
class Office:
    """A robot whose only way in is a certificate, on a thread of its own.

    The trust in the court's authority is read when the browser's driver starts, which this process's own has done
    long ago; a thread has a driver of its own.
    """

    robot: CourtRobot
    thread: ThreadPoolExecutor

    def do(self, act: Callable[[], Any]) -> Any:
        return self.thread.submit(act).result(timeout=180)


@pytest.fixture
def office(
    court: RunningCourt, make_robot: MakeRobot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    robot = make_robot(opener=in_browser)
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", robot.entry.autoridad)
    monkeypatch.setenv("JUZGADO_CERTIFICADO_CLAVE", PASSWORD)
    file = tmp_path / "procuradora.p12"
    file.write_bytes(court.admin.pfx("es_lexnet", password=PASSWORD))
    page = pages.read(httpx.get(f"{court.site('es_lexnet')}/acceso", timeout=10, trust_env=False).text)
    robot.entry = robot.entry.model_copy(
        update={
            "usuario": "", "clave": None, "totp": None, "certificado": str(file),
            "clave_certificado": "env:JUZGADO_CERTIFICADO_CLAVE",
            "origen_certificado": page.links["Acceder con certificado electrónico"],
        }
    )  # fmt: skip
    robot.portal._entries = lambda _slug, _credential: robot.entry
    with ThreadPoolExecutor(max_workers=1) as thread:
        yield Office(robot, thread)
        thread.submit(lambda: browser.shared().close()).result(timeout=60)


def key_lines(robot: CourtRobot) -> list[bytes]:
    """What of the private key would be seen in a file that holds it, as text or as bytes in JSON."""
    pair = robot.court.admin.certificate("es_lexnet")
    body = "".join(pair["key"].splitlines()[1:-1])
    return [body[:60].encode(), base64.b64decode(body)[40:80], PASSWORD.encode(), b"PRIVATE KEY"]


def test_files_a_case_and_keeps_the_key_to_itself(office: Office, court: RunningCourt) -> None:
    robot = office.robot
    robot.faults(scan_seconds=0)
    claim = robot.claim(annexes=1)

    entry = office.do(lambda: robot.finish(claim))

    assert entry.state is State.FILED, entry.problem
    (filing,) = robot.filed(claim)
    assert (filing["registry"], filing["user"]) == (entry.registry, "procuradora")
    methods = {line["method"] for line in court.admin.truth()["audit"] if line["action"] == "dentro"}
    assert methods == {"certificado"}

    # A revoked one: the court says so on its page, nobody tries again, and no file of evidence holds the key.
    robot.faults(F15={"step": "acceso", "mode": "revoked"})
    second = robot.claim()
    with pytest.raises(AccessRefused, match="revocado"):
        office.do(lambda: robot.once(second))
    assert robot.filed(second) == []
    left = [each for each in robot.folder.joinpath("out").rglob("*") if each.is_file()]
    assert any(each.name == "trace.zip" for each in left)
    for file in left:
        content = unpacked(file)
        assert not [line for line in key_lines(robot) if line in content], file


def test_an_authority_that_nobody_trusts_is_shown_nothing(
    office: Office, court: RunningCourt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NODE_EXTRA_CA_CERTS")
    claim = office.robot.claim()

    with pytest.raises(ServerNotTrusted, match=r"self-signed|issuer|verify"):
        office.do(lambda: office.robot.once(claim))

    assert office.robot.journal.rows[1].state is State.PREPARED
    assert "acceso_certificado" not in {line["action"] for line in court.admin.truth()["audit"]}


def test_a_wrong_password_is_told_before_anything_is_asked(
    office: Office, court: RunningCourt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUZGADO_CERTIFICADO_CLAVE", "otra-clave")
    asked = len(court.admin.truth()["audit"])

    with pytest.raises(CertificateUnreadable, match="no se abre") as told:
        office.do(lambda: office.robot.once(office.robot.claim()))

    assert "otra-clave" not in str(told.value)
    assert len(court.admin.truth()["audit"]) == asked


def unpacked(file: Path) -> bytes:
    """A file of evidence, a trace with everything that is in it."""
    if file.suffix != ".zip":
        return file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())
