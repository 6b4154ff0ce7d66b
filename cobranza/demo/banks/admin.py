"""Endpoints for tests only: truth, faults, clock, reset and the fake SMS mailbox. All need the token."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cobranza.demo.banks.portal import Portal
from cobranza.kernel.errors import CobranzaError

HEADER = "X-Demo-Token"

Answer = Callable[[dict[str, Any]], Any]


def routes(portal: Portal) -> list[Route]:
    """The admin endpoints of one bank."""

    def truth(_: dict[str, Any]) -> Any:
        return portal.truth()

    def list_faults(_: dict[str, Any]) -> Any:
        return portal.faults.listing()

    def set_faults(orders: dict[str, Any]) -> Any:
        portal.faults.set(orders)
        return portal.faults.active()

    def reset(orders: dict[str, Any]) -> Any:
        portal.reset(orders)
        return {"seed": portal.seed}

    def clock(orders: dict[str, Any]) -> Any:
        if "today" in orders:
            portal.today = date.fromisoformat(str(orders["today"]))
        portal.advance(float(orders.get("advance_seconds", 0)))
        return {"today": portal.today.isoformat()}

    def sms(_: dict[str, Any]) -> Any:
        return portal.mailbox

    def endpoint(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            given = request.headers.get(HEADER, "")
            if not secrets.compare_digest(given.encode(), portal.options.token.encode()):
                return PlainTextResponse("Not Found", 404)
            try:
                orders = await _orders(request)
                return JSONResponse(answer(orders))
            except (CobranzaError, ValueError) as exc:
                return JSONResponse({"error": str(exc)}, 400)

        return handle

    return [
        Route("/__truth", endpoint(truth)),
        Route("/__faults", endpoint(list_faults), methods=["GET"]),
        Route("/__faults", endpoint(set_faults), methods=["POST"]),
        Route("/__reset", endpoint(reset), methods=["POST"]),
        Route("/__clock", endpoint(clock), methods=["POST"]),
        Route("/__sms", endpoint(sms)),
    ]


async def _orders(request: Request) -> dict[str, Any]:
    body = await request.body()
    orders = json.loads(body) if body else {}
    if not isinstance(orders, dict):
        raise ValueError("a JSON object was expected")
    return orders
