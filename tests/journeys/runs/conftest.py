from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cobranza.runs.keeper import KEEPER
from tests.journeys.runs.engine_room import EngineRoom, Process, database_url, empty_ticket_box, start_worker


@pytest.fixture
def room(tmp_path: Path, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineRoom]:
    """A suite and a database that child processes see too."""
    made = EngineRoom(tmp_path / "una suite")  # a space, as customers have
    monkeypatch.setenv("COBRANZA_HOME", str(made.root))
    monkeypatch.setenv("COBRANZA_OUTPUT", str(made.output))
    monkeypatch.setenv("COBRANZA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", database_url())
    empty_ticket_box()
    yield made
    KEEPER.close()
    empty_ticket_box()


@pytest.fixture
def worker(room: EngineRoom) -> Iterator[Process]:
    """One worker process."""
    started = start_worker(room)
    yield started
    started.stop()
