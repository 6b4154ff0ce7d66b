"""How the states of runs and items look in the console: tone and icon of the kit. The word comes from the state."""

from __future__ import annotations

from cobranza.runs.models import ItemState, RunState

NEUTRAL = ("neutral", "clock")

LOOKS: dict[str, tuple[str, str]] = {
    RunState.QUEUED: ("neutral", "clock"),
    RunState.RUNNING: ("info", "refresh"),
    RunState.DONE: ("ok", "check"),
    RunState.BUSINESS_ERROR: ("warn", "alert"),
    RunState.TECHNICAL_ERROR: ("danger", "x"),
    RunState.NEEDS_PERSON: ("person", "person"),
    RunState.CANCELLED: ("neutral", "stop"),
    RunState.EXPIRED: ("warn", "clock"),
    ItemState.NEW: ("neutral", "inbox"),
}


def tone(state: str) -> str:
    """The tone of a state."""
    return LOOKS.get(state, NEUTRAL)[0]


def icon(state: str) -> str:
    """The icon of a state."""
    return LOOKS.get(state, NEUTRAL)[1]
