"""What can go wrong between us and a double. Nothing does until a test or an operator orders it.

Orders of ``POST /__faults`` (a JSON object; unknown names are refused, and nothing is changed then):

- ``plan``: a list of names, used up one per request of the kind that ``on`` says; "none" lets one request pass;
- ``<name>: n``: the next n requests suffer it;
- ``storm``: ``{"seed": 1, "rate": 0.2, "names": [...]}``: each request suffers one of `names` with that probability;
- ``on``: the double's word for requests that change something (its usual), "read" or "all";
- the double's own settings;
- ``clear: true``: all of the above as if never ordered.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cobranza.kernel.errors import BusinessError

_ORDERS = ("plan", "storm", "on", "clear")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repertoire:
    """What can go wrong at one kind of double.

    Attributes:
        faults: Each with what it does. "none" is there always.
        storms: Those that a storm draws from when it names none.
        error: Raised for a name or a value that there is not.
        whose: Spanish, for the error: "La mesa de pruebas".
        acting: What requests are called that change something.
        on: Which requests suffer when nobody says so; empty: those.
        settings: Numbers and switches, as they are when nobody touched them.
    """

    faults: Mapping[str, str]
    storms: tuple[str, ...]
    error: type[BusinessError]
    whose: str
    acting: str = "write"
    on: str = ""
    settings: Mapping[str, float | bool] = field(default_factory=dict)


class Faults:
    """The faults ordered for one double."""

    def __init__(self, repertoire: Repertoire) -> None:
        self._known = repertoire
        self.fired: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """As if nothing had been ordered."""
        self._plan: deque[str] = deque()
        self._on = self._known.on or self._known.acting
        self._storm: tuple[random.Random, float, tuple[str, ...]] | None = None
        self._settings = dict(self._known.settings)

    def set(self, orders: Mapping[str, Any]) -> None:
        """Obey an order; see the module.

        Raises:
            BusinessError: of the repertoire: an unknown name or value; nothing was changed then.
        """
        plan = [self._name(str(name)) for name in orders.get("plan", [])]
        for name, value in orders.items():
            if name in self._known.faults:
                plan += [name] * int(value)
            elif name not in _ORDERS and name not in self._settings:
                raise self._known.error(f"«{name}»: {self._known.whose} no lo conoce.")
        storm = orders.get("storm") or {}
        names = tuple(self._name(str(name)) for name in storm.get("names", self._known.storms))
        kinds = (self._known.acting, "read", "all")
        if orders.get("on", "all") not in kinds:
            raise self._known.error(f"«on» es {', '.join(kinds)}, no {orders['on']!r}.")
        settings = {name: self._value(name, value) for name, value in orders.items() if name in self._settings}
        if orders.get("clear"):
            self.clear()
        self._plan.extend(plan)
        self._on = orders.get("on", self._on)
        if storm:
            dice = random.Random(int(storm.get("seed", 1)))  # noqa: S311 - a test's choice, not a secret
            self._storm = (dice, float(storm.get("rate", 0.2)), names)
        self._settings |= settings

    def next(self, method: str) -> str:
        """The fault that this request suffers, "none" mostly."""
        kind = "read" if method in ("GET", "HEAD") else self._known.acting
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
            "faults": dict(self._known.faults),
            "settings": self._settings,
            "on": self._on,
            "plan": list(self._plan),
            "storm": self._storm is not None,
            "fired": dict(self.fired),
        }

    def _value(self, name: str, value: Any) -> float | bool:
        return bool(value) if isinstance(self._known.settings[name], bool) else float(value)

    def _name(self, name: str) -> str:
        if name not in self._known.faults:
            raise self._known.error(f"«{name}»: {self._known.whose} no conoce ese fallo.")
        return name
