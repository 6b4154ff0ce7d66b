"""Scripts for the objections that people meet when they negotiate."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).resolve().parent / "objections.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """What a debtor says, what to ask, what to answer and what is never said. Spanish: it is spoken to the debtor."""

    dice: str
    preguntar: str
    contestar: str
    evitar: str


@cache
def objections() -> tuple[Objection, ...]:
    """All of them, in the order of the file."""
    raw = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(Objection(**each) for each in raw["objeciones"])
