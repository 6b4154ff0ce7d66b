"""A worker process and the way to it: one JSON line in, one out, killed with all its children when it is late."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cobranza.legal.inputs.tools import InputToolMissing, Tools
from cobranza.legal.inputs.verdict import InputLimits, Verdict

_START = 60.0


class WorkerLost(Exception):
    """The worker died or was killed; `reason` is Spanish."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Worker:
    """One worker process. One thread at a time."""

    def __init__(self, limits: InputLimits, tools: Tools, scratch: Path) -> None:
        self._limits = limits
        settings = {"limits": asdict(limits), "tools": {**asdict(tools), "fonts": str(tools.fonts)}}
        # No secret of the environment is for a process that opens strangers' files.
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "TMPDIR": str(scratch),
            "OMP_THREAD_LIMIT": "1",
            "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cobranza.legal.inputs.worker", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            process_group=0,
        )
        self._rest = b""
        self._end = weakref.finalize(self, _kill, self._process)

    def do(self, job: Mapping[str, Any]) -> Verdict:
        """Convert one file; see `cobranza.legal.inputs.worker` for the job.

        Raises:
            WorkerLost: it took too long or died; this worker can do nothing more.
            InputToolMissing: a font or program that the conversion needs is not installed.
        """
        until = time.monotonic() + _START + self._limits.seconds
        try:
            self._send(job)
            while True:
                answer = self._receive(until)
                if "more" in answer:
                    until = time.monotonic() + float(answer["more"])
                elif "missing" in answer:
                    raise InputToolMissing(str(answer["missing"]))
                else:
                    return Verdict.from_dict(answer["verdict"])
        except (OSError, ValueError, KeyError, TypeError) as exc:
            self.close()
            raise WorkerLost("el proceso se ha cerrado solo") from exc
        except WorkerLost:
            self.close()
            raise

    def close(self) -> None:
        """End it and everything that it started."""
        self._end()

    def _send(self, job: Mapping[str, Any]) -> None:
        if self._process.stdin is None:
            raise OSError("no pipe")
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()

    def _receive(self, until: float) -> dict[str, Any]:
        if self._process.stdout is None:
            raise OSError("no pipe")
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise WorkerLost("ha tardado demasiado")
            block = os.read(self._process.stdout.fileno(), 65536)
            if not block:
                raise WorkerLost("el proceso se ha cerrado solo, quizá por falta de memoria")
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\n")
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ValueError("no object")
        return answer


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()
