"""The console's web server: Granian, one process, threads."""

from __future__ import annotations

import sys

THREADS = 4


def command(port: int, host: str = "127.0.0.1") -> list[str]:
    """The command line that serves the console, for a supervisor to start as a child."""
    return [sys.executable, "-m", "cobranza.console", "--host", host, "--port", str(port)]


def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "cobranza.console.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        log_level=LogLevels.warning,
        websockets=False,
    ).serve()
