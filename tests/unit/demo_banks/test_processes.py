"""The banks as processes of their own: start, stop, die with the parent, cut connections for real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from cobranza.demo.banks.server import PortalError, running
from cobranza.kernel.errors import UsageError
from tests.unit.demo_banks.visitors import TODAY

PARENT = """
import sys, time
from cobranza.demo.banks.server import running
with running("caja_demo") as portal:
    print(portal.pid, flush=True)
    time.sleep(60)
"""


def _gone(pid: int) -> bool:
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_it_serves_while_the_block_lasts_and_not_after() -> None:
    with running("banco_ejemplo", seed=4, today=TODAY) as portal:
        assert httpx.get(portal.url, trust_env=False).status_code == 200
        assert portal.truth()["seed"] == 4
        assert portal.reset(seed=6) == {"seed": 6}
        assert portal.clock(today="2026-12-01") == {"today": "2026-12-01"}
        assert portal.faults({"slow": 0.5}) == {"slow": 0.5}
        assert portal.faults()["slow"]["value"] == 0.5
        assert portal.sms() == []
        with pytest.raises(PortalError, match="COB-DEM-002"):
            portal.faults({"nonsense": 1})

    assert _gone(portal.pid)


def test_it_dies_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)

    assert _gone(pid)


def test_a_world_that_is_none_is_reported_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text("{}", encoding="utf-8")

    with pytest.raises(PortalError, match="Falta la lista «accounts»"), running("caja_demo", world=file):
        pass


def test_an_unknown_bank_is_refused() -> None:
    from cobranza.demo.banks.server import options_from_environment

    with pytest.raises(UsageError, match="caja_demo, banco_ejemplo"):
        options_from_environment("banco_real")


def test_credentials_come_from_the_environment_and_never_from_arguments() -> None:
    with running("banco_ejemplo", user="ana", password="135790") as portal:
        command = " ".join(psutil.Process(portal.pid).cmdline())
        client = httpx.Client(base_url=portal.url, trust_env=False)
        portal.faults({"login": "totp"})
        token = {"X-CSRF-Token": client.get("/api/config").json()["csrf"]}
        answer = client.post("/api/acceso", json={"usuario": "ana", "clave": "135790"}, headers=token)

        assert answer.json()["paso"] == "codigo"
        assert "135790" not in command
        assert portal.token not in command


def test_weather_is_real_on_a_socket() -> None:
    with running("banco_ejemplo", today=TODAY) as portal:
        client = httpx.Client(base_url=portal.url, trust_env=False, timeout=5)
        with pytest.raises(httpx.ReadTimeout):
            client.get("/cdn/metricas.js", timeout=0.3)
        keys = client.get("/api/config").json()
        token = {"X-CSRF-Token": keys["csrf"]}
        body = {"usuario": "cobros", "posiciones": [keys["teclado"].index(digit) for digit in "482915"]}
        assert client.post("/api/acceso", json=body, headers=token).json()["paso"] == "dentro"

        portal.faults({"connection_reset": 1})
        with pytest.raises(httpx.TransportError):
            client.get("/api/cuentas")
        assert client.get("/api/cuentas").headers["connection"] == "close"

        portal.faults({"none": True, "connection_reset_after_post": 1})
        order = {"cuenta": "c1", "desde": "2026-11-01", "hasta": "2026-11-21", "formato": "camt"}
        with pytest.raises(httpx.TransportError):
            client.post("/api/descargas", json=order, headers=token)
        truth = portal.truth()

    assert truth["counters"]["documents"] == 1
    assert truth["fired"]["connection_reset_after_post"] == 1
