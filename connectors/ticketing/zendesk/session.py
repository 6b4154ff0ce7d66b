"""The line to Zendesk that zenpy speaks over: ours, because zenpy's own repeats writings.

Measured with zenpy 2.0.57: its retry covers PUT (a lost answer wrote a comment twice, a slow server four times), its
429 loop re-POSTs a success that carries Retry-After, waits without bound and dies of a Retry-After date; and it follows
`links.next` wherever that points, credentials included. Here: readings alone are asked again, a 429 (nothing was done)
is waited for within bounds, nobody else's host is ever called and no redirect followed, an answer has a bounded size
and time, and what is no JSON is a failure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from cobranza.disputes.ports import DeskError
from connectors.ticketing.patience import RETRIED, Patience, Sleep

_MAX_ANSWER = 32 * 1024 * 1024
_PIECE = 64 * 1024
_CONNECT_SECONDS = 5.0


class LostAnswer(DeskError):
    """The request was sent and no sound answer came: it may have been done."""


class DeskSession(requests.Session):
    """A `requests.Session` for one desk and one thread.

    Args:
        base: Address of the desk; only its scheme, host and port are ever called.
        seconds: Longest wait for one answer.
        patience: Longest waiting of one call for limits and failures, seconds.
        tries: Times that a reading is asked again.
        sleep: What waits.
    """

    def __init__(self, base: str, *, seconds: float, patience: float, tries: int, sleep: Sleep = time.sleep) -> None:
        super().__init__()
        self.trust_env = False  # no .netrc, no proxies of whoever runs us
        self.max_redirects = 0
        self.mount("https://", HTTPAdapter(max_retries=0))
        self.mount("http://", HTTPAdapter(max_retries=0))
        self._origin = _origin(base)
        self._seconds, self._patience, self._tries, self._sleep = seconds, patience, tries, sleep
        self._local = threading.local()

    @contextmanager
    def keyed(self, key: str) -> Iterator[None]:
        """Send `key` as Idempotency-Key with the POSTs of the block."""
        self._local.key, self._local.miss = key, False
        try:
            yield
        finally:
            self._local.key = ""

    @property
    def made(self) -> bool:
        """Whether the desk said of the last keyed POST that it saw its key for the first time."""
        return bool(getattr(self._local, "miss", False))

    def request(self, method: str | bytes, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send one request; see the module.

        Raises:
            LostAnswer: sent, and no sound answer came.
            DeskError: another host, a redirect, a limit longer than our patience, or surely not sent.
        """
        verb, address = _text(method).upper(), _text(url)
        if _origin(address) != self._origin:
            raise DeskError("La mesa de tickets remite a otro servidor; no se le ha enviado nada.")
        headers = dict(options.pop("headers", None) or {})
        key = getattr(self._local, "key", "")
        if key and verb == "POST":
            headers["Idempotency-Key"] = key
        options |= {"headers": headers, "allow_redirects": False, "stream": True}
        options["timeout"] = (min(_CONNECT_SECONDS, self._seconds), self._seconds)
        waiting, left = Patience(self._patience, self._sleep), self._tries
        while True:
            try:
                answer = self._once(verb, address, options)
            except DeskError:
                if verb != "GET" or left <= 0 or not waiting.failed():
                    raise
                left -= 1
                continue
            if answer.status_code == 429:
                waiting.limited(answer.headers)
                _rewind(options)
                continue
            if answer.status_code in RETRIED and verb == "GET" and left > 0 and waiting.failed():
                left -= 1
                continue
            if key and verb == "POST":
                self._local.miss = answer.headers.get("X-Idempotency-Lookup", "").lower() == "miss"
            return answer

    def _once(self, verb: str, address: str, options: dict[str, Any]) -> requests.Response:
        until = time.monotonic() + self._seconds
        try:
            answer = super().request(verb, address, **options)
            pieces, size = [], 0
            for piece in answer.iter_content(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > _MAX_ANSWER or time.monotonic() > until + self._seconds:
                    answer.close()
                    raise LostAnswer("La respuesta de la mesa de tickets es desmesurada.")
        except requests.exceptions.ConnectTimeout as exc:
            raise DeskError("La mesa de tickets no contesta.") from exc
        except requests.exceptions.RequestException as exc:
            raise LostAnswer(f"Se ha cortado la comunicación con la mesa de tickets ({type(exc).__name__}).") from exc
        answer._content = b"".join(pieces)  # what `requests` itself does when it reads a body
        if answer.status_code != 429:
            answer.headers.pop("Retry-After", None)  # zenpy would wait and send again
        if 300 <= answer.status_code < 400:
            raise DeskError("La mesa de tickets remite a otra dirección; no se ha seguido.")
        if answer.status_code >= 500 and verb != "GET":
            raise LostAnswer(f"La mesa de tickets contesta {answer.status_code}.")
        if answer.ok and answer.content and "json" not in answer.headers.get("Content-Type", "").lower():
            raise LostAnswer("La mesa de tickets contesta algo que no es JSON (¿mantenimiento?).")
        return answer


def _origin(url: str) -> tuple[str, str, int]:
    place = urlsplit(url)
    return place.scheme, (place.hostname or "").lower(), place.port or (443 if place.scheme == "https" else 80)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _rewind(options: dict[str, Any]) -> None:
    """A file that was sent once is sent again from its start."""
    rewind = getattr(options.get("data"), "seek", None)
    if rewind is not None:
        rewind(0)
