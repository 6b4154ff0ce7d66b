"""The console as it is served, with the wholesaler's ledger in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cobranza.ledger.models import Creditor
from tests.journeys.console.conftest import browser, clean, enter, room, site
from tests.journeys.reconciliation_workbench import world
from tests.journeys.runs.engine_room import REPO, EngineRoom

__all__ = ["browser", "clean", "enter", "room", "site"]


@pytest.fixture
def company(room: EngineRoom, clean: None) -> Creditor:
    """What is owed; nothing has arrived at the bank yet."""
    shutil.copy(REPO / "config" / "reconciliation.toml", room.root / "config" / "reconciliation.toml")
    return world.ledger()


@pytest.fixture
def month(tmp_path: Path) -> Path:
    """The bank's file."""
    file = tmp_path / "noviembre.n43"
    file.write_bytes(world.statement())
    return file
