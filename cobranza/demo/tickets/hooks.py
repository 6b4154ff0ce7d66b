"""The desk's webhooks: signed as each vendor signs, kept until somebody delivers them, late, twice and disordered."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cobranza.demo.doubles import hooks
from cobranza.demo.doubles.store import Row, Store, stamp
from cobranza.kernel.errors import BusinessError

SECRET = "firma-de-prueba"  # noqa: S105 - a demo's
Signer = Callable[[str, bytes, str], dict[str, str]]


class HookError(BusinessError):
    """A webhook that would leave this machine, or has no address."""

    code = "COB-DEM-012"
    remedy = "Indique una dirección de 127.0.0.1."


def zendesk_headers(secret: str, raw: bytes, at: str) -> dict[str, str]:
    """Base64 of the HMAC-SHA256, keyed by the secret as text, over timestamp and body.

    Source: the vendor's page "Verifying webhooks", as it stands today.
    """
    digest = hmac.new(secret.encode(), at.encode() + raw, hashlib.sha256).digest()
    return {
        "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": at,
    }


def freshdesk_headers(secret: str, raw: bytes, at: str) -> dict[str, str]:
    """A header that an automation rule of Freshdesk adds; it signs nothing."""
    return {"X-Cobranza-Secreto": secret}


class Hooks:
    """What happened on the desk, to be told to one address."""

    def __init__(self, store: Store, sign: Signer, secret: str = SECRET) -> None:
        self.store, self._sign, self.secret = store, sign, secret
        self.url = ""

    def queue(self, event: Row) -> None:
        """Remember an event."""
        number = self.store.number("delivery")
        body = json.dumps({"id": f"entrega-{number}"} | event, ensure_ascii=False)
        self.store.put("delivery", number, {"id": number, "body": body, "told": 0})

    def signed(self, row: Row, age: float = 0.0) -> dict[str, Any]:
        """A delivery as it would arrive now, or with a signature that is `age` seconds old."""
        raw = row["body"].encode()
        at = stamp(self.store.now() - timedelta(seconds=age))
        headers = {"Content-Type": "application/json"} | self._sign(self.secret, raw, at)
        return {"id": row["id"], "headers": headers, "body": row["body"], "told": row["told"]}

    def listing(self, orders: Row) -> list[Row]:
        """Every delivery, oldest first; ``age`` of their signatures in seconds."""
        return [self.signed(row, float(orders.get("age", 0))) for row in self.store.all("delivery")]

    async def deliver(self, orders: Row) -> list[Row]:
        """Post what was not told yet.

        Args:
            orders: ``url`` (remembered), and those of `cobranza.demo.doubles.hooks.due`.

        Returns:
            Id and status of each call; 0 when nobody answered.
        """
        self.url = hooks.ours(orders.get("url", self.url), HookError, "La mesa de pruebas")
        told: list[Row] = []

        def made(row: Row) -> hooks.Call:
            call = self.signed(row)
            return hooks.Call(self.url, call["headers"], call["body"].encode())

        def heard(row: Row, answer: hooks.Answer) -> None:
            told.append({"id": row["id"], "status": answer.status})
            if answer.good:
                with self.store.change():
                    self.store.put("delivery", row["id"], row | {"told": row["told"] + 1})

        await hooks.post(hooks.due(self.store.all("delivery"), lambda row: row["told"], orders), made, heard)
        return told
