"""The providers' webhooks: signed as each vendor signs, kept until they are delivered: late, twice, disordered."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from cobranza.demo.doubles import hooks
from cobranza.demo.doubles.store import Row, Store
from cobranza.kernel.errors import BusinessError

TWILIO_TOKEN = "testigo-de-prueba"  # noqa: S105 - a demo's
APP_SECRET = "secreto-de-aplicacion-de-prueba"  # noqa: S105 - a demo's
BUROFAX_SECRET = "firma-de-burofax-de-prueba"  # noqa: S105 - a demo's
PATH = "/dunning/avisos/"
BASE = "https://cobranza.example" + PATH
"""Where our webhooks are until somebody says otherwise."""


class ProviderHookError(BusinessError):
    """A webhook that would leave this machine, or has no address."""

    code = "COB-DEM-052"
    remedy = "Indique una dirección de 127.0.0.1."


def twilio_signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """Base64 of the HMAC-SHA1 over the URL and the sorted form fields. Source: the vendor's "Webhooks security"."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def hub_signature(secret: str, raw: bytes) -> str:
    """Source: Meta's "Validating payloads"."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def burofax_signature(secret: str, raw: bytes, at: int) -> str:
    """Time and HMAC-SHA256 over "time.body", as gateways of this kind do it."""
    return f"t={at},v1=" + hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()


class Hooks:
    """What happened at the providers, to be told to us.

    Args:
        store: Where the calls wait.
        base: Where our webhooks are, without the connector's name; a Twilio order names its own address.
    """

    def __init__(self, store: Store, base: str = BASE) -> None:
        self.store, self.base = store, base

    def address(self, slug: str) -> str:
        """Our webhook for one connector, as it was told to the vendor."""
        known = self.store.get("hook", "base")
        return f"{known['url'] if known else self.base}{slug}/"

    def form(self, url: str, form: Mapping[str, str], slug: str) -> None:
        """Remember a call with a form (Twilio)."""
        self._put({"slug": slug, "url": url, "form": dict(form)})

    def json(self, slug: str, body: Row) -> None:
        """Remember a call with a JSON body."""
        self._put({"slug": slug, "url": self.address(slug), "json": json.dumps(body, ensure_ascii=False)})

    def _put(self, row: Row) -> None:
        number = self.store.number("delivery")
        self.store.put("delivery", number, {"id": number, "told": 0} | row)

    def signed(self, row: Row, age: int = 0) -> Row:
        """A call as it would arrive now (or signed `age` seconds ago): id, slug, url, headers, body, told."""
        if "form" in row:
            body = urlencode(row["form"])
            headers = {
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                "X-Twilio-Signature": twilio_signature(TWILIO_TOKEN, row["url"], row["form"]),
            }
        else:
            body, raw = row["json"], row["json"].encode()
            headers = {"Content-Type": "application/json"}
            if row["slug"] == "burofax":
                headers["X-Burofax-Firma"] = burofax_signature(BUROFAX_SECRET, raw, int(time.time()) - age)
            else:
                headers["X-Hub-Signature-256"] = hub_signature(APP_SECRET, raw)
        kept = {name: row[name] for name in ("id", "slug", "url", "told")}
        return kept | {"headers": headers, "body": body}

    def listing(self, orders: Row) -> list[Row]:
        """Calls, oldest first: all, or those `after` an id; `age` of their signatures in seconds."""
        after, age = int(orders.get("after", 0)), int(orders.get("age", 0))
        return [self.signed(row, age) for row in self.store.all("delivery") if row["id"] > after]

    async def deliver(self, orders: Row) -> list[Row]:
        """Post what was not told yet.

        Args:
            orders: See `cobranza.demo.doubles.hooks.due`.

        Returns:
            Id, status and text of each call; 0 when nobody answered.
        """
        told: list[Row] = []

        def made(row: Row) -> hooks.Call:
            hooks.ours(row["url"], ProviderHookError, "Un proveedor de pruebas")
            call = self.signed(row)
            return hooks.Call(call["url"], call["headers"], call["body"].encode())

        def heard(row: Row, answer: hooks.Answer) -> None:
            told.append({"id": row["id"], "status": answer.status, "text": answer.text})
            if answer.good:
                with self.store.change():
                    self.store.put("delivery", row["id"], row | {"told": row["told"] + 1})

        await hooks.post(hooks.due(self.store.all("delivery"), lambda row: row["told"], orders), made, heard)
        return told


def plain(body: Any) -> Row:
    """A JSON object, or an empty one for anything else."""
    return body if isinstance(body, dict) else {}
