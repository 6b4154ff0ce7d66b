"""Telling whether two ways of writing a bank account mean the same one."""

from __future__ import annotations

import re

_NOISE = re.compile(r"[\s\-./]+")
_MASK = re.compile(r"[*xX•·#]{2,}")
_MIN_TAIL = 4
_MIN_NATIONAL = 8
_IBAN = re.compile(r"[A-Z]{2}\d{2}")


def bare(number: str) -> str:
    """An account number without spaces and signs, in capitals.

    >>> bare("es91 2100-0418 45 0200051332")
    'ES9121000418450200051332'
    """
    return _NOISE.sub("", number).upper()


def same_account(one: str, other: str) -> bool:
    """Tell whether two account numbers mean the same account.

    Knows a Spanish IBAN, its twenty-digit number (CCC) and the eighteen digits of Norma 43 (no check digits); a
    national number at the end of any IBAN; the currency that MT940 may hang on; and numbers that a portal masks.

    >>> same_account("ES91 2100 0418 4502 0005 1332", "210004180200051332")
    True
    >>> same_account("ES9121000418450200051332", "**** 1332")
    True
    >>> same_account("ES9121000418450200051332", "ES7921000813610123456789")
    False
    """
    if _MASK.search(one) or _MASK.search(other):
        return _masked(one, other)
    if not bare(one) or not bare(other):
        return False
    forms, others = _forms(bare(one)), _forms(bare(other))
    return bool(forms & others) or any(_ends(a, b) or _ends(b, a) for a in forms for b in others)


def _ends(iban: str, national: str) -> bool:
    """Tell whether `iban` is an IBAN that ends in this national number."""
    return len(national) >= _MIN_NATIONAL and bool(_IBAN.match(iban)) and iban.endswith(national)


def _forms(number: str) -> set[str]:
    forms = {number}
    if re.fullmatch(r".*\d[A-Z]{3}", number):
        forms.add(number[:-3])
    for form in tuple(forms):
        if re.fullmatch(r"ES\d{22}", form):
            forms |= {form[4:], form[4:12] + form[14:]}
        elif re.fullmatch(r"\d{20}", form):
            forms.add(form[:8] + form[10:])
    return forms


def _masked(one: str, other: str) -> bool:
    """Compare what both show before and after the mask."""
    masked, shown = (one, other) if _MASK.search(one) else (other, one)
    if _MASK.search(shown):
        return bare(masked) == bare(shown)
    parts = _MASK.split(masked)
    head, tail, whole = bare(parts[0]), bare(parts[-1]), bare(shown)
    return len(tail) >= _MIN_TAIL and whole.startswith(head) and whole.endswith(tail)
