"""What can go wrong at a bank, each thing behind a switch of its own.

A *variant* is a way of looking that real portals have (layout, number format); a *fault* is something that breaks.
Switches whose value is "times" act that often and then stay quiet, so that a robot that recovers can finish.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cobranza.kernel.errors import BusinessError

Value = bool | int | float | str


class FaultError(BusinessError):
    """A switch or a value that does not exist."""

    code = "COB-DEM-002"
    remedy = "Pida la lista con GET /__faults."


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One thing that can be switched.

    Attributes:
        usual: The value that `true` stands for.
        off: The value when nobody touched it; `banks` may say otherwise for one bank.
        choices: Allowed texts; empty: a number or a truth value, as `usual` is.
        draw: Whether a random profile may pick it, and with which values.
    """

    name: str
    kind: str
    usual: Value
    description: str
    off: Value = False
    choices: tuple[str, ...] = ()
    banks: Mapping[str, Value] = field(default_factory=dict)
    draw: tuple[Value, ...] = ()
    only: str = ""


SWITCHES: tuple[Switch, ...] = (
    # Weather
    Switch(name="slow", kind="fault", usual=2.0, draw=(0.3, 0.8),
           description="Seconds that every page or API answer takes longer."),
    Switch(name="error_500_every_n", kind="fault", usual=3, draw=(4, 7),
           description="Every n-th request answers 500 with an error page."),
    Switch(name="rate_limit_429", kind="fault", usual=5, draw=(8,),
           description="Every n-th request answers 429 with Retry-After: 1; so does what comes within that second."),
    Switch(name="maintenance", kind="fault", usual="all", off="", choices=("all", "content"), draw=("all", "content"),
           description="A maintenance page with status 200: everywhere, or (content) only after the login."),
    Switch(name="connection_reset", kind="fault", usual=1, draw=(1, 2),
           description="Times that a request with a session loses its connection before any work is done."),
    Switch(name="connection_reset_after_post", kind="fault", usual=1, draw=(1,),
           description="Times that a POST with a session does its work and then loses the connection."),
    Switch(name="cdn_never_answers", kind="fault", usual="async", off="", choices=("async", "blocking"),
           draw=("async",),
           description="Pages ask for a script that never comes; blocking: the page waits for it before its content."),
    # Login
    Switch(name="must_change_password", kind="fault", usual=True, draw=(True,),
           description="Every user has to change the password after the login."),
    Switch(name="accept_terms", kind="fault", usual=True, draw=(True,),
           description="Every user has to accept new terms after the login."),
    Switch(name="blocked", kind="fault", usual=True, draw=(True,), description="Every user is blocked."),
    Switch(name="otp_invalid", kind="fault", usual=True,
           description="No one-time code is right; three failures block the user, as ever."),
    Switch(name="otp_reusable", kind="variant", usual=True,
           description="A TOTP code may be used again (for long test series only)."),
    Switch(name="otp_channel", kind="variant", usual="sms", off="totp", choices=("totp", "sms"), only="caja_demo",
           description="Where the second factor comes from; the SMS is read at /__sms."),
    Switch(name="login", kind="variant", usual="sms", off="keypad", choices=("keypad", "sms", "totp"),
           only="banco_ejemplo", description="Virtual keypad without second factor, or password and a code."),
    # Session
    Switch(name="session_expiry", kind="fault", usual=4, draw=(3, 6),
           description="Every session ends after n requests for content."),
    Switch(name="session_expires_mid_paging", kind="fault", usual=1, draw=(1,),
           description="Times that asking for a second or later page of movements finds the session ended."),
    # Movements
    Switch(name="repeated_row", kind="fault", usual=1, draw=(1, 2),
           description="Times that a new movement arrives between two page requests, so that a row stands on both "
                       "pages; only when the query reaches to today."),
    Switch(name="missing_row", kind="fault", usual=2, draw=(1, 2),
           description="Page n (or the last one, if there are fewer) silently lacks one row; totals stay right."),
    Switch(name="silent_end", kind="fault", usual=2, draw=(2,),
           description="Page n and what follows come empty, as if there were no more; totals stay right."),
    Switch(name="sort", kind="variant", usual="oldest", off="newest", choices=("newest", "oldest"),
           description="Order of the movements."),
    Switch(name="layout", kind="variant", usual="v3", off="v1", choices=("v1", "v2", "v3"), draw=("v2", "v3"),
           description="Design: v2 has other ids, column order and one label; v3 lacks a column that is needed."),
    Switch(name="table", kind="variant", usual="virtual", off="more", choices=("more", "virtual"),
           only="banco_ejemplo", draw=("virtual",), description="List with «Ver más», or virtualised on scrolling."),
    Switch(name="shadow_dom", kind="variant", usual=True, only="banco_ejemplo", draw=(True,),
           description="The table sits in an open shadow root."),
    Switch(name="number_format", kind="variant", usual="en", off="es",
           choices=("es", "en", "space", "trailing_minus", "parentheses", "plus_euro"),
           draw=("space", "trailing_minus", "parentheses", "plus_euro"),
           description="es 1.234,56; en 1,234.56; space 1 234,56; trailing_minus 12,00-; parentheses (12,00); "
                       "plus_euro +12,00 €."),
    Switch(name="date_format", kind="variant", usual="iso", off="", choices=("dmy", "mmm", "iso"), draw=("iso", "mmm"),
           description="dmy 02/03/2026; mmm 02-mar-26; iso 2026-03-02. Empty: the bank's own."),
    # Downloads
    Switch(name="download_empty", kind="fault", usual=True, draw=(True,), description="The file has 0 bytes."),
    Switch(name="download_truncated", kind="fault", usual=True, draw=(True,),
           description="The file ends in the middle of a line."),
    Switch(name="download_html", kind="fault", usual=True, draw=(True,),
           description="Instead of the file comes an HTML error page with status 200."),
    Switch(name="download_wrong_extension", kind="fault", usual=True, draw=(True,),
           description="The file is right and its name ends in .pdf."),
    Switch(name="download_delayed", kind="fault", usual=3.0, draw=(1.5,),
           description="Seconds until the file is ready (Caja Demo always takes 0.5)."),
    Switch(name="download_never_ready", kind="fault", usual=True,
           description="The file stays in preparation for ever."),
    # Over the buttons
    Switch(name="cookie_banner", kind="variant", usual=True, banks={"caja_demo": True}, draw=(True,),
           description="A cookie notice over everything until it is answered."),
    Switch(name="marketing_modal", kind="variant", usual=True, banks={"banco_ejemplo": True}, draw=(True,),
           description="An offer over the content, once per session."),
)  # fmt: skip

