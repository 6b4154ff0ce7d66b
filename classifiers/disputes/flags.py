"""Rules over the sender's words: what is said, what is denied, in which tense. The rules are data: ``flags.toml``.

Each flag is a feature of the model, not a verdict; its sentence is shown to people when it weighed. Patterns run on
folded text (lower case, no accents), sentence by sentence; a flag in the reach of a negation counts as denied, which is
a feature of its own ("no pido plazo").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, RootModel

from classifiers.disputes.example import ACCOUNTS, Example
from classifiers.disputes.text import fold, sentences
from cobranza.kernel.config import Strict, load

_RULES = Path(__file__).with_name("flags.toml")
_REACH = 34  # characters before a flag in which a negation denies it
_SHORT = 60  # characters
_NEGATION = re.compile(
    r"\b(?:no|nao|nem|not|n't|ni|sin|sem|without|never|nunca|jamas|tampoco|isn't|don't|doesn't|didn't|nothing|nada)\b"
    r"(?!.*[,;:.(]|.*\b(?:pero|sino|mas|but|porque)\b)"  # nothing between that ends its reach
)
_MAIN = re.compile(
    r"lo urgente|lo principal|lo importante|lo que me importa|lo primero|principal motivo|motivo principal"
    r"|razon principal|peticion principal|el motivo de|o principal|o urgente|o importante|the main|most urgent"
    r"|the reason i|what i need|what matters|above all|sobre todo|sobretudo"
)


_HINTS = ("new_account", "assigned", "debit_order", "which_account")


class _Rule(Strict):
    razon: Annotated[str, Field(min_length=1)]
    negable: bool = False
    patrones: tuple[Annotated[str, Field(min_length=1)], ...]


class _Rules(RootModel[dict[str, _Rule]]):
    pass


@dataclass(frozen=True, slots=True)
class Flag:
    """One rule: its name, what it tells people (Spanish) and its pattern; `deniable` when a negation turns it."""

    name: str
    reason: str
    pattern: re.Pattern[str]
    deniable: bool


_FILES = (
    (
        "file_proof",
        "adjunta un comprobante",
        re.compile(r"comprob|justific|transfer|voucher|pago|recibo|swift|pix|pay"),
    ),
    ("file_photo", "adjunta una foto", re.compile(r"\.(?:jpe?g|png|heic)$|foto|img_")),
    ("file_invoice", "adjunta una factura", re.compile(r"factura|invoice|fatura|nota|\.xml$")),
    (
        "file_account",
        "adjunta un certificado de cuenta",
        re.compile(r"iban|cuenta|titularidad|sepa|mandato|bank|conta"),
    ),
    ("file_court", "adjunta un escrito judicial", re.compile(r"auto|juzgado|concurso|edicto|sentencia|court|decree")),
)
_COUNTS = (
    ("has_account", "nombra un número de cuenta"),
    ("has_invoice", "nombra una factura"),
    ("has_amount", "nombra un importe"),
    ("short", "es muy breve"),
)


@cache
def rules() -> tuple[Flag, ...]:
    """The rules of ``flags.toml``, in its order.

    Raises:
        ConfigError: the file cannot be used.
    """
    return tuple(
        Flag(name, rule.razon, re.compile("|".join(map(_anchored, rule.patrones))), rule.negable)
        for name, rule in load(_RULES, _Rules).root.items()
    )


def _anchored(pattern: str) -> str:
    return pattern if pattern[0] in "^\\" else rf"\b{pattern}"


@cache
def names() -> tuple[str, ...]:
    """Of the columns of `matrix`."""
    found: list[str] = []
    for flag in rules():
        found += [flag.name, f"{flag.name}:main", f"{flag.name}:last"]
        if flag.deniable:
            found.append(f"{flag.name}:denied")
    return (*found, *(name for name, _, _ in _FILES), *(name for name, _ in _COUNTS))


@cache
def reasons() -> dict[str, str]:
    """Column → Spanish, for people."""
    told = {flag.name: flag.reason for flag in rules()}
    told |= {f"{flag.name}:denied": f"niega lo que suele significar «{flag.reason}»" for flag in rules()}
    return told | {name: reason for name, reason, _ in _FILES} | dict(_COUNTS)


def matrix(examples: Sequence[Example]) -> NDArray[np.float32]:
    """Flags of messages: float32, shape (n_examples, n_names), 0 or 1, columns in the order of `names`."""
    columns = {name: place for place, name in enumerate(names())}
    table = np.zeros((len(examples), len(columns)), dtype=np.float32)
    for row, example in zip(table, examples, strict=True):
        row[[columns[name] for name in raised(example)]] = 1.0
    return table


def hinted(table: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows of `matrix` raise a rule that speaks of another bank account, shape (n_examples,)."""
    columns = [place for place, name in enumerate(names()) if name in _HINTS]
    found: NDArray[np.bool_] = table[:, columns].max(axis=1) > 0
    return found


def raised(example: Example) -> set[str]:
    """Names of the flags that a message raises."""
    found: set[str] = set()
    parts = [fold(part) for part in sentences(example.text)]
    for place, part in enumerate(parts):
        main = bool(_MAIN.search(part))
        last = len(parts) > 2 and place >= len(parts) - 2
        for flag in rules():
            found.update(_found(flag, part, main=main, last=last))
    files = [fold(name) for name in example.attachments]
    found |= {name for name, _, pattern in _FILES if any(pattern.search(file) for file in files)}
    if ACCOUNTS.intersection(example.entities):
        found.add("has_account")
    if "invoice" in example.entities:
        found.add("has_invoice")
    if "amount" in example.entities:
        found.add("has_amount")
    if len(example.text) < _SHORT:
        found.add("short")
    return found


def _found(flag: Flag, part: str, *, main: bool, last: bool) -> set[str]:
    """What one rule finds in one sentence: itself (and where), or its denial alone."""
    denied = False
    for match in flag.pattern.finditer(part):
        if flag.deniable and _NEGATION.search(part[max(0, match.start() - _REACH) : match.start()]):
            denied = True
            continue
        names = {flag.name}
        names |= {f"{flag.name}:main"} if main else set()
        return names | ({f"{flag.name}:last"} if last else set())
    return {f"{flag.name}:denied"} if denied else set()
