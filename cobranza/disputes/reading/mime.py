"""A raw message opened: headers, the text that a person sees, and the files beside it.

The standard library's parser reads the structure (it never raises on malformed mail); headers are read by `headers`,
which costs no quadratic time. Whatever is odd is told in the notes; only what breaks a hard limit is refused.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from dataclasses import dataclass, field
from email import policy
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser

from cobranza.disputes.ports import Attachment, UnreadableMail
from cobranza.disputes.reading import charsets, html_text
from cobranza.disputes.reading.headers import Headers, decoded
from cobranza.disputes.reading.html_text import Hint
from cobranza.disputes.reading.limits import Limits

_HEADER_LINE = re.compile(rb"^[A-Za-z][A-Za-z0-9_-]{0,76}[ \t]?:", re.MULTILINE)
_ENVELOPE = re.compile(rb"^>?From [^\r\n]*(?:\r\n|\r|\n)")
_KNOWN = re.compile(
    rb"(?:^|\r)(from|to|subject|date|message-id|received|return-path|mime-version|content-type|delivered-to|reply-to)"
    rb"[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_BOUNDARY = re.compile(rb"boundary[ \t]*=", re.IGNORECASE)
_PATH = re.compile(r"[\\/]")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_REPORTS = ("message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
            "message/feedback-report", "text/rfc822-headers")  # fmt: skip
_PLACEHOLDER = re.compile(
    r"(?:does not support html|no (?:admite|soporta) (?:el formato )?html|"
    r"view (?:this|the) (?:email|message) in (?:a|your) browser|este mensaje (?:est[áa] en|usa) formato html|"
    r"html[- ]only|n[ãa]o suporta html)",
    re.IGNORECASE,
)
_BROKEN = (LookupError, ValueError, TypeError, AttributeError, binascii.Error, MessageError)
"""What the standard library is known to raise on hostile Content-Type and transfer-encoding fields."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One rendering of the text, with the marks of its markup."""

    text: str
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A message taken apart.

    Attributes:
        headers: Of the message.
        texts: Renderings of the text, the preferred first; at least one.
        attachments: Files beside it.
        types: Media types of all parts, in order.
        reports: Machine-readable parts (media type, text), for bounces.
        notes: Spanish: what was odd.
    """

    headers: Headers
    texts: tuple[Alternative, ...]
    attachments: tuple[Attachment, ...] = ()
    types: tuple[str, ...] = ()
    reports: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Taken:
    """What was met on the way through the parts."""

    plain: list[str] = field(default_factory=list)
    markup: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    reports: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: int = 0

    def note(self, text: str) -> None:
        if text and text not in self.notes and len(self.notes) < 20:
            self.notes.append(text)


def open_message(raw: bytes, limits: Limits) -> Opened:
    """Take a message apart.

    Raises:
        UnreadableMail: it is no message, or breaks a hard limit.
    """
    _check(raw, limits)
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(raw)
        taken = _Taken()
        _walk(message, taken, limits, depth=0)
    except RecursionError as exc:
        raise UnreadableMail("El mensaje anida partes sin fin.") from exc
    headers = Headers.of(_raw_items(message), longest=limits.header)
    if taken.left_out:
        taken.note(f"Traía {taken.left_out} adjuntos más de los que se guardan.")
    texts = _texts(taken, limits)
    return Opened(
        headers=headers,
        texts=texts,
        attachments=tuple(taken.attachments),
        types=tuple(taken.types),
        reports=tuple(taken.reports),
        notes=tuple(taken.notes),
    )


def _check(raw: bytes, limits: Limits) -> None:
    if len(raw) > limits.octets:
        raise UnreadableMail(f"El mensaje pesa {len(raw)} octetos y el límite es {limits.octets}.")
    if not raw.strip():
        raise UnreadableMail("El mensaje está vacío.")
    head = _head(raw)
    if len(head) > limits.header_octets:
        raise UnreadableMail(f"Las cabeceras pasan de {limits.header_octets} octetos.")
    if b"\x00" in head[:4_096] or not _has_headers(head):
        raise UnreadableMail("No es un mensaje de correo: no tiene cabeceras.")
    lines = raw.count(b"\n") + raw.count(b"\r")
    if lines > 2 * limits.lines:
        raise UnreadableMail(f"El mensaje tiene más de {limits.lines} líneas.")
    boundaries = sum(1 for _ in _BOUNDARY.finditer(raw))
    if boundaries > limits.parts or boundaries * lines > limits.work:
        raise UnreadableMail("El mensaje declara demasiadas partes.")


def _has_headers(head: bytes) -> bool:
    """Two fields that mail has, or one in a text that begins with a field; an mbox line may stand before."""
    start = _ENVELOPE.sub(b"", head.lstrip(b"\xef\xbb\xbf \t\r\n"), count=1)
    known = {found[1].lower() for found in _KNOWN.finditer(start)}
    return len(known) >= 2 or (bool(known) and bool(_HEADER_LINE.match(start)))


def _head(raw: bytes) -> bytes:
    """Everything before the first empty line."""
    start = len(raw) - len(raw.lstrip(b"\r\n"))
    ends = [at for at in (raw.find(b"\n\n", start), raw.find(b"\r\n\r\n", start), raw.find(b"\r\r", start)) if at >= 0]
    return raw[start : min(ends, default=len(raw))]


def _raw_items(message: Message) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in message.raw_items()]


def _walk(part: Message, taken: _Taken, limits: Limits, *, depth: int) -> None:
    if depth > limits.depth:
        raise UnreadableMail(f"El mensaje anida más de {limits.depth} niveles.")
    media = _media_type(part)
    taken.types.append(media)
    if len(taken.types) > limits.parts:
        raise UnreadableMail(f"El mensaje tiene más de {limits.parts} partes.")
    if media in _REPORTS:
        taken.reports.append((media, _report_text(part)))
        return
    if part.is_multipart() and media == "message/rfc822":
        _enclosed(part, taken, limits)
        return
    if part.is_multipart():
        for child in part.get_payload():  # always messages where the parser made a list
            if isinstance(child, Message):
                _walk(child, taken, limits, depth=depth + 1)
        return
    name = _file_name(part)
    disposition = _parameter_free(part.get("Content-Disposition"))
    if media in ("text/plain", "text/html") and disposition != "attachment" and not (name and disposition == "inline"):
        text = _text(part, taken)
        (taken.markup if media == "text/html" else taken.plain).append(text)
        return
    if media.startswith("multipart/"):
        text = _text(part, taken)  # a multipart without parts: a broken boundary; its text is all there is
        taken.note("La estructura del mensaje estaba rota.")
        if text.strip():
            taken.plain.append(text)
        return
    _attach(taken, limits, name or _default_name(media), media, _octets(part))
    if media in ("application/ms-tnef", "application/vnd.ms-tnef") or name.lower() == "winmail.dat":
        taken.note("Trae un winmail.dat de Outlook: su contenido no se abre.")


def _media_type(part: Message) -> str:
    try:
        return part.get_content_type().lower()
    except _BROKEN:
        return "text/plain"


def _parameter_free(value: object) -> str:
    return str(value or "").partition(";")[0].strip().lower()


def _file_name(part: Message) -> str:
    """Name of a file, without folders nor signs that turn text around."""
    try:
        name = part.get_filename("") or ""
    except _BROKEN:
        name = ""
    return _PATH.split(_UNSAFE.sub("", decoded(str(name)[:1_000])))[-1].strip(" .")[:200]


def _default_name(media: str) -> str:
    return {"text/calendar": "invitacion.ics", "message/rfc822": "mensaje.eml"}.get(media, "adjunto.bin")


def _octets(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except _BROKEN:
        data = None
    if isinstance(data, bytes):
        return data
    held = part.get_payload()
    return held.encode("utf-8", "surrogateescape") if isinstance(held, str) else b""


def _text(part: Message, taken: _Taken) -> str:
    try:
        charset = str(part.get_param("charset") or "")
        flowed = str(part.get_param("format") or "").lower() == "flowed"
        deletes = str(part.get_param("delsp") or "").lower() == "yes"
    except _BROKEN:
        charset, flowed, deletes = "", False, False
    if "'" in charset:  # RFC 2231: us-ascii'en'utf-8
        charset = charset.strip("()").split("'")[-1].strip(" ,)")
    text, note = charsets.decode(_octets(part), charset)
    taken.note(note)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").lstrip("\ufeff")
    return unflowed(text, deletes) if flowed else text


def unflowed(text: str, deletes: bool) -> str:
    """Join the soft line breaks of ``format=flowed`` (RFC 3676) within one depth of quotes.

    >>> unflowed("Ya pagué la \\nfactura.\\n> ¿Pagó \\n> ya?\\n-- \\nAna", False)
    'Ya pagué la factura.\\n> ¿Pagó ya?\\n-- \\nAna'
    """
    out: list[str] = []
    joined = ""
    depth_before = -1
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        stuffed = bare[1:] if bare.startswith(" ") else bare
        soft = stuffed.endswith(" ") and stuffed != "-- "
        if depth_before == depth and out:
            joined += stuffed
        else:
            joined = (">" * depth + " " if depth else "") + stuffed
            out.append("")
        out[-1] = joined[:-1] if soft and deletes else joined
        joined = out[-1]
        depth_before = depth if soft else -1
    return "\n".join(out)


def _report_text(part: Message) -> str:
    held = part.get_payload()
    if isinstance(held, list):  # the parser makes one message of each block of fields
        blocks = [
            "\n".join(f"{name}: {value}" for name, value in _raw_items(each))
            for each in held
            if isinstance(each, Message)
        ]
        return "\n\n".join(blocks)[:50_000]
    return _octets(part)[:50_000].decode("utf-8", "replace")


def _enclosed(part: Message, taken: _Taken, limits: Limits) -> None:
    """A message inside a message: kept as a file; its headers tell what bounced."""
    held = part.get_payload()
    inner = held[0] if isinstance(held, list) and held else None
    if not isinstance(inner, Message):
        return
    taken.reports.append(
        ("message/rfc822", "\n".join(f"{name}: {value}" for name, value in _raw_items(inner))[:20_000])
    )
    try:
        octets = inner.as_bytes(policy=policy.compat32)
    except (*_BROKEN, RecursionError, UnicodeError):
        taken.note("Un mensaje adjunto no se puede guardar.")
        return
    _attach(taken, limits, _file_name(part) or "mensaje.eml", "message/rfc822", octets)


def _attach(taken: _Taken, limits: Limits, name: str, media: str, octets: bytes) -> None:
    if len(taken.attachments) >= limits.attachments:
        taken.left_out += 1
        return
    digest = hashlib.sha256(octets).hexdigest()
    taken.attachments.append(Attachment(name=name, media_type=media[:100], sha256=digest, content=octets))


def _texts(taken: _Taken, limits: Limits) -> tuple[Alternative, ...]:
    """Plain text first, HTML when there is none worth reading; both where either could serve."""
    plain = "\n".join(each.strip("\n") for each in taken.plain).strip("\n")
    found: list[Alternative] = []
    if plain.strip():
        found.append(Alternative(plain))
    if taken.markup and (not found or len(plain) < 300 or _quotes(taken.markup)):
        laid_out = html_text.read("\n".join(taken.markup), longest=limits.markup)
        if laid_out.text.strip():
            rendering = Alternative(laid_out.text, laid_out.hints)
            poor = not found or _PLACEHOLDER.search(plain[:500]) or 5 * len(plain.strip()) < len(laid_out.text)
            found.insert(0 if poor else 1, rendering)
    cut = [Alternative(_sound(each.text[: limits.text]), each.hints) for each in found]
    if any(len(each.text) > limits.text for each in found):
        taken.note(f"El texto se cortó a {limits.text} caracteres.")
    return tuple(cut) or (Alternative(""),)


def _sound(text: str) -> str:
    """Without lone surrogates (utf-7 and the like can make them), one sign for one sign: the hints stay right."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _quotes(markup: list[str]) -> bool:
    return any(
        sign in each for each in markup for sign in ("gmail_quote", "<blockquote", "border-top", "divRplyFwdMsg")
    )
