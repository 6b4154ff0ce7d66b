"""The line to Freshdesk: httpx, with readings alone asked again and 429 waited for within bounds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from cobranza.disputes.ports import DeskError, DeskRefused
from cobranza.kernel.secrets import Secret
from connectors.ticketing import words
from connectors.ticketing.errors import DeskLoginRefused
from connectors.ticketing.patience import RETRIED, Patience, Sleep

_MAX_ANSWER = 32 * 1024 * 1024
_CONNECT_SECONDS = 5.0

Files = Sequence[tuple[str, tuple[str, bytes, str]]]


class LostAnswer(DeskError):
    """The request was sent and no sound answer came: it may have been done."""


class Missing(DeskRefused):
    """The desk has no such ticket."""


class BadRequester(DeskRefused):
    """The desk takes no ticket of this address."""


class Line:
    """Calls to one account of Freshdesk.

    Args:
        base: Its address.
        key: API key.
        seconds: Longest wait for one answer.
        patience: Longest waiting of one call for limits and failures, seconds.
        tries: Times that a reading is asked again.
        sleep: What waits.
        transport: For tests; None is the network.
    """

    def __init__(
        self,
        base: str,
        key: Secret,
        *,
        seconds: float,
        patience: float,
        tries: int,
        sleep: Sleep = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._patience, self._tries, self._sleep, self._seconds = patience, tries, sleep, seconds
        self._http = httpx.Client(
            base_url=f"{base}/api/v2/",
            auth=(key.reveal(), "X"),
            timeout=httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds)),
            trust_env=False,
            follow_redirects=False,
            transport=transport,
        )

    def get(self, path: str, **params: str | int) -> Any:
        """Read; see `send`."""
        return self.send("GET", path, params=params)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, Any] | None = None,
        files: Files = (),
    ) -> Any:
        """Send one request and give its JSON, None for an empty answer.

        Raises:
            LostAnswer: sent, and no sound answer came.
            DeskError: surely not done; later may work.
            DeskRefused: the desk understood and said no; `DeskLoginRefused`, `Missing`.
        """
        options: dict[str, Any] = {"params": params, "json": json}
        if files:
            options = {"params": params, "data": form, "files": list(files)}
        waiting, left = Patience(self._patience, self._sleep), self._tries
        while True:
            try:
                answer = self._once(method, path, options)
            except DeskError:
                if method != "GET" or left <= 0 or not waiting.failed():
                    raise
                left -= 1
                continue
            if answer.status_code == 429:
                waiting.limited(answer.headers)
                continue
            if answer.status_code in RETRIED and method == "GET" and left > 0 and waiting.failed():
                left -= 1
                continue
            return _read(method, answer)

    def _once(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        until = time.monotonic() + 2 * self._seconds
        try:
            with self._http.stream(method, path, **options) as answer:
                pieces, size = [], 0
                for piece in answer.iter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > _MAX_ANSWER or time.monotonic() > until:
                        raise LostAnswer("La respuesta de la mesa de tickets es desmesurada.")
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            raise DeskError("La mesa de tickets no contesta.") from exc
        except (httpx.HTTPError, httpx.StreamError) as exc:
            raise LostAnswer(f"Se ha cortado la comunicación con la mesa de tickets ({type(exc).__name__}).") from exc
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-encoding"}
        found = httpx.Response(answer.status_code, headers=headers, content=b"".join(pieces))
        if answer.is_redirect:
            raise DeskError("La mesa de tickets remite a otra dirección; no se ha seguido.")
        if answer.status_code >= 500 and method != "GET":
            raise LostAnswer(f"La mesa de tickets contesta {answer.status_code}.")
        if answer.is_success and found.content and "json" not in headers.get("content-type", ""):
            raise LostAnswer("La mesa de tickets contesta algo que no es JSON (¿mantenimiento?).")
        return found


def _read(method: str, answer: httpx.Response) -> Any:
    status = answer.status_code
    try:
        body = answer.json() if answer.content else None
    except ValueError as exc:
        if answer.is_success:
            raise LostAnswer("La mesa de tickets contesta un JSON que no se entiende.") from exc
        body = None
    if answer.is_success:
        return body
    if status in (401, 403):
        raise DeskLoginRefused(f"Freshdesk no acepta la clave ({status}).")
    if status == 404:
        raise Missing("Freshdesk no tiene ese ticket.")
    errors = body.get("errors") if isinstance(body, dict) else None
    if isinstance(errors, list) and any(isinstance(one, dict) and one.get("field") == "email" for one in errors):
        raise BadRequester(f"Freshdesk no admite al solicitante: {_details(body)}")
    if 400 <= status < 500 and status != 408:
        raise DeskRefused(f"Freshdesk rechaza la petición ({status}): {_details(body)}")
    raise DeskError(f"Freshdesk falla ({status}).")


def _details(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    reasons = [
        f"{one.get('field', '')}: {one.get('message', '')}"
        for one in (errors if isinstance(errors, list) else [])
        if isinstance(one, dict)
    ]
    return words.line("; ".join(reasons) or str(body.get("message") or body.get("description") or ""), 500)
