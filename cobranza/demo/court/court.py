"""One test court: its portals, what they share, and what the passing of time does to them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cobranza.demo.court import profiles
from cobranza.demo.court.access import Access
from cobranza.demo.court.clock import CourtClock
from cobranza.demo.court.faults import Faults
from cobranza.demo.court.pki import Authority
from cobranza.demo.court.profiles import Profile
from cobranza.demo.court.store import Row, Store


class Court:
    """The state of all portals of one court. Not thread-safe: it lives in one event loop.

    Args:
        data: Folder for its state; None forgets it at the end.
        start: What its clock says at first.
        seed: Of everything it draws by lot.
        token: Of the admin endpoints.
    """

    def __init__(self, *, data: Path | None, start: datetime | None, seed: int, token: str) -> None:
        self.store = Store(data / "juzgado.sqlite3" if data else None)
        self.clock = CourtClock(start)
        self.faults = Faults(seed)
        self.seed = seed
        self.token = token
        self.authority = Authority(self.store)
        self.tls_url = ""
        self.tickets: dict[str, bytes] = {}  # token of the TLS port → certificate that was shown there, DER
        self.portals = {slug: Portal(self, profiles.load(slug)) for slug in profiles.slugs()}

    def reset(self) -> None:
        """Forget every filing, draft, session and fault; the keys stay."""
        self.store.clear()
        self.faults.clear()
        self.faults.fired.clear()
        for portal in self.portals.values():
            portal.access.sessions.clear()


class Portal:
    """One portal: its profile, its door and short ways to what it shares."""

    def __init__(self, court: Court, profile: Profile) -> None:
        self.court, self.profile = court, profile
        self.store, self.clock, self.faults = court.store, court.clock, court.faults
        self.access = Access(profile, court.store, court.clock, court.faults)

    @property
    def slug(self) -> str:
        """The profile's."""
        return self.profile.slug

    def now(self) -> datetime:
        """The court's time in the portal's zone, aware."""
        return self.clock.now().astimezone(self.profile.tz)

    def fault(self, name: str, step: str, method: str = "") -> dict[str, Any] | None:
        """See `Faults.take`; what acts is logged."""
        order = self.faults.take(name, step, self.slug, method)
        if order is not None:
            self.log("", "fallo", fault=name, step=step, mode=order.get("mode", ""))
        return order

    def log(self, user: str, action: str, **facts: Any) -> None:
        """Add to the audit log."""
        self.store.log({"at": self.now().isoformat(), "profile": self.slug, "user": user, "action": action} | facts)

    def mine(self, kind: str, mailbox: str = "") -> list[Row]:
        """This portal's rows of a kind, of one mailbox when it is named."""
        return [
            row
            for row in self.store.all(kind)
            if row["profile"] == self.slug and (not mailbox or row["mailbox"] == mailbox)
        ]

    @property
    def lag(self) -> timedelta:
        """How long a new filing stays out of sight."""
        given = self.faults.setting("visibility_lag")
        return timedelta(seconds=float(self.profile.visibility_lag_seconds if given is None else given))

    def chance(self, low: float, high: float, *of: object) -> float:
        """A number between two, always the same for the same `of`."""
        digest = hashlib.sha256("|".join(map(str, (self.court.seed, *of))).encode()).digest()
        return low + (high - low) * int.from_bytes(digest[:6], "big") / 2**48
