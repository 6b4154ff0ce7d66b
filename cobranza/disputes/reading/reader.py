"""From raw bytes to `ports.ReadMail`: the door of this package."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cobranza.disputes.ports import Attachment, Entity, Kind, ReadMail, Span, Zone
from cobranza.disputes.reading import bounces, country, entities, language, machine, mime, repair, threads, zones
from cobranza.disputes.reading.headers import Headers, addresses, message_ids, moment
from cobranza.disputes.reading.html_text import Hint
from cobranza.disputes.reading.limits import DEFAULT, Limits

__all__ = ["Limits", "from_parts", "read"]

_ACCOUNTS = frozenset({"iban", "clabe", "cbu", "cci"})
_SUBJECT = 500
_LOOKED_AT = 20_000
"""Characters of the text that language, country and repair look at; entities have bounds of their own."""


def read(raw: bytes, *, limits: Limits = DEFAULT, country_hint: str = "") -> ReadMail:
    """Read one message.

    Args:
        raw: As the mail server gave it.
        limits: How much of it is read.
        country_hint: ISO 3166 alpha-2 of the debtor or of the mailbox, where known: decides what a bare «$» is.

    Raises:
        UnreadableMail: no message, or it breaks a hard limit. Nothing else is ever raised.
    """
    opened = mime.open_message(raw, limits)
    chosen, spans = _best_text(opened.texts, opened.headers.text("subject"))
    return _assemble(
        _Found(
            key=hashlib.sha256(raw).hexdigest(),
            headers=opened.headers,
            body=chosen.text,
            spans=spans,
            attachments=opened.attachments,
            types=opened.types,
            reports=opened.reports,
            notes=opened.notes,
            hint=country_hint,
        )
    )


def from_parts(
    subject: str,
    body: str,
    sender: str,
    *,
    key: str = "",
    headers: Mapping[str, str] | None = None,
    date: str | datetime | None = None,
    attachments: Sequence[str] = (),
    to: str = "",
    country_hint: str = "",
) -> ReadMail:
    """The same from parts, as a row of a table brings them; offsets are those of `body`.

    Args:
        subject: Decoded.
        body: Text of the message, or HTML when it begins with a tag.
        sender: As in From: "Ana <ana@x.example>".
        key: Identity; the digest of the parts when "".
        headers: Others that are known, any case.
        date: ISO 8601 or as in the header.
        attachments: Names of files; their content is not known.
        to: As in To.
        country_hint: See `read`.

    >>> from_parts("RE: F-12", "Ya pagué la F-12.\\n> Debe la F-12", "Ana <ana@x.example>").own_text
    'Ya pagué la F-12.'
    """
    subject, body, sender = _sound(subject), _sound(body), _sound(sender)
    given = [(str(name), _sound(str(value))) for name, value in (headers or {}).items()]
    names = {name.lower() for name, _ in given}
    when = date.strftime("%a, %d %b %Y %H:%M:%S %z") if isinstance(date, datetime) else _rfc_date(date or "")
    given += [pair for pair in (("from", sender), ("date", when), ("to", to)) if pair[1] and pair[0] not in names]
    known = Headers.of(given)
    text = body.replace("\r\n", "\n").replace("\r", "\n") if "\r" in body else body
    hints: tuple[Hint, ...] = ()
    if text.lstrip()[:1] == "<" and "</" in text:
        from cobranza.disputes.reading import html_text

        laid_out = html_text.read(text)
        text, hints = laid_out.text, laid_out.hints
    whole = "\x00".join((sender, when, subject, body))
    return _assemble(
        _Found(
            key=key or hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest(),
            headers=known,
            body=text[: DEFAULT.text],
            spans=zones.find(text[: DEFAULT.text], subject, hints),
            attachments=tuple(
                Attachment(
                    name=str(name),
                    media_type="application/octet-stream",
                    sha256=hashlib.sha256(b"").hexdigest(),
                    content=b"",
                )
                for name in attachments
            ),
            subject=subject,
            hint=country_hint,
        )
    )


def _sound(text: str) -> str:
    """Without lone surrogates, which no program that stores text takes."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


