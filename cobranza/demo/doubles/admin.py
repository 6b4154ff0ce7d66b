"""The admin endpoints of a double: the token, orders as a JSON object, refusals as 400; and those that most have."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cobranza.demo.doubles.faults import Faults
from cobranza.demo.doubles.store import Row, Store
from cobranza.kernel.errors import CobranzaError

HEADER = "X-Demo-Token"

Endpoint = Callable[[Request], Awaitable[Response]]


def guarded(
    answer: Callable[[Request, dict[str, Any]], Awaitable[Any]],
    token: str,
    *,
    refusals: tuple[type[Exception], ...] = (),
) -> Endpoint:
    """An endpoint for whoever knows the token; to others there is nothing.

    Args:
        answer: Takes the request and its orders; gives a response, or what is sent as JSON.
        refusals: Besides ours and those of wrong values, what is told as a 400.
    """

    said: tuple[type[Exception], ...] = (CobranzaError, *refusals)

    async def endpoint(request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        if not secrets.compare_digest(given.encode(), token.encode()):
            return PlainTextResponse("Not Found", 404)
        try:
            body = await request.body()
            orders = json.loads(body) if body else {}
            if not isinstance(orders, dict):
                raise ValueError("a JSON object was expected")
            found = await answer(request, orders)
        except said as exc:
            return JSONResponse({"error": str(exc)}, 400)
        except (ValueError, KeyError, TypeError) as exc:
            return JSONResponse({"error": f"{type(exc).__name__}: {exc}"}, 400)
        return found if isinstance(found, Response) else JSONResponse(found)

    return endpoint


class Hooks(Protocol):
    """The webhooks of a double."""

    def listing(self, orders: Row) -> list[Row]:
        """Calls as they would be made now, oldest first."""

    async def deliver(self, orders: Row) -> list[Row]:
        """Make those that are due; what came of each."""


class Steered:
    """Truth, faults, reset, clock and webhooks; a double adds its own orders.

    Attributes:
        refusals: See `guarded`.
    """

    refusals: tuple[type[Exception], ...] = ()

    def __init__(self, store: Store, faults: Faults, hooks: Hooks, token: str) -> None:
        self.store, self.faults, self.hooks, self.token = store, faults, hooks, token

    def truth(self) -> Row:
        """What the double holds."""
        raise NotImplementedError

    def own(self) -> dict[str, Callable[[Row], Any]]:
        """Orders that no other double has: what each answers; None says what time it is."""
        return {}

    def reset(self) -> None:
        """As at first, and no faults."""
        self.store.clear()
        self.faults.clear()
        self.faults.fired.clear()

    def routes(self) -> list[Route]:
        """One for each order."""
        endpoint = guarded(self._do, self.token, refusals=self.refusals)
        ways = {"truth": ["GET"], "faults": ["GET", "POST"]}
        names = ("truth", "faults", "reset", "clock", "deliveries", "deliver", *self.own())
        return [Route(f"/__{name}", endpoint, methods=ways.get(name, ["POST"])) for name in names]

    async def _do(self, request: Request, orders: Row) -> Any:
        name = request.url.path.removeprefix("/__")
        if name == "deliver":
            return await self.hooks.deliver(orders)
        with self.store.change():
            found = self._answer(name, request.method, orders)
        return {"now": self.store.now().isoformat()} if found is None else found

    def _answer(self, name: str, method: str, orders: Row) -> Any:
        if name == "truth":
            return self.truth() | {"fired": self.faults.fired}
        if name == "faults":
            if method == "POST":
                self.faults.set(orders)
            return self.faults.listing()
        if name == "deliveries":
            return self.hooks.listing(orders)
        if name == "reset":
            return self.reset()
        if name == "clock":
            return self.store.advance(float(orders["advance_seconds"]))
        return self.own()[name](orders)
