"""Personal links never reach a log: whatever is written, the token in it is not."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"(/d/|\b)(\d{1,18})-[A-Za-z0-9_\-]{20,24}(?![A-Za-z0-9_\-])")
_ANY = re.compile(r"/d/[^/\s'\"]+")


def masked(text: str) -> str:
    """`text` without tokens; the number of the link stays, which opens nothing.

    >>> masked("Not Found: /d/12-AbCdEfGhIjKlMnOpQrStUv/pagar/")
    'Not Found: /d/12-…/pagar/'
    >>> masked("Forbidden: /d/otra cosa")
    'Forbidden: /d/… cosa'
    """
    text = _TOKEN.sub(lambda found: f"{found[1]}{found[2]}-…", text)
    return _ANY.sub(lambda found: found[0] if re.fullmatch(r"/d/\d{1,18}-…", found[0]) else "/d/…", text)


class Masked(logging.Formatter):
    """Writes a record, its traceback included, without tokens."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter.format`."""
        return masked(super().format(record))
