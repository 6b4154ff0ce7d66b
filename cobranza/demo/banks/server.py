"""Starts a demo bank: blocking (`serve`) or as a child process that dies with us (`running`)."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from cobranza.demo.banks.admin import HEADER
from cobranza.demo.banks.portal import DEFAULTS, Options, Portal
from cobranza.kernel.errors import ApplicationError, UsageError

BANKS = tuple(DEFAULTS)
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_ENVIRONMENT = {
    "token": "COBRANZA_DEMO_TOKEN",
    "user": "COBRANZA_DEMO_USER",
    "password": "COBRANZA_DEMO_PASSWORD",
    "totp_secret": "COBRANZA_DEMO_TOTP",
}


class PortalError(ApplicationError):
    """A demo bank that does not start or does not answer."""

    code = "COB-DEM-004"
    remedy = "Vuelva a intentarlo; si se repite, arranque el portal a mano con python -m cobranza.demo.banks."


def application(options: Options) -> tuple[ASGIApp, Portal]:
    """One bank as an ASGI application, with its state.

    Raises:
        UsageError: there is no such bank.
    """
    portal = Portal(options)
    if options.bank == "caja_demo":
        from cobranza.demo.banks.caja_demo.app import CajaDemo

        return CajaDemo(portal).app(), portal
    from cobranza.demo.banks.banco_ejemplo.app import BancoEjemplo

    return BancoEjemplo(portal).app(), portal


def options_from_environment(bank: str, **values: Any) -> Options:
    """Options of a bank; what is secret comes from the environment, never from arguments.

    Raises:
        UsageError: there is no such bank.
    """
    if bank not in BANKS:
        raise UsageError(f"No hay ningún banco de pruebas «{bank}».", remedy=f"Use uno de: {', '.join(BANKS)}.")
    given = {name: os.environ.get(variable, "") for name, variable in _ENVIRONMENT.items()}
    given["token"] = given["token"] or secrets.token_urlsafe(18)
    return Options(bank=bank, **(given | {name: value for name, value in values.items() if value is not None}))


def serve(
    bank: str,
    *,
    port: int = 0,
    world: Path | None = None,
    seed: int = 1,
    today: date | None = None,
    token: str | None = None,
    idle_seconds: float = 120.0,
    absolute_seconds: float = 3600.0,
    ready_file: Path | None = None,
) -> None:
    """Serve one bank on 127.0.0.1 until told to stop.

    Args:
        bank: caja_demo or banco_ejemplo.
        port: 0 takes a free one; `ready_file` says which.
        world: A world file; without it the world is invented from `seed`.
        today: The bank's calendar day; the real one by default.
        token: Of the admin endpoints; by default from `COBRANZA_DEMO_TOKEN`, else a new one.
        ready_file: Written whole once the port accepts connections: JSON with url, pid and token.
    """
    options = options_from_environment(
        bank,
        world=world,
        seed=seed,
        today=today,
        token=token,
        idle_seconds=idle_seconds,
        absolute_seconds=absolute_seconds,
    )
    app, _ = application(options)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    if ready_file is not None:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        _write_whole(ready_file, json.dumps({"url": url, "pid": os.getpid(), "token": options.token}))
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class RunningPortal:
    """A demo bank in a process of its own, with its admin endpoints as methods (for tests and the demo only)."""

    url: str
    token: str
    pid: int

    def truth(self) -> Any:
        """GET /__truth."""
        return self._call("GET", "/__truth")

    def faults(self, orders: dict[str, Any] | None = None) -> Any:
        """POST /__faults with `orders`; without them the list of switches."""
        return self._call("GET", "/__faults") if orders is None else self._call("POST", "/__faults", orders)

    def reset(self, **orders: Any) -> Any:
        """POST /__reset: `seed=` or `world=`."""
        return self._call("POST", "/__reset", orders)

    def clock(self, **orders: Any) -> Any:
        """POST /__clock: `today=` (ISO) or `advance_seconds=`."""
        return self._call("POST", "/__clock", orders)

    def sms(self) -> Any:
        """GET /__sms, newest last."""
        return self._call("GET", "/__sms")

    def _call(self, method: str, path: str, orders: dict[str, Any] | None = None) -> Any:
        import httpx  # the bank itself is no client: only who started it pays for the import

        try:
            answer = httpx.request(
                method, self.url + path, json=orders, headers={HEADER: self.token}, timeout=10, trust_env=False
            )
            answer.raise_for_status()
            return answer.json()
        except httpx.HTTPStatusError as exc:
            raise PortalError(f"El banco de pruebas rechaza {path}: {exc.response.text[:300]}") from exc
        except httpx.HTTPError as exc:
            raise PortalError(f"El banco de pruebas no contesta en {self.url}: {exc}.") from exc


@contextmanager
def running(
    bank: str,
    *,
    port: int = 0,
    world: Path | None = None,
    seed: int = 1,
    today: date | None = None,
    token: str | None = None,
    user: str = "",
    password: str = "",
    totp_secret: str = "",
    idle_seconds: float = 120.0,
    absolute_seconds: float = 3600.0,
) -> Iterator[RunningPortal]:
    """A demo bank as a child process, ready when the block starts and gone when it ends (or when we die).

    Raises:
        PortalError: it does not start within 30 s.
    """
    given = {
        "token": token or secrets.token_urlsafe(18),
        "user": user,
        "password": password,
        "totp_secret": totp_secret,
    }
    environment = os.environ | {_ENVIRONMENT[name]: value for name, value in given.items() if value}
    with tempfile.TemporaryDirectory(prefix="cobranza-banco-") as folder:
        ready, log = Path(folder, "ready.json"), Path(folder, "log.txt")
        command = [sys.executable, "-m", "cobranza.demo.banks", "--bank", bank, "--port", str(port)]
        command += ["--ready-file", str(ready), "--seed", str(seed)]
        command += ["--idle-seconds", str(idle_seconds), "--absolute-seconds", str(absolute_seconds)]
        command += ["--parent", str(os.getpid())]
        if today is not None:
            command += ["--today", today.isoformat()]
        if world is not None:
            command += ["--world", str(world.resolve())]
        root = Path(__file__).resolve().parents[3]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), environment.get("PYTHONPATH", "")]))
        with log.open("wb") as out:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
        try:
            facts = _wait(child, ready, log)
            yield RunningPortal(url=facts["url"], token=str(given["token"]), pid=child.pid)
        finally:
            _stop(child)


def die_with_parent(parent: int) -> None:
    """Ask the kernel (Linux) to end this process when its parent ends; exits if the parent is already gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            raise SystemExit(0)


def _wait(child: subprocess.Popen[bytes], ready: Path, log: Path) -> dict[str, Any]:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if ready.exists():
            facts: dict[str, Any] = json.loads(ready.read_text(encoding="utf-8"))
            return facts
        if child.poll() is not None:
            break
        time.sleep(0.02)
    tail = log.read_text(encoding="utf-8", errors="replace")[-800:]
    raise PortalError(f"El banco de pruebas no arranca (salida {child.poll()}): {tail}")


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(_STOP_SECONDS)


def _write_whole(file: Path, text: str) -> None:
    part = file.with_name(file.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.chmod(0o600)
    part.replace(file)
