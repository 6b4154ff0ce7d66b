"""Starts a demo gateway: blocking (`serve`), as a child process (`running`) or on a thread of ours (`in_process`).

The API asks for the key and suffers the faults that were ordered; the pay page and the admin endpoints do not.
"""

from __future__ import annotations

import html
import json
import os
import random
import secrets
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cobranza.demo import process
from cobranza.demo.gateways.mercado_pago import MercadoPago
from cobranza.demo.gateways.shop import ShopError
from cobranza.demo.gateways.stripe import Stripe
from cobranza.kernel.errors import ApplicationError, UsageError

KINDS = ("stripe", "mercado_pago")
FAULTS = {
    "none": "The request passes.",
    "unavailable": "503 and nothing was done.",
    "rate_limit": "429 and nothing was done.",
    "lost": "It is done, and the answer breaks off.",
    "error_after": "It is done, and a proxy answers 502.",
    "garbage": "200 with a maintenance page; nothing was done.",
}
_HEADER = "X-Demo-Token"
_STOP_SECONDS = 5.0
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:26rem;padding:1.5rem}"
    "button{font:inherit;padding:.7rem 1rem;margin:.5rem 0;width:100%}strong{font-size:1.6rem}"
)


class GatewayStartError(ApplicationError):
    """A demo gateway that does not start or does not answer."""

    code = "COB-DEM-062"
    remedy = "Vuelva a intentarlo; si se repite, arránquela a mano con python -m cobranza.demo.gateways."


