"""The door of a bank: finds the session, counts the request and makes the weather. Wraps the whole application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cobranza.demo.banks.portal import Portal, Step
from cobranza.demo.doubles.weather import closing, cookie, cut, swallow, with_cookie

_CDN_SECONDS = 60.0
_UNTOUCHED = ("/__", "/static/", "/estilo/", "/favicon.ico")

Notice = Callable[[str], Response]


class Gate:
    """ASGI middleware; must be the outermost, since it cuts connections.

    Args:
        notice: Makes the bank's own page for ``mantenimiento``, ``error`` and ``limite``.
        is_content: Whether a path shows what only customers see.
    """

    def __init__(self, app: ASGIApp, portal: Portal, notice: Notice, is_content: Callable[[str], bool]) -> None:
        self.app = app
        self.portal = portal
        self.notice = notice
        self.is_content = is_content
        # Browsers send cookies to every port of a host, so two banks on one machine need different names.
        self.cookie = f"sesion_{portal.bank}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        once = closing(send)
        if scope["path"].startswith(_UNTOUCHED):
            await self.app(scope, receive, once)
            return
        if scope["path"].startswith("/cdn/"):
            await _never_answer(receive)
            return
        portal, faults = self.portal, self.portal.faults
        portal.counters["requests"] += 1
        session = portal.session(cookie(scope, self.cookie))
        scope.setdefault("state", {})["session"] = session
        inside = session.step is Step.IN
        reply = with_cookie(once, f"{self.cookie}={session.id}; Path=/")

        if faults.on("slow"):
            await asyncio.sleep(faults.number("slow"))
        if inside and faults.take("connection_reset"):
            await cut(send)
            return
        weather = self._weather(scope["path"])
        if weather is not None:
            await weather(scope, receive, reply)
            return
        if inside and scope["method"] == "POST" and faults.take("connection_reset_after_post"):
            await self.app(scope, receive, swallow)
            await cut(send)
            return
        await self.app(scope, receive, reply)

    def _weather(self, path: str) -> Response | None:
        portal, faults = self.portal, self.portal.faults
        number = portal.counters["requests"]
        every = int(faults.number("rate_limit_429"))
        if every and (number % every == 0 or portal.monotonic() < portal.quiet_until):
            if number % every == 0:
                portal.quiet_until = portal.monotonic() + 1
            faults.fired["rate_limit_429"] += 1
            response = self.notice("limite")
            response.headers["Retry-After"] = "1"
            return response
        every = int(faults.number("error_500_every_n"))
        if every and number % every == 0:
            faults.fired["error_500_every_n"] += 1
            return self.notice("error")
        where = faults.text("maintenance")
        if where == "all" or (where == "content" and self.is_content(path)):
            faults.fired["maintenance"] += 1
            return self.notice("mantenimiento")
        return None


async def _never_answer(receive: Receive) -> None:
    """Keep a request waiting until the browser gives up."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gone(), _CDN_SECONDS)
