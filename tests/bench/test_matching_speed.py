"""How long `cobranza reconcile files` takes, start-up, reading and writing included, and what memory it needs.

Prints CPU and wall seconds, CPU per payment and the largest memory of all its processes together, for 10,000 and
100,000 payments; with ``COBRANZA_BENCH_MILLION=1`` also for a million payments and two million documents. Targets on
two idle cores: 3 s, 15 s, and 180 s in 6 GB; at most twelve times from 100,000 to a million.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.bench.worlds import PROFILES, make

SIZES = [10_000, 100_000, *([1_000_000] if os.environ.get("COBRANZA_BENCH_MILLION") == "1" else [])]


@pytest.mark.bench
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("payments", SIZES)
def test_reconciles_files(payments: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = make(tmp_path, payments=payments, profile=PROFILES["real"], seed=5)
    before = os.times()
    started = time.perf_counter()

    with subprocess.Popen(
        [sys.executable, "-m", "cobranza", "reconcile", "files", str(tmp_path), "--out", str(tmp_path / "matches.csv")],
        stdout=subprocess.DEVNULL,
    ) as process:
        largest = [0]
        watcher = threading.Thread(target=_watch, args=(process.pid, largest), daemon=True)
        watcher.start()
        code = process.wait()
    watcher.join()

    wall, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    assert code == 0
    assert (tmp_path / "matches.csv").stat().st_size > 0
    with capsys.disabled():
        print(
            f"\n{size['payments']:,} payments x {size['invoices']:,} documents: {cpu:.1f} CPU s, {wall:.1f} s wall, "
            f"{cpu / size['payments'] * 1e6:.0f} us of CPU per payment, {largest[0] / 2**30:.2f} GiB at most"
        )


def _watch(pid: int, largest: list[int]) -> None:
    """Keep the largest sum of what the process and its children hold; shared pages count once."""
    try:
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            family = [root, *root.children(recursive=True)]
            largest[0] = max(largest[0], sum(_held(process) for process in family))
            time.sleep(0.25)
    except psutil.NoSuchProcess:
        return


def _held(process: psutil.Process) -> int:
    try:
        return int(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
