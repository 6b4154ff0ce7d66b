"""The memory of a process and of all that it starts, as the kernel counts it.

`ru_maxrss` is of no use for this: it survives fork and exec, so that a small process started by a large one reports
the large one's peak. `VmHWM` belongs to the program alone; the sum over a tree counts shared pages once (`Pss`).
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_STEP = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command that has ended; peaks in MiB: of its own process (exact), of any below, of all together (sampled)."""

    code: int
    out: str
    errors: str
    own: int
    child: int
    tree: int


def run(command: Sequence[str], *, cwd: Path, seconds: float) -> Run:
    """Run a command and watch it; the watching is done here and costs the command nothing.

    Raises:
        subprocess.TimeoutExpired: it took longer; it was killed.
    """
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        watch = _Watch(process.pid)
        watch.start()
        try:
            out, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            watch.done.set()
            watch.join()
    return Run(code=process.returncode, out=out, errors=errors, own=watch.own, child=watch.child, tree=watch.tree)


def high_water() -> int:
    """Most memory that this process has held since its program began, MiB."""
    return _kib(f"/proc/{os.getpid()}/status", "VmHWM:") // 1024


class _Watch(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.own = self.child = self.tree = 0
        self._pid = pid

    def run(self) -> None:
        """Look until told to stop."""
        while not self.done.wait(_STEP):
            below = [pid for pid in _family(self._pid) if pid != self._pid]
            self.own = max(self.own, _kib(f"/proc/{self._pid}/status", "VmHWM:") // 1024)
            self.child = max([self.child, *(_kib(f"/proc/{pid}/status", "VmHWM:") // 1024 for pid in below)])
            held = sum(_kib(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in (self._pid, *below))
            self.tree = max(self.tree, held // 1024)


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        below = [(each / "children").read_text(encoding="ascii") for each in threads]
    except OSError:
        return  # it has just ended
    for each in " ".join(below).split():
        yield from _family(int(each))


def _kib(file: str, name: str) -> int:
    try:
        lines = Path(file).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
