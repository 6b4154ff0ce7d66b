"""WhatsApp by Meta's Cloud API, with pywa.

Free text is taken for a day after the debtor's own words; later only a template that Meta approved leaves: the outbox
says which of the two a message is, and `plantillas` what ours are called there. The Cloud API keeps nothing that could
be asked for later. Our key travels with the message (`biz_opaque_callback_data`) and comes back with its statuses: they
settle a message whose answer was lost; one that no status ever speaks of is a person's.

Source: Meta's pages "Messages", "Webhooks", "Error codes", "Validating payloads".
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
from pydantic import Field

from cobranza.dunning.ports import (
    Caps,
    ChannelDown,
    ChannelRefused,
    Delivery,
    Event,
    ForgedEvent,
    Outcome,
    Outgoing,
    SendResult,
    Status,
)
from cobranza.kernel import clock
from cobranza.kernel.config import Strict
from cobranza.kernel.secrets import SecretRef
from connectors.channels.line import trusted
from connectors.channels.ready import configured
from connectors.channels.settings import FILE, Address, Limits, address, secret, settings, told

if TYPE_CHECKING:
    from pywa.client import WhatsApp as Client
    from pywa.errors import WhatsAppError

_LONGEST = 4096
_STATES = {
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    "played": Delivery.READ,
    "failed": Delivery.BOUNCED,
}
_ACCOUNT = {0, 3, 10, 190, 368, 131005, 131031, 131042, 131045, 133010, *range(200, 300)}
"""Errors that mean our account: login, permission, payment, lock."""
_LATER = {1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133004}
"""Errors that the vendor itself calls passing; it took nothing."""
_NO_GOOD = {131026, 131021}
_REFUSED_LATE = {131047, 131050, 131051, 132000, 132001, 132005, 132007, 132012, 132015, 132016}
"""Failures that are our message's, not the number's: nothing is wrong with the contact data."""
_SAID = {
    131026: "El número no tiene WhatsApp o no lo puede recibir.",
    131047: "Han pasado más de 24 horas desde lo último que escribió: hace falta una plantilla aprobada.",
    131049: "Meta no lo ha entregado para no cansar al destinatario.",
    131050: "El destinatario se dio de baja en WhatsApp.",
    132000: "La plantilla aprobada tiene otros campos.",
    132001: "Meta no tiene aprobada esa plantilla en ese idioma.",
    132015: "Meta ha pausado esa plantilla por su calidad.",
}
_OPT_OUT = 131050


class WhatsAppSettings(Strict):
    """`[canales.whatsapp]`.

    Attributes:
        url: Interface with its version, or `env:NAME` where it is.
        telefono: Id of the number that sends (not the number), or `env:NAME`.
        clave: Where the access token is.
        firma: Where the app's secret is; it signs the webhooks.
        palabra: Where the word is that Meta asks for when the webhook is set up.
        plantillas: Ours → what Meta approved, where the names differ.
        idiomas: Our language → code of the approved translation.
        limites: See `Limits`.
    """

    FILE: ClassVar[str] = FILE
    TABLE: ClassVar[str] = "canales.whatsapp"

    url: Address = "https://graph.facebook.com/v23.0"
    telefono: str = "env:COBRANZA_WHATSAPP_TELEFONO"
    clave: SecretRef = "env:COBRANZA_WHATSAPP_CLAVE"
    firma: SecretRef = "env:COBRANZA_WHATSAPP_FIRMA"
    palabra: SecretRef = "env:COBRANZA_WHATSAPP_PALABRA"
    plantillas: dict[str, str] = Field(default_factory=dict)
    idiomas: dict[str, str] = Field(default_factory=lambda: {"es": "es", "en": "en", "pt": "pt_BR"})
    limites: Limits = Limits()


class WhatsApp:
    """See `cobranza.dunning.ports.Channel`."""

    slug = "whatsapp"
    channel = "whatsapp"

    def capabilities(self) -> Caps:
        """It tells of deliveries and cannot be asked."""
        return Caps(receipts=True, lookup=False, longest=_LONGEST)

    def send(self, message: Outgoing) -> SendResult:
        """See `Channel.send`."""
        from pywa.errors import WhatsAppError

        to = "".join(filter(str.isdigit, message.to))
        if not 8 <= len(to) <= 15:
            return SendResult(outcome=Outcome.REFUSED, reason="No es un número de teléfono.", permanent=True)
        table = settings(self.slug, WhatsAppSettings)
        with _line(table) as (client, http):
            try:
                sent = _template(client, table, to, message) if message.template else client.send_message(
                    to, message.text, tracker=message.key
                )  # fmt: skip
            except WhatsAppError as exc:
                return _refused(exc)
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                raise ChannelDown("WhatsApp no contesta.") from exc
            except (httpx.HTTPError, ValueError, LookupError, TypeError) as exc:  # no sound answer: it may have left
                return SendResult(outcome=Outcome.UNKNOWN, reason=f"La respuesta se perdió ({type(exc).__name__}).")
            finally:
                http.close()
        return SendResult(outcome=Outcome.ACCEPTED, provider_id=str(sent.id))

    def lookup(self, key: str, provider_id: str, *, to: str = "", since: datetime | None = None) -> Status | None:
        """Never asked: see `capabilities`."""
        raise NotImplementedError("the Cloud API cannot be asked about a message")

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Event]:
        """See `Channel.events`. HMAC-SHA256 of the body, with the app's secret."""
        given = next((value for name, value in headers.items() if name.lower() == "x-hub-signature-256"), "")
        key = secret(settings(self.slug, WhatsAppSettings).firma).reveal().encode()
        wanted = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
            raise ForgedEvent("Ha llegado un aviso de WhatsApp con una firma que no vale.")
        try:
            return tuple(_read(json.loads(body)))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as exc:
            raise ForgedEvent("Ha llegado un aviso de WhatsApp firmado que no se entiende.") from exc

    def greet(self, query: Mapping[str, str]) -> str | None:
        """See `Greets.greet`: Meta asks for a word before it calls."""
        with configured():
            wanted = secret(settings(self.slug, WhatsAppSettings).palabra).reveal()
        given = query.get("hub.verify_token", "")
        challenge = query.get("hub.challenge", "")
        ours = hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
        return challenge if ours and query.get("hub.mode") == "subscribe" and challenge.isalnum() else None


