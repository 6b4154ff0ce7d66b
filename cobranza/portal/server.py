"""The portal's web server: Granian in a process of its own, apart from the console."""

from __future__ import annotations

import sys

THREADS = 4


def command(port: int, host: str = "127.0.0.1") -> list[str]:
    """The command line that serves the portal, for a supervisor to start as a child."""
    return [sys.executable, "-m", "cobranza.portal", "--host", host, "--port", str(port)]


def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. No access log: an address holds the debtor's link."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "cobranza.portal.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        log_level=LogLevels.warning,
        log_access=False,
        websockets=False,
    ).serve()
