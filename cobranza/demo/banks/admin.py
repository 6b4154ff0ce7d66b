"""Endpoints for tests only: truth, faults, clock, reset and the fake SMS mailbox. All need the token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from cobranza.demo.banks.portal import Portal
from cobranza.demo.doubles.admin import Endpoint, guarded

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

    def endpoint(answer: Answer) -> Endpoint:
        async def handle(_: Request, orders: dict[str, Any]) -> Any:
            return answer(orders)

        return guarded(handle, portal.options.token)

    return [
        Route("/__truth", endpoint(truth)),
        Route("/__faults", endpoint(list_faults), methods=["GET"]),
        Route("/__faults", endpoint(set_faults), methods=["POST"]),
        Route("/__reset", endpoint(reset), methods=["POST"]),
        Route("/__clock", endpoint(clock), methods=["POST"]),
        Route("/__sms", endpoint(sms)),
    ]
