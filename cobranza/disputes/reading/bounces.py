"""Delivery reports: RFC 3464, and the many that follow nothing but their own author.

Only what the report says of the recipient is read: its address, the enhanced status (RFC 3463) and the diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cobranza.disputes.ports import Bounce
from cobranza.disputes.reading import phrases
from cobranza.disputes.reading.headers import Headers, addresses, message_ids

_ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{1,190}[A-Za-z0-9]"
_ANY_ADDRESS = re.compile(rf"(?:mailto:)?({_ADDRESS})", re.IGNORECASE)
_FIELD = re.compile(r"^([A-Za-z-]{3,40}):[ \t]*(.{0,1000})$", re.MULTILINE)
_FOLDED = re.compile(r"\n[ \t]+")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.,-])([45])[0-5]\d(?=[\s-])(?!\s?(?:kb|mb|bytes|%))", re.IGNORECASE)
_ORIGINAL = re.compile(r"^message-id:\s*(<[^<>\s]{1,250}>)", re.IGNORECASE | re.MULTILINE)
_COPY = re.compile(
    r"^-{3,60} ?(?:this is a copy|below this line|original message|mensaje original|unsent message|the header)"
    r"|^received: |^return-path: ",
    re.IGNORECASE | re.MULTILINE,
)
_MOST = 50
_DIAGNOSTIC = 500

_HARD = phrases.pattern("bounces", "hard")
_SOFT = phrases.pattern("bounces", "soft")
_NEVER = ("postmaster", "mailer-daemon", "mailerdaemon", "mail-daemon", "noreply", "no-reply", "abuse")


def read(
    reports: Sequence[tuple[str, str]], text: str, headers: Headers, own: frozenset[str] = frozenset()
) -> tuple[Bounce, ...]:
    """What a report says, one entry per recipient.

    Args:
        reports: Machine-readable parts, media type and text.
        text: What a person sees.
        headers: Of the report.
        own: Addresses that received the report: they sent what bounced, and did not bounce.
    """
    original = _original_id(reports, text, headers)
    found: dict[str, Bounce] = {}
    for media, body in reports:
        if media in ("message/delivery-status", "message/global-delivery-status"):
            for bounce in _of_status(body, original):
                found.setdefault(bounce.recipient, bounce)
    if not found:
        for address in _named(reports, text, headers, own):
            found.setdefault(address, _of_text(address, text, original))
    return tuple(found.values())[:_MOST]


def _of_status(body: str, original: str) -> list[Bounce]:
    """The per-recipient blocks of a message/delivery-status part."""
    found = []
    for block in re.split(r"\n[ \t]*\n", _FOLDED.sub(" ", body.replace("\r", ""))):
        fields = {name.lower(): value.strip() for name, value in _FIELD.findall(block)}
        named = fields.get("original-recipient") or fields.get("final-recipient")
        final = fields.get("final-recipient") or named
        if not named or not final:
            continue
        action = fields.get("action", "").lower()
        if action in ("delivered", "relayed", "expanded"):
            continue
        address = _address_in(final) or _address_in(named)
        if not address:
            continue
        diagnostic = fields.get("diagnostic-code", "")
        status = _status_in(fields.get("status", "")) or _status_in(diagnostic)
        found.append(
            Bounce(
                recipient=address,
                status=status,
                permanent=action != "delayed" and _permanent(status, diagnostic),
                diagnostic=diagnostic[:_DIAGNOSTIC],
                original_id=original,
            )
        )
    return found


def _of_text(address: str, text: str, original: str) -> Bounce:
    at = text.lower().find(address)
    near = text[max(0, at - 300) : at + 700] if at >= 0 else text[:1_500]
    status = _status_in(near) or _status_in(text[:6_000])
    line = next(
        (each.strip() for each in near.split("\n") if _STATUS.search(each) or _HARD.search(each) or _SOFT.search(each)),
        "",
    )
    return Bounce(
        recipient=address,
        status=status,
        permanent=_permanent(status, near),
        diagnostic=line[:_DIAGNOSTIC],
        original_id=original,
    )


def _permanent(status: str, words: str) -> bool:
    """Whether never to write there again; in doubt not, as a wrong "yes" silences a debtor's address for good."""
    if status.startswith(("4", "2")):
        return False
    if status:
        subject, detail = status.split(".")[1:]
        if subject == "1" and detail not in ("7", "8"):  # the address itself
            return True
        if (subject, detail) == ("2", "1"):  # disabled
            return not _SOFT.search(words)
        if subject == "0" or (subject, detail) in (
            ("4", "4"),
            ("5", "0"),
            ("4", "0"),
            ("2", "0"),
            ("3", "0"),
            ("7", "0"),
            ("7", "1"),
        ):
            return bool(_HARD.search(words)) and not _SOFT.search(words)
        return False
    if _SOFT.search(words):
        return False
    return bool(_HARD.search(words))


def _status_in(text: str) -> str:
    best = ""
    for found in _STATUS.finditer(text[:8_000]):
        if found[1] == "2":
            continue
        if not best or (best.endswith(".0.0") and not found[0].endswith(".0.0")):
            best = found[0]
    return best


def _named(reports: Sequence[tuple[str, str]], text: str, headers: Headers, own: frozenset[str]) -> list[str]:
    """Who could not be reached, where no report part says so: header, original message, then the words."""
    failed = [address for _, address in addresses(headers.all("x-failed-recipients"))]
    if failed:
        return list(dict.fromkeys(failed))
    said = _said(text, own)
    if said:
        return said
    for media, body in reports:
        if media in ("message/rfc822", "text/rfc822-headers"):
            to = re.search(r"^(?:to|delivered-to|x-original-to):[ \t]*(.{1,500})", body, re.IGNORECASE | re.MULTILINE)
            if to:
                return [address for _, address in addresses([to[1]])][:1]
    return []


def _said(text: str, own: frozenset[str]) -> list[str]:
    """Addresses in the words before the copy of the original message, the nearest to a complaint first."""
    head = _COPY.split(text[:20_000])[0]
    found: dict[str, int] = {}
    for match in _ANY_ADDRESS.finditer(head):
        address = match[1].lower().rstrip(".")
        if address in own or address.partition("@")[0] in _NEVER or address in found:
            continue
        near = head[max(0, match.start() - 200) : match.end() + 200]
        found[address] = 2 * bool(_HARD.search(near) or _SOFT.search(near) or _STATUS.search(near)) + bool(
            _REPLY_CODE.search(near)
        )
    if not found:
        return []
    best = max(found.values())
    return [address for address, score in found.items() if score == best][:5]


def _address_in(field: str) -> str:
    found = _ANY_ADDRESS.search(field.partition(";")[2] or field)
    return found[1].lower().rstrip(".") if found else ""


def _original_id(reports: Sequence[tuple[str, str]], text: str, headers: Headers) -> str:
    for media, body in reports:
        if media in ("message/rfc822", "text/rfc822-headers"):
            found = _ORIGINAL.search(_FOLDED.sub(" ", body))
            if found:
                return found[1]
    quoted = _ORIGINAL.search(text[:50_000])
    if quoted:
        return quoted[1]
    answered = message_ids(headers.all("in-reply-to"))
    return answered[0] if answered else ""
