"""What a tax id says of its holder: a company or a person. Where it does not tell, nothing is guessed.

Sources: structure of the ids as python-stdnum documents them (NIF: letters of legal persons; RFC: 12 or 13 signs; RUC
of Peru: 20/10; RUT: companies from 50 million on; CUIT: 30, 33, 34; RUC of Ecuador: third digit 6 or 9).
"""

from __future__ import annotations

from typing import Literal

from stdnum.es import cif, dni, nie

Holder = Literal["business", "natural", ""]


def holder(number: str, country: str) -> Holder:
    """Who holds a tax id.

    >>> holder("A58818501", "ES"), holder("12345678Z", "ES"), holder("900123456", "CO")
    ('business', 'natural', '')
    """
    bare = "".join(sign for sign in number.upper() if sign.isalnum())
    if country == "ES":
        if cif.is_valid(bare):
            return "business"
        return "natural" if dni.is_valid(bare) or nie.is_valid(bare) else ""
    if country == "MX":
        return "business" if len(bare) == 12 else "natural" if len(bare) == 13 else ""
    if country == "PE" and len(bare) == 11:
        return "business" if bare.startswith("20") else "natural" if bare.startswith(("10", "15", "17")) else ""
    if country == "CL" and len(bare) in {8, 9} and bare[:-1].isdigit():
        return "business" if int(bare[:-1]) >= 50_000_000 else "natural"
    if country == "AR" and len(bare) == 11 and bare.isdigit():
        return "business" if bare[:2] in {"30", "33", "34"} else "natural"
    if country == "EC" and len(bare) == 13 and bare.isdigit():
        return "business" if bare[2] in "69" else "natural"
    return ""
