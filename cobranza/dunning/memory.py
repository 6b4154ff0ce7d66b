"""An outbox in memory, with the contract of the stored one: for simulations and for tests. It forgets when it ends."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Any

from cobranza.dunning import delivery
from cobranza.dunning.ports import Delivery, Event, Row


class MemoryOutbox:
    """See `cobranza.dunning.sending.Outbox`; each call stands for one transaction."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self._heard: set[str] = set()
        self._early: dict[str, list[Event]] = defaultdict(list)
        self._named: dict[str, str] = {}

    def queue(self, row: Row) -> bool:
        """See `Outbox.queue`."""
        if row.key in self.rows:
            return False
        self.rows[row.key] = row
        return True

    def due(self, now: datetime, limit: int) -> list[Row]:
        """See `Outbox.due`."""
        found = (row for row in self.rows.values() if row.state is Delivery.QUEUED and row.not_before <= now)
        return sorted(found, key=lambda row: (row.not_before, row.key))[:limit]

    def stuck(self, now: datetime, limit: int) -> list[Row]:
        """See `Outbox.stuck`."""

        def waits(row: Row) -> bool:
            if row.state is Delivery.SENDING:
                return row.leased_until is None or row.leased_until <= now
            return row.state is Delivery.UNKNOWN and row.not_before <= now

        return sorted(filter(waits, self.rows.values()), key=lambda row: row.key)[:limit]

    def claim(self, key: str, token: str, until: datetime, /) -> Row | None:
        """See `Outbox.claim`."""
        row = self.rows[key]
        if row.state is not Delivery.QUEUED:
            return None
        self.rows[key] = replace(row, state=Delivery.SENDING, token=token, leased_until=until, tries=row.tries + 1)
        return self.rows[key]

    def settle(self, key: str, token: str, expect: Delivery, /, **changes: Any) -> bool:
        """See `Outbox.settle`."""
        row = self.rows[key]
        if row.state is not expect or row.token != token:
            return False
        self.rows[key] = replace(row, **changes)
        if changes.get("provider_id"):
            self._named[str(changes["provider_id"])] = key
            for event in self._early.pop(str(changes["provider_id"]), ()):
                self._apply(key, event)
        return True

    def hear(self, event: Event) -> Row | None:
        """See `Outbox.hear`."""
        if event.id in self._heard:
            return None
        self._heard.add(event.id)
        key = self._key_of(event)
        if key is None:
            self._early[event.provider_id].append(event)
            return None
        return self._apply(key, event)

    def _key_of(self, event: Event) -> str | None:
        return event.key if event.key in self.rows else self._named.get(event.provider_id)

    def _apply(self, key: str, event: Event) -> Row | None:
        row = self.rows[key]
        if event.state is None:
            return None
        state = delivery.after(row.state, event.state)
        if state is row.state:
            return None
        self.rows[key] = replace(
            row,
            state=state,
            reason=event.reason,
            provider_id=event.provider_id or row.provider_id,
            token="",
            leased_until=None,
            unknown_since=None,
        )
        self._named[self.rows[key].provider_id] = key
        return self.rows[key]