class Weather:
    """ASGI middleware: the key, and the faults that were ordered, one for each call of the API."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app, self.key = app, key
        self.plan: deque[str] = deque()
        self.fired: Counter[str] = Counter()

    def order(self, plan: list[str]) -> None:
        """One fault for each of the next calls.

        Raises:
            ShopError: an unknown one; nothing was ordered then.
        """
        if unknown := set(plan) - set(FAULTS):
            raise ShopError(f"La pasarela de pruebas no conoce {sorted(unknown)}.")
        self.plan.extend(plan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http" or not scope["path"].startswith(("/v1/", "/checkout/")):
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not secrets.compare_digest(given, f"Bearer {self.key}".encode()):
            await JSONResponse({"error": {"message": "Invalid API Key provided"}}, 401)(scope, receive, send)
            return
        fault = self.plan.popleft() if self.plan else "none"
        self.fired[fault] += fault != "none"
        if fault == "none":
            await self.app(scope, receive, send)
        elif fault in {"lost", "error_after"}:
            await self.app(scope, receive, _nowhere)
            if fault == "lost":
                length = [(b"content-length", b"1000")]
                await send({"type": "http.response.start", "status": 200, "headers": length})
                await send({"type": "http.response.body", "body": b'{"id": "', "more_body": True})
                raise ConnectionResetError("cut by the demo gateway")
            await JSONResponse({"message": "Bad Gateway"}, 502)(scope, receive, send)
        else:
            status = {"unavailable": 503, "rate_limit": 429, "garbage": 200}[fault]
            await HTMLResponse("<h1>We'll be right back</h1>", status)(scope, receive, send)


async def _nowhere(message: Message) -> None:
    """Where an answer goes that nobody gets."""


class Desk:
    """Pay page and admin endpoints over one face."""

    def __init__(self, face: Stripe | MercadoPago, token: str) -> None:
        self.face, self.token = face, token
        self.app: Weather = Weather(
            Starlette(
                routes=[
                    *face.routes(),
                    Route("/pagar/{id}", self._page, methods=["GET", "POST"]),
                    Route("/__{order}", self._admin, methods=["GET", "POST"]),
                ]
            ),
            face.key,
        )
        self.hook = ""

    async def _page(self, request: Request) -> Response:
        shop = self.face.shop
        sale = shop.sales.get(request.path_params["id"])
        if sale is None:
            return PlainTextResponse("Not Found", 404)
        if request.method == "POST":
            what = str((await request.form()).get("que", ""))
            if what in {"pay", "fail"} and not sale.paid and not shop.over(sale):
                shop.act(sale, what)
                if self.hook:
                    await self._deliver({})
            return RedirectResponse(sale.back_url, 303)
        if sale.paid or shop.over(sale):
            return HTMLResponse(_page("Este pago ya está hecho o ha caducado.", sale.back_url))
        money = html.escape(f"{sale.amount} {sale.currency}")
        form = (
            f"<p>{html.escape(sale.text)}</p><p><strong>{money}</strong></p><form method=post>"
            "<button name=que value=pay>Pagar</button>"
            "<button name=que value=fail>La tarjeta es rechazada</button></form>"
        )
        return HTMLResponse(_page(form, sale.back_url, raw=True))

    async def _admin(self, request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get(_HEADER, "").encode(), self.token.encode()):
            return PlainTextResponse("Not Found", 404)
        order, body = request.path_params["order"], await request.body()
        try:
            orders = json.loads(body) if body else {}
            return JSONResponse(await self._do(order, orders))
        except (ShopError, KeyError, ValueError) as exc:
            return JSONResponse({"error": str(exc)}, 400)

    async def _do(self, order: str, orders: dict[str, Any]) -> Any:
        shop = self.face.shop
        if order == "truth":
            return shop.truth() | {"fired": self.app.fired}
        if order == "faults":
            self.app.order([str(each) for each in orders["plan"]])
        elif order == "reset":
            shop.clear()
            self.app.plan.clear()
        elif order == "hook":
            self.hook = _ours(str(orders["url"]))
        elif order == "act":
            if orders["what"] == "payout":
                payout = shop.pay_out()
                return {"id": payout.id, "amount": str(payout.amount)} if payout else {}
            amount = Decimal(str(orders["amount"])) if "amount" in orders else None
            shop.act(shop.find(str(orders["sale"])), str(orders["what"]), amount)
        elif order == "calls":
            return self._calls(float(orders.get("age", 0)))
        elif order == "deliver":
            return await self._deliver(orders)
        else:
            raise ShopError(f"La pasarela de pruebas no conoce «{order}».")
        return {}

    def _calls(self, age: float) -> list[dict[str, Any]]:
        at = self.face.shop.now() - timedelta(seconds=age)
        found = []
        for call in self.face.shop.calls:
            query, body, headers = self.face.signed(call, at)
            found.append({"name": call.name, "query": query, "body": body.decode(), "headers": headers})
        return found

    async def _deliver(self, orders: dict[str, Any]) -> list[dict[str, Any]]:
        """Post what was not told yet: `url` (remembered), `times` each, `shuffle` (a seed), `again`: told ones too."""
        self.hook = _ours(str(orders.get("url", self.hook)))
        due = [call for call in self.face.shop.calls if orders.get("again") or not call.told]
        calls = due * int(orders.get("times", 1))
        if "shuffle" in orders:
            random.Random(int(orders["shuffle"])).shuffle(calls)  # noqa: S311 - a test's choice
        told = []
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            for call in calls:
                query, body, headers = self.face.signed(call, self.face.shop.now())
                try:
                    answer = await client.post(
                        self.hook + (f"?{query}" if query else ""), content=body, headers=headers
                    )
                    status = answer.status_code
                except httpx.HTTPError:
                    status = 0
                call.told += 200 <= status < 300
                told.append({"name": call.name, "status": status})
        return told


def application(kind: str, *, url: str, token: str) -> Desk:
    """One gateway as an ASGI application.

    Raises:
        UsageError: there is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"No hay ninguna pasarela de pruebas «{kind}».", remedy=f"Use una de: {', '.join(KINDS)}.")
    return Desk(Stripe(url) if kind == "stripe" else MercadoPago(url), token)


