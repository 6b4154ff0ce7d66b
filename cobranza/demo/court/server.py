"""Starts the test court: blocking (`serve`), as a child process (`running_court`) or on a thread (`in_process`)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from cobranza.demo.court import access, profiles, tls
from cobranza.demo.court.admin import Admin
from cobranza.demo.court.court import Court
from cobranza.demo.court.documents import Documents
from cobranza.demo.court.door import Door
from cobranza.demo.court.sending import Sending
from cobranza.demo.court.site import HERE, Site, environment
from cobranza.demo.court.trays import Trays
from cobranza.demo.court.weather import Weather
from cobranza.demo.court.wizard import Wizard
from cobranza.demo.doubles import process, server
from cobranza.demo.doubles.control import Control
from cobranza.kernel.errors import ApplicationError


class CourtStartError(ApplicationError):
    """A test court that does not start or does not answer."""

    code = "COB-DEM-034"
    remedy = "Vuelva a intentarlo; si se repite, arranque el juzgado a mano con python -m cobranza.demo.court."


def application(
    *, data: Path | None = None, clock: datetime | None = None, seed: int = 1, token: str = ""
) -> tuple[ASGIApp, Court]:
    """The court as an ASGI application, with its state.

    Args:
        data: Folder for its state; None forgets it at the end.
        clock: What its clock says at first, aware; the real time without it.
        seed: Of everything it draws by lot.
        token: Of the admin endpoints.
    """
    court = Court(data=data, start=clock, seed=seed, token=token or secrets.token_urlsafe(18))
    sites = {slug: Site(portal) for slug, portal in court.portals.items()}
    routes: list[Route | Mount] = [Route("/", _front), Route("/csv", _csv(court))]
    for site in sites.values():
        for part in (Door(site), Wizard(site), Documents(site), Sending(site), Trays(site)):
            routes += part.routes()
    routes += Admin(court).routes()
    routes.append(Mount("/estatico", StaticFiles(directory=HERE / "static")))
    return Weather(Starlette(routes=routes), court, sites), court


async def _front(request: Request) -> Response:
    found = [profiles.load(slug) for slug in profiles.slugs()]
    return Response(environment().get_template("portada.html").render(portals=found), media_type="text/html")


def _csv(court: Court) -> Any:
    async def endpoint(request: Request) -> Response:
        code = request.query_params.get("codigo", "")
        rows = court.store.all("filing")
        slug = next((row["profile"] for row in rows if row["csv"] == code.strip().upper()), profiles.slugs()[0])
        return RedirectResponse(f"/{slug}/csv?{request.query_params}", 303)

    return endpoint


def serve(
    *,
    port: int = 0,
    data: Path | None = None,
    clock: datetime | None = None,
    seed: int = 1,
    ready_file: Path | None = None,
) -> None:
    """Serve the court on 127.0.0.1 until told to stop; prints its address. See `application`.

    The token of the admin endpoints comes from `COBRANZA_DEMO_TOKEN`, else a new one is made.
    """
    token = server.fresh()
    app, court = application(data=data, clock=clock, seed=seed, token=token)
    listener = process.listen(port)
    with tls.listening(court, process.url_of(listener)):
        server.foreground(app, listener, token=token, ready_file=ready_file, tls=court.tls_url)


@dataclass(frozen=True, slots=True)
class CourtAdmin(Control):
    """The admin endpoints as methods, for tests and the demo only; see COURT.md for what they take and give."""

    error = CourtStartError
    what = "El juzgado de pruebas"

    def truth(self) -> Any:
        """GET /__verdad: ``filings``, ``drafts``, ``uploads``, ``notices``, ``audit``, ``fired`` …"""
        return self.look("/__verdad")

    def faults(self, **orders: Any) -> Any:
        """POST /__fallos, for example ``faults(F1=1)``; without orders the listing."""
        return self.ask("/__fallos", **orders) if orders else self.look("/__fallos")

    def clock(self, **orders: Any) -> Any:
        """POST /__reloj: ``now`` (ISO, aware), ``advance_seconds``, ``speed``; without orders what it says."""
        return self.ask("/__reloj", **orders) if orders else self.look("/__reloj")

    def course(self, filing: str, **orders: Any) -> Any:
        """POST /__curso: bring a filing (registry number or id) to ``state``, with ``reasons``; or ``auto=True``."""
        return self.ask("/__curso", filing=filing, **orders)

    def notify(self, filing: str, title: str, text: str) -> Any:
        """POST /__notificar: put a notification into the mailbox that filed."""
        return self.ask("/__notificar", filing=filing, title=title, text=text)

    def sign(self, profile: str, draft: str, user: str = access.SECOND) -> Any:
        """POST /__firmar: somebody else signs a draft that waits in the tray."""
        return self.ask("/__firmar", profile=profile, draft=draft, user=user)

    def unlock(self, profile: str, user: str = access.USER) -> Any:
        """POST /__desbloquear: what the help desk does after 5 failures."""
        return self.ask("/__desbloquear", profile=profile, user=user)

    def certificate(self, profile: str, **orders: Any) -> Any:
        """POST /__certificado: ``user``, ``state`` (valid, expired, revoked), ``password`` for a ``pfx`` (base64)."""
        return self.ask("/__certificado", profile=profile, **orders)

    def pfx(self, profile: str, *, password: str = access.PFX_PASSWORD, state: str = "valid") -> bytes:
        """The .pfx of the usual user."""
        return base64.b64decode(self.certificate(profile, password=password, state=state)["pfx"])

    def reset(self) -> Any:
        """POST /__reiniciar: no filings, drafts, sessions or faults; keys and clock stay."""
        return self.ask("/__reiniciar")

    def file(self, sha256: str) -> bytes:
        """GET /__fichero/SHA256: the bytes that the court keeps under a hash."""
        return self.answer("GET", f"/__fichero/{sha256}").content


@dataclass(frozen=True, slots=True)
class RunningCourt:
    """A test court that answers: its address, and its admin endpoints."""

    url: str
    admin: CourtAdmin
    pid: int = 0

    def site(self, profile: str) -> str:
        """Address of one portal."""
        return f"{self.url}/{profile}"


@contextmanager
def running_court(
    *, port: int = 0, data: Path | None = None, clock: datetime | None = None, seed: int = 1
) -> Iterator[RunningCourt]:
    """A test court as a child process, ready when the block starts and gone when it ends (or when we die).

    Raises:
        CourtStartError: it does not start within 30 s.
    """
    arguments = ["--port", str(port), "--seed", str(seed)]
    arguments += ["--data", str(data.resolve())] if data else []
    arguments += ["--clock", clock.isoformat()] if clock else []
    with server.child(CourtAdmin, "cobranza.demo.court", arguments) as admin:
        yield RunningCourt(admin.url, admin, admin.pid)


@contextmanager
def in_process(*, data: Path | None = None, clock: datetime | None = None, seed: int = 1) -> Iterator[RunningCourt]:
    """A test court on a thread of this process: starts in milliseconds and dies with it."""
    token = server.fresh()
    app, court = application(data=data, clock=clock, seed=seed, token=token)
    listener = process.listen()
    with (
        closing(court.store),
        tls.listening(court, process.url_of(listener)),
        server.thread(CourtAdmin, app, listener, token) as admin,
    ):
        yield RunningCourt(admin.url, admin, admin.pid)
