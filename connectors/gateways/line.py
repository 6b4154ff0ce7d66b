"""The line to a gateway: httpx with time-outs; what is harmless to repeat is repeated a few times, nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import httpx

from cobranza.kernel.secrets import Secret
from cobranza.payments.ports import GatewayDown, GatewayRefused

_CONNECT_SECONDS = 5.0
_LONGEST_WAIT = 8.0
_AGAIN = (409, 429, 500, 502, 503, 504)
_LARGEST = 8 * 1024 * 1024

Sleep = Callable[[float], None]


class Line:
    """Calls to one account.

    Args:
        name: Of the gateway, for messages.
        base: Address without a final slash.
        key: Sent as a bearer token.
        seconds: Longest wait for one answer.
        tries: Times that a call is made again.
        sleep: What waits; None the clock.
        transport: For tests; None is the network.
    """

    def __init__(
        self,
        name: str,
        base: str,
        key: Secret,
        *,
        seconds: float,
        tries: int,
        sleep: Sleep | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._name, self._base, self._key = name, base, key
        self._limits = httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds))
        self._tries, self._sleep, self._transport = tries, sleep or _wait, transport

    def get(self, path: str, query: list[tuple[str, str]] | None = None) -> dict[str, Any] | None:
        """A reading; None where there is no such thing (404)."""
        return self._call("GET", path, query=query)

    def items(self, path: str) -> list[dict[str, Any]]:
        """A reading that is a list, or has it as ``results``; nothing where there is no such thing."""
        content = self._asked("GET", path, check=_items)
        return [] if content is None else _items(content)

    def file(self, path: str) -> bytes | None:
        """A file as it is; None where there is no such thing (404)."""
        return self._asked("GET", path, check=_whole)

    def post(self, path: str, body: bytes, kind: str, *, key: str, header: str) -> dict[str, Any]:
        """A writing with an idempotency key, which makes it harmless to repeat.

        Args:
            body: As it goes.
            kind: Its content type.
            key: The idempotency key.
            header: Name of the header that carries it.
        """
        answer = self._call("POST", path, body=body, headers={header: key, "Content-Type": kind})
        if answer is None:
            raise GatewayRefused(f"{self._name} no conoce {path}.")
        return answer

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: list[tuple[str, str]] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any] | None:
        content = self._asked(method, path, query=query, body=body, headers=headers, check=_read)
        return None if content is None else _read(content)

    def _asked(
        self,
        method: str,
        path: str,
        *,
        check: Callable[[bytes], object],
        query: list[tuple[str, str]] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes | None:
        """The answer's content once `check` has found no fault with it (`ValueError`: asked again)."""
        told = ""
        wanted: list[tuple[str, str | int | float | bool | None]] = list(query or [])
        with httpx.Client(timeout=self._limits, transport=self._transport, trust_env=False) as client:
            for attempt in range(self._tries + 1):
                if attempt:
                    self._sleep(min(_LONGEST_WAIT, 0.5 * 2 ** (attempt - 1)))
                try:
                    answer = client.request(
                        method,
                        self._base + path,
                        params=wanted,
                        content=body,
                        headers={"Authorization": f"Bearer {self._key.reveal()}", **(headers or {})},
                    )
                except httpx.HTTPError as exc:
                    told = type(exc).__name__
                    continue
                if answer.status_code in _AGAIN:
                    told = f"HTTP {answer.status_code}"
                    continue
                if answer.status_code == 404 and method == "GET":
                    return None
                if answer.status_code >= 300:
                    raise GatewayRefused(f"{self._name} contesta {answer.status_code}: {_reason(answer)}.")
                try:
                    check(answer.content)
                except ValueError as exc:
                    told = str(exc)
                    continue
                return answer.content
        raise GatewayDown(f"{self._name} no contesta bien ({told}).")


def _wait(seconds: float) -> None:
    time.sleep(seconds)


def _whole(content: bytes) -> bytes:
    if len(content) > _LARGEST:
        raise ValueError("answer too large")
    return content


def _items(content: bytes) -> list[dict[str, Any]]:
    found = json.loads(_whole(content), parse_float=Decimal)
    rows = found.get("results", []) if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise ValueError("no list")
    return [row for row in rows if isinstance(row, dict)]


def _read(content: bytes) -> dict[str, Any]:
    found = json.loads(_whole(content), parse_float=Decimal)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def _reason(answer: httpx.Response) -> str:
    """What the gateway says, never what we sent: a message may not carry a key or a card."""
    try:
        found = _read(answer.content)
    except ValueError:
        return "sin explicación"
    error = found.get("error")
    said = error.get("message") if isinstance(error, dict) else found.get("message") or error
    return str(said or "sin explicación")[:200]
