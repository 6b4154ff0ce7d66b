"""The second proof: the end of a tax id, or a one-time code. Pure."""

from __future__ import annotations

import hmac
import secrets

CODE_DIGITS = 6


def bare(text: str) -> str:
    """A tax id without what separates its parts, in capitals.

    >>> bare("b-12.345.674")
    'B12345674'
    """
    return "".join(sign for sign in text.upper() if sign.isascii() and sign.isalnum())


def ends_tax_id(said: str, tax_id: str, digits: int) -> bool:
    """Whether `said` is the end of `tax_id`: its last `digits` characters, or all of it.

    A tax id that is not much longer than what is asked for proves nothing and never matches.

    >>> ends_tax_id("5674", "B12345674", 4), ends_tax_id("B-12345674", "B12345674", 4)
    (True, True)
    >>> ends_tax_id("674", "B12345674", 4), ends_tax_id("5674", "5674", 4), ends_tax_id("", "", 4)
    (False, False, False)
    """
    known, given = bare(tax_id), bare(said)
    if len(known) < digits + 2:
        return False
    wanted = known if len(given) > digits else known[-digits:]
    return hmac.compare_digest(given.encode("ascii"), wanted.encode("ascii"))


def new_code() -> str:
    """A one-time code, six digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
