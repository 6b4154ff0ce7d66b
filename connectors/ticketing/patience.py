"""How long a call to a desk waits and when it is asked again. Waits are bounded; writings are never repeated here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cobranza.disputes.ports import DeskError

Sleep = Callable[[float], None]
RETRIED = (500, 502, 503, 504)
_FIRST = 0.5
_LONGEST = 8.0


def asked_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, None without a sound one.

    >>> asked_wait({"Retry-After": "7"})
    7.0
    >>> asked_wait({"Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT"}, datetime(2026, 11, 22, 10, tzinfo=UTC))
    30.0
    >>> asked_wait({"Retry-After": "soon"})
    """
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 10**8))
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


class Patience:
    """The waiting of one call.

    Args:
        seconds: Most waiting in all.
        sleep: What waits.
    """

    def __init__(self, seconds: float, sleep: Sleep = time.sleep) -> None:
        self._left = seconds
        self._sleep = sleep
        self._next = _FIRST

    def limited(self, headers: Mapping[str, str]) -> None:
        """Wait as the desk asks after a 429, or a growing while when it does not say.

        Raises:
            DeskError: it asks for more than is left.
        """
        asked = asked_wait(headers)
        wait = max(asked, _FIRST) if asked is not None else self._growing()
        if wait > self._left:
            raise DeskError(f"La mesa de tickets limita las peticiones y pide esperar {wait:.0f} s.")
        self._left -= wait
        self._sleep(wait)

    def failed(self) -> bool:
        """Wait a growing while after a failed reading; False when no patience is left."""
        wait = self._growing()
        if wait > self._left:
            return False
        self._left -= wait
        self._sleep(wait)
        return True

    def _growing(self) -> float:
        wait, self._next = self._next, min(self._next * 2, _LONGEST)
        return wait
