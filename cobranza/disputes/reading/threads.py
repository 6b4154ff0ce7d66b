"""Which conversation a message belongs to, and whether its sender has a place in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from cobranza.disputes.reading.headers import message_ids

_MOST = 50
_PUBLIC = re.compile(
    r"(?:gmail|googlemail|hotmail|outlook|live|msn|yahoo|ymail|rocketmail|icloud|me|mac|aol|gmx|protonmail|"
    r"proton|pm|zoho|"
    r"mail|yandex|telefonica|movistar|terra|uol|bol|ig|sapo|prodigy|btinternet|comcast|verizon|att|fibertel|arnet|"
    r"speedy|ono|euskaltel|wanadoo|orange|vtr|tutanota|hey|fastmail|rediffmail|correo)"
    r"\.(?:com|net|es|org|me|de|pt|us|cl|pe|example|com\.(?:mx|ar|br|co|pe|ve|ec|uy)|co\.uk|net\.(?:mx|ar))"
)
"""Where everybody can have an address: the same domain says nothing of the same firm."""


def references(in_reply_to: Sequence[str], references_: Sequence[str]) -> tuple[str, ...]:
    """Message-IDs of References and In-Reply-To, oldest first, each once, at most 50: the first and the latest.

    >>> references(["<c@x>"], ["<a@x>\\r\\n <b@x>"])
    ('<a@x>', '<b@x>', '<c@x>')
    """
    found = message_ids(references_)
    found += [each for each in message_ids(in_reply_to) if each not in found]
    return tuple(found if len(found) <= _MOST else [found[0], *found[-_MOST + 1 :]])


def same_party(sender: str, participants: Collection[str]) -> bool:
    """Whether `sender` may write in a thread of `participants`: one of them, or a colleague of one.

    A Message-ID is no secret: who quotes one is not thereby part of the conversation. An address of the same firm is
    (a colleague answers for another), an address of the same public provider is not. Sub-addresses («ana+facturas@…»)
    are the same person.

    >>> same_party("luis@taller.es", ["ana@taller.es"]), same_party("x@gmail.com", ["ana@gmail.com"])
    (True, False)
    """
    own = _plain(sender)
    if not own:
        return False
    known = {_plain(each) for each in participants} - {""}
    if own in known:
        return True
    domain = own.rpartition("@")[2]
    return not _PUBLIC.fullmatch(domain) and any(each.rpartition("@")[2] == domain for each in known)


def _plain(address: str) -> str:
    local, sign, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain.rstrip('.')}" if sign and local and domain else ""
