"""Which strategy an account gets while one is tried out: a pilot share, a hold-out with nothing, the rest as before.

The draw is a hash of the trial's name and the debtor, so it needs no memory, never changes during a trial, and two
trials draw independently of each other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Literal

Arm = Literal["holdout", "pilot", "current"]
_STEPS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Attributes:
    name: Of the trial; another name draws anew.
    pilot: Strategy that is tried, "" for none.
    pilot_share: Of all accounts, per cent.
    holdout_share: Of all accounts, per cent, that get no message of a strategy (never a notice that the law asks for).
    shadow: The pilot's proposals are only recorded; its accounts get the current strategy.
    since: First day.
    until: Last day, None while it is open.
    """

    name: str
    pilot: str = ""
    pilot_share: int = 0
    holdout_share: int = 0
    shadow: bool = False
    since: date = date.min
    until: date | None = None

    def __post_init__(self) -> None:
        """Shares that make no sense would silently draw everybody."""
        if min(self.pilot_share, self.holdout_share) < 0 or self.pilot_share + self.holdout_share > 100:
            raise ValueError("shares are per cent and sum to 100 at most")


def arm(trial: Trial, account: str, today: date) -> Arm:
    """The arm that `account` is in; everybody has the current strategy outside the trial's days."""
    if today < trial.since or (trial.until is not None and today > trial.until):
        return "current"
    drawn = _draw(trial.name, account)
    if drawn < trial.holdout_share * _STEPS // 100:
        return "holdout"
    if trial.pilot and drawn < (trial.holdout_share + trial.pilot_share) * _STEPS // 100:
        return "pilot"
    return "current"


def _draw(name: str, account: str) -> int:
    """0 to 999,999, equal for the same trial and account on every machine."""
    return int.from_bytes(hashlib.sha256(f"{name}\n{account}".encode()).digest()[:8]) % _STEPS
