"""What all sources are read with: a probability or a grade, a count, an amount. A wrong one is refused by its place."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from cobranza.risk.ports import BureauRefused


def plain_id(text: str) -> str:
    """A tax id as it is compared: letters and digits, upper case.

    >>> plain_id("b-12345674")
    'B12345674'
    """
    return "".join(sign for sign in text.upper() if sign.isalnum())


def default(share: str, grade: str, grades: Mapping[str, float], where: str) -> float:
    """The probability of default: as it is given, else by the grade."""
    if share:
        try:
            found = float(share)
        except ValueError as exc:
            raise BureauRefused(f"{where}: «{share}» no es una probabilidad.") from exc
    elif grade in grades:
        found = grades[grade]
    else:
        raise BureauRefused(f"{where}: ni probabilidad ni una nota que conste en la configuración («{grade}»).")
    if not 0 <= found <= 1:  # not a number fails this too
        raise BureauRefused(f"{where}: la probabilidad {share} no está entre 0 y 1.")
    return found


def whole(text: str, where: str) -> int:
    """A count."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BureauRefused(f"{where}: «{text}» no es un número de incidencias.")
    return int(text)


def amount(text: str, where: str) -> Decimal:
    """An amount, not negative."""
    try:
        found = Decimal(text)
    except InvalidOperation as exc:
        raise BureauRefused(f"{where}: «{text}» no es un importe.") from exc
    if not found.is_finite() or found < 0:
        raise BureauRefused(f"{where}: «{text}» no es un importe.")
    return found
