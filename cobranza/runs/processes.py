"""Process trees: how they die with their parent and how nothing of them is left behind. Linux.

Three nets, because each has holes: a robot gets `SIGKILL` when the thread that started it dies (`die_with_parent`); a
stopped robot loses its process group and all its descendants (`kill_tree`); and whatever escaped both, such as a
browser in a session of its own whose parent is gone, still carries our marks in its environment (`marked`).
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

ATTEMPT_MARK = "COBRANZA_ATTEMPT"
LAUNCHER_MARK = "COBRANZA_LAUNCHER"
_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1
_ROUNDS = 20
_ROUND_SECONDS = 0.05


def die_with_parent(parent: int, sign: int = signal.SIGKILL) -> bool:
    """Ask the kernel for `sign` when the thread that started us dies.

    Returns:
        False when `parent` is already dead: the signal would never come, so the caller must end itself.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, sign, 0, 0, 0)
    return os.getppid() == parent


def identity(pid: int) -> str:
    """``pid:start`` of a process, the same for as long as it lives and never reused; "" when it is dead."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else f"{pid}:{fields[19]}"


def is_alive(mark: str) -> bool:
    """Whether the process that `identity` named still lives."""
    pid = mark.partition(":")[0]
    return pid.isdigit() and identity(int(pid)) == mark


def marks(pid: int) -> dict[str, str]:
    """Our marks in the environment of a process; empty when it has none or is not ours to read."""
    try:
        raw = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    found = {}
    for entry in raw.split(b"\0"):
        name, _, value = entry.partition(b"=")
        if name in (ATTEMPT_MARK.encode(), LAUNCHER_MARK.encode()):
            found[name.decode()] = value.decode(errors="replace")
    return found


def marked(wanted: Callable[[dict[str, str]], bool]) -> list[int]:
    """Processes (never this one) whose marks satisfy `wanted`.

    Only those of our own pid namespace: in a container's marks the numbers mean other processes.
    """
    own = os.getpid()
    here = _namespace(own)
    pids = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
    return [pid for pid in pids if pid != own and (found := marks(pid)) and wanted(found) and _namespace(pid) == here]


def _namespace(pid: int) -> str:
    try:
        return str((_PROC / str(pid) / "ns" / "pid").readlink())
    except OSError:
        return ""


def kill_tree(leader: int, attempt: str) -> int:
    """Kill a robot's process group, its descendants and everything that carries its mark.

    Args:
        leader: Pid of the robot, leader of its own group; it may be dead already.
        attempt: The attempt's mark, unique for ever.

    Returns:
        How many processes were signalled.
    """
    killed = _kill(_descendants(leader))
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    for _ in range(_ROUNDS):
        left = marked(lambda found: found.get(ATTEMPT_MARK) == attempt)
        if not left:
            break
        killed += _kill(left)
        time.sleep(_ROUND_SECONDS)
    return killed


def kill_orphans() -> int:
    """Kill what runs on this machine for a launcher that is dead. Returns how many were signalled."""
    alive: dict[str, bool] = {}

    def orphaned(found: dict[str, str]) -> bool:
        mark = found.get(LAUNCHER_MARK, "")
        if mark and mark not in alive:
            alive[mark] = is_alive(mark)
        return bool(mark) and not alive[mark]

    return _kill(marked(orphaned))


def _descendants(pid: int) -> list[int]:
    try:
        parent = psutil.Process(pid)
        return [child.pid for child in parent.children(recursive=True)] + [pid]
    except psutil.Error:
        return []


def _kill(pids: Iterable[int]) -> int:
    count = 0
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
            count += 1
        except (ProcessLookupError, PermissionError):
            continue
    return count
