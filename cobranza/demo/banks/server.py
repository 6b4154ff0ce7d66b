"""Starts a demo bank: blocking (`serve`) or as a child process that dies with us (`running`)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from cobranza.demo.banks.portal import DEFAULTS, Options, Portal
from cobranza.demo.doubles import process, server
from cobranza.demo.doubles.control import Control
from cobranza.kernel.errors import ApplicationError, UsageError

BANKS = tuple(DEFAULTS)
_ENVIRONMENT = {
    "token": server.VARIABLE,
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
    process.serve(app, process.listen(port), ready_file=ready_file, token=options.token)


@dataclass(frozen=True, slots=True)
class RunningPortal(Control):
    """A demo bank in a process of its own, with its admin endpoints as methods (for tests and the demo only)."""

    error = PortalError
    what = "El banco de pruebas"

    def truth(self) -> Any:
        """GET /__truth."""
        return self.look("/__truth")

    def faults(self, orders: dict[str, Any] | None = None) -> Any:
        """POST /__faults with `orders`; without them the list of switches."""
        return self.look("/__faults") if orders is None else self.ask("/__faults", **orders)

    def reset(self, **orders: Any) -> Any:
        """POST /__reset: `seed=` or `world=`."""
        return self.ask("/__reset", **orders)

    def clock(self, **orders: Any) -> Any:
        """POST /__clock: `today=` (ISO) or `advance_seconds=`."""
        return self.ask("/__clock", **orders)

    def sms(self) -> Any:
        """GET /__sms, newest last."""
        return self.look("/__sms")


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
    arguments = ["--bank", bank, "--port", str(port), "--seed", str(seed)]
    arguments += ["--idle-seconds", str(idle_seconds), "--absolute-seconds", str(absolute_seconds)]
    if today is not None:
        arguments += ["--today", today.isoformat()]
    if world is not None:
        arguments += ["--world", str(world.resolve())]
    environment = {_ENVIRONMENT[name]: value for name, value in given.items() if value}
    with server.child(RunningPortal, "cobranza.demo.banks", arguments, environment=environment) as portal:
        yield portal
