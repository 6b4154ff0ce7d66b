"""The three designs of Caja Demo: what each calls its ids and classes, its columns and its buttons."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_STYLESHEET = Path(__file__).parent / "static" / "caja.css"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the movements table."""

    key: str
    label: str


_OPERATION = Column("booked", "Fecha operación")
_VALUE = Column("value", "Fecha valor")
_CONCEPT = Column("concept", "Concepto")
_REFERENCE = Column("reference", "Referencia")
_AMOUNT = Column("amount", "Importe")
_BALANCE = Column("balance", "Saldo")

COLUMNS = {
    "v1": (_OPERATION, _VALUE, _CONCEPT, _REFERENCE, _AMOUNT, _BALANCE),
    "v2": (_VALUE, _OPERATION, _AMOUNT, _BALANCE, Column("concept", "Descripción"), _REFERENCE),
    "v3": (_OPERATION, _VALUE, _CONCEPT, _REFERENCE, Column("arrow", ""), _BALANCE),
}
SEARCH = {"v1": "Buscar", "v2": "Consultar", "v3": "Buscar"}
ORDER = {"v1": "Solicitar extracto", "v2": "Solicitar extracto", "v3": "Pedir"}


def name(word: str, layout: str) -> str:
    """The id or class that a design uses for what v1 calls `word`.

    >>> name("tabla", "v1"), name("tabla", "v2") != "tabla"
    ('tabla', True)
    """
    if layout == "v1":
        return word
    return "x" + hashlib.sha256(f"{layout}:{word}".encode()).hexdigest()[:7]


def stylesheet(layout: str) -> str:
    """The stylesheet with the class names of a design."""
    css = _STYLESHEET.read_text(encoding="utf-8")
    return re.sub(r"\.([a-z][a-z-]+)", lambda found: "." + name(found[1], layout), css)
