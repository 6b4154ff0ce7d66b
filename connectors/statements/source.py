"""What every reader does first: take the bytes within a limit, find their encoding, read an exact amount or day."""

from __future__ import annotations

import codecs
import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from cobranza.ledger.statements import StatementError

MAX_TEXT_BYTES = 128 * 1024 * 1024
"""Over ten times the largest month of a busy account; more is a mistake or an attack."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})")


def load(file: Path, limit: int = MAX_TEXT_BYTES) -> bytes:
    """The file's bytes.

    Raises:
        StatementError: empty, over `limit` bytes or unreadable.
    """
    try:
        size = file.stat().st_size
        if size > limit:
            raise StatementError(f"El fichero ocupa {size} bytes y el máximo es {limit}.")
        raw = file.read_bytes()
    except OSError as exc:
        raise StatementError(f"No se puede leer el fichero ({exc.strerror}).") from exc
    if not raw.strip(b" \t\r\n\x1a\x00"):
        raise StatementError("El fichero está vacío.")
    return raw


def decode(raw: bytes, declared: str = "") -> str:
    """Text of `raw`: byte order mark, then the `declared` encoding, then UTF-8, then Windows-1252.

    Latin-1 files are common in every national format, and a byte that Windows-1252 leaves undefined still decodes
    (as Latin-1), so that one odd character never costs a statement.
    """
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace")
    for encoding in (declared, "utf-8", "cp1252"):
        if not encoding:
            continue
        try:
            return raw.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("latin-1")


def number(text: str, where: str) -> Decimal:
    """A plain decimal number with a point; never NaN, infinite, in exponents or absurdly long.

    Raises:
        StatementError: `text` is none; `where` opens the message.
    """
    if _NUMBER.fullmatch(text) is None:
        raise StatementError(f"{where}: «{text[:40]}» no es un importe.")
    return Decimal(text)


@lru_cache(maxsize=4096)
def compact_day(digits: str) -> date | None:
    """Day of ``YYMMDD`` (2000-2079, else 1980-1999) or ``YYYYMMDD``; None when the calendar lacks it.

    >>> compact_day("261121"), compact_day("20260230")
    (datetime.date(2026, 11, 21), None)
    """
    if not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) == 6:
        digits = ("20" if digits < "80" else "19") + digits
    if len(digits) != 8:
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def one_line(*parts: str) -> str:
    """`parts` as one line of text with single spaces."""
    return " ".join(" ".join(parts).split())
