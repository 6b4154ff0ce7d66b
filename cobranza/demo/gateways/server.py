"""Starts a demo gateway: blocking (`serve`), as a child process (`running`) or on a thread of ours (`in_process`).

The API asks for the key and suffers the faults that were ordered; the pay page and the admin endpoints do not.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from cobranza.demo.doubles import hooks, process, server, weather
from cobranza.demo.doubles.admin import guarded
from cobranza.demo.doubles.control import Control
from cobranza.demo.doubles.faults import Faults, Repertoire
from cobranza.demo.gateways.mercado_pago import MercadoPago
from cobranza.demo.gateways.shop import Call, ShopError
from cobranza.demo.gateways.stripe import Stripe
from cobranza.kernel.errors import ApplicationError, UsageError

KINDS = ("stripe", "mercado_pago")
FAULTS = {
    name: weather.FAULTS[name] for name in ("none", "unavailable", "rate_limit", "cut_body", "error_after", "garbage")
}
_REPERTOIRE = Repertoire(
    faults=FAULTS,
    storms=tuple(name for name in FAULTS if name != "none"),
    error=ShopError,
    whose="la pasarela de pruebas",
    on="all",
    settings={"retry_after": 0},
)
_WHOSE = "La pasarela de pruebas"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:26rem;padding:1.5rem}"
    "button{font:inherit;padding:.7rem 1rem;margin:.5rem 0;width:100%}strong{font-size:1.6rem}"
)


class GatewayStartError(ApplicationError):
    """A demo gateway that does not start or does not answer."""

    code = "COB-DEM-062"
    remedy = "Vuelva a intentarlo; si se repite, arránquela a mano con python -m cobranza.demo.gateways."


class Weather(weather.Weather):
    """ASGI middleware: the key, and the faults that were ordered, for the calls of the API only."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        super().__init__(app, Faults(_REPERTOIRE))
        self.key = key

    def concerns(self, scope: Scope) -> bool:
        """Not the page to pay on."""
        return str(scope["path"]).startswith(("/v1/", "/checkout/"))

    def refuse(self, scope: Scope) -> Response | None:
        """Who has not the key."""
        given = dict(scope["headers"]).get(b"authorization", b"")
        if secrets.compare_digest(given, f"Bearer {self.key}".encode()):
            return None
        return JSONResponse({"error": {"message": "Invalid API Key provided"}}, 401)


class Desk:
    """Pay page and admin endpoints over one face."""

    def __init__(self, face: Stripe | MercadoPago, token: str) -> None:
        self.face, self.token = face, token
        self.app: Weather = Weather(
            Starlette(
                routes=[
                    *face.routes(),
                    Route("/pagar/{id}", self._page, methods=["GET", "POST"]),
                    Route("/__{order}", guarded(self._do, token), methods=["GET", "POST"]),
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

    async def _do(self, request: Request, orders: dict[str, Any]) -> Any:
        order, shop = request.path_params["order"], self.face.shop
        if order == "truth":
            return shop.truth() | {"fired": self.app.faults.fired}
        if order == "faults":
            self.app.faults.set(orders)
        elif order == "reset":
            shop.clear()
            self.app.faults.clear()
        elif order == "hook":
            self.hook = hooks.ours(str(orders["url"]), ShopError, _WHOSE)
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
        """Post what was not told yet: `url` (remembered), and the orders of `hooks.due`."""
        self.hook = hooks.ours(str(orders.get("url", self.hook)), ShopError, _WHOSE)
        told: list[dict[str, Any]] = []

        def made(call: Call) -> hooks.Call:
            query, body, headers = self.face.signed(call, self.face.shop.now())
            return hooks.Call(self.hook + (f"?{query}" if query else ""), headers, body)

        def heard(call: Call, answer: hooks.Answer) -> None:
            call.told += answer.good
            told.append({"name": call.name, "status": answer.status})

        await hooks.post(hooks.due(self.face.shop.calls, lambda call: call.told, orders), made, heard)
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
    token = server.fresh(token)
    listener = process.listen(port)
    desk = application(kind, url=process.url_of(listener), token=token)
    server.foreground(desk.app, listener, token=token, ready_file=ready_file)


@dataclass(frozen=True, slots=True)
class RunningGateway(Control):
    """A demo gateway that answers, with its admin endpoints as methods (for tests and the demo only)."""

    error = GatewayStartError
    what = "La pasarela de pruebas"
    kind: str = KINDS[0]

    def environment(self) -> dict[str, str]:
        """What the shipped ``config/gateways.toml`` refers to as ``env:…`` for this gateway."""
        face = Stripe if self.kind == "stripe" else MercadoPago
        prefix = f"COBRANZA_{self.kind.upper()}"
        return {f"{prefix}_URL": self.url, f"{prefix}_CLAVE": face.key, f"{prefix}_FIRMA": face.secret}

    def truth(self) -> Any:
        """What the gateway has: ``sales``, ``payouts``, ``calls``, ``fired`` faults."""
        return self.look("/__truth")

    def faults(self, *plan: str) -> Any:
        """Order one fault for each of the next calls of the API; see `FAULTS`."""
        return self.ask("/__faults", plan=plan)

    def act(self, what: str, sale: str = "", **orders: Any) -> Any:
        """pay, fail, expire, refund (`amount`), dispute, win; or "payout" for all that was paid."""
        return self.ask("/__act", what=what, sale=sale, **orders)

    def hook(self, url: str) -> Any:
        """Where calls go by themselves when somebody pays on the page."""
        return self.ask("/__hook", url=url)

    def calls(self, *, age: float = 0) -> Any:
        """Every call as it would be made now, signed `age` seconds ago: ``query``, ``body``, ``headers``."""
        return self.ask("/__calls", age=age)

    def deliver(self, **orders: Any) -> Any:
        """Make the calls that are due; see `Desk._deliver`."""
        return self.ask("/__deliver", **orders)

    def reset(self) -> Any:
        """No sales, no faults."""
        return self.ask("/__reset")


@contextmanager
def running(kind: str = "stripe", *, port: int = 0) -> Iterator[RunningGateway]:
    """A demo gateway as a child process, ready when the block starts and gone when it ends (or when we die)."""
    arguments = ["--kind", kind, "--port", str(port)]
    with server.child(RunningGateway, "cobranza.demo.gateways", arguments, kind=kind) as gateway:
        yield gateway


@contextmanager
def in_process(kind: str = "stripe") -> Iterator[RunningGateway]:
    """A demo gateway on a thread of this process: starts in milliseconds and dies with it."""
    token, listener = server.fresh(), process.listen()
    desk = application(kind, url=process.url_of(listener), token=token)
    with server.thread(RunningGateway, desk.app, listener, token, kind=kind) as gateway:
        yield gateway


def _page(content: str, back: str, *, raw: bool = False) -> str:
    inside = content if raw else f"<p>{html.escape(content)}</p>"
    return (
        '<!doctype html><html lang="es"><head><meta charset="utf-8"><title>Pasarela de pruebas</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>Pasarela de pruebas</h1>{inside}"
        f'<p><a href="{html.escape(back)}">Volver sin pagar</a></p></main></body></html>'
    )
