"""Burofax: a letter whose content, sending and receipt a service certifies, ordered over HTTPS.

Our key is the order's reference, which the service keeps unique: the same order twice is one, and whatever became of an
answer, the reference finds it. The interface is the one of our demo service; a real one is one more folder like this.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field

from cobranza.dunning.ports import (
    Caps,
    ChannelDown,
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
from connectors.channels import line, postal
from connectors.channels.line import LostAnswer
from connectors.channels.ready import configured, reference
from connectors.channels.settings import FILE, Address, Limits, address, secret, settings

_STATES = {
    "admitido": Delivery.ACCEPTED,
    "en_reparto": Delivery.SENT,
    "dejado_aviso": Delivery.SENT,
    "entregado": Delivery.DELIVERED,
    "no_entregado": Delivery.BOUNCED,
}
_WHY = {
    "ausente": "Ausente: se dejó aviso.",
    "no_retirado": "Se dejó aviso y no se recogió.",
    "rehusado": "El destinatario lo rehusó.",
    "desconocido": "El destinatario es desconocido en esa dirección.",
}
_NO_GOOD = {"desconocido", "direccion"}
_SIGNED = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


class BurofaxSettings(Strict):
    """`[canales.burofax]`.

    Attributes:
        url: The service's interface, or `env:NAME` where it is.
        clave: Where its key is.
        firma: Where the secret of its webhooks is.
        firma_minutos: Age that a signed webhook may have.
        limites: See `Limits`.
    """

    FILE: ClassVar[str] = FILE
    TABLE: ClassVar[str] = "canales.burofax"

    url: Address = "env:COBRANZA_BUROFAX_URL"
    clave: SecretRef = "env:COBRANZA_BUROFAX_CLAVE"
    firma: SecretRef = "env:COBRANZA_BUROFAX_FIRMA"
    firma_minutos: float = Field(default=5.0, gt=0, le=60)
    limites: Limits = Limits()


class Burofax:
    """See `cobranza.dunning.ports.Channel`."""

    slug = "burofax"
    channel = "letter"

    def capabilities(self) -> Caps:
        """An order can be found by its reference at once."""
        return Caps(receipts=True, lookup=True, settle_seconds=120)

    def send(self, message: Outgoing) -> SendResult:
        """See `Channel.send`."""
        table = settings(self.slug, BurofaxSettings)
        content = postal.pdf(message, reference=reference(message.key))
        order = {
            "referencia": message.key,
            "destinatario": {"lineas": postal.lines_of(message.to)},
            "documento": base64.b64encode(content).decode("ascii"),
            "certificado": True,
            "acuse": True,
        }
        base, key = _account(table)
        try:
            answer = line.call("POST", f"{base}/envios", table.limites, bearer=key, body=order)
        except LostAnswer as exc:
            return SendResult(outcome=Outcome.UNKNOWN, reason=exc.message)
        code = str(answer.body.get("codigo", ""))
        if answer.ok and answer.body.get("id") is not None:
            return SendResult(outcome=Outcome.ACCEPTED, provider_id=str(answer.body["id"]))
        if answer.ok or (answer.status == 409 and code == "referencia"):
            # An earlier try of this message was taken, with the text of that moment: looked up, never ordered again.
            return SendResult(outcome=Outcome.UNKNOWN, reason="El servicio ya tiene un envío con esta referencia.")
        said = str(answer.body.get("mensaje", ""))[:300] or f"El servicio lo rechaza ({answer.status})."
        return SendResult(outcome=Outcome.REFUSED, reason=said, permanent=code in _NO_GOOD)

    def lookup(self, key: str, provider_id: str, *, to: str = "", since: datetime | None = None) -> Status | None:
        """See `Channel.lookup`."""
        table = settings(self.slug, BurofaxSettings)
        base, secret_key = _account(table)
        asked = f"{base}/envios?referencia={quote(key, safe='')}"
        try:
            answer = line.call("GET", asked, table.limites, bearer=secret_key)
        except LostAnswer as exc:
            raise ChannelDown(exc.message) from exc
        rows = answer.body.get("envios")
        if not answer.ok or not isinstance(rows, list):
            raise ChannelDown(f"El servicio de burofax no enseña sus envíos ({answer.status}).")
        return next((_status(row) for row in rows if row.get("referencia") == key), None)

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Event]:
        """See `Channel.events`. HMAC-SHA256 over "time.body"."""
        table = settings(self.slug, BurofaxSettings)
        given = next((value for name, value in headers.items() if name.lower() == "x-burofax-firma"), "")
        signed = _SIGNED.fullmatch(given)
        at = signed.group(1) if signed else "0"
        wanted = hmac.new(secret(table.firma).reveal().encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        if signed is None or not hmac.compare_digest(wanted, signed.group(2)):
            raise ForgedEvent("Ha llegado un aviso de burofax con una firma que no vale.")
        age = abs(datetime.now(UTC) - datetime.fromtimestamp(int(at), UTC))
        if age > timedelta(minutes=table.firma_minutos):
            raise ForgedEvent("Ha llegado un aviso de burofax firmado hace demasiado tiempo.")
        try:
            return tuple(_read(json.loads(body)))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ForgedEvent("Ha llegado un aviso de burofax firmado que no se entiende.") from exc

    def certificate(self, provider_id: str) -> bytes | None:
        """The certificate of an order (PDF); None while the order has not ended.

        Raises:
            ChannelDown: it cannot be asked now.
        """
        table = settings(self.slug, BurofaxSettings)
        base, key = _account(table)
        url = f"{base}/envios/{quote(provider_id, safe='')}/certificado"
        try:
            answer = line.call("GET", url, table.limites, bearer=key, binary=True)
        except LostAnswer as exc:
            raise ChannelDown(exc.message) from exc
        return answer.content if answer.ok and answer.content.startswith(b"%PDF-") else None


def _account(table: BurofaxSettings) -> tuple[str, str]:
    with configured():
        return address(table.url), secret(table.clave).reveal()


def _status(row: Mapping[str, Any]) -> Status:
    state = _STATES.get(str(row.get("estado")), Delivery.ACCEPTED)
    why = _WHY.get(str(row.get("motivo", "")), "")
    return Status(provider_id=str(row["id"]), state=state, at=clock.now(), reason=why)


def _read(said: Mapping[str, Any]) -> list[Event]:
    state, why = _STATES.get(str(said["estado"])), str(said.get("motivo", ""))
    if state is None:
        return []
    at = datetime.fromisoformat(str(said["momento"]))
    return [
        Event(
            id=str(said["id"]),
            at=at if at.tzinfo else at.replace(tzinfo=UTC),
            provider_id=str(said["envio"]),
            key=str(said["referencia"]),
            state=state,
            reason=_WHY.get(why, ""),
            permanent=why in _NO_GOOD,
        )
    ]


ADAPTER = Burofax()
