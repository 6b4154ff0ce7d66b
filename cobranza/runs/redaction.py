"""Keeps a run's secrets out of everything it writes: log messages, failures, and the console down to the descriptor."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

HIDDEN = "<secret>"
_SHORTEST = 4
_SHORTEST_LINE = 8
_LONGEST_LINE = 64 * 1024
_FLUSH_SECONDS = 2.0


class Redactor:
    """Replaces the secrets it knows, and the lines of those that have several (keys in PEM)."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known: set[str] = set()
        for value in secrets:
            known.update(part for part in (value, value.strip()) if len(part) >= _SHORTEST)
            lines = value.splitlines()
            if len(lines) > 1:
                known.update(line.strip() for line in lines if len(line.strip()) >= _SHORTEST_LINE)
        self._known = sorted(known, key=len, reverse=True)
        self._bytes = [value.encode() for value in self._known]

    def text(self, text: str) -> str:
        """`text` without secrets."""
        for value in self._known:
            if value in text:
                text = text.replace(value, HIDDEN)
        return text

    def raw(self, data: bytes) -> bytes:
        """`data` without secrets."""
        for value in self._bytes:
            if value in data:
                data = data.replace(value, HIDDEN.encode())
        return data


@contextmanager
def clean_console(redactor: Redactor) -> Iterator[None]:
    """Standard output and error of this process and its children pass through `redactor`, line by line."""
    reading, writing = os.pipe()
    saved = os.dup(1)
    os.set_inheritable(saved, False)
    pump = threading.Thread(target=_pump, args=(reading, saved, redactor), name="console", daemon=True)
    pump.start()
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(writing)
    try:
        yield
    finally:
        _flush()
        os.dup2(saved, 1)
        os.dup2(saved, 2)
        pump.join(_FLUSH_SECONDS)  # a child of ours may keep the pipe open for ever


def _flush() -> None:
    import sys

    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _pump(reading: int, target: int, redactor: Redactor) -> None:
    rest = b""
    while chunk := os.read(reading, 65536):
        rest += chunk
        whole, newline, rest = rest.rpartition(b"\n")
        if newline:
            os.write(target, redactor.raw(whole + newline))
        elif len(rest) > _LONGEST_LINE:
            os.write(target, redactor.raw(rest))
            rest = b""
    if rest:
        os.write(target, redactor.raw(rest))
    os.close(reading)
