"""Starts a demo desk: blocking (`serve`), as a child process (`running`) or on a thread of ours (`in_process`)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from cobranza.demo.doubles import process, server
from cobranza.demo.doubles.control import Steered
from cobranza.demo.doubles.store import Store
from cobranza.demo.tickets import freshdesk, zendesk, zendesk_rules
from cobranza.demo.tickets.admin import Admin
from cobranza.demo.tickets.faults import Faults
from cobranza.demo.tickets.hooks import SECRET, Hooks, freshdesk_headers, zendesk_headers
from cobranza.demo.tickets.page import Page
from cobranza.demo.tickets.weather import Weather
from cobranza.kernel.errors import ApplicationError, UsageError

KINDS = ("zendesk", "freshdesk")


class DeskStartError(ApplicationError):
    """A demo desk that does not start or does not answer."""

    code = "COB-DEM-013"
    remedy = "Vuelva a intentarlo; si se repite, arranque la mesa a mano con python -m cobranza.demo.tickets."


def application(kind: str, *, data: Path | None = None, token: str = "") -> tuple[ASGIApp, Store]:
    """One desk as an ASGI application, with its store.

    Args:
        kind: "zendesk" or "freshdesk".
        data: Folder for its state; None forgets it at the end.
        token: Of the admin endpoints.

    Raises:
        UsageError: there is no such kind.
    """
    store, faults = Store(data / f"{kind}.sqlite3" if data else None), Faults()
    face: zendesk.Zendesk | freshdesk.Freshdesk
    if kind == "zendesk":
        hooks = Hooks(store, zendesk_headers)
        face = zendesk.Zendesk(store, faults, hooks)
        page = Page(store, "Zendesk de pruebas", zendesk_rules.GROUPS, zendesk_rules.FIELDS)
    elif kind == "freshdesk":
        hooks = Hooks(store, freshdesk_headers)
        face = freshdesk.Freshdesk(store, faults, hooks)
        page = Page(store, "Freshdesk de pruebas", freshdesk.GROUPS, {})
    else:
        raise UsageError(f"No hay ninguna mesa de pruebas «{kind}».", remedy=f"Use una de: {', '.join(KINDS)}.")
    admin = Admin(store, faults, hooks, face, token or secrets.token_urlsafe(18))
    app = Starlette(routes=[*face.routes(), *page.routes(), *admin.routes()])
    return Weather(app, faults, store), store


def serve(
    kind: str, *, port: int = 0, data: Path | None = None, token: str = "", ready_file: Path | None = None
) -> None:
    """Serve one desk on 127.0.0.1 until told to stop; prints its address.

    Args:
        kind: "zendesk" or "freshdesk".
        port: 0 takes a free one.
        data: See `application`.
        token: Of the admin endpoints; by default from `COBRANZA_DEMO_TOKEN`, else a new one.
        ready_file: Written whole once the port accepts connections: JSON with url, pid and token.
    """
    token = server.fresh(token)
    app, _ = application(kind, data=data, token=token)
    server.foreground(app, process.listen(port), token=token, ready_file=ready_file)


@dataclass(frozen=True, slots=True)
class RunningDesk(Steered):
    """A demo desk that answers, with its admin endpoints as methods (for tests and the demo only)."""

    error = DeskStartError
    what = "La mesa de pruebas"
    kind: str = KINDS[0]

    def environment(self) -> dict[str, str]:
        """What the shipped ``config/ticketing.toml`` refers to as ``env:…`` for this desk."""
        prefix = f"COBRANZA_{self.kind.upper()}"
        key = zendesk.TOKEN if self.kind == "zendesk" else freshdesk.TOKEN
        return {f"{prefix}_URL": self.url, f"{prefix}_CLAVE": key, f"{prefix}_FIRMA": SECRET}

    def staff(self, ticket: int | str, **orders: Any) -> Any:
        """POST /__staff: `status`, `comment`, `public`… as an agent does."""
        return self.ask("/__staff", ticket=ticket, **orders)

    def deliveries(self, *, age: float = 0) -> Any:
        """POST /__deliveries: every webhook call, signed `age` seconds ago: `headers`, `body`."""
        return self.ask("/__deliveries", age=age)


@contextmanager
def running(kind: str = "zendesk", *, port: int = 0, data: Path | None = None) -> Iterator[RunningDesk]:
    """A demo desk as a child process, ready when the block starts and gone when it ends (or when we die).

    Raises:
        DeskStartError: it does not start within 30 s.
    """
    arguments = ["--kind", kind, "--port", str(port), *(["--data", str(data.resolve())] if data else [])]
    with server.child(RunningDesk, "cobranza.demo.tickets", arguments, kind=kind) as desk:
        yield desk


@contextmanager
def in_process(kind: str = "zendesk", *, data: Path | None = None) -> Iterator[RunningDesk]:
    """A demo desk on a thread of this process: starts in milliseconds and dies with it."""
    token = server.fresh()
    app, store = application(kind, data=data, token=token)
    with closing(store), server.thread(RunningDesk, app, process.listen(), token, kind=kind) as desk:
        yield desk
