"""Telephone numbers as providers take them: E.164, whatever way people write them. Pure."""

from __future__ import annotations

DIALLING = {
    "ES": ("34",), "MX": ("52", "521"), "CO": ("57",), "PE": ("51",), "CL": ("56",), "AR": ("54", "549"),
    "EC": ("593",),
}  # fmt: skip
"""Country codes (ITU-T E.164 list of 2016), with the digit that Mexican and Argentine mobiles carry or not."""

PHONES = frozenset({"sms", "whatsapp", "call", "ivr"})
"""Channels whose address is a telephone number."""


def dialled(text: str, country: str) -> str:
    """`text` with its country's code; as it is when it cannot be told.

    A number that names no country is of `country`. The code may stand there without its plus: no national number of
    our countries is as long as one with it.

    >>> dialled("600 000 001", "ES"), dialled("+34 91 1234567", "ES"), dialled("0034 600000001", "MX")
    ('+34600000001', '+34911234567', '+34600000001')
    >>> dialled("521 55 1234 5678", "MX"), dialled("(02) 234-5678", "EC"), dialled("ext. 4", "ES")
    ('+5215512345678', '+59322345678', 'ext. 4')
    """
    digits = "".join(filter(str.isdigit, text))
    codes = DIALLING.get(country.upper(), ())
    if len(digits) < 6 or not codes:
        return text.strip() if not text.strip().startswith("+") else f"+{digits}"
    if text.strip().startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if len(digits) > 10 and digits.startswith(codes):
        return f"+{digits}"
    return f"+{codes[0]}{digits.lstrip('0')}"


def address(channel: str, text: str, country: str) -> str:
    """Where a message of `channel` goes to."""
    return dialled(text, country) if channel in PHONES else text
