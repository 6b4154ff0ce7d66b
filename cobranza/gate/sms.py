"""How long a text message is: its alphabet, its units and the parts that are paid for.

Source: 3GPP TS 23.038 (GSM 7-bit default alphabet and its extension table) and TS 23.040 (concatenation: a header of
six octets leaves 153 septets or 67 UCS-2 units for each part).
"""

from __future__ import annotations

from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class SmsSize:
    """Length of a message.

    Attributes:
        encoding: "GSM-7" or "UCS-2".
        units: Septets, or 16-bit units.
        parts: Messages that are sent and paid for.
        culprits: Characters that force UCS-2, in order of appearance.
    """

    encoding: str
    units: int
    parts: int
    culprits: str = ""


def size(text: str) -> SmsSize:
    """Measure `text` as a provider would send it; one character is never cut in two.

    >>> size("Su factura vence mañana"), size("Su factura venció el día 3").encoding
    (SmsSize(encoding='GSM-7', units=23, parts=1, culprits=''), 'UCS-2')
    """
    culprits = "".join(dict.fromkeys(each for each in text if each not in _BASIC and each not in _EXTENDED))
    if culprits:
        widths = [2 if ord(each) > 0xFFFF else 1 for each in text]
        return SmsSize("UCS-2", sum(widths), _parts(widths, 70, 67), culprits)
    widths = [2 if each in _EXTENDED else 1 for each in text]
    return SmsSize("GSM-7", sum(widths), _parts(widths, 160, 153))


def _parts(widths: list[int], single: int, many: int) -> int:
    if sum(widths) <= single:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > many:
            parts, used = parts + 1, 0
        used += width
    return parts
