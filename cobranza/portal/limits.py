"""How often somebody may try: counters in the database, so that every thread and machine counts together."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from cobranza.kernel import clock
from cobranza.portal.models import Knock

_CLEAN_EVERY = 64


def knock(what: str, who: str, *, minutes: int, now: datetime | None = None) -> int:
    """Count one try and return how many there were in this window.

    Args:
        what: Kind of thing tried.
        who: Address or link; only a keyed hash of it is stored.
        minutes: Length of the window; windows do not slide.
    """
    at = now or clock.now()
    key, until = _key(what, who, minutes, at)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_knock AS k (key, count, until) VALUES (%s, 1, %s) "
            "ON CONFLICT (key) DO UPDATE SET count = k.count + 1 RETURNING count",
            [key, until],
        )
        count = int(cursor.fetchone()[0])
    if count == 1 and int(key[:4], 16) % _CLEAN_EVERY == 0:
        Knock.objects.filter(until__lt=at).delete()
    return count


def tried(what: str, who: str, *, minutes: int, now: datetime | None = None) -> int:
    """How many tries there were in this window, counting none."""
    key, _ = _key(what, who, minutes, now or clock.now())
    return Knock.objects.filter(key=key).values_list("count", flat=True).first() or 0


def _key(what: str, who: str, minutes: int, at: datetime) -> tuple[str, datetime]:
    length = minutes * 60
    window = int(at.timestamp()) // length
    said = f"{what}|{minutes}|{window}|{who}".encode()
    key = hmac.new(hashlib.sha256(b"cobranza.portal|" + settings.SECRET_KEY.encode()).digest(), said, hashlib.sha256)
    return key.hexdigest(), datetime.fromtimestamp((window + 1) * length, tz=at.tzinfo) + timedelta(minutes=1)
