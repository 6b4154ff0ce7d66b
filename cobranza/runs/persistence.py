"""Talking to a database that may be restarting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.db.models.functions import Now

Result = TypeVar("Result")
LOST = (OperationalError, InterfaceError)
_PAUSE = 0.5


def boottime() -> float:
    """Seconds on a clock that goes on while the machine sleeps: leases do not wait for a laptop's lid."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def patiently(action: Callable[[], Result], *, seconds: float) -> Result:
    """Do `action`, again while the database does not answer, for at most `seconds`.

    `action` is one transaction that may be repeated: whether a commit whose answer got lost took place is told by its
    own fence.

    Raises:
        OperationalError: still no answer.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return action()
        except LOST:
            connection.close()
            if connection.in_atomic_block or time.monotonic() >= end:
                raise
            time.sleep(_PAUSE)


__all__ = ["LOST", "Now", "boottime", "connection", "patiently"]
