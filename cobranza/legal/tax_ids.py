"""Whether a tax id is one of its country: its check digits, by python-stdnum."""

from __future__ import annotations

from stdnum import get_cc_module
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
