"""The signature of Zendesk's webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cobranza.kernel.secrets import Secret
from connectors.ticketing.errors import EventRefused
from connectors.ticketing.zendesk.events import proves, read_event

SAMPLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "zendesk" / "webhook-signature-vector.json"
EVENT: dict[str, Any] = {
    "type": "zen:event-type:ticket.status_changed",
    "detail": {"id": "7", "external_id": "cobranza:a1", "status": "SOLVED", "updated_at": "2026-11-22T10:00:00Z"},
}
AGE = timedelta(minutes=5)


def _now(ago: float = 0) -> str:
    return (datetime.now(UTC) - timedelta(seconds=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _headers(raw: bytes, at: str, secret: str = "s") -> dict[str, str]:
    digest = hmac.new(secret.encode(), at.encode() + raw, hashlib.sha256).digest()
    name = "X-Zendesk-Webhook-Signature"
    return {name: base64.b64encode(digest).decode(), f"{name}-Timestamp": at}


def test_the_vendors_published_sample_is_taken() -> None:
    if not SAMPLE.exists():
        pytest.skip("the vendor's sample (shared data) is not on this machine")
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    raw = sample["body"].encode()

    assert proves(sample["secret"], sample["timestamp"], raw, sample["signature"])
    assert not proves(sample["secret"], "2021-07-25T10:00:01Z", raw, sample["signature"])
    assert not proves(sample["secret"], sample["timestamp"], raw + b" ", sample["signature"])


def test_a_sound_event_is_read() -> None:
    raw = json.dumps(EVENT).encode()

    assert read_event(_headers(raw, _now()), raw, Secret("s"), AGE) == EVENT["detail"]


def test_an_event_without_status_is_refused() -> None:
    raw = json.dumps(EVENT | {"detail": EVENT["detail"] | {"status": None}}).encode()

    with pytest.raises(EventRefused, match="no se entiende"):
        read_event(_headers(raw, _now()), raw, Secret("s"), AGE)


def test_without_a_secret_nothing_is_taken() -> None:
    raw = json.dumps(EVENT).encode()

    with pytest.raises(EventRefused, match="no hay con qué"):
        read_event(_headers(raw, _now(), secret=""), raw, None, AGE)


@pytest.mark.parametrize("at", ["", "ayer", "2026-11-22", "9" * 5000, "2026-11-22T10:00:00Z\r\nX: y"])
def test_a_signed_nonsense_timestamp_is_refused(at: str) -> None:
    raw = json.dumps(EVENT).encode()

    with pytest.raises(EventRefused):
        read_event(_headers(raw, at), raw, Secret("s"), AGE)


@given(raw=some.binary(max_size=200), at=some.text(max_size=30), signature=some.text(max_size=60))
def test_anything_unsigned_is_refused_and_breaks_nothing(raw: bytes, at: str, signature: str) -> None:
    name = "x-zendesk-webhook-signature"

    with pytest.raises(EventRefused):
        read_event({name: signature, f"{name}-timestamp": at}, raw, Secret("s"), AGE)


@settings(max_examples=50)
@given(body=some.none() | some.text() | some.integers() | some.dictionaries(some.text(), some.text()))
def test_anything_signed_is_about_no_ticket_or_refused(body: object) -> None:
    for raw in (json.dumps(body).encode(), json.dumps(EVENT | {"detail": body}).encode()):
        try:
            assert read_event(_headers(raw, _now()), raw, Secret("s"), AGE) is None
        except EventRefused as refused:
            assert "no se entiende" in refused.message


def test_one_order_of_signing_never_passes_for_the_other() -> None:
    """What an eavesdropper could cut anew from a signed call is no event."""
    raw, at = json.dumps(EVENT).encode(), _now()
    headers = _headers(raw, at)
    name = "X-Zendesk-Webhook-Signature-Timestamp"
    whole = at.encode() + raw
    for cut in range(1, len(whole)):
        if whole[:cut] == at.encode():
            continue
        for body, moment in ((whole[cut:], whole[:cut]), (whole[:cut], whole[cut:])):
            with pytest.raises(EventRefused):
                read_event(headers | {name: moment.decode()}, body, Secret("s"), AGE)
