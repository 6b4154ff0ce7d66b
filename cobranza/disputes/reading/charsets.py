"""Octets of a text part into text, whatever charset they claim."""

from __future__ import annotations

import codecs
import re

_SAMPLE = 8_192  # octets that the guess looks at: a longer look costs more and tells no more
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_:-]{2,40})", re.IGNORECASE)
_ALIASES = {"unicode-1-1-utf-7": "utf-7", "ansi": "cp1252", "cp-850": "cp850", "x-unknown": "", "unknown-8bit": "",
            "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "ascii", "iso-8859-8-i": "iso-8859-8",
            "ks_c_5601-1987": "cp949", "x-sjis": "shift_jis", "gb2312": "gb18030"}  # fmt: skip
"""What programs call charsets, and supersets that are written under the name of the smaller one."""


def decode(octets: bytes, declared: str) -> tuple[str, str]:
    """Text of `octets`.

    Args:
        octets: As sent, transfer encoding taken off.
        declared: Charset of the Content-Type, may be empty or a lie.

    Returns:
        The text, and a note in Spanish, "" when the declaration was right.

    >>> decode("Reclamación".encode("utf-8"), "us-ascii")
    ('Reclamación', 'El texto no venía en «us-ascii», como decía.')
    """
    name = _python_name(declared) or _python_name(_of_markup(octets))
    if name:
        try:
            return octets.decode(name), ""
        except (UnicodeDecodeError, ValueError):
            pass
    text = _guess(octets)
    if not declared:
        return text, ""
    return text, f"El texto no venía en «{declared[:40]}», como decía."


def _python_name(declared: str) -> str:
    wanted = _ALIASES.get(declared.strip().lower(), declared.strip().lower())
    if not wanted or not wanted.isascii():
        return ""
    try:
        codec = codecs.lookup(wanted)
    except (LookupError, ValueError):
        return ""
    return codec.name if codec._is_text_encoding else ""


def _of_markup(octets: bytes) -> str:
    found = _DECLARED.search(octets[:2_048])
    return found[1].decode("ascii") if found else ""


def _guess(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    best = from_bytes(octets[:_SAMPLE], cp_isolation=["cp1252", "cp850", "utf_16", "utf_8", "mac_roman"]).best()
    return octets.decode(best.encoding if best is not None else "cp1252", "replace")
