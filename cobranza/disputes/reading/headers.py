"""Header fields as they come: encoded, folded, cut, doubled, forged.

The header parser of `email.policy.default` is not used: on hostile fields it takes quadratic time and raises whatever
it happens to hit. These few functions do less and always end.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_ENCODED = re.compile(r"=\?([A-Za-z0-9_.:*-]{1,40})\?([bBqQ])\?([^?]{0,4000})\?=")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(?==\?)")
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u00a1-\uffff-]{1,64}@[A-Za-z0-9\u00a1-\uffff][A-Za-z0-9.\u00a1-\uffff-]{0,253}"
)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BLANKS = re.compile(r"\s+")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Headers:
    """Fields in their order, names in lower case, values as received and unfolded."""

    items: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, object]], *, longest: int = 8_000) -> Headers:
        """Take raw fields; a value is cut after `longest` characters.

        >>> Headers.of([("Subject", "=?utf-8?q?Cu=C3=A1nto?=\\r\\n debo")]).text("subject")
        'Cuánto debo'
        """
        return cls(tuple((str(name).lower(), str(value)[:longest]) for name, value in pairs))

    def get(self, name: str) -> str:
        """The first field of that name as received, "" without one."""
        return next((value for key, value in self.items if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every field of that name."""
        return [value for key, value in self.items if key == name]

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return any(key == name for key, _ in self.items)

    def text(self, name: str) -> str:
        """The first field, decoded, on one line."""
        return decoded(self.get(name))


def decoded(value: str) -> str:
    """One line of plain text: encoded words (RFC 2047) and raw octets decoded, control characters taken out.

    >>> decoded("=?iso-8859-1?Q?Reclamaci=F3n?= =?iso-8859-1?Q?_urgente?=")
    'Reclamación urgente'
    """
    words = _ENCODED.sub(_word, _BETWEEN.sub(r"\1", value))
    return _BLANKS.sub(" ", _CONTROL.sub(" ", _octets_read(words))).strip()


def _word(found: re.Match[str]) -> str:
    charset, kind, data = found[1].partition("*")[0], found[2].lower(), found[3]
    try:
        raw = data.encode("ascii", "surrogateescape")
        if kind == "b":
            octets = base64.b64decode(raw + b"=" * (-len(raw) % 4))
        else:
            octets = quopri.decodestring(raw, header=True)
    except (binascii.Error, ValueError):
        return found[0]
    for name in (charset, "utf-8", "cp1252"):
        try:
            return octets.decode(name)
        except (LookupError, ValueError):
            continue
    return octets.decode("latin-1")


def _octets_read(value: str) -> str:
    """Raw 8-bit octets in a header came in as surrogates: read them as UTF-8, else as Windows-1252."""
    if value.isascii():
        return value
    try:
        octets = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate that no octet made
        return value.encode("utf-8", "replace").decode("utf-8")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def addresses(values: Sequence[str]) -> list[tuple[str, str]]:
    """Names and addresses of From, To and the like; addresses in lower case, names as written.

    An address inside a quoted name is a name: it is no way to pose as another sender.

    >>> addresses(['"ana@buena.example" <otra@mala.example>, Luis <luis@x.example>'])
    [('ana@buena.example', 'otra@mala.example'), ('Luis', 'luis@x.example')]
    """
    found: list[tuple[str, str]] = []
    for value in values:
        for piece in _mailboxes(_CONTROL.sub(" ", value.replace("\n", " "))):
            at = piece.rfind("<")
            inside = _ADDRESS.search(piece, at) if at >= 0 else None
            if inside is not None:
                name = decoded(piece[:at]).strip(" \"'\t").replace('\\"', '"')
            else:
                inside = _ADDRESS.search(piece)
                name = ""
            if inside is not None:
                found.append((name, inside[0].lower().rstrip(".")))
    return found


def _mailboxes(value: str) -> list[str]:
    """Cut at commas and semicolons outside quotes."""
    pieces, start, quoted, escaped = [], 0, False, False
    for at, sign in enumerate(value):
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == '"':
            quoted = not quoted
        elif sign in ",;" and not quoted:
            pieces.append(value[start:at])
            start = at + 1
    pieces.append(value[start:])
    return pieces


def message_ids(values: Sequence[str]) -> list[str]:
    """Message-IDs with their angle brackets, in order, each once.

    >>> message_ids(["<a@x> nonsense <b@x>", "<a@x>"])
    ['<a@x>', '<b@x>']
    """
    return list(dict.fromkeys(found for value in values for found in _MESSAGE_ID.findall(value)))


def moment(value: str) -> datetime | None:
    """The moment of a Date field, aware; None when it is missing or nonsense."""
    if not value.strip():
        return None
    try:
        when = parsedate_to_datetime(_BLANKS.sub(" ", value[:200]).strip())
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)  # "-0000": the sender does not tell its zone
        offset = when.utcoffset()
        if offset is None or abs(offset) > timedelta(hours=14) or not _EARLIEST <= when <= _LATEST:
            return None
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return when