class _line:  # noqa: N801 - reads as a function
    """pywa over a line of ours: bounded waits, our address, no proxy of the environment."""

    def __init__(self, table: WhatsAppSettings) -> None:
        with configured():
            self._url = address(table.url)
            self._phone, self._token = told(table.telefono), secret(table.clave).reveal()
        limits = table.limites
        self._waits = httpx.Timeout(limits.respuesta_segundos, connect=limits.conexion_segundos)

    def __enter__(self) -> tuple[Client, httpx.Client]:
        from pywa.client import WhatsApp as Client  # half a second of processor: only who sends pays it

        http = httpx.Client(timeout=self._waits, trust_env=False, follow_redirects=False, verify=trusted())
        client = Client(phone_id=self._phone, token=self._token, session=http)
        http.base_url = httpx.URL(self._url)  # pywa sets its own
        return client, http

    def __exit__(self, *exc: object) -> None:
        """The caller closes the line."""


def _template(client: Client, table: WhatsAppSettings, to: str, message: Outgoing) -> Any:
    from pywa.types.templates import TemplateLanguage

    name = table.plantillas.get(message.template, message.template.replace("-", "_"))
    # By hand: pywa writes the part's type in capitals, which Meta's own description of the interface does not allow.
    values = [{"type": "text", "text": " ".join(value.split())} for value in message.values]
    parts = [{"type": "body", "parameters": values}] if values else None
    language = TemplateLanguage(table.idiomas.get(message.language, message.language))
    return client.send_template(to, name, language, parts, tracker=message.key)


def _refused(exc: WhatsAppError) -> SendResult:
    """What an error of the vendor's means.

    Raises:
        ChannelDown: it passes, and nothing was taken.
        ChannelRefused: our account.
    """
    said = exc.raw_response
    if said is not None and said.status_code >= 500 and exc.code == said.status_code:
        # Not a word of the vendor's: a gateway answered, and what is behind it may have taken the message.
        return SendResult(outcome=Outcome.UNKNOWN, reason=f"El proveedor contesta {said.status_code}.")
    if exc.code in _LATER or exc.is_transient or exc.code == 429:
        raise ChannelDown(f"WhatsApp no lo toma ahora ({exc.code}).")
    if exc.code in _ACCOUNT or exc.code == 401:
        raise ChannelRefused(f"WhatsApp no acepta nuestra cuenta ({exc.code}).")
    return SendResult(
        outcome=Outcome.REFUSED, reason=_why(exc.code), permanent=exc.code in _NO_GOOD, stopped=exc.code == _OPT_OUT
    )


def _read(whole: Mapping[str, Any]) -> Iterator[Event]:
    for entry in whole.get("entry", []):
        for change in entry.get("changes", []):
            value = change.get("value", {})
            if change.get("field") != "messages":
                continue
            yield from (event for status in value.get("statuses", []) if (event := _status(status)) is not None)
            yield from (_said(message) for message in value.get("messages", []))


def _status(status: Mapping[str, Any]) -> Event | None:
    state = _STATES.get(str(status["status"]))
    if state is None:
        return None
    codes = [int(error.get("code", 0)) for error in status.get("errors", [])]
    code = codes[0] if codes else 0
    if state is Delivery.BOUNCED and code in _REFUSED_LATE:
        state = Delivery.REFUSED
    return Event(
        id=f"{status['id']}:{status['status']}",
        at=_moment(status.get("timestamp")),
        provider_id=str(status["id"]),
        key=str(status.get("biz_opaque_callback_data", "")),
        state=state,
        reason=_why(code) if code else "",
        permanent=code in _NO_GOOD,
        stopped=code == _OPT_OUT,
    )


def _said(message: Mapping[str, Any]) -> Event:
    kind = str(message.get("type", ""))
    part = message.get(kind, {})
    if kind == "text":
        text = str(part["body"])
    elif kind == "button":
        text = str(part.get("text", ""))
    elif kind == "interactive":
        text = str((part.get("button_reply") or part.get("list_reply") or {}).get("title", ""))
    else:
        text = str(part.get("caption", "")) if isinstance(part, Mapping) else ""
        text = f"[{kind}] {text}".strip()
    return Event(
        id=f"{message['id']}:dice", at=_moment(message.get("timestamp")), sender=str(message["from"]), text=text
    )


def _moment(text: object) -> datetime:
    """Seconds since 1970, as the vendor writes them; now when it does not say."""
    digits = str(text)
    return datetime.fromtimestamp(int(digits), UTC) if digits.isascii() and digits.isdigit() else clock.now()


def _why(code: int) -> str:
    return _SAID.get(code, f"WhatsApp no lo entrega ({code}).")


ADAPTER = WhatsApp()