def _rfc_date(value: str) -> str:
    """A date of a row as a header has it; what is no ISO date is left for the header's reader."""
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return value
    return when.strftime("%a, %d %b %Y %H:%M:%S ") + (when.strftime("%z") or "-0000")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the two doors give to what they share."""

    key: str
    headers: Headers
    body: str
    spans: tuple[Span, ...]
    attachments: tuple[Attachment, ...] = ()
    types: tuple[str, ...] = ()
    reports: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    subject: str = ""
    hint: str = ""


def _best_text(texts: Iterable[mime.Alternative], subject: str) -> tuple[mime.Alternative, tuple[Span, ...]]:
    """The preferred rendering; another one when only there the quote can be told from the rest."""
    found = [(text, zones.find(text.text, subject, text.hints)) for text in texts]
    first = found[0]
    for other in found[1:]:
        if not _has_quote(first[1]) and _has_quote(other[1]):
            return other
    return first


def _has_quote(spans: Iterable[Span]) -> bool:
    return any(span.zone in (Zone.QUOTED, Zone.FORWARDED) for span in spans)


def _assemble(found: _Found) -> ReadMail:
    headers, body = found.headers, found.body
    subject = (found.subject or headers.text("subject"))[:_SUBJECT]
    senders = addresses(headers.all("from")[:1])
    sender_name, sender = senders[0] if senders else ("", "")
    answers = addresses(headers.all("reply-to")[:1])
    to = tuple(dict.fromkeys(address for _, address in addresses([*headers.all("to"), *headers.all("cc")])))[:200]
    ids = message_ids(headers.all("message-id"))
    date = moment(headers.get("date"))
    own = repair.text(zones.own_words(body, found.spans)[:_LOOKED_AT])
    lang = language.of(own, subject)
    where, named = _entities(found, subject, sender, lang, date)
    own_named = [entity for entity in named if entity.where == "body" and entity.zone is Zone.NEW]
    verdict = machine.decide(
        machine.Evidence(
            headers=headers,
            types=found.types,
            sender=sender,
            reply_to=answers[0][1] if answers else "",
            to=(
                *to,
                *(address for _, address in addresses([*headers.all("delivered-to"), *headers.all("x-original-to")])),
            ),
            subject=subject,
            own=own,
            body=body,
            named=any(entity.type != "date" for entity in own_named),
            account=any(entity.type in _ACCOUNTS for entity in own_named),
            files=bool(found.attachments),
        )
    )
    bounced = verdict.kind is Kind.BOUNCE
    reports = bounces.read(found.reports, body, headers, frozenset({sender, *to})) if bounced else ()
    return ReadMail(
        key=found.key,
        canonical=_canonical(sender, date, subject, ids[0] if ids else "", body),
        message_id=ids[0] if ids else "",
        references=threads.references(headers.all("in-reply-to"), headers.all("references")),
        sender=sender,
        sender_name=sender_name,
        reply_to=answers[0][1] if answers else sender,
        to=to,
        date=date,
        subject=subject,
        body=body,
        own_text=own,
        spans=found.spans,
        kind=verdict.kind,
        kind_reason=verdict.reason,
        lang=lang,
        country=where,
        entities=named,
        attachments=found.attachments,
        bounce=reports,
        notes=found.notes,
    )


def _entities(
    found: _Found, subject: str, sender: str, lang: str, date: datetime | None
) -> tuple[str, tuple[Entity, ...]]:
    """Country and entities: what the ids and figures say of the country comes first, the bare «$» after."""
    offset = _offset(found.headers, date)
    text = repair.unmangled(f"{subject}\n{found.body[:_LOOKED_AT]}")
    ids = entities.identifiers(subject, found.body)
    where = country.of(text, language=lang, sender=sender, offset=offset, ids=ids.countries, hint=found.hint)
    return where, entities.find(subject, found.body, found.spans, ids, country=where, language=lang)


def _offset(headers: Headers, date: datetime | None) -> int | None:
    """Minutes east of UTC that the sender's clock shows; UTC tells nothing, as servers write it for everybody."""
    shift = date.utcoffset() if date is not None else None
    if not shift and not headers.get("date").strip().endswith(("WET", "GMT")):
        return None
    return int(shift.total_seconds() // 60) if shift is not None else None


def _canonical(sender: str, date: datetime | None, subject: str, message_id: str, body: str) -> str:
    when = date.astimezone(UTC).isoformat() if date is not None else ""
    whole = "\x00".join((sender, when, subject, message_id, " ".join(body.split())))
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()
