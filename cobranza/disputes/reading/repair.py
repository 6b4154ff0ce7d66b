"""Text put right for reading: mojibake, odd blanks, shouting. The original stays in `ReadMail.body`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

_BLANKS = str.maketrans({"\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u2009": " ", "\u3000": " ", "\u200b": None,
                         "\u200c": None, "\u200d": None, "\ufeff": None, "\u00ad": None, "\t": " "})  # fmt: skip
_SUSPICIOUS = re.compile("[\u00c2\u00c3\u00e2\u00c5\u00f0\u00d0\ufffd]|&[a-zA-Z]{2,6};|&#\\d{2,5};|[\u0080-\u009f]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_CODE = re.compile(r"\S*\d\S*")
_SHORTEST = 12
_SHOUTED = 0.8


@cache
def _config() -> TextFixerConfig:
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        uncurl_quotes=False, fix_latin_ligatures=False, fix_character_width=False, fix_line_breaks=False,
        normalization=None, max_decode_length=100_000,
    )  # fmt: skip


def text(broken: str) -> str:
    """Repair `broken`; sound text comes back with only its blanks made plain.

    >>> text("LA FACTURA F001-22 YA ESTÁ PAGADA")
    'la factura F001-22 ya está pagada'
    >>> text("la recepciÃ³n")
    'la recepción'
    """
    return calm(unmangled(broken).translate(_BLANKS))


def unmangled(broken: str) -> str:
    """Undo a charset that was read as another; the library is only loaded for text that looks like it."""
    if not _SUSPICIOUS.search(broken):
        return broken
    import ftfy

    return ftfy.fix_text(broken, config=_config())


def calm(loud: str) -> str:
    """Lower the lines that shout; what carries digits (invoice numbers, tax ids) stays as written."""
    if not any(sign.isupper() for sign in loud):
        return loud
    return "\n".join(_lowered(line) if _shouts(line) else line for line in loud.split("\n"))


def _shouts(line: str) -> bool:
    letters = [sign for word in _WORD.findall(line) for sign in word]
    return len(letters) >= _SHORTEST and sum(sign.isupper() for sign in letters) >= _SHOUTED * len(letters)


def _lowered(line: str) -> str:
    return " ".join(word if _CODE.fullmatch(word) else word.lower() for word in line.split(" "))
