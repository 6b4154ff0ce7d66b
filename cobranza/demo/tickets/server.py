"""Starts a demo desk: blocking (`serve`), as a child process (`running`) or on a thread of ours (`in_process`)."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from cobranza.demo import process
from cobranza.demo.tickets import freshdesk, zendesk, zendesk_rules
from cobranza.demo.tickets.admin import HEADER, Admin
from cobranza.demo.tickets.faults import Faults
from cobranza.demo.tickets.hooks import SECRET, Hooks, freshdesk_headers, zendesk_headers
from cobranza.demo.tickets.page import Page
from cobranza.demo.tickets.store import Store
from cobranza.demo.tickets.weather import Weather
from cobranza.kernel.errors import ApplicationError, UsageError

KINDS = ("zendesk", "freshdesk")
_STOP_SECONDS = 5.0


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
    token = token or os.environ.get("COBRANZA_DEMO_TOKEN", "") or secrets.token_urlsafe(18)
    app, _ = application(kind, data=data, token=token)
    listener = process.listen(port)
    sys.stdout.write(f"{process.url_of(listener)}\n")
    sys.stdout.flush()
    process.serve(app, listener, ready_file=ready_file, token=token)


@dataclass(frozen=True, slots=True)
class RunningDesk:
    """A demo desk that answers, with its admin endpoints as methods (for tests and the demo only)."""

    kind: str
    url: str
    token: str
    pid: int = 0
    line: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=15, trust_env=False), repr=False)

    def environment(self) -> dict[str, str]:
        """What the shipped ``config/ticketing.toml`` refers to as ``env:…`` for this desk."""
        prefix = f"COBRANZA_{self.kind.upper()}"
        key = zendesk.TOKEN if self.kind == "zendesk" else freshdesk.TOKEN
        return {f"{prefix}_URL": self.url, f"{prefix}_CLAVE": key, f"{prefix}_FIRMA": SECRET}

    def truth(self) -> Any:
        """GET /__truth: ``tickets`` (each with what was ``said``), ``people``, ``uploads``, ``fired`` faults."""
        return self._call("GET", "/__truth")

    def faults(self, **orders: Any) -> Any:
        """POST /__faults; see `cobranza.demo.tickets.faults`."""
        return self._call("POST", "/__faults", orders)

    def reset(self) -> Any:
        """POST /__reset: no tickets, no faults."""
        return self._call("POST", "/__reset", {})

    def advance(self, seconds: float) -> Any:
        """POST /__clock: let the desk's clock jump forward."""
        return self._call("POST", "/__clock", {"advance_seconds": seconds})

    def staff(self, ticket: int | str, **orders: Any) -> Any:
        """POST /__staff: `status`, `comment`, `public`… as an agent does."""
        return self._call("POST", "/__staff", {"ticket": ticket} | orders)

    def deliveries(self, *, age: float = 0) -> Any:
        """POST /__deliveries: every webhook call, signed `age` seconds ago: `headers`, `body`."""
        return self._call("POST", "/__deliveries", {"age": age})

    def deliver(self, **orders: Any) -> Any:
        """POST /__deliver: `url`, `times`, `shuffle`, `again`; see `Hooks.deliver`."""
        return self._call("POST", "/__deliver", orders)

    def _call(self, method: str, path: str, orders: dict[str, Any] | None = None) -> Any:
        try:
            answer = self.line.request(method, self.url + path, json=orders, headers={HEADER: self.token})
            answer.raise_for_status()
            return answer.json()
        except httpx.HTTPStatusError as exc:
            raise DeskStartError(f"La mesa de pruebas rechaza {path}: {exc.response.text[:300]}") from exc
        except httpx.HTTPError as exc:
            raise DeskStartError(f"La mesa de pruebas no contesta en {self.url}: {exc}.") from exc


@contextmanager
def running(kind: str = "zendesk", *, port: int = 0, data: Path | None = None) -> Iterator[RunningDesk]:
    """A demo desk as a child process, ready when the block starts and gone when it ends (or when we die).

    Raises:
        DeskStartError: it does not start within 30 s.
    """
    token = secrets.token_urlsafe(18)
    arguments = ["--kind", kind, "--port", str(port), *(["--data", str(data.resolve())] if data else [])]
    with process.child(
        "cobranza.demo.tickets",
        arguments,
        what="La mesa de pruebas",
        error=DeskStartError,
        environment={"COBRANZA_DEMO_TOKEN": token},
    ) as child:
        desk = RunningDesk(kind, child.url, token, child.pid)
        with desk.line:
            yield desk


@contextmanager
def in_process(kind: str = "zendesk", *, data: Path | None = None) -> Iterator[RunningDesk]:
    """A demo desk on a thread of this process: starts in milliseconds and dies with it."""
    token = secrets.token_urlsafe(18)
    app, store = application(kind, data=data, token=token)
    listener = process.listen()
    server = process.server_of(app)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # they belong to the main thread
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    desk = RunningDesk(kind, process.url_of(listener), token, os.getpid())
    try:
        with desk.line:
            yield desk
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        listener.close()
        store.close()
