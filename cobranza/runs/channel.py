"""The line from a robot to its launcher: one JSON object per line through a pipe.

Robots need no database to be watched, and a busy robot never waits: when the pipe is full, progress is dropped.
"""

from __future__ import annotations

import json
import os
from typing import Any

CHANNEL = "COBRANZA_CHANNEL"
_MAX_LINE = 4000  # below PIPE_BUF, so that a line is written whole or not at all
_MAX_TEXT = 800


def send(event: str, **fields: Any) -> None:
    """Tell the launcher; does nothing outside an engine run."""
    number = os.environ.get(CHANNEL, "")
    if not number.isdigit():
        return
    line = _line(event, fields)
    try:
        os.write(int(number), line)
    except BlockingIOError:
        return
    except OSError:
        os.environ.pop(CHANNEL, None)  # the launcher is gone: stop trying


def _line(event: str, fields: dict[str, Any]) -> bytes:
    line = json.dumps({"event": event, **fields}, ensure_ascii=False).encode() + b"\n"
    if len(line) <= _MAX_LINE:
        return line
    return json.dumps({"event": event, **_short(fields)}).encode() + b"\n"


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[: _MAX_TEXT // 2]  # every character may take several bytes once escaped
    if isinstance(value, dict):
        return {key: _short(inner) for key, inner in value.items()}
    return value


class Reader:
    """Collects whole lines from the launcher's end of the pipe."""

    def __init__(self, number: int) -> None:
        os.set_blocking(number, False)
        self.number = number
        self._rest = b""

    def events(self) -> list[dict[str, Any]]:
        """What arrived since the last call; a line that is no JSON object is skipped."""
        chunks = [self._rest]
        while True:
            try:
                chunk = os.read(self.number, 65536)
            except BlockingIOError:
                break
            if not chunk:
                break
            chunks.append(chunk)
        *lines, self._rest = b"".join(chunks).split(b"\n")
        found = []
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                found.append(event)
        return found