def serve(kind: str, *, port: int = 0, token: str = "", ready_file: Path | None = None) -> None:
    """Serve one gateway on 127.0.0.1 until told to stop; prints its address."""
    token = token or os.environ.get("COBRANZA_DEMO_TOKEN", "") or secrets.token_urlsafe(18)
    listener = process.listen(port)
    desk = application(kind, url=process.url_of(listener), token=token)
    sys.stdout.write(f"{process.url_of(listener)}\n")
    sys.stdout.flush()
    process.serve(desk.app, listener, ready_file=ready_file, token=token)


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A demo gateway that answers, with its admin endpoints as methods (for tests and the demo only)."""

    kind: str
    url: str
    token: str
    line: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=15, trust_env=False), repr=False)

    def environment(self) -> dict[str, str]:
        """What the shipped ``config/gateways.toml`` refers to as ``env:…`` for this gateway."""
        face = Stripe if self.kind == "stripe" else MercadoPago
        prefix = f"COBRANZA_{self.kind.upper()}"
        return {f"{prefix}_URL": self.url, f"{prefix}_CLAVE": face.key, f"{prefix}_FIRMA": face.secret}

    def truth(self) -> Any:
        """What the gateway has: ``sales``, ``payouts``, ``calls``, ``fired`` faults."""
        return self._call("truth", {})

    def faults(self, *plan: str) -> Any:
        """Order one fault for each of the next calls of the API; see `FAULTS`."""
        return self._call("faults", {"plan": plan})

    def act(self, what: str, sale: str = "", **orders: Any) -> Any:
        """pay, fail, expire, refund (`amount`), dispute, win; or "payout" for all that was paid."""
        return self._call("act", {"what": what, "sale": sale} | orders)

    def hook(self, url: str) -> Any:
        """Where calls go by themselves when somebody pays on the page."""
        return self._call("hook", {"url": url})

    def calls(self, *, age: float = 0) -> Any:
        """Every call as it would be made now, signed `age` seconds ago: ``query``, ``body``, ``headers``."""
        return self._call("calls", {"age": age})

    def deliver(self, **orders: Any) -> Any:
        """Make the calls that are due; see `Desk._deliver`."""
        return self._call("deliver", orders)

    def reset(self) -> Any:
        """No sales, no faults."""
        return self._call("reset", {})

    def _call(self, order: str, orders: dict[str, Any]) -> Any:
        try:
            answer = self.line.post(f"{self.url}/__{order}", json=orders, headers={_HEADER: self.token})
            answer.raise_for_status()
            return answer.json()
        except httpx.HTTPStatusError as exc:
            raise GatewayStartError(f"La pasarela de pruebas rechaza {order}: {exc.response.text[:300]}") from exc
        except httpx.HTTPError as exc:
            raise GatewayStartError(f"La pasarela de pruebas no contesta en {self.url}: {exc}.") from exc


@contextmanager
def running(kind: str = "stripe", *, port: int = 0) -> Iterator[RunningGateway]:
    """A demo gateway as a child process, ready when the block starts and gone when it ends (or when we die)."""
    token = secrets.token_urlsafe(18)
    with process.child(
        "cobranza.demo.gateways",
        ["--kind", kind, "--port", str(port)],
        what="La pasarela de pruebas",
        error=GatewayStartError,
        environment={"COBRANZA_DEMO_TOKEN": token},
    ) as child:
        gateway = RunningGateway(kind, child.url, token)
        with gateway.line:
            yield gateway


@contextmanager
def in_process(kind: str = "stripe") -> Iterator[RunningGateway]:
    """A demo gateway on a thread of this process: starts in milliseconds and dies with it."""
    token = secrets.token_urlsafe(18)
    listener = process.listen()
    server = process.server_of(application(kind, url=process.url_of(listener), token=token).app)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # they belong to the main thread
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    gateway = RunningGateway(kind, process.url_of(listener), token)
    try:
        with gateway.line:
            yield gateway
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        listener.close()


def _ours(url: str) -> str:
    if urlsplit(url).hostname != "127.0.0.1":
        raise ShopError(f"La pasarela de pruebas solo avisa a 127.0.0.1, no a «{url}».")
    return url


def _page(content: str, back: str, *, raw: bool = False) -> str:
    inside = content if raw else f"<p>{html.escape(content)}</p>"
    return (
        '<!doctype html><html lang="es"><head><meta charset="utf-8"><title>Pasarela de pruebas</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>Pasarela de pruebas</h1>{inside}"
        f'<p><a href="{html.escape(back)}">Volver sin pagar</a></p></main></body></html>'
    )
