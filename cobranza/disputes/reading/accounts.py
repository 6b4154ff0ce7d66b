"""Bank accounts and fiscal folios: IBAN, CCC, NIB, CLABE, CBU and CVU, CCI, UUID; check digits proved.

Sources: ISO 13616; Banco de México, Circular 3/2012 (CLABE); BCRA, Com. "A" 2622 (CBU); UUID of the CFDI, Anexo 20.
"""

from __future__ import annotations

import re

from cobranza.disputes.reading.found import Found

_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})\s?(\d{2})(?=[\s.-]?[A-Za-z0-9])")
_LENGTHS = {
    "ES": 24, "PT": 25, "DE": 22, "FR": 27, "IT": 27, "GB": 22, "IE": 22, "NL": 18, "BE": 16, "LU": 20, "AT": 20,
    "CH": 21,
    "PL": 28, "RO": 24, "LT": 20, "LV": 21, "EE": 20, "AD": 24, "MC": 27, "SM": 27, "DK": 18, "SE": 24, "NO": 15,
    "FI": 18,
    "CZ": 24, "SK": 24, "HU": 28, "SI": 19, "HR": 21, "BG": 22, "GR": 27, "CY": 28, "MT": 31, "LI": 21, "IS": 26,
    "GI": 23,
    "BR": 29, "CR": 22, "DO": 28, "GT": 28, "SV": 28, "TR": 26, "AE": 23, "SA": 24, "IL": 23, "MA": 28, "GE": 22,
    "UA": 29,
}  # fmt: skip
_DIGITS = re.compile(r"(?<![\w.,-])\d(?:[ .-]?\d){17,23}(?![\w-]|[.,]\d)")
_UUID = re.compile(r"(?<![\w-])[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![\w-])")
_CUE = re.compile(
    r"\b(iban|clabe|cbu|cvu|cci|nib|interbancari[ao]s?|c\.c\.i\.?|ccc|cuenta|conta|account|alias|transferencias?)\b",
    re.IGNORECASE,
)
_BACK = 60
_NOT_DIGITS = re.compile(r"\D")
_NOT_ALNUM = re.compile(r"[^0-9A-Za-z]")


def find(text: str) -> list[Found]:
    """Accounts and folios of `text`.

    >>> [(each.type, each.value) for each in find("CLABE 032 180 00011835971 9")]
    [('clabe', '032180000118359719')]
    """
    found = [Found("uuid", each.start(), each.end(), each[0].lower()) for each in _UUID.finditer(text)]
    return found + _ibans(text) + _numbers(text)


def _ibans(text: str) -> list[Found]:
    found = []
    for each in _IBAN.finditer(text):
        length = _LENGTHS.get(each[1].upper())
        if length is None:
            continue
        end = _end_after(text, each.start(), length)
        if not end:
            continue
        value = _NOT_ALNUM.sub("", text[each.start() : end]).upper()
        valid = _iban_valid(value)
        if valid or (sum(sign.isdigit() for sign in value) >= 12 and _cue(text, each.start())):
            found.append(Found("iban", each.start(), end, value, valid, value[:2]))
    return found


def _end_after(text: str, start: int, wanted: int) -> int:
    """Where `wanted` letters and digits end, single blanks, points and hyphens between them allowed; 0 if nowhere."""
    count, at = 0, start
    while at < len(text) and count < wanted:
        if text[at].isascii() and text[at].isalnum():
            count += 1
        elif text[at] not in " .-\u00a0" or (at > start and text[at - 1] in " .-\u00a0"):
            return 0
        at += 1
    if count < wanted or (at < len(text) and text[at].isalnum()):
        return 0
    return at


def _iban_valid(value: str) -> bool:
    from schwifty import IBAN
    from schwifty.exceptions import SchwiftyException

    try:
        return bool(IBAN(value).is_valid)
    except SchwiftyException:
        return False


def _numbers(text: str) -> list[Found]:
    from stdnum.ar import cbu

    found = []
    for each in _DIGITS.finditer(text):
        digits = _NOT_DIGITS.sub("", each[0])
        cue = _cue(text, each.start())
        made: Found | None = None
        if len(digits) == 22 and (cbu.is_valid(digits) or cue in ("cbu", "cvu")):
            made = Found("cbu", each.start(), each.end(), digits, cbu.is_valid(digits), "AR")
        elif len(digits) == 18 and (clabe_valid(digits) or cue == "clabe"):
            made = Found("clabe", each.start(), each.end(), digits, clabe_valid(digits), "MX")
        elif len(digits) == 20:
            made = _twenty(digits, cue, each.start(), each.end())
        elif len(digits) == 21 and cue == "nib":
            made = _portuguese(digits, each.start(), each.end())
        if made is not None:
            found.append(made)
    return found


def _twenty(digits: str, cue: str, start: int, end: int) -> Found | None:
    """A Spanish account (CCC) has two check digits; a Peruvian CCI has none that anybody publishes."""
    from stdnum.es import ccc

    if cue not in ("cci", "c.c.i", "c.c.i.") and not cue.startswith("interbancari") and ccc.is_valid(digits):
        return Found("iban", start, end, str(ccc.to_iban(digits)), True, "ES")
    if cue and cue not in ("iban", "ccc"):
        return Found("cci", start, end, digits, True, "PE")
    return None


def _portuguese(digits: str, start: int, end: int) -> Found | None:
    value = f"PT50{digits}"
    return Found("iban", start, end, value, _iban_valid(value), "PT")


def clabe_valid(digits: str) -> bool:
    """Weights 3, 7, 1 over the first 17 digits, modulo 10."""
    total = sum(int(digit) * (3, 7, 1)[at % 3] % 10 for at, digit in enumerate(digits[:17]))
    return len(digits) == 18 and (10 - total % 10) % 10 == int(digits[17])


def _cue(text: str, start: int) -> str:
    """The nearest word before that names a kind of account, lower case."""
    before = _CUE.findall(text[max(0, start - _BACK) : start])
    strong = [
        each.lower()
        for each in before
        if each.lower() not in ("cuenta", "conta", "account", "transferencia", "transferencias")
    ]
    return strong[-1] if strong else before[-1].lower() if before else ""
