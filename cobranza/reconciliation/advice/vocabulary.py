"""The words of ``vocabulary.toml``: what columns and facts of an advice are called."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

from cobranza.reconciliation.text import plain

_NOISE = re.compile(r"[^A-Z0-9/\-]+")
_INITIALS = re.compile(r"(?<![A-Z0-9])([A-Z])\.(?=[A-Z](?![A-Z0-9]))")
_LOOSE_MARKS = re.compile(r"(?:(?<=\s)|^)[/\-]+|[/\-]+(?=\s|$)")
_CODE = re.compile(r"\b(EUR|USD|GBP|CHF|MXN|COP|PEN|CLP|ARS|UYU)\b")


class Role(StrEnum):
    """What a column holds; see `vocabulary.toml`."""

    DOCUMENT = "document"
    NUMBER = "number"
    OWN = "own"
    ISSUED = "issued"
    DUE = "due"
    GROSS = "gross"
    PRIOR = "prior"
    LEFT = "left"
    WITHHELD = "withheld"
    DEPOSITED = "deposited"
    DISCOUNT = "discount"
    FEE = "fee"
    PAID = "paid"
    AMOUNT = "amount"
    DEBIT = "debit"
    CREDIT = "credit"
    KIND = "kind"
    MARK = "mark"
    CURRENCY = "currency"
    PAYMENT = "payment"
    PAYER = "payer"
    TEXT = "text"
    IGNORED = "ignored"


class Total(StrEnum):
    """What a total adds up."""

    PAYMENT = "payment"
    PLAIN = "plain"
    PARTIAL = "partial"


class Label(StrEnum):
    """What a fact outside the table is."""

    PAID_ON = "paid_on"
    DATE = "date"
    PAYER = "payer"
    PAYEE = "payee"
    REFERENCE = "reference"
    METHOD = "method"
    CURRENCY = "currency"
    TAX_ID = "tax_id"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The file, ready to be asked."""

    drop: frozenset[str]
    same: dict[str, str]
    roles: dict[str, Role]
    totals: dict[str, Total]
    labels: dict[str, Label]
    credit_kinds: frozenset[str]
    credit_marks: frozenset[str]
    debit_marks: frozenset[str]
    currencies: dict[str, str]


@cache
def vocabulary() -> Vocabulary:
    """Read once."""
    raw = tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8"))
    return Vocabulary(
        drop=frozenset(raw["words"]["drop"]),
        same=dict(raw["words"]["same"]),
        roles={phrase: Role(role) for role, phrases in raw["roles"].items() for phrase in phrases},
        totals={phrase: Total(kind) for kind, phrases in raw["totals"].items() for phrase in phrases},
        labels={phrase: Label(kind) for kind, phrases in raw["labels"].items() for phrase in phrases},
        credit_kinds=frozenset(raw["signs"]["credit_kinds"]),
        credit_marks=frozenset(raw["signs"]["credit_marks"]),
        debit_marks=frozenset(raw["signs"]["debit_marks"]),
        currencies={plain(word): code for code, words in raw["currencies"].items() for word in words},
    )


@lru_cache(maxsize=4096)
def simple(heading: str) -> str:
    """A heading without what does not tell it from another.

    >>> simple("Nº de Factura"), simple("S/ Fra."), simple("Imp. pagado (EUR)"), simple("Dto. P.P.")
    ('N FACTURA', 'FACTURA', 'IMPORTE PAGADO', 'DESCUENTO PP')
    """
    words = vocabulary()
    bare = _LOOSE_MARKS.sub(" ", _NOISE.sub(" ", _INITIALS.sub(r"\1", plain(heading))))
    found = []
    for word in bare.split():
        word = word.removeprefix("S/") if len(word) > 3 else word
        if word in words.drop or word in words.currencies:
            continue
        found.append(words.same.get(word, word))
    return " ".join(found)


def role_of(heading: str) -> Role | None:
    """Role of a column by its heading, None when it says nothing.

    >>> role_of("Su factura"), role_of("Importe bruto"), role_of("Rete ICA"), role_of("hola")
    (<Role.DOCUMENT: 'document'>, <Role.GROSS: 'gross'>, <Role.WITHHELD: 'withheld'>, None)
    """
    key = simple(heading)
    found = vocabulary().roles.get(key)
    if found is None and key.count(" ") == 0 and "/" not in key:
        return None
    return found or vocabulary().roles.get(key.replace("/", " ")) or vocabulary().roles.get(key.replace("-", " "))


def total_of(label: str) -> Total | None:
    """What a label such as "Total a pagar:" adds up, None when it is no total.

    >>> total_of("Total a pagar:"), total_of("Suma y sigue"), total_of("Fecha")
    (<Total.PAYMENT: 'payment'>, <Total.PARTIAL: 'partial'>, None)
    """
    return vocabulary().totals.get(simple(label))


def label_of(label: str) -> Label | None:
    """What a label outside the table names, None when nothing known."""
    return vocabulary().labels.get(simple(label))


def currency_in(text: str) -> str:
    """The currency that a text names, "" when none or more than one.

    >>> currency_in("Importe (EUR)"), currency_in("12,00 €"), currency_in("12,00")
    ('EUR', 'EUR', '')
    """
    flat = plain(text)
    found = set(_CODE.findall(flat))
    for word, code in vocabulary().currencies.items():
        if (len(word) > 3 or not word.isalpha()) and re.search(rf"(?<![A-Z0-9]){re.escape(word)}(?![A-Z])", flat):
            found.add(code)
    return found.pop() if len(found) == 1 else ""
