"""What can go wrong between us and a provider. Nothing does until a test or an operator orders it.

Orders of ``POST /__faults`` (a JSON object; unknown names are refused):

- ``plan``: a list of names, used up one per request of the kind that ``on`` says; "none" lets one request pass;
- ``storm``: ``{"seed": 1, "rate": 0.2, "names": [...]}``: each request suffers one of `names` with that probability;
- ``on``: "send" (the default: POST), "read" or "all";
- settings: ``listing_lag`` (seconds until a list shows what was taken), ``slow_seconds``, ``retry_after``;
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
    "slow": "It is done at once, and the answer takes `slow_seconds`.",
    "rate_limit": "429 as the vendor says it, with Retry-After; nothing was done.",
    "unavailable": "503 as the vendor says it; nothing was done.",
    "error_before": "A gateway answers 502 without a word of the vendor's; nothing was done.",
    "error_after": "It is done, and a gateway answers 502.",
    "garbage": "200 with a maintenance page in HTML; nothing was done.",
}
STORMY = tuple(name for name in FAULTS if name not in ("none", "slow"))
_SETTINGS: dict[str, float] = {"listing_lag": 0.0, "slow_seconds": 1.0, "retry_after": 1}
_KINDS = ("send", "read", "all")


class ProviderFaultError(BusinessError):
    """A fault or a setting of the demo providers that does not exist."""

    code = "COB-DEM-051"
    remedy = "Pida la lista con GET /__faults."


class Faults:
    """The faults ordered for the providers."""

    def __init__(self) -> None:
        self.fired: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """As if nothing had been ordered."""
        self._plan: deque[str] = deque()
        self._on = "send"
        self._storm: tuple[random.Random, float, tuple[str, ...]] | None = None
        self._settings = dict(_SETTINGS)

    def set(self, orders: Mapping[str, Any]) -> None:
        """Obey an order; see the module.

        Raises:
            ProviderFaultError: an unknown name or value; nothing was changed then.
        """
        unknown = set(orders) - {"plan", "storm", "on", "clear", *_SETTINGS}
        if unknown:
            raise ProviderFaultError(f"Los proveedores de pruebas no conocen «{sorted(unknown)[0]}».")
        plan = [_known(str(name)) for name in orders.get("plan", [])]
        storm = orders.get("storm") or {}
        names = tuple(_known(str(name)) for name in storm.get("names", STORMY))
        if orders.get("on", "send") not in _KINDS:
            raise ProviderFaultError(f"«on» es send, read o all, no {orders['on']!r}.")
        if orders.get("clear"):
            self.clear()
        self._plan.extend(plan)
        self._on = orders.get("on", self._on)
        if storm:
            dice = random.Random(int(storm.get("seed", 1)))  # noqa: S311 - a test's choice, not a secret
            self._storm = (dice, float(storm.get("rate", 0.2)), names)
        self._settings |= {name: float(value) for name, value in orders.items() if name in _SETTINGS}

    def next(self, method: str) -> str:
        """The fault that this request suffers, "none" mostly."""
        kind = "read" if method in ("GET", "HEAD") else "send"
        name = "none"
        if self._on in (kind, "all"):
            if self._plan:
                name = self._plan.popleft()
            elif self._storm is not None:
                dice, rate, names = self._storm
                name = dice.choice(names) if dice.random() < rate else "none"
        if name != "none":
            self.fired[name] += 1
        return name

    def number(self, name: str) -> float:
        """A setting."""
        return self._settings[name]

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
        raise ProviderFaultError(f"Los proveedores de pruebas no conocen el fallo «{name}».")
    return name
