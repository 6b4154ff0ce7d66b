"""The line between a double and its callers: breaks connections, delays, limits and answers nonsense as ordered."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cobranza.demo.doubles.faults import Faults

FAULTS = {
    "none": "The request passes.",
    "drop_before": "The connection breaks before anything was done.",
    "drop_after": "It is done, and the connection breaks without an answer.",
    "cut_body": "It is done, and the answer breaks off in the middle.",
    "slow": "It is done at once, and the answer takes `slow_seconds`.",
    "rate_limit": "429 as the vendor says it, with Retry-After: `retry_after` seconds; nothing was done.",
    "unavailable": "503 as the vendor says it; nothing was done.",
    "error_before": "A proxy answers 502 without a word of the vendor's; nothing was done.",
    "error_after": "It is done, and a proxy answers 502.",
    "garbage": "200 with a maintenance page in HTML; nothing was done.",
}
_AFTERWARDS = ("drop_after", "cut_body", "slow", "error_after")
_CUT_SECONDS = 0.02


class Weather:
    """ASGI middleware; the outermost, since it cuts connections.

    A double says what is its own: which requests it concerns (`concerns`), what its vendor answers (`says`), what is
    refused before any fault (`refuse`), and faults that no other double has (`instead`, `spoil`).

    Args:
        most: Bytes of a request; a longer one is refused with 413.
    """

    def __init__(self, app: ASGIApp, faults: Faults, *, most: int = 20 * 1024 * 1024) -> None:
        self.app, self.faults, self.most = app, faults, most
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http" or not self.concerns(scope):
            await self.app(scope, receive, send)
            return
        self.requests += 1
        body = await whole(receive, self.most)
        if body is None:
            await JSONResponse({"error": "Payload Too Large"}, 413)(scope, receive, send)
            return
        await self._serve(scope, body, self.dressed(send), send)

    def concerns(self, scope: Scope) -> bool:
        """Whether the vendor's interface was asked; the admin's own calls and the pages for people always pass."""
        return not scope["path"].startswith("/__") and scope["path"] != "/"

    def says(self, scope: Scope, status: int) -> Any:
        """The vendor's JSON with a 429 or a 503; None: a page."""

    def refuse(self, scope: Scope) -> Response | None:
        """The answer to a request that gets nowhere whatever the weather; it uses up no fault."""

    def dressed(self, send: Send) -> Send:
        """How answers leave, with what the vendor puts on every one."""
        return send

    async def work(self, scope: Scope, body: bytes, send: Send, fault: str) -> None:
        """Let the double do it."""
        await self.app(scope, replay(body), send)

    def instead(self, fault: str, scope: Scope) -> Response | None:
        """The answer of a fault that does nothing else."""
        if fault == "rate_limit":
            return self._said(scope, 429, {"Retry-After": str(int(self.faults.number("retry_after")))})
        if fault == "unavailable":
            return self._said(scope, 503)
        if fault == "error_before":
            return _bad_gateway()
        if fault == "garbage":
            return HTMLResponse("<html><body><h1>We'll be right back</h1></body></html>")
        return None

    async def spoil(self, fault: str, kept: list[Message], send: Send, line: Send) -> bool:
        """Answer what was `kept` as a fault of this double's own wants it; False when it is none."""
        return False

    def spoils(self, fault: str) -> bool:
        """Whether a fault lets the work be done first."""
        return fault in _AFTERWARDS

    def _said(self, scope: Scope, status: int, headers: dict[str, str] | None = None) -> Response:
        words = self.says(scope, status)
        if words is None:
            return HTMLResponse("<html><body><h1>We'll be right back</h1></body></html>", status, headers)
        return JSONResponse(words, status, headers)

    async def _serve(self, scope: Scope, body: bytes, send: Send, line: Send) -> None:
        refusal = self.refuse(scope)
        fault = "none" if refusal else self.faults.next(scope["method"])
        answer = refusal or self.instead(fault, scope)
        if answer is not None:
            await answer(scope, replay(body), send)
        elif fault == "drop_before":
            await cut(line)
        elif self.spoils(fault):
            await self._afterwards(fault, scope, body, send, line)
        else:
            await self.work(scope, body, send, fault)

    async def _afterwards(self, fault: str, scope: Scope, body: bytes, send: Send, line: Send) -> None:
        """Let the double do its work, then spoil the answer."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self.work(scope, body, keep, fault)
        if fault == "drop_after":
            await cut(line)
        elif fault == "error_after":
            await _bad_gateway()(scope, replay(body), send)
        elif fault == "cut_body":
            content = b"".join(message.get("body", b"") for message in kept[1:])
            await send(kept[0])
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
            await asyncio.sleep(0)
            await cut(line)
        elif not await self.spoil(fault, kept, send, line):
            await asyncio.sleep(self.faults.number("slow_seconds"))
            await tell(kept, send)


def _bad_gateway() -> Response:
    return HTMLResponse("<html><body>Bad gateway</body></html>", 502)


async def tell(kept: list[Message], send: Send) -> None:
    """Send what was kept."""
    for message in kept:
        await send(message)


async def whole(receive: Receive, most: int) -> bytes | None:
    """The request's body at once, so that the work goes on when the caller is gone; None when it is too big."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            return None
        if not message.get("more_body"):
            break
    return b"".join(parts)


def replay(body: bytes) -> Receive:
    """A body that was read already, to be read again."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def swallow(message: Message) -> None:
    """The work is done; nobody hears of it."""


async def cut(send: Send) -> None:
    """Reset the TCP connection under the request; without a real server (tests in process) raise instead."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("connection reset by the double")
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(_CUT_SECONDS)  # lets the server notice that the other side is gone before we return


# --- what browsers need


def closing(send: Send) -> Send:
    """Use every connection for one request: a browser silently repeats what breaks on a connection it used before,
    a POST too, and then a cut connection would be no fault at all.
    """
    return _on_start(send, lambda headers: headers.__setitem__("Connection", "close"))


def with_cookie(send: Send, cookie: str) -> Send:
    """Answers that set a cookie (with its path) and are kept by nobody."""

    def mark(headers: MutableHeaders) -> None:
        headers.append("Set-Cookie", f"{cookie}; HttpOnly; SameSite=Lax")
        headers.setdefault("Cache-Control", "no-store")

    return _on_start(send, mark)


def cookie(scope: Scope, wanted: str) -> str | None:
    """A cookie of the request; what cannot be read counts as none."""
    jar: SimpleCookie = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            with contextlib.suppress(CookieError):
                jar.load(value.decode("latin-1"))
    return jar[wanted].value if wanted in jar else None


def _on_start(send: Send, change: Callable[[MutableHeaders], Any]) -> Callable[[Message], Awaitable[None]]:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            change(MutableHeaders(scope=message))
        await send(message)

    return wrapped
