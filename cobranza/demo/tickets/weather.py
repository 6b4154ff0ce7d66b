"""The line between a desk and its callers: breaks connections, delays, limits and answers nonsense as ordered."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import defaultdict, deque
from datetime import timedelta
from email.utils import format_datetime
from time import monotonic
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cobranza.demo.tickets.faults import Faults
from cobranza.demo.tickets.store import Store

_API = "/api/"
_ACCOUNT_PER_MINUTE = 700
_MAX_BODY = 60 * 1024 * 1024


class Weather:
    """ASGI middleware; the outermost, since it cuts connections.

    It also keeps the account's limit of calls (headers always, refusals with the setting ``limits``) and answers 409
    to a second request with an ``Idempotency-Key`` whose first is still being worked on. Guess: the vendor does not
    say what it answers then.
    """

    def __init__(self, app: ASGIApp, faults: Faults, store: Store) -> None:
        self.app = app
        self.faults = faults
        self.store = store
        self.requests = 0
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._in_flight: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http" or not scope["path"].startswith(_API):
            await self.app(scope, receive, send)
            return
        self.requests += 1
        scope["path"] = scope["path"].removesuffix(".json")
        scope["raw_path"] = scope["path"].encode()
        body = await _read(receive)
        if body is None:
            await JSONResponse({"error": "Payload Too Large"}, 413)(scope, receive, send)
            return
        key = dict(scope["headers"]).get(b"idempotency-key", b"").decode("latin-1")
        if key and key in self._in_flight:
            await JSONResponse({"error": "IdempotentRequestInProgress"}, 409)(scope, _replay(body), send)
            return
        await self._serve(scope, body, key, self._counted(send), send)

    async def _serve(self, scope: Scope, body: bytes, key: str, send: Send, line: Send) -> None:
        refusal = self._limit(scope)
        fault = "none" if refusal else self.faults.next(scope["method"])
        answer = refusal or self._instead(fault)
        if answer is not None:
            await answer(scope, _replay(body), send)
        elif fault == "drop_before":
            await _cut(line)
        elif fault in ("drop_after", "cut_body", "error_after", "slow", "retry_after_on_success"):
            await self._afterwards(fault, scope, body, key, send, line)
        else:
            await self._work(scope, body, key, send, self.faults.number("late_seconds") if fault == "late" else 0)

    async def _work(self, scope: Scope, body: bytes, key: str, send: Send, wait: float = 0) -> None:
        """Let the desk do it, `wait` seconds from now; the key is in flight meanwhile."""
        self._in_flight.add(key)
        try:
            await asyncio.sleep(wait)
            await self.app(scope, _replay(body), send)
        finally:
            self._in_flight.discard(key)

    def _instead(self, fault: str) -> Response | None:
        """The answer of a fault that does nothing else."""
        seconds = int(self.faults.number("retry_after"))
        limited = {"error": "TooManyRequests", "description": "Rate limit exceeded"}
        if fault == "rate_limit":
            return JSONResponse(limited, 429, {"Retry-After": str(seconds)})
        if fault == "rate_limit_date":
            when = format_datetime(self.store.now() + timedelta(seconds=seconds), usegmt=True)
            return JSONResponse(limited, 429, {"Retry-After": when})
        if fault == "rate_limit_bare":
            return JSONResponse(limited, 429)
        if fault == "unavailable":
            return JSONResponse({"error": "ServiceUnavailable"}, 503)
        if fault == "garbage":
            return HTMLResponse("<html><body><h1>We'll be right back</h1></body></html>")
        if fault == "redirect":
            return RedirectResponse("https://elsewhere.invalid/api/v2/tickets", 302)
        return None

    async def _afterwards(self, fault: str, scope: Scope, body: bytes, key: str, send: Send, line: Send) -> None:
        """Let the desk do its work, then spoil the answer."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._work(scope, body, key, keep)
        if fault == "drop_after":
            await _cut(line)
        elif fault == "error_after":
            await JSONResponse({"error": "BadGateway"}, 502)(scope, _replay(body), send)
        elif fault == "cut_body":
            await send(kept[0])
            content = b"".join(message.get("body", b"") for message in kept[1:])
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
            await asyncio.sleep(0)
            await _cut(line)
        else:
            if fault == "slow":
                await asyncio.sleep(self.faults.number("slow_seconds"))
            else:
                MutableHeaders(scope=kept[0])["Retry-After"] = str(int(self.faults.number("retry_after")))
            for message in kept:
                await send(message)

    def _limit(self, scope: Scope) -> Response | None:
        """The vendor's limits per minute, of the account and of its dearer endpoints (shared across callers)."""
        if not self.faults.on("limits"):
            return None
        for name, calls, seconds in _windows(scope["method"], scope["path"]):
            window = self._calls[name]
            while window and window[0] < monotonic() - seconds:
                window.popleft()
            if len(window) >= calls:
                wait = max(1, int(seconds - (monotonic() - window[0])) + 1)
                return JSONResponse({"error": "TooManyRequests"}, 429, {"Retry-After": str(wait)})
        for name, _, _ in _windows(scope["method"], scope["path"]):
            self._calls[name].append(monotonic())
        return None

    def _counted(self, send: Send) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                left = max(0, _ACCOUNT_PER_MINUTE - len(self._calls["account"]))
                headers["X-Rate-Limit"] = str(_ACCOUNT_PER_MINUTE)
                headers["X-Rate-Limit-Remaining"] = str(left)
            await send(message)

        return wrapped


def _windows(method: str, path: str) -> list[tuple[str, int, float]]:
    """Name, calls and seconds of each limit that a request counts for. Source: the vendor's endpoint limits."""
    found = [("account", _ACCOUNT_PER_MINUTE, 60.0)]
    parts = path.split("/")
    if method == "PUT" and "/tickets/" in path:
        found += [(f"update {parts[-1]}", 30, 600.0), ("update", 100, 60.0)]
    if "/incremental/" in path:
        found.append(("incremental", 10, 60.0))
    if path.endswith("/audits"):
        found.append(("audits", 500, 60.0))
    if path.endswith("/create_or_update"):
        found.append(("upsert", 1, 1.0))
    return found


async def _read(receive: Receive) -> bytes | None:
    """The request's body at once, so that the work goes on when the caller is gone; None when it is too big."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _MAX_BODY:
            return None
        if not message.get("more_body"):
            break
    return b"".join(parts)


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _cut(send: Send) -> None:
    """Reset the TCP connection under the request; without a real server raise instead."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("connection reset by the demo desk")
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0.01)  # lets the server notice that the other side is gone before we return
