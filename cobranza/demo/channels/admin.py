"""Endpoints for tests and the demo only: truth, faults, fates, clock, debtors, webhooks. All need the token."""

from __future__ import annotations

import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cobranza.demo.channels.faults import Faults
from cobranza.demo.channels.hooks import Hooks
from cobranza.demo.channels.twilio import Twilio
from cobranza.demo.channels.whatsapp import WhatsApp
from cobranza.demo.tickets.store import Row, Store
from cobranza.kernel.errors import CobranzaError

HEADER = "X-Demo-Token"
KINDS = ("sms", "call", "whatsapp", "burofax")
FATES = ("delivered", "read", "sent", "undelivered", "away", "failed")


class Admin:
    """The endpoints over all providers."""

    def __init__(
        self, store: Store, faults: Faults, hooks: Hooks, twilio: Twilio, whatsapp: WhatsApp, token: str
    ) -> None:
        self.store, self.faults, self.hooks, self.token = store, faults, hooks, token
        self.twilio, self.whatsapp = twilio, whatsapp

    def routes(self) -> list[Route]:
        """See `RunningProviders` for what each does."""
        names = ("reset", "clock", "fates", "templates", "hooks", "debtor", "deliveries", "deliver")
        return [
            Route("/__truth", self._endpoint, methods=["GET"]),
            Route("/__faults", self._endpoint, methods=["GET", "POST"]),
            *(Route(f"/__{name}", self._endpoint, methods=["POST"]) for name in names),
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
        except (CobranzaError, ValueError, KeyError) as exc:
            return JSONResponse({"error": str(exc)}, 400)

    def _answer(self, request: Request, orders: Row) -> Any:
        path = request.url.path
        if path == "/__truth":
            return {kind: self.store.all(kind) for kind in KINDS} | {"fired": self.faults.fired}
        if path == "/__deliveries":
            return self.hooks.listing(orders)
        if path == "/__debtor":
            return self._debtor(str(orders["channel"]), str(orders["sender"]), str(orders["text"]))
        if path == "/__faults":
            if request.method == "POST":
                self.faults.set(orders)
            return self.faults.listing()
        if path == "/__reset":
            self.store.clear()
            self.faults.clear()
            self.faults.fired.clear()
        elif path == "/__clock":
            self.store.advance(float(orders["advance_seconds"]))
        elif path == "/__fates":
            for address, fate in orders.items():
                if fate not in FATES:
                    raise ValueError(f"no fate «{fate}»; there are {', '.join(FATES)}")
                self.store.put("fate", address, {"fate": fate})
        elif path == "/__templates":
            for name, fields in orders["fields"].items():
                self.whatsapp.approve(str(name), int(fields), str(orders.get("language", "es")))
        elif path == "/__hooks":
            self.store.put("hook", "base", {"url": str(orders["url"])})
        return {"now": self.store.now().isoformat()}

    def _debtor(self, channel: str, sender: str, text: str) -> Row:
        if channel == "sms":
            return self.twilio.write(sender, text)
        if channel == "whatsapp":
            return self.whatsapp.write(sender, text)
        if channel == "voice":
            return self.twilio.press(sender, text)
        raise ValueError(f"nobody answers on «{channel}»")
