"""Zendesk's webhooks: proved before they are read.

Source: the vendor's pages "Verifying webhooks" and "Ticket events". The first says today that timestamp + body is
signed; an earlier edition said body + timestamp, and its published sample is made that way. Both are taken. Neither
can be passed off as the other: a body has to be JSON, which begins with no timestamp and ends in none.
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


def proves(secret: str, at: str, raw: bytes, given: str) -> bool:
    """Whether `given` is base64 of the HMAC-SHA256 over timestamp and body; the secret is text, never decoded."""
    moment, key = at.encode("utf-8", "replace"), secret.encode()
    sent = given.encode("utf-8", "replace")
    today, before = (base64.b64encode(hmac.digest(key, text, hashlib.sha256)) for text in (moment + raw, raw + moment))
    return hmac.compare_digest(today, sent) | hmac.compare_digest(before, sent)  # both, always: in constant time


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
    if not proves(secret.reveal(), at, raw, given):
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
        if not isinstance(row["status"], str):
            raise ValueError("no status")
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise EventRefused("Ha llegado un aviso de Zendesk firmado que no se entiende.") from exc
    return row


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise EventRefused("Ha llegado un aviso de Zendesk sin fecha.") from exc
    return found if found.tzinfo else found.replace(tzinfo=UTC)
