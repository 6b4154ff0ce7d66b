"""What can go wrong between us and a desk. Nothing does until a test or an operator orders it.

Orders of ``POST /__faults`` (a JSON object; unknown names are refused):

- ``plan``: a list of names, used up one per request of the kind that ``on`` says; "none" lets one request pass;
- ``<name>: n``: the next n requests suffer it;
- ``storm``: ``{"seed": 1, "rate": 0.2, "names": [...]}``: each request suffers one of `names` with that probability;
- ``on``: "write" (the default: POST, PUT, DELETE), "read" or "all";
- settings: ``search_lag``, ``late_seconds``, ``slow_seconds``, ``retry_after``, ``foreign_cursor``, ``limits``,
  ``listing_lag``;
- ``clear: true``: all of the above as if never ordered.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from cobranza.kernel.errors import BusinessError

FAULTS = {
    "none": "The request passes.",
    "drop_before": "The connection breaks before anything was done.",
    "drop_after": "It is done, and the connection breaks without an answer.",
    "cut_body": "It is done, and the answer breaks off in the middle.",
    "late": "It is done `late_seconds` after it was asked, when the caller may have gone.",
    "slow": "It is done at once, and the answer takes `slow_seconds`.",
    "rate_limit": "429 with Retry-After: `retry_after` seconds; nothing was done.",
    "rate_limit_date": "429 with Retry-After as an HTTP date.",
    "rate_limit_bare": "429 without Retry-After.",
    "retry_after_on_success": "It is done, and the good answer carries Retry-After.",
    "unavailable": "503 and nothing was done.",
    "error_after": "It is done, and a gateway answers 502.",
    "garbage": "200 with a maintenance page in HTML; nothing was done.",
    "redirect": "302 to another host; nothing was done.",
}
STORMY = tuple(name for name in FAULTS if name not in ("none", "late", "slow", "redirect"))

_SETTINGS: dict[str, float | bool] = {
    "search_lag": 120.0,  # seconds until a search finds what was written: the vendors say "a few minutes"
    "listing_lag": 0.0,  # seconds until plain lists show it: no vendor says so; for tests of what then happens
    "late_seconds": 1.0,
    "slow_seconds": 1.0,
    "retry_after": 1,
    "foreign_cursor": False,  # pages that go on at a stranger's address
    "limits": False,  # the vendors' limits of calls per minute, in real time
}


class DeskFaultError(BusinessError):
    """A fault or a setting of the demo desk that does not exist."""

    code = "COB-DEM-011"
    remedy = "Pida la lista con GET /__faults."


class Faults:
    """The faults ordered for one desk."""

    def __init__(self) -> None:
        self.fired: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """As if nothing had been ordered."""
        self._plan: deque[str] = deque()
        self._on = "write"
        self._storm: tuple[random.Random, float, tuple[str, ...]] | None = None
        self._settings = dict(_SETTINGS)

    def set(self, orders: Mapping[str, Any]) -> None:
        """Obey an order; see the module.

        Raises:
            DeskFaultError: an unknown name or value; nothing was changed then.
        """
        plan = [_known(str(name)) for name in orders.get("plan", [])]
        for name, value in orders.items():
            if name in FAULTS:
                plan += [name] * int(value)
            elif name not in ("plan", "on", "storm", "clear") and name not in _SETTINGS:
                raise DeskFaultError(f"La mesa de pruebas no conoce «{name}».")
        storm = orders.get("storm")
        names = tuple(_known(str(name)) for name in (storm or {}).get("names", STORMY))
        if orders.get("on", "write") not in ("write", "read", "all"):
            raise DeskFaultError(f"«on» es write, read o all, no {orders['on']!r}.")
        if orders.get("clear"):
            self.clear()
        self._plan.extend(plan)
        self._on = orders.get("on", self._on)
        if storm:
            dice = random.Random(int(storm.get("seed", 1)))  # noqa: S311 - a test's choice, not a secret
            self._storm = (dice, float(storm.get("rate", 0.2)), names)
        self._settings |= {name: value for name, value in orders.items() if name in _SETTINGS}

    def next(self, method: str) -> str:
        """The fault that this request suffers, "none" mostly."""
        kind = "read" if method in ("GET", "HEAD") else "write"
        if self._on not in (kind, "all"):
            return "none"
        name = "none"
        if self._plan:
            name = self._plan.popleft()
        elif self._storm is not None:
            dice, rate, names = self._storm
            name = dice.choice(names) if dice.random() < rate else "none"
        if name != "none":
            self.fired[name] += 1
        return name

    def number(self, name: str) -> float:
        """A setting that is a number."""
        return float(self._settings[name])

    def on(self, name: str) -> bool:
        """A setting that is on or off."""
        return bool(self._settings[name])

    def listing(self) -> dict[str, Any]:
        """What there is and what is ordered, as ``GET /__faults`` shows it."""
        return {
            "faults": FAULTS,
            "settings": self._settings,
            "on": self._on,
            "plan": list(self._plan),
            "storm": self._storm is not None,
            "fired": dict(self.fired),
        }


def _known(name: str) -> str:
    if name not in FAULTS:
        raise DeskFaultError(f"La mesa de pruebas no conoce el fallo «{name}».")
    return name
