"""The line between a provider and its callers: breaks connections, delays, limits and answers nonsense as ordered."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cobranza.demo.channels.faults import Faults

_MAX_BODY = 20 * 1024 * 1024
_LIMITED = {
    "twilio": {"code": 20429, "message": "Too Many Requests", "status": 429},
    "whatsapp": {"error": {"message": "Rate limit hit", "type": "OAuthException", "code": 130429, "fbtrace_id": "A1"}},
    "burofax": {"codigo": "demasiadas_peticiones", "mensaje": "Demasiadas peticiones."},
}
_AWAY = {
    "twilio": {"code": 20503, "message": "Service unavailable", "status": 503},
    "whatsapp": {"error": {"message": "Service unavailable", "type": "OAuthException", "code": 131016,
                           "is_transient": True, "fbtrace_id": "A1"}},
    "burofax": {"codigo": "fuera_de_servicio", "mensaje": "Fuera de servicio."},
}  # fmt: skip


class Weather:
    """ASGI middleware; the outermost, since it cuts connections. The admin's own calls always pass."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http" or scope["path"].startswith("/__") or scope["path"] == "/":
            await self.app(scope, receive, send)
            return
        self.requests += 1
        body = await _read(receive)
        if body is None:
            await PlainTextResponse("Payload Too Large", 413)(scope, receive, send)
            return
        fault = self.faults.next(scope["method"])
        answer = self._instead(fault, vendor_of(scope["path"]))
        if fault == "drop_before":
            await _cut(send)
        elif answer is not None:
            await answer(scope, _replay(body), send)
        elif fault in ("drop_after", "error_after", "slow"):
            await self._afterwards(fault, scope, body, send)
        else:
            await self.app(scope, _replay(body), send)

    def _instead(self, fault: str, vendor: str) -> Response | None:
        """The answer of a fault that does nothing else."""
        if fault == "rate_limit":
            return JSONResponse(_LIMITED[vendor], 429, {"Retry-After": str(int(self.faults.number("retry_after")))})
        if fault == "unavailable":
            return JSONResponse(_AWAY[vendor], 503)
        if fault == "error_before":
            return HTMLResponse("<html><body>Bad gateway</body></html>", 502)
        if fault == "garbage":
            return HTMLResponse("<html><body><h1>We'll be right back</h1></body></html>")
        return None

    async def _afterwards(self, fault: str, scope: Scope, body: bytes, send: Send) -> None:
        """Let the provider do its work, then spoil the answer."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self.app(scope, _replay(body), keep)
        if fault == "drop_after":
            await _cut(send)
        elif fault == "error_after":
            await HTMLResponse("<html><body>Bad gateway</body></html>", 502)(scope, _replay(body), send)
        else:
            await asyncio.sleep(self.faults.number("slow_seconds"))
            for message in kept:
                await send(message)


def vendor_of(path: str) -> str:
    """Whose interface a path belongs to."""
    if path.startswith("/2010-04-01/"):
        return "twilio"
    return "burofax" if path.startswith("/burofax/") else "whatsapp"


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
    """Reset the TCP connection under the request."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("connection reset by the demo provider")
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0.01)  # lets the server notice that the other side is gone before we return
