"""What is written into a desk: keys that are found again, and text that stays text."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Container, Mapping, Sequence
from pathlib import PurePosixPath

from cobranza.disputes.ports import Attachment

OURS = "cobranza:"
_PLAIN_KEY = re.compile(r"[a-z0-9][a-z0-9._:-]{0,127}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_CUT = "\n\n[El texto es más largo; el mensaje completo está en los ficheros.]"


def external_id(key: str) -> str:
    """The external id of the ticket that a key opens.

    Keys of lower-case letters, digits and ``._:-`` travel as they are; any other (a Message-ID, capitals: desks
    compare without case) is hashed, and then `key_of` gives the hash.

    >>> external_id("3fa9:1")
    'cobranza:3fa9:1'
    >>> external_id("<Año+1&2#@x>")[:24]
    'cobranza:sha256:c2e39a0d'
    """
    if _PLAIN_KEY.fullmatch(key) and not key.startswith("sha256:"):
        return OURS + key
    return f"{OURS}sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def key_of(external: object) -> str | None:
    """The key of a ticket of ours, None for one of somebody else's."""
    text = str(external or "")
    return text.removeprefix(OURS) if text.lower().startswith(OURS) else None


def mark(key: str) -> str:
    """What a comment carries so that it is known again: 32 hexadecimal digits."""
    return hashlib.sha256(b"cobranza:" + key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def plain(text: str, limit: int) -> str:
    """Text that a desk shows as it is: no control characters, no placeholders that it would fill in, at most `limit`.

    A debtor who writes ``{{ticket.requester.phone}}`` must not have it filled in on our behalf.
    """
    sound = text.encode("utf-8", "replace").decode("utf-8")
    sound = sound.replace("\r\n", "\n").replace("\r", "\n")
    sound = _CONTROL.sub(" ", sound).replace("{{", "{ {").replace("{%", "{ %").strip()
    return sound if len(sound) <= limit else sound[: max(0, limit - len(_CUT))].rstrip() + _CUT


def line(text: str, limit: int) -> str:
    """`plain` on one line, cut with an ellipsis."""
    sound = " ".join(plain(text, len(text) + len(_CUT)).split())
    return sound if len(sound) <= limit else sound[: limit - 1].rstrip() + "…"


def tags(given: Sequence[str], limit: int, most: int = 50) -> list[str]:
    """Tags as desks take them: lower case, no spaces, no doubles, in order.

    >>> tags(["Pago ya realizado", "pago_ya_realizado", "ÑU"], 20)
    ['pago_ya_realizado', 'ñu']
    """
    clean = ("_".join(line(tag, limit).lower().split()) for tag in given)
    return [tag for tag in dict.fromkeys(clean) if tag][:most]


def retagged(there: Sequence[str], *, on: Sequence[str], off: Sequence[str], limit: int) -> list[str]:
    """The tags of a ticket with some put on and some taken off; what people wrote stays as they wrote it.

    >>> retagged(["VIP", "consulta"], on=["Pago ya realizado"], off=["consulta"], limit=20)
    ['VIP', 'pago_ya_realizado']
    """
    ours, gone = tags(on, limit), set(tags(off, limit))
    return list(dict.fromkeys([*(tag for tag in there if tag not in gone), *ours]))


def homeless(fields: Mapping[str, str], known: Container[str]) -> str:
    """Values for which a desk has no field, a line each; "" when all have one.

    >>> homeless({"pais": "ES", "deudor": "Pepa", "importe": ""}, {"deudor"})
    'pais: ES'
    """
    return "\n".join(f"{slug}: {line(value, 1000)}" for slug, value in fields.items() if value and slug not in known)


def file_name(name: str, limit: int = 150) -> str:
    """A file's name without path, quotes or control characters; its ending survives the cut.

    >>> file_name('../../x/"justificante".pdf')
    'justificante.pdf'
    """
    sound = unicodedata.normalize("NFC", _CONTROL.sub("", name.encode("utf-8", "replace").decode("utf-8")))
    sound = re.sub(r'["<>|*?\r\n]', "", PurePosixPath(sound.replace("\\", "/")).name).strip() or "fichero"
    if len(sound) <= limit:
        return sound
    ending = PurePosixPath(sound).suffix[:16]
    return sound[: limit - len(ending)] + ending


def fitting(
    files: Sequence[Attachment], *, each: int, together: int, most: int
) -> tuple[list[Attachment], list[Attachment]]:
    """Files that fit and files that do not, in their order; empty ones do not, as desks refuse them.

    Args:
        files: What came.
        each: Most bytes of one.
        together: Most bytes of all.
        most: How many.
    """
    taken: list[Attachment] = []
    left: list[Attachment] = []
    size = 0
    for file in files:
        length = len(file.content)
        if 0 < length <= each and size + length <= together and len(taken) < most:
            taken.append(file)
            size += length
        else:
            left.append(file)
    return taken, left


def left_out(files: Sequence[Attachment]) -> str:
    """The sentence about files that did not fit, "" when all did."""
    if not files:
        return ""
    names = ", ".join(f"{file_name(file.name, 60)} ({len(file.content)} bytes)" for file in files[:20])
    return f"\n\n[No caben en el ticket y se guardan en Cobranza: {names}.]"