_BY_NAME = {switch.name: switch for switch in SWITCHES}


class Faults:
    """The switches of one running bank."""

    def __init__(self, bank: str) -> None:
        self.bank = bank
        self._known = {switch.name: switch for switch in SWITCHES if switch.only in ("", bank)}
        self._values: dict[str, Value] = {}
        self._left: dict[str, int] = {}
        self.fired: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """Put every switch back to what it is when nobody touched it."""
        self._values = {name: switch.banks.get(self.bank, switch.off) for name, switch in self._known.items()}
        self._left = {}

    def set(self, orders: Mapping[str, Any]) -> None:
        """Obey a POST to /__faults; nothing changes when one order is wrong.

        Raises:
            FaultError: unknown name or value.
        """
        plan: dict[str, Value] = {}
        fresh = False
        for name, value in orders.items():
            if name == "none":
                fresh = fresh or bool(value)
            elif name == "profile":
                seed = value.get("seed") if isinstance(value, dict) else value
                fresh = True
                plan.update(self.profile(seed))
            else:
                plan[name] = self._check(name, value)
        if fresh:
            self.clear()
        for name, value in plan.items():
            self._values[name] = value
            self._left.pop(name, None)

    def _check(self, name: str, value: Any) -> Value:
        switch = self._known.get(name)
        if switch is None:
            other = f" en {self.bank}" if name in _BY_NAME else ""
            raise FaultError(f"No hay ningún fallo «{name}»{other}.")
        if value is True:
            return switch.usual
        if value is False or value is None:
            # Off means off, also for a bank that has it on by nature.
            return False if switch.banks else switch.off
        if switch.choices:
            if value in switch.choices or value == switch.off:
                return str(value)
            raise FaultError(f"«{name}» admite {', '.join(switch.choices)}, no {value!r}.")
        if isinstance(switch.usual, bool) or not isinstance(value, int | float) or value < 0:
            raise FaultError(f"«{name}» no admite {value!r}.")
        return value if isinstance(switch.usual, float) else int(value)

    def profile(self, seed: Any) -> dict[str, Value]:
        """0 to 2 switches with their values, the same for the same seed."""
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise FaultError(f"El perfil necesita «seed» entero, no {seed!r}.")
        dice = random.Random(f"{self.bank}:{seed}")  # noqa: S311 - a test's choice, not a secret
        pool = [switch for switch in self._known.values() if switch.draw]
        return {switch.name: dice.choice(switch.draw) for switch in dice.sample(pool, dice.choice((0, 1, 1, 2, 2, 2)))}

    def listing(self) -> dict[str, dict[str, Any]]:
        """Every switch as GET /__faults shows it."""
        return {
            name: {
                "kind": switch.kind,
                "value": self._values[name],
                "default": switch.banks.get(self.bank, switch.off),
                "usual": switch.usual,
                "choices": list(switch.choices),
                "description": switch.description,
            }
            for name, switch in self._known.items()
        }

    def active(self) -> dict[str, Value]:
        """Switches that are not as by default."""
        return {
            name: value
            for name, value in self._values.items()
            if value != self._known[name].banks.get(self.bank, self._known[name].off)
        }

    def on(self, name: str) -> bool:
        """Whether a switch is on; counts as acted."""
        if not self._values.get(name):
            return False
        self.fired[name] += 1
        return True

    def text(self, name: str) -> str:
        """The value of a switch with choices; "" for one this bank does not have."""
        return str(self._values.get(name) or "")

    def number(self, name: str) -> float:
        """The value of a switch that is a number, 0 when off."""
        value = self._values.get(name, 0)
        return float(value) if isinstance(value, int | float) else 0.0

    def take(self, name: str) -> bool:
        """Whether a switch that counts times acts now; uses one up."""
        if not self._values.get(name):
            return False
        left = self._left.setdefault(name, int(self.number(name)))
        if left <= 0:
            return False
        self._left[name] = left - 1
        self.fired[name] += 1
        return True
