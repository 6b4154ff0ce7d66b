"""Why banks give a collection back, by their own codes, and what that means for claiming it: data with sources.

The data stand in ``returns.toml`` beside this file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from cobranza.regimes.payments import RegimeError

_FILE = Path(__file__).resolve().parent / "returns.toml"


class Category(StrEnum):
    """What a reason says about the debt."""

    NO_FUNDS = "no_funds"
    ACCOUNT = "account"
    REFUSED = "refused"
    MANDATE = "mandate"
    DECEASED = "deceased"
    TECHNICAL = "technical"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCode:
    """One reason.

    Attributes:
        code: The bank's, "AM04".
        text: In Spanish, for staff.
        category: What it says about the debt.
        may_retry: Presenting it again, once our own data are right, makes sense without asking the debtor first.
        advice: What to do, in Spanish.
        since: First day in force.
        until: Last day in force, None while it is.
        source: Who defines it.
    """

    code: str
    text: str
    category: Category
    may_retry: bool
    advice: str
    since: date
    until: date | None
    source: str

    def in_force(self, day: date) -> bool:
        """Whether banks used the code on `day`."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCodes:
    """The whole file.

    Attributes:
        reasons: By code.
        phrases: Plain words and the code that they stand for, in the order in which they are sought.
        words: Plain words that say "returned", besides those of ``wording.toml``.
        n43: Common concepts of Norma 43 that say "returned".
        camt: Sub-families of CAMT that do.
        mt940: Types and marks of MT940 that do.
    """

    reasons: dict[str, ReturnCode]
    phrases: tuple[tuple[str, str], ...]
    words: frozenset[str]
    n43: frozenset[str]
    camt: frozenset[str]
    mt940: frozenset[str]


@cache
def return_codes() -> ReturnCodes:
    """The codes of ``returns.toml``.

    Raises:
        RegimeError: the file cannot be read, or a phrase names a code that is not there.

    >>> return_codes().reasons["AM04"].text
    'Saldo insuficiente'
    """
    try:
        raw = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise RegimeError(f"{_FILE.name}: no se puede leer ({exc}).") from exc
    try:
        reasons = {entry["code"]: _reason(entry, raw) for entry in raw["reason"]}
        phrases = tuple((words, reasons[entry["code"]].code) for entry in raw["phrase"] for words in entry["words"])
        marks = {name: frozenset(raw["marks"][name]) for name in ("words", "n43", "camt", "mt940")}
    except (KeyError, ValueError, TypeError) as exc:
        raise RegimeError(f"{_FILE.name}: falta o no vale {exc}.") from exc
    if len(reasons) != len(raw["reason"]):
        raise RegimeError(f"{_FILE.name}: hay un código repetido.")
    return ReturnCodes(reasons=reasons, phrases=phrases, **marks)


def _reason(entry: dict[str, Any], raw: dict[str, Any]) -> ReturnCode:
    return ReturnCode(
        code=entry["code"],
        text=entry["text"],
        category=Category(entry["category"]),
        may_retry=entry["may_retry"],
        advice=entry["advice"],
        since=entry.get("since", raw["since"]),
        until=entry.get("until"),
        source=entry.get("source", raw["source"]),
    )
