"""Endpoints for tests and the demo only: truth, faults, clock, staff, webhooks. All need the token."""

from __future__ import annotations

import json
import secrets
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cobranza.demo.tickets import freshdesk, zendesk_rules
from cobranza.demo.tickets.faults import Faults
from cobranza.demo.tickets.hooks import Hooks
from cobranza.demo.tickets.store import Row, Store
from cobranza.kernel.errors import CobranzaError

HEADER = "X-Demo-Token"


class Face(Protocol):
    """What both vendors' faces have in common."""

    kind: str

    def reset(self) -> None:
        """Put in what a new desk holds."""

    def staff(self, number: int, orders: Row) -> Row:
        """Do what an agent does on the screen."""


class Admin:
    """The endpoints over one desk."""

    def __init__(self, store: Store, faults: Faults, hooks: Hooks, face: Face, token: str) -> None:
        self.store, self.faults, self.hooks, self.face, self.token = store, faults, hooks, face, token

    def routes(self) -> list[Route]:
        """Truth, faults, reset, clock, staff, deliveries and delivering."""
        return [
            Route("/__truth", self._endpoint, methods=["GET"]),
            Route("/__faults", self._endpoint, methods=["GET", "POST"]),
            Route("/__reset", self._endpoint, methods=["POST"]),
            Route("/__clock", self._endpoint, methods=["POST"]),
            Route("/__staff", self._endpoint, methods=["POST"]),
            Route("/__deliveries", self._endpoint, methods=["POST"]),
            Route("/__deliver", self._endpoint, methods=["POST"]),
        ]

    async def _endpoint(self, request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            return PlainTextResponse("Not Found", 404)
        try:
            body = await request.body()
            orders = json.loads(body) if body else {}
            if not isinstance(orders, dict):
                raise ValueError("a JSON object was expected")
            if request.url.path == "/__deliver":
                return JSONResponse(await self.hooks.deliver(orders))
            with self.store.change():
                return JSONResponse(self._answer(request, orders))
        except (CobranzaError, ValueError, KeyError, zendesk_rules.Refusal, freshdesk.Refusal) as exc:
            return JSONResponse({"error": str(exc)}, 400)

    def _answer(self, request: Request, orders: Row) -> Any:
        path = request.url.path
        if path == "/__truth":
            return self.truth()
        if path == "/__faults":
            if request.method == "POST":
                self.faults.set(orders)
            return self.faults.listing()
        if path == "/__reset":
            self.store.clear()
            self.faults.clear()
            self.faults.fired.clear()
            self.face.reset()
        elif path == "/__clock":
            self.store.advance(float(orders["advance_seconds"]))
        elif path == "/__staff":
            return self.face.staff(int(orders.pop("ticket")), orders)
        elif path == "/__deliveries":
            return self.hooks.listing(float(orders.get("age", 0)))
        return {"now": self.store.now().isoformat()}

    def truth(self) -> Row:
        """What the desk holds: its tickets, each with its comments (``said``), and the people."""
        said = [row for kind in ("comment", "conversation") for row in self.store.all(kind)]
        tickets = [
            row | {"said": [one for one in said if one["ticket_id"] == row["id"]]} for row in self.store.all("ticket")
        ]
        people = self.store.all("user") + self.store.all("contact")
        return {"tickets": tickets, "people": people, "uploads": self.store.all("upload"), "fired": self.faults.fired}
