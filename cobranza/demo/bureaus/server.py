"""Starts the demo bureau: blocking (`serve`) or on a thread of ours (`in_process`). It keeps what it was told to know.

The API asks for the key and suffers the faults that were ordered; the admin endpoints do not.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from cobranza.demo.doubles import process, server, weather
from cobranza.demo.doubles.admin import guarded
from cobranza.demo.doubles.control import Control
from cobranza.demo.doubles.faults import Faults, Repertoire
from cobranza.kernel.errors import ApplicationError, BusinessError

KEY = "informes-de-prueba"
FAULTS = {name: weather.FAULTS[name] for name in ("none", "drop_before", "cut_body", "slow", "rate_limit",
                                                   "unavailable", "garbage")}  # fmt: skip


class BureauOrderError(BusinessError):
    """An order that the demo bureau does not know."""

    code = "COB-DEM-071"
    remedy = "Use report, faults, truth o reset."


class BureauStartError(ApplicationError):
    """A demo bureau that does not start or does not answer."""

    code = "COB-DEM-072"
    remedy = "Vuelva a intentarlo; si se repite, arránquelo a mano con python -m cobranza.demo.bureaus."


class Weather(weather.Weather):
    """ASGI middleware: the key, and the faults that were ordered, for the API only."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            Faults(
                Repertoire(
                    faults=FAULTS, storms=tuple(name for name in FAULTS if name != "none"), error=BureauOrderError,
                    whose="la central de pruebas", on="all", settings={"slow_seconds": 1.0, "retry_after": 0},
                )
            ),
        )  # fmt: skip

    def concerns(self, scope: Scope) -> bool:
        """The API."""
        return str(scope["path"]).startswith("/v1/")

    def refuse(self, scope: Scope) -> Response | None:
        """Who has not the key."""
        given = dict(scope["headers"]).get(b"authorization", b"")
        if secrets.compare_digest(given, f"Bearer {KEY}".encode()):
            return None
        return JSONResponse({"error": "unauthorized"}, 401)


class Desk:
    """The reports it knows, by country and id, and its admin endpoints."""

    def __init__(self, token: str) -> None:
        self.reports: dict[tuple[str, str], dict[str, Any]] = {}
        self.asked = 0
        self.app = Weather(
            Starlette(
                routes=[
                    Route("/v1/informes/{country}/{tax_id}", self._report, methods=["GET"]),
                    Route("/__{order}", guarded(self._do, token), methods=["GET", "POST"]),
                ]
            )
        )

    async def _report(self, request: Request) -> Response:
        self.asked += 1
        found = self.reports.get((request.path_params["country"], request.path_params["tax_id"]))
        if found is None:
            return JSONResponse({"error": "unknown"}, 404)
        if found.get("pending"):
            return JSONResponse({"state": "pending"}, 202)
        return JSONResponse(found)

    async def _do(self, request: Request, orders: dict[str, Any]) -> Any:
        order = request.path_params["order"]
        if order == "truth":
            return {"asked": self.asked, "known": len(self.reports), "fired": self.app.faults.fired}
        if order == "faults":
            self.app.faults.set(orders)
        elif order == "reset":
            self.reports.clear()
            self.asked = 0
            self.app.faults.clear()
        elif order == "report":
            self.reports[(str(orders.pop("country")), str(orders.pop("tax_id")))] = orders
        else:
            raise BureauOrderError(f"La central de pruebas no conoce «{order}».")
        return {}


@dataclass(frozen=True, slots=True)
class RunningBureau(Control):
    """A demo bureau that answers."""

    error: ClassVar[type[ApplicationError]] = BureauStartError
    what: ClassVar[str] = "La central de pruebas"

    def report(self, tax_id: str, country: str = "ES", **content: Any) -> Any:
        """Let it know of somebody: default or grade, incidents, owed, currency, as_of, provenance, reference."""
        return self.ask("/__report", tax_id=tax_id, country=country, **content)

    def faults(self, **orders: Any) -> Any:
        """Order what goes wrong; see `FAULTS`."""
        return self.ask("/__faults", **orders)

    def reset(self) -> Any:
        """As if it had just started."""
        return self.ask("/__reset")

    def truth(self) -> Any:
        """How often it was asked, how many it knows, which faults happened."""
        return self.look("/__truth")

    def environment(self) -> dict[str, str]:
        """What ``config/bureaus.toml`` refers to."""
        return {"COBRANZA_INFORMES_URL": self.url, "COBRANZA_INFORMES_CLAVE": KEY}


def serve(*, port: int = 0, ready_file: Path | None = None) -> None:
    """Serve in the foreground until told to stop."""
    token, listener = server.fresh(), process.listen(port)
    server.foreground(Desk(token).app, listener, token=token, ready_file=ready_file)


@contextmanager
def in_process() -> Iterator[RunningBureau]:
    """A demo bureau on a thread of this process: starts in milliseconds and dies with it."""
    token, listener = server.fresh(), process.listen()
    with server.thread(RunningBureau, Desk(token).app, listener, token) as bureau:
        yield bureau
