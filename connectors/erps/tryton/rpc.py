"""Tryton's JSON-RPC, as far as we need it: log in, call, and tell apart who refused and what may have happened.

Source: Tryton 8.0, `trytond/protocols/dispatcher.py` and `jsonrpc.py`, read on 21 November 2026.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import TracebackType
from typing import Any

import httpx

from cobranza.kernel.secrets import Secret
from cobranza.reconciliation.ports import AccessBlocked, ErpUnavailable, WrongPassword

_log = logging.getLogger(__name__)
_CONNECT_SECONDS = 5


class Refused(Exception):
    """Tryton understood the call and said no: a rule of its own, a missing right, a warning that wants a person."""

    def __init__(self, kind: str, message: str, warning: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.warning = warning  # the name under which the user may say "go on", "" when it is no warning


class Stale(Exception):
    """A record was changed after the `_timestamp` that the call carried. Nothing was done."""


class Uncertain(Exception):
    """The call was sent and no sound answer came: it may have been done or not."""


class Client:
    """One login on one database. Not for several threads at once.

    Args:
        url: Address of the server, without the database.
        database: Its name there.
        user: Login.
        password: Of `user`; used once to log in and again only when Tryton ends the session.
        seconds: How long one call may take.
    """

    def __init__(self, url: str, database: str, user: str, password: Secret, *, seconds: float = 30) -> None:
        self._user, self._password = user, password
        self._address = f"{url.rstrip('/')}/{database}/rpc/"
        self._http = httpx.Client(timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS), trust_env=False)
        self._calls = 0
        self._rejected = False
        self._context: dict[str, Any] | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def context(self) -> dict[str, Any]:
        """The user's preferences (company, language), as every call carries them."""
        if self._context is None:
            self._context = {**self._call("model.res.user.get_preferences", [True, {}])}
        return self._context

    def call(self, method: str, *arguments: Any, context: Mapping[str, Any] | None = None) -> Any:
        """Call `method` with the user's context, `context` added to it.

        Returns:
            The result, with `Decimal` and `date` where Tryton has them.

        Raises:
            Refused: Tryton said no.
            Stale: a record changed meanwhile.
            Uncertain: sent, and no answer came.
                ErpUnavailable: the server was not reached, or does not serve this database: nothing was done.
            WrongPassword, AccessBlocked: the login was refused; never tried again by this client.
        """
        return self._call(method, [*arguments, {**self.context, **(context or {})}])

    def find(self, model: str, domain: list[Any], fields: list[str], **options: Any) -> list[dict[str, Any]]:
        """Records of `model` under `domain`, by id. Options: `limit`, `context`."""
        order = [["id", "ASC"]]
        found: list[dict[str, Any]] = self.call(
            f"model.{model}.search_read",
            domain,
            0,
            options.get("limit"),
            order,
            fields,
            context=options.get("context"),
        )
        return found

    def count(self, model: str, domain: list[Any]) -> int:
        """How many records of `model` there are under `domain`, as the server counts them."""
        return int(self.call(f"model.{model}.search_count", domain, 0, None))

    def close(self) -> None:
        """Log out and free the connection; safe to call twice."""
        if self._http.is_closed:
            return
        try:
            if "Authorization" in self._http.headers:
                self._post("common.db.logout", [])
        except (Uncertain, ErpUnavailable, Refused, Stale):
            _log.info("Tryton no ha contestado al cierre de la sesión")
        finally:
            self._http.close()

    def _call(self, method: str, arguments: list[Any]) -> Any:
        if "Authorization" not in self._http.headers:
            self._login()
        answer = self._post(method, arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            # ended or idle too long for a delicate call; Tryton had not begun on it, so calling again is safe
            self._login()
            answer = self._post(method, arguments)
        return _result(answer)

    def _login(self) -> None:
        if self._rejected:
            raise WrongPassword(f"Tryton ya rechazó la clave de «{self._user}» en esta sesión.")
        self._http.headers.pop("Authorization", None)
        answer = self._post("common.db.login", [self._user, {"password": self._password.reveal()}, "es"])
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._rejected = True
            raise WrongPassword(f"Tryton no acepta la clave de «{self._user}».")
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self._rejected = True
            raise AccessBlocked(f"Tryton ha bloqueado a «{self._user}» por demasiados intentos.")
        try:
            user_id, token, *_ = _result(answer)
        except Refused as exc:  # it wants something else besides the password
            self._rejected = True
            raise AccessBlocked(f"Tryton pide otro dato para entrar como «{self._user}»: {exc.message}.") from exc
        session = base64.b64encode(f"{self._user}:{user_id}:{token}".encode()).decode()
        self._http.headers["Authorization"] = f"Session {session}"

    def _post(self, method: str, arguments: list[Any]) -> httpx.Response:
        self._calls += 1
        body = json.dumps({"id": self._calls, "method": method, "params": arguments}, default=_write)
        try:
            return self._http.post(self._address, content=body, headers={"Content-Type": "application/json"})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            raise ErpUnavailable(f"No hay conexión con Tryton ({type(exc).__name__}).") from exc
        except httpx.TransportError as exc:
            raise Uncertain(f"Tryton no llegó a contestar ({type(exc).__name__}).") from exc


def _result(answer: httpx.Response) -> Any:
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise ErpUnavailable("El servidor no conoce esa base de Tryton.")
    if answer.is_server_error:  # often from a gateway in front of Tryton, which cannot say whether the call was done
        raise Uncertain(f"Tryton contestó {answer.status_code}.")
    if answer.is_error:
        raise ErpUnavailable(f"Tryton contestó {answer.status_code}.")
    try:
        content = json.loads(answer.content, object_hook=_read)
    except ValueError as exc:
        raise Uncertain("Lo que contestó no es Tryton: la respuesta no es JSON.") from exc
    if not isinstance(content, dict) or not ("result" in content or "error" in content):
        raise Uncertain("Lo que contestó no es Tryton: falta el resultado.")
    if content.get("error") is None:
        return content["result"]
    kind, details = (*content["error"], "")[:2]
    parts = [str(part) for part in details if part] if isinstance(details, list) else [str(details)]
    if kind == "ConcurrencyException":
        raise Stale(*parts)
    if kind in ("UserError", "LoginException"):
        raise Refused(kind, " ".join(parts))
    if kind == "UserWarning":
        raise Refused(kind, " ".join(parts[1:]), warning=parts[0] if parts else "")
    raise Uncertain(f"Tryton falló por dentro: {kind}.")


def _read(value: dict[str, Any]) -> Any:
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "date":
        return date(value["year"], value["month"], value["day"])
    return value


def _write(value: object) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"Tryton cannot take a {type(value).__name__}")
