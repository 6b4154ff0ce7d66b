"""The legal room with everything outside in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.legal import room as rooms


@pytest.fixture
def room(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> rooms.Room:
    return rooms.make(monkeypatch, tmp_path / "output")
