"""How fast each statement format is read and proved: MB/s and movements/s on files of 20,000 movements.

CPU time of the best of three runs, so that other work on the machine counts little. Targets on an idle core:
10 MB/s for CAMT, 5 MB/s for the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from cobranza.reconciliation import statement_files
from tests.unit.statements import builders
from tests.unit.statements.builders import Line

MOVEMENTS = 20_000
WRITERS: dict[str, Callable[[Sequence[Line]], bytes]] = {
    "camt": builders.camt,
    "mt940": builders.mt940,
    "n43": builders.n43,
    "ofx": builders.ofx,
    "csv": builders.spanish_csv,
}


@pytest.mark.bench
@pytest.mark.parametrize("slug", WRITERS)
def test_reads_and_proves_20_000_movements(slug: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = WRITERS[slug](builders.many(MOVEMENTS))
    path = tmp_path / f"extracto.{slug}"
    path.write_bytes(raw)

    seconds = []
    for _ in range(3):
        started = time.process_time()
        file = statement_files.read(path)
        seconds.append(time.process_time() - started)

    assert len(file.statements[0].movements) == MOVEMENTS
    size = len(raw) / 1_000_000
    with capsys.disabled():
        print(f"\n{slug}: {size:.1f} MB, {size / min(seconds):.1f} MB/s, {MOVEMENTS / min(seconds):,.0f} movements/s")
