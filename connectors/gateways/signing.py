"""What both gateways' signatures have in common: HMAC-SHA256 in hexadecimal, and an age."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from cobranza.kernel.secrets import Secret
from cobranza.payments.ports import ForgedCall


def header(headers: Mapping[str, str], name: str) -> str:
    """A header in any case, "" without it."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def pairs(text: str) -> list[tuple[str, str]]:
    """The ``name=value`` pairs of a signature header.

    >>> pairs("t=1, v1=ab,v1=cd")
    [('t', '1'), ('v1', 'ab'), ('v1', 'cd')]
    """
    return [(name.strip(), value.strip()) for name, _, value in (each.partition("=") for each in text.split(","))]


def check(secret: Secret, signed: bytes, given: Iterable[str], at: str, *, now: datetime, minutes: float) -> None:
    """Check a signature and its age.

    Args:
        signed: What was signed.
        given: Signatures, hexadecimal; one has to be right.
        at: When, Unix seconds or milliseconds.
        minutes: Age that it may have, and how far ahead its clock may go.

    Raises:
        ForgedCall: none is right, or it is too old.
    """
    right = hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(right.encode(), each.encode("utf-8", "replace")) for each in given):
        raise ForgedCall("La firma de la llamada no vale.")
    if not (at.isascii() and at.isdigit() and len(at) <= 16):
        raise ForgedCall("La llamada no dice de cuándo es.")
    seconds = int(at) / 1000 if len(at) > 11 else int(at)
    if abs((now - datetime.fromtimestamp(seconds, UTC)).total_seconds()) > minutes * 60:
        raise ForgedCall("La llamada es demasiado antigua.")
