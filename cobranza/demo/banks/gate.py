"""The door of a bank: finds the session, counts the request and makes the weather. Wraps the whole application."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cobranza.demo.banks.portal import Portal, Step

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
        closing = _once(send)
        if scope["path"].startswith(_UNTOUCHED):
            await self.app(scope, receive, closing)
            return
        if scope["path"].startswith("/cdn/"):
            await _never_answer(receive)
            return
        portal, faults = self.portal, self.portal.faults
        portal.counters["requests"] += 1
        session = portal.session(_cookie(scope, self.cookie))
        scope.setdefault("state", {})["session"] = session
        inside = session.step is Step.IN
        reply = _with_cookie(closing, f"{self.cookie}={session.id}")

        if faults.on("slow"):
            await asyncio.sleep(faults.number("slow"))
        if inside and faults.take("connection_reset"):
            await _cut(send)
            return
        weather = self._weather(scope["path"])
        if weather is not None:
            await weather(scope, receive, reply)
            return
        if inside and scope["method"] == "POST" and faults.take("connection_reset_after_post"):
            await self.app(scope, receive, _swallow)
            await _cut(send)
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


def _cookie(scope: Scope, wanted: str) -> str | None:
    jar: SimpleCookie = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            with contextlib.suppress(CookieError):
                jar.load(value.decode("latin-1"))
    return jar[wanted].value if wanted in jar else None


def _with_cookie(send: Send, cookie: str) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.append("Set-Cookie", f"{cookie}; Path=/; HttpOnly; SameSite=Lax")
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return wrapped


def _once(send: Send) -> Send:
    """Use every connection for one request: a browser silently repeats what breaks on a connection it used before,
    a POST too, and then a cut connection would be no fault at all.
    """

    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
        await send(message)

    return closing


async def _swallow(message: Message) -> None:
    """The work is done; nobody hears of it."""


async def _never_answer(receive: Receive) -> None:
    """Keep a request waiting until the browser gives up."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gone(), _CDN_SECONDS)


async def _cut(send: Send) -> None:
    """Reset the TCP connection under the request; without a real server (tests in process) raise instead."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("connection reset by the demo bank")
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0.02)  # lets the server notice that the other side is gone before we return
