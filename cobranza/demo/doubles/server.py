"""Starts a double: in the foreground, as a child process, or on a thread of this one."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from starlette.types import ASGIApp

from cobranza.demo.doubles import process
from cobranza.demo.doubles.control import Control

VARIABLE = "COBRANZA_DEMO_TOKEN"
_STOP_SECONDS = 5.0
_C = TypeVar("_C", bound=Control)


def fresh(token: str = "") -> str:
    """The token given, else that of the environment, else a new one."""
    return token or os.environ.get(VARIABLE, "") or secrets.token_urlsafe(18)


def foreground(
    app: ASGIApp, listener: socket.socket, *, token: str, ready_file: Path | None = None, **facts: str
) -> None:
    """Serve until told to stop; prints the address.

    Args:
        app: What to serve.
        listener: From `process.listen`.
        token: Of the admin endpoints; stands in `ready_file`.
        ready_file: See `process.serve`.
        facts: See `process.serve`.
    """
    sys.stdout.write(f"{process.url_of(listener)}\n")
    sys.stdout.flush()
    process.serve(app, listener, ready_file=ready_file, token=token, **facts)


@contextmanager
def child(
    control: type[_C],
    module: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    **facts: Any,
) -> Iterator[_C]:
    """A double as a child process, ready when the block starts and gone when it ends (or when we die).

    Args:
        control: Its class of `Control`.
        module: See `process.child`.
        arguments: Nothing secret.
        environment: Added to ours; may hold its token.
        facts: What else its `Control` is told.

    Raises:
        ApplicationError: `control.error`: it does not start within 30 s.
    """
    variables = {VARIABLE: secrets.token_urlsafe(18)} | dict(environment or {})
    with process.child(module, arguments, what=control.what, error=control.error, environment=variables) as started:
        double = control(started.url, variables[VARIABLE], started.pid, **facts)
        with double.line:
            yield double


@contextmanager
def thread(control: type[_C], app: ASGIApp, listener: socket.socket, token: str, **facts: Any) -> Iterator[_C]:
    """A double on a thread of this process: it starts in milliseconds and dies with it."""
    server = process.server_of(app)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # they belong to the main thread
    running = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    running.start()
    double = control(process.url_of(listener), token, os.getpid(), **facts)
    try:
        with double.line:
            yield double
    finally:
        server.should_exit = True
        running.join(_STOP_SECONDS)
        listener.close()
