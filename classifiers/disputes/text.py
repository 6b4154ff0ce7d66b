"""How a message's words are brought to one form before they are counted, looked at by rules or given to an encoder."""

from __future__ import annotations

import re
import unicodedata

_PREFIX = re.compile(r"^\s*(?:(?:re|rv|fw|fwd|res|enc|tr|aw|sv|r)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,:/'’-]\d+)*")
_ADDRESS = re.compile(r"\S+@\S+|https?://\S+|www\.\S+")
_SPACE = re.compile(r"\s+")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


def fold(text: str) -> str:
    """Lower case, no accents, one space between words.

    >>> fold("  Ya PAGUÉ\\nla  nº 7")
    'ya pague la no 7'
    """
    plain = unicodedata.normalize("NFKD", text.lower())
    return _SPACE.sub(" ", "".join(char for char in plain if not unicodedata.combining(char))).strip()


def counted(text: str) -> str:
    """`fold`, with every number as ``0`` and every address as ``@``: which invoice it is says nothing about why.

    >>> counted("La F-118 por 1.250,40 €, a cobros@x.example")
    'la f-0 por 0 €, a @'
    """
    return _NUMBER.sub("0", fold(_ADDRESS.sub("@", text)))


def subject(text: str) -> tuple[str, bool]:
    """A subject without "Re:" and the like, and whether it is inherited from an earlier message.

    >>> subject("RE: Fwd: Recordatorio")
    ('Recordatorio', True)
    """
    bare = _PREFIX.sub("", text).strip()
    return bare, bare != text.strip()


def sentences(text: str) -> list[str]:
    """Sentences and lines of a text, in order, none empty.

    >>> sentences("Hola.\\nPagué ayer. ¿Lo ve?")
    ['Hola.', 'Pagué ayer.', '¿Lo ve?']
    """
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]
