"""What SMS and calls by Twilio have in common: account, lists, signature.

Twilio has no idempotency key for messages nor calls. Our key stands in the address of the status callback, so that its
webhooks name it even when the answer to the order was lost; and a list of what went to a number settles the rest.

Source: the vendor's pages "Messages resource", "Calls resource", "Webhooks security", "Error and warning dictionary".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import Field

from cobranza.dunning.ports import ChannelDown, ChannelRefused, ForgedEvent, Outcome, SendResult
from cobranza.kernel.config import Strict
from cobranza.kernel.secrets import SecretRef
from connectors.channels import line
from connectors.channels.line import Answer, LostAnswer
from connectors.channels.ready import configured
from connectors.channels.settings import Address, Limits, address, secret, told, webhook

KEY = "clave"
"""Name of our key in the address of a status callback."""
_PAGE = "100"
_ACCOUNT = {20003, 20005, 20006, 21210, 21212, 21606, 21659}
"""Errors that mean our account or our number, not the debtor's."""
_NO_GOOD = {21211, 21214, 21217, 21407, 21614, 30004, 30005, 30006}
"""Errors that mean the number is no good, or takes no such messages."""
STOPPED = 21610
"""The addressee told the vendor to stop us; it refuses all that goes there."""
_SAID = {
    21211: "No es un número de teléfono.",
    21408: "La cuenta no tiene permiso para ese país.",
    STOPPED: "El destinatario se dio de baja en el proveedor.",
    21614: "No es un número de móvil.",
    21617: "El texto es demasiado largo.",
    30003: "El teléfono está apagado o sin cobertura.",
    30004: "El destinatario bloquea los mensajes.",
    30005: "El número no existe.",
    30006: "Es un número fijo.",
    30007: "El operador lo ha filtrado.",
}


class TwilioSettings(Strict):
    """An account of Twilio: what SMS and calls have in common."""

    url: Address = Field(default="https://api.twilio.com", description="https://api.twilio.com, or `env:NAME`.")
    cuenta: str = Field(default="env:COBRANZA_TWILIO_CUENTA", description="Account SID, or `env:NAME` where it is.")
    clave: SecretRef = Field(
        default="env:COBRANZA_TWILIO_CLAVE", description="Where the Auth Token is; it signs the webhooks too."
    )
    numero: str = Field(
        default="env:COBRANZA_TWILIO_NUMERO", description="Number that sends, in E.164, or `env:NAME` where it is."
    )
    limites: Limits = Limits()


