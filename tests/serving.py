"""A web server of ours as it is served: a process of its own, until it answers, then until the tests are over."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx
from django.conf import settings

from tests.journeys.runs.engine_room import REPO, EngineRoom, wait_until


@contextmanager
def serving(room: EngineRoom, name: str, command: Callable[[int], Sequence[str]]) -> Iterator[str]:
    """Where the server answers.

    Args:
        room: Suite that it works in.
        name: Of its log.
        command: Its command line, by port.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPO),
        # Also for the portal, which runs on its own whatever stands in the environment.
        "DJANGO_SETTINGS_MODULE": "cobranza.settings",
        # The same key as this process, which makes sessions and links.
        "COBRANZA_SECRET_KEY": settings.SECRET_KEY,
    }
    file = room.root / f"{name}.log"
    with file.open("ab") as log:
        process = subprocess.Popen(command(port), env=environment, stdout=log, stderr=log, cwd=room.root)
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        if process.poll() is not None:
            raise AssertionError(file.read_text())
        try:
            return bool(httpx.get(f"{address}/salud/", timeout=5).json() == {"state": "ok"})
        except httpx.HTTPError:
            return False

    try:
        wait_until(answers, 60, f"{name} answers")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
