"""Renews the leases of the items that this process holds, from a thread of its own with one statement per beat."""

from __future__ import annotations

import logging
import threading
from uuid import UUID

from django.db import connection

from cobranza.runs.config import Engine
from cobranza.runs.persistence import LOST, boottime

_log = logging.getLogger(__name__)

_BEAT = """
update runs_workitem set lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
 where token = any(%(tokens)s) and state = 'en_curso'
returning token
"""
_MARGIN_SHARE = 0.25
_LONGEST_MARGIN = 5.0


class Lease:
    """One fenced hold on one item. Its end is counted from before the statement that granted it was sent."""

    def __init__(self, token: UUID, seconds: float) -> None:
        self.token = token
        self.seconds = seconds
        self.ends = boottime() + seconds
        self.lost = False

    def holds(self) -> bool:
        """It is surely ours for a while longer, by a clock that also counts while the machine sleeps."""
        margin = min(_LONGEST_MARGIN, self.seconds * _MARGIN_SHARE)
        return not self.lost and boottime() < self.ends - margin


class Keeper:
    """All leases of this process."""

    def __init__(self) -> None:
        self._held: dict[UUID, Lease] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def lease(self, token: UUID, engine: Engine) -> Lease:
        """A lease that starts counting now; `keep` makes it be renewed."""
        self._seconds = engine.arriendo
        self._beat = engine.latido
        return Lease(token, engine.arriendo)

    def keep(self, lease: Lease) -> None:
        """Renew `lease` until it is dropped."""
        with self._lock:
            self._held[lease.token] = lease
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="item-leases", daemon=True)
                self._thread.start()

    def drop(self, lease: Lease) -> None:
        """Stop renewing `lease`."""
        with self._lock:
            self._held.pop(lease.token, None)

    def close(self) -> None:
        """Renew nothing any more; whoever forgot an item loses it when its lease is over."""
        with self._lock:
            self._held.clear()
            thread = self._thread
        self._wake.set()
        if thread is not None:
            thread.join(timeout=5)
        self._wake.clear()

    def _run(self) -> None:
        try:
            while not self._wake.wait(self._beat):
                with self._lock:
                    held = dict(self._held)
                    if not held:
                        self._thread = None
                        return
                self._renew(held)
        finally:
            connection.close()

    def _renew(self, held: dict[UUID, Lease]) -> None:
        asked_at = boottime()
        try:
            with connection.cursor() as cursor:
                cursor.execute(_BEAT, {"lease": self._seconds, "tokens": list(held)})
                renewed = {row[0] for row in cursor.fetchall()}
        except LOST as exc:
            _log.warning("No se han podido renovar %d trabajos: %s", len(held), exc)
            connection.close()
            return
        with self._lock:
            for token, lease in held.items():
                if token in renewed:
                    lease.ends = asked_at + self._seconds
                elif token in self._held:
                    lease.lost = True


KEEPER = Keeper()
