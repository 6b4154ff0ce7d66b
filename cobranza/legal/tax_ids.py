"""What a tax id says: whether it is one (python-stdnum's check digits), and of what kind of person."""

from __future__ import annotations

from stdnum import get_cc_module
from stdnum.es import cif, dni, nie
from stdnum.exceptions import ValidationError


def valid(number: str, country: str) -> bool:
    """Tell whether `number` is a tax id of `country`; of one whose rules are not known, whether it has digits.

    >>> valid("A58818501", "ES"), valid("A58818502", "ES"), valid("901.458.652-7", "CO")
    (True, False, True)
    """
    module = get_cc_module(country.lower(), "vat")
    if module is None:
        return any(sign.isdigit() for sign in number)
    try:
        module.validate(number)
    except ValidationError:
        return False
    return True


def person(number: str, country: str) -> str:
    """Kind of person that a tax id belongs to: "fisica", "juridica", or "" when the number does not tell.

    >>> person("A58818501", "ES"), person("12345678Z", "ES"), person("901.458.652-7", "CO")
    ('juridica', 'fisica', '')
    """
    if country == "ES":
        if cif.is_valid(number):
            return "juridica"
        return "fisica" if dni.is_valid(number) or nie.is_valid(number) else ""
    if country == "MX":
        bare = "".join(sign for sign in number if sign.isalnum())
        return {12: "juridica", 13: "fisica"}.get(len(bare), "")
    if country == "PE":
        return {"20": "juridica", "10": "fisica"}.get(number[:2], "")
    return ""
