"""What the engine adds: from the command to the first keyword, and items per second."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cobranza.runs import items
from tests.journeys.runs.conftest import room
from tests.journeys.runs.engine_room import EngineRoom

__all__ = ["room"]

STAMP = """
import time
from pathlib import Path
from cobranza.runs import context

def haz():
    Path(context.current().evidence, "primera.txt").write_text(str(time.time()))
"""


@pytest.mark.bench
def test_time_from_the_command_to_the_first_keyword(room: EngineRoom, capsys: pytest.CaptureFixture[str]) -> None:
    room.simple("marca", STAMP)
    waits = []
    for _ in range(7):
        began = time.time()
        command = [sys.executable, "-c", "from cobranza.cli import main; main()", "run", "marca"]
        subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=Path(__file__).resolve().parents[2])
        stamp = max(room.output.rglob("primera.txt"), key=lambda file: file.stat().st_mtime)
        waits.append(float(stamp.read_text()) - began)
    bare = []
    robot = room.root / "vacio.robot"
    robot.write_text("*** Tasks ***\nNada\n    No Operation\n")
    for _ in range(3):
        began = time.time()
        command = [sys.executable, "-m", "robot", "--outputdir", str(room.root / "bare"), str(robot)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        bare.append(time.time() - began)
    with capsys.disabled():
        print(
            f"\ncobranza run -> first keyword: median {statistics.median(waits):.2f} s "
            f"(min {min(waits):.2f}, max {max(waits):.2f}); a whole bare robot run: {statistics.median(bare):.2f} s"
        )
    assert len(waits) == 7


@pytest.mark.bench
def test_items_per_second(room: EngineRoom, capsys: pytest.CaptureFixture[str]) -> None:
    total = 500
    began = time.perf_counter()
    for number in range(total):
        items.add("banco", f"F{number}")
    added = time.perf_counter()
    for item in items.work("banco"):
        with item:
            item.complete(result=1)
    done = time.perf_counter()
    with capsys.disabled():
        print(f"\nitems: {total / (added - began):.0f} added/s, {total / (done - added):.0f} claimed and completed/s")
    assert items.claim("banco") is None