class Account:
    """Calls to one account; each is one request.

    Args:
        settings: Its table.
        resource: "Messages" or "Calls".

    Raises:
        ChannelRefused: a setting is missing.
    """

    def __init__(self, settings: TwilioSettings, resource: str) -> None:
        with configured():
            self.number = told(settings.numero)
            self._auth = (told(settings.cuenta), secret(settings.clave).reveal())
            self._base = address(settings.url)
        self._limits = settings.limites
        self._path = f"/2010-04-01/Accounts/{quote(self._auth[0], safe='')}/{resource}"

    def order(self, form: Mapping[str, str]) -> SendResult:
        """Create one; see `Channel.send`."""
        try:
            answer = line.call("POST", f"{self._base}{self._path}.json", self._limits, auth=self._auth, form=form)
        except LostAnswer as exc:
            return SendResult(outcome=Outcome.UNKNOWN, reason=exc.message)
        if answer.ok and isinstance(answer.body.get("sid"), str):
            return SendResult(outcome=Outcome.ACCEPTED, provider_id=answer.body["sid"])
        if answer.ok:
            return SendResult(outcome=Outcome.UNKNOWN, reason="El proveedor no dice con qué nombre lo ha tomado.")
        code = number_of(answer.body.get("code"))
        if code in _ACCOUNT:
            raise ChannelRefused(f"Twilio no acepta nuestra cuenta o nuestro número ({code}).")
        return SendResult(
            outcome=Outcome.REFUSED,
            reason=why(code, answer.status),
            permanent=code in _NO_GOOD,
            stopped=code == STOPPED,
        )

    def one(self, sid: str) -> Mapping[str, Any] | None:
        """What stands under the vendor's own name, None when nothing does."""
        answer = self._read(f"{self._path}/{quote(sid, safe='')}.json", {})
        return answer.body if answer.ok else None

    def went_to(self, to: str, since: datetime | None) -> Iterator[Mapping[str, Any]]:
        """What left from our number to `to`, newest first, not older than `since`.

        Raises:
            ChannelDown: it cannot be asked now, or there is more than we look through.
        """
        path, params = f"{self._path}.json", {"From": self.number, "PageSize": _PAGE} | ({"To": to} if to else {})
        for _ in range(self._limits.paginas):
            answer = self._read(path, params)
            if not answer.ok:
                raise ChannelDown(f"Twilio no enseña lo enviado ({answer.status}).")
            for row in answer.body.get("messages") or answer.body.get("calls") or []:
                if since is not None and _moment(row.get("date_created")) < since.replace(microsecond=0):
                    return
                yield row
            following = str(answer.body.get("next_page_uri") or "")
            if not following:
                return
            place = urlsplit(following)
            if place.path != path:
                raise ChannelDown("Twilio sigue su lista en otra parte; no se ha seguido.")
            params = dict(parse_qsl(place.query))
        raise ChannelDown("La lista de lo enviado a ese número es demasiado larga.")

    def _read(self, path: str, params: Mapping[str, str]) -> Answer:
        try:
            return line.call("GET", self._base + path, self._limits, auth=self._auth, params=params)
        except LostAnswer as exc:
            raise ChannelDown(exc.message) from exc


def callback(slug: str, key: str) -> str:
    """Where the vendor tells what becomes of `key`, "" when it cannot call us."""
    with configured():
        ours = webhook(slug)
    return f"{ours}?{KEY}={quote(key, safe='')}" if ours else ""


def proved(
    settings: TwilioSettings, slug: str, headers: Mapping[str, str], body: bytes, url: str
) -> tuple[str, dict[str, str]]:
    """Our key and the form of a call to our webhook, once its signature is proved.

    Base64 of the HMAC-SHA1 over the public address and the sorted fields.

    Raises:
        ForgedEvent: it is wrong or missing.
        SecretError: there is nothing to check it with.
    """
    given = next((value for name, value in headers.items() if name.lower() == "x-twilio-signature"), "")
    try:
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=200)
    except ValueError as exc:
        raise ForgedEvent("Ha llegado un aviso de Twilio que no se entiende.") from exc
    form = dict(fields)
    query = urlsplit(url).query
    public = (
        webhook(slug) or url.partition("?")[0]
    )  # behind a proxy the host that we see is not the one that was signed
    text = public + (f"?{query}" if query else "") + "".join(name + form[name] for name in sorted(form))
    digest = hmac.digest(secret(settings.clave).reveal().encode(), text.encode(), hashlib.sha1)
    if not hmac.compare_digest(base64.b64encode(digest), given.encode("utf-8", "replace")):
        raise ForgedEvent("Ha llegado un aviso de Twilio con una firma que no vale.")
    if len(form) != len(fields):
        raise ForgedEvent("Ha llegado un aviso de Twilio con un campo repetido.")
    return dict(parse_qsl(query)).get(KEY, ""), form


def number_of(value: object) -> int:
    """An error code, 0 for none.

    >>> number_of("30005"), number_of(None)
    (30005, 0)
    """
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def permanent(code: int) -> bool:
    """The number is not to be used again."""
    return code in _NO_GOOD


def why(code: int, status: int = 0) -> str:
    """An error in Spanish."""
    return _SAID.get(code, f"El proveedor lo rechaza ({code or status}).") if code or status else ""


def _moment(text: object) -> datetime:
    try:
        found = parsedate_to_datetime(str(text))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)  # without a date it may be ours: look at it
    return found if found.tzinfo else found.replace(tzinfo=UTC)
