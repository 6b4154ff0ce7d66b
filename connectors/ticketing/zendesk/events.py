"""Zendesk's webhooks: proved before they are read.

Source: the vendor's pages "Verifying webhooks" (its published sample is a test here) and "Ticket events".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cobranza.kernel import clock
from cobranza.kernel.secrets import Secret
from connectors.ticketing.errors import EventRefused

_SIGNATURE = "x-zendesk-webhook-signature"
_AT = "x-zendesk-webhook-signature-timestamp"
_MAX_BYTES = 1024 * 1024


def sign(secret: str, at: str, raw: bytes) -> str:
    """Base64 of the HMAC-SHA256 over timestamp and body; the secret is text, never decoded."""
    return base64.b64encode(hmac.new(secret.encode(), at.encode() + raw, hashlib.sha256).digest()).decode()


def read_event(headers: Mapping[str, str], raw: bytes, secret: Secret | None, age: timedelta) -> dict[str, Any] | None:
    """The ticket that a webhook call is about: id, external_id, status, updated_at; None for other events.

    Raises:
        EventRefused: no secret configured, a wrong or missing signature, too old or from the future, no JSON.
    """
    if secret is None:
        raise EventRefused(
            "Ha llegado un aviso de Zendesk y no hay con qué comprobar su firma.",
            remedy="Indique en config/ticketing.toml dónde está el secreto de firma del webhook («firma»).",
        )
    if len(raw) > _MAX_BYTES:
        raise EventRefused("Ha llegado un aviso de Zendesk desmesurado.")
    known = {name.lower(): value for name, value in headers.items()}
    at, given = known.get(_AT, ""), known.get(_SIGNATURE, "")
    if not hmac.compare_digest(sign(secret.reveal(), at, raw).encode(), given.encode("utf-8", "replace")):
        raise EventRefused("Ha llegado un aviso de Zendesk con una firma que no vale.")
    if abs(clock.now() - _moment(at)) > age:
        raise EventRefused("Ha llegado un aviso de Zendesk firmado hace demasiado tiempo.")
    try:
        event = json.loads(raw)
        if not str(event["type"]).startswith("zen:event-type:ticket"):
            return None
        detail = event["detail"]
        row = {name: detail.get(name) for name in ("external_id", "status", "updated_at")} | {
            "id": str(int(detail["id"]))
        }
        _moment(str(row["updated_at"]))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise EventRefused("Ha llegado un aviso de Zendesk firmado que no se entiende.") from exc
    return row


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise EventRefused("Ha llegado un aviso de Zendesk sin fecha.") from exc
    return found if found.tzinfo else found.replace(tzinfo=UTC)
