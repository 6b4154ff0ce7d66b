"""The line between a desk and its callers: what its vendors limit, and what goes wrong as ordered."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from datetime import timedelta
from email.utils import format_datetime
from time import monotonic
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Scope, Send

from cobranza.demo.doubles import weather
from cobranza.demo.doubles.store import Store
from cobranza.demo.tickets.faults import Faults

_API = "/api/"
_ACCOUNT_PER_MINUTE = 700
_LIMITED = {"error": "TooManyRequests", "description": "Rate limit exceeded"}


class Weather(weather.Weather):
    """ASGI middleware.

    It also keeps the account's limit of calls (headers always, refusals with the setting ``limits``) and answers 409
    to a second request with an ``Idempotency-Key`` whose first is still being worked on. Guess: the vendor does not
    say what it answers then.
    """

    def __init__(self, app: ASGIApp, faults: Faults, store: Store) -> None:
        super().__init__(app, faults, most=60 * 1024 * 1024)
        self.store = store
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._in_flight: set[str] = set()

    def concerns(self, scope: Scope) -> bool:
        """Its interface; an address may end in ".json"."""
        if not scope["path"].startswith(_API):
            return False
        scope["path"] = scope["path"].removesuffix(".json")
        scope["raw_path"] = scope["path"].encode()
        return True

    def says(self, scope: Scope, status: int) -> Any:
        """As both vendors say it."""
        return _LIMITED if status == 429 else {"error": "ServiceUnavailable"}

    def refuse(self, scope: Scope) -> Response | None:
        """A key that is being worked on, or too many calls."""
        if _key(scope) in self._in_flight:
            return JSONResponse({"error": "IdempotentRequestInProgress"}, 409)
        return self._limit(scope)

    async def work(self, scope: Scope, body: bytes, send: Send, fault: str) -> None:
        """Let the desk do it, now or late; the key is in flight meanwhile."""
        key = _key(scope)
        if key is not None:
            self._in_flight.add(key)
        try:
            await asyncio.sleep(self.faults.number("late_seconds") if fault == "late" else 0)
            await super().work(scope, body, send, fault)
        finally:
            self._in_flight.discard(key or "")

    def instead(self, fault: str, scope: Scope) -> Response | None:
        """Other ways of saying when to come again, and a way elsewhere."""
        if fault == "rate_limit_date":
            when = self.store.now() + timedelta(seconds=int(self.faults.number("retry_after")))
            return JSONResponse(_LIMITED, 429, {"Retry-After": format_datetime(when, usegmt=True)})
        if fault == "rate_limit_bare":
            return JSONResponse(_LIMITED, 429)
        if fault == "redirect":
            return RedirectResponse("https://elsewhere.invalid/api/v2/tickets", 302)
        return super().instead(fault, scope)

    def spoils(self, fault: str) -> bool:
        """Also the good answer that says when to come again."""
        return fault == "retry_after_on_success" or super().spoils(fault)

    async def spoil(self, fault: str, kept: list[Message], send: Send, line: Send) -> bool:
        """The good answer that says when to come again."""
        if fault != "retry_after_on_success":
            return False
        MutableHeaders(scope=kept[0])["Retry-After"] = str(int(self.faults.number("retry_after")))
        await weather.tell(kept, send)
        return True

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

    def dressed(self, send: Send) -> Send:
        """With how many calls are left."""

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


def _key(scope: Scope) -> str | None:
    given = dict(scope["headers"]).get(b"idempotency-key", b"")
    return given.decode("latin-1") or None
