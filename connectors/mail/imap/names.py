"""Names of IMAP folders on the wire: modified UTF-7, quoted.

Source: RFC 3501, sections 5.1.3 and 9.
"""

from __future__ import annotations

import base64
import re

_CODED = re.compile(rb"&([A-Za-z0-9+,]*)-")


def encode(name: str) -> str:
    """A folder's name in modified UTF-7, all of it printable ASCII.

    >>> encode("Reclamación & más")
    'Reclamaci&APM-n &- m&AOE-s'
    """
    parts: list[str] = []
    foreign = ""
    for character in name:
        if " " <= character <= "~":
            parts += [_coded(foreign), "&-" if character == "&" else character]
            foreign = ""
        else:
            foreign += character
    return "".join([*parts, _coded(foreign)])


def decode(raw: bytes) -> str:
    """The name that `encode` gave; what is not well coded stays as it is, never an error.

    >>> decode(b"Reclamaci&APM-n")
    'Reclamación'
    """
    text, last = "", 0
    for found in _CODED.finditer(raw):
        text += raw[last : found.start()].decode("ascii", "replace")
        last = found.end()
        coded = found[1].replace(b",", b"/")
        try:
            text += base64.b64decode(coded + b"=" * (-len(coded) % 4)).decode("utf-16-be") if coded else "&"
        except ValueError:
            text += found[0].decode("ascii")
    return text + raw[last:].decode("ascii", "replace")


def quote(text: str) -> str:
    """An IMAP quoted string of printable ASCII.

    Raises:
        ValueError: `text` has other characters: they need another way onto the wire.

    >>> quote('una "clave"')
    '"una \\\\"clave\\\\""'
    """
    if not all(" " <= character <= "~" for character in text):
        raise ValueError("a quoted string is printable ASCII")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _coded(text: str) -> str:
    if not text:
        return ""
    raw = base64.b64encode(text.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
    return f"&{raw.decode('ascii')}-"
