"""Phrases as data (`phrases.toml`), compiled once."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))


def entries(table: str, name: str) -> tuple[str, ...]:
    """The entries of a list."""
    return tuple(_file()[table][name])


def alternatives(table: str, name: str) -> str:
    """The entries of a list, joined with "|"."""
    return "|".join(_file()[table][name])


def pattern(table: str, name: str, before: str = "", after: str = "") -> re.Pattern[str]:
    """One of the entries of a list, between `before` and `after`, in any case."""
    return re.compile(f"{before}(?:{alternatives(table, name)}){after}", re.IGNORECASE)
