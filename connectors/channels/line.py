"""One call to a provider over HTTPS: bounded in time and size, never repeated, never led elsewhere."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from cobranza.dunning.ports import ChannelDown, ChannelRefused
from cobranza.kernel.errors import ApplicationError
from connectors.channels.settings import Limits

_MOST_BYTES = 8 * 1024 * 1024


class LostAnswer(ApplicationError):
    """The call was sent and no sound answer came: it may have been done."""

    code = "COB-CAN-004"
    remedy = "No se repite sin preguntar antes al proveedor si lo tiene."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said: its status, and its JSON ({} when it said none)."""

    status: int
    body: Any
    content: bytes = b""

    @property
    def ok(self) -> bool:
        """It did what was asked."""
        return 200 <= self.status < 300


def call(
    method: str,
    url: str,
    limits: Limits,
    *,
    auth: tuple[str, str] | None = None,
    bearer: str = "",
    params: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    binary: bool = False,
) -> Answer:
    """Ask once.

    Args:
        auth: User and password.
        bearer: Or a token.
        form: Sent as a form; or `body`, sent as JSON.
        binary: The answer is a file.

    Raises:
        ChannelDown: surely nothing was done: no connection, or 429.
        ChannelRefused: 401 or 403.
        LostAnswer: it may have been done.
    """
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    until = time.monotonic() + limits.conexion_segundos + 2 * limits.respuesta_segundos
    waits = httpx.Timeout(limits.respuesta_segundos, connect=limits.conexion_segundos)
    try:
        with (
            httpx.Client(timeout=waits, trust_env=False, follow_redirects=False, verify=trusted()) as client,
            client.stream(method, url, params=params, data=form, json=body, headers=headers, auth=auth) as answer,
        ):
            content = b""
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > _MOST_BYTES or time.monotonic() > until:
                    raise LostAnswer("La respuesta del proveedor es desmesurada.")
    except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
        raise ChannelDown("El proveedor no contesta.") from exc
    except (httpx.HTTPError, httpx.StreamError) as exc:
        raise LostAnswer(f"Se ha cortado la comunicación con el proveedor ({type(exc).__name__}).") from exc
    return _read(answer.status_code, content, binary=binary)


@cache
def trusted() -> ssl.SSLContext:
    """The authorities that a provider's certificate has to come from; reading them costs more than a call."""
    return httpx.create_ssl_context(trust_env=False)


def _read(status: int, content: bytes, *, binary: bool) -> Answer:
    if status == 429:
        raise ChannelDown("El proveedor limita las peticiones.")
    if status in (401, 403):
        raise ChannelRefused(f"El proveedor no acepta nuestra cuenta o su clave ({status}).")
    if status >= 500 or 300 <= status < 400:
        raise LostAnswer(f"El proveedor contesta {status}.")
    if binary and 200 <= status < 300:
        return Answer(status, {}, content)
    try:
        body = json.loads(content)
    except ValueError as exc:
        if 200 <= status < 300:
            raise LostAnswer("El proveedor contesta algo que no se entiende.") from exc
        body = {}
    return Answer(status, body if isinstance(body, dict) else {})
