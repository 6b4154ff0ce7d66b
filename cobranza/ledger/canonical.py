"""One way to write a value down, so that its hash is the same on every machine and after every trip to the database.

Sorted keys, no spaces, UTF-8; amounts as plain decimal strings without trailing zeros, instants in UTC with
microseconds, days and hours as ISO. Floats and naive datetimes are refused: neither has one spelling.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any


def amount(value: Decimal) -> str:
    """An amount without trailing zeros or exponent.

    >>> amount(Decimal("100.000")), amount(Decimal("-0.00")), amount(Decimal("1E+3"))
    ('100', '0', '1000')
    """
    return f"{value.normalize():f}" if value else "0"


def instant(value: datetime) -> str:
    """An instant in UTC; raises TypeError when it is naive.

    >>> instant(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    '2026-03-02T09:30:00.000000Z'
    """
    if value.tzinfo is None:
        raise TypeError("an instant needs a time zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def plain(value: Any) -> Any:
    """`value` as JSON can hold it without loss: see the module's text.

    Raises:
        TypeError: a float, a naive datetime, a key that is no string, or a type without a spelling.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        # PostgreSQL holds neither NUL nor lone surrogates.
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Decimal):
        return amount(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a key must be a string")
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    raise TypeError(f"a {type(value).__name__} has no canonical spelling")


def text(value: Any) -> str:
    """The canonical JSON of `value`.

    >>> text({"b": Decimal("1.50"), "a": [True, None]})
    '{"a":[true,null],"b":"1.5"}'
    """
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`."""
    return hashlib.sha256(text(value).encode("utf-8")).hexdigest()
