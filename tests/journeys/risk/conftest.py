"""Signs people in as the console's own journeys do; the suite that is served has the shipped thresholds."""

from __future__ import annotations

import shutil

import pytest

from tests.journeys.console.conftest import browser, clean, room, site
from tests.journeys.legal.conftest import enter
from tests.journeys.runs.engine_room import REPO, EngineRoom

__all__ = ["browser", "clean", "enter", "room", "site", "thresholds"]


@pytest.fixture(autouse=True)
def thresholds(room: EngineRoom) -> None:
    for name in ("risk.toml", "bureaus.toml", "gate.toml"):
        shutil.copy(REPO / "config" / name, room.root / "config" / name)
