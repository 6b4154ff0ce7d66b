"""How a demo server lives: on a port of this machine, announced by a file, as a child that dies with who started it.

A server's `__main__` calls `live_with` first and `serve` last. Whoever wants one starts the module with `child`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from cobranza.kernel.errors import ApplicationError
from cobranza.runs import processes

HOST = "127.0.0.1"
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Child:
    """A server in a process of its own that accepts connections."""

    url: str
    pid: int


@contextmanager
def child(
    module: str,
    arguments: Sequence[str],
    *,
    what: str,
    error: type[ApplicationError],
    environment: Mapping[str, str] | None = None,
) -> Iterator[Child]:
    """Start ``python -m module``, ready when the block starts and gone when it ends (or when we die).

    Args:
        module: Takes ``--ready-file FILE`` and ``--parent PID`` besides `arguments`, and hands them to `serve` and
            `live_with`.
        arguments: Nothing secret: anybody on the machine can read them.
        what: Spanish, with its article, for the error: "El banco de pruebas".
        error: Raised when it does not start within 30 s, with the end of what it wrote.
        environment: Added to ours; where secrets go.
    """
    root = str(Path(__file__).resolve().parents[3])
    variables = os.environ | dict(environment or {})
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, [root, variables.get("PYTHONPATH", "")]))
    with tempfile.TemporaryDirectory(prefix="cobranza-demo-") as folder:
        ready, log = Path(folder, "ready.json"), Path(folder, "log.txt")
        command = [sys.executable, "-m", module, *arguments, "--ready-file", str(ready), "--parent", str(os.getpid())]
        with log.open("wb") as out:
            started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=variables)
        try:
            if not _wait(started, ready):
                tail = log.read_text(encoding="utf-8", errors="replace")[-800:]
                raise error(f"{what} no arranca (salida {started.poll()}): {tail}")
            yield Child(str(json.loads(ready.read_text(encoding="utf-8"))["url"]), started.pid)
        finally:
            _stop(started)


def live_with(parent: int | None) -> None:
    """End this process when `parent` ends; at once when it is gone already. None: live for yourself."""
    if parent is not None and not processes.die_with_parent(parent, signal.SIGTERM):
        raise SystemExit(0)


def listen(port: int = 0) -> socket.socket:
    """A listening socket on 127.0.0.1; 0 takes a free port."""
    # The protocol by its name: asyncio switches Nagle off only then, and a call is 4 ms instead of 44.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(128)
    return listener


def url_of(listener: socket.socket) -> str:
    """Address of what listens there, without a slash at its end."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


def server_of(app: ASGIApp) -> uvicorn.Server:
    """The server that every demo uses; quiet, and it ends within a second."""
    return uvicorn.Server(
        uvicorn.Config(
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
    )


def serve(app: ASGIApp, listener: socket.socket, *, ready_file: Path | None = None, **facts: str) -> None:
    """Serve until told to stop.

    Args:
        app: What to serve.
        listener: From `listen`.
        ready_file: Written whole, readable by its owner only, now that the port accepts connections: JSON with
            ``url``, ``pid`` and `facts`.
        facts: What else whoever waits for the file wants to know.
    """
    if ready_file is not None:
        part = ready_file.with_name(ready_file.name + ".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps({"url": url_of(listener), "pid": os.getpid()} | facts), encoding="utf-8")
        part.replace(ready_file)
    server_of(app).run(sockets=[listener])


def _wait(started: subprocess.Popen[bytes], ready: Path) -> bool:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if ready.exists():
            return True
        if started.poll() is not None:
            return False
        time.sleep(_POLL_SECONDS)
    return False


def _stop(started: subprocess.Popen[bytes]) -> None:
    if started.poll() is not None:
        return
    started.terminate()
    try:
        started.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait(_STOP_SECONDS)
