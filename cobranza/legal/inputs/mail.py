"""A mail as sheets: its headings, its text, the list of what hangs on it, and each attachment as pages of its own."""

from __future__ import annotations

import email
import email.policy
import hashlib
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import OutlineItem

from cobranza.legal.inputs import paper, pdf, pdfa, sniff, texts
from cobranza.legal.inputs.cache import FILED, VIEW
from cobranza.legal.inputs.verdict import MIB, reject

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job

_HEADERS = (("From", "De"), ("To", "Para"), ("Cc", "Copia"), ("Date", "Fecha"), ("Subject", "Asunto"))
_LOGO = 20_000
_TEXT = 2_000_000


@dataclass(slots=True, kw_only=True)
class _Attachment:
    name: str
    media_type: str
    content: bytes
    pages: Path | None = None
    told: str = ""


def to_pdf(job: Job, source: Path) -> tuple[Path, pdf.Signatures]:
    """The mail with its attachments behind it, and whether it is signed (S/MIME; the signature is not checked).

    Raises:
        Rejected: it is no mail, or mails lie in mails too deeply.
    """
    if job.depth >= job.limits.depth:
        raise reject("demasiado_hondo", "Hay demasiados correos dentro de correos.", "Traiga aparte el que haga falta.")
    with source.open("rb") as given:
        message = email.message_from_binary_file(given, policy=email.policy.default)
    if not isinstance(message, EmailMessage) or not any(message.get(name) for name in ("From", "Date", "Subject")):
        raise reject("danado", "No se reconoce como correo.", "Guárdelo de nuevo desde el programa de correo (.eml).")
    body, attachments = _parts(message)
    signed = _signed(message)
    if signed:
        job.note("firma_correo", "El correo lleva firma electrónica (S/MIME), que no se ha comprobado.")
    for number, each in enumerate(attachments[: job.limits.attachments], start=1):
        _convert(job, each, number)
    for each in attachments[job.limits.attachments :]:
        each.told = "no se presenta: hay demasiados adjuntos"
    sheets = texts.sheets(job, _blocks(message, body, attachments))
    return _joined(job, sheets, attachments), pdf.Signatures(count=1) if signed else pdf.Signatures()


def _signed(message: EmailMessage) -> bool:
    kinds = ("multipart/signed", "application/pkcs7-mime", "application/x-pkcs7-mime")
    return any(part.get_content_type() in kinds for part in message.walk())


def _parts(message: EmailMessage) -> tuple[str, list[_Attachment]]:
    body = message.get_body(preferencelist=("plain", "html"))
    text = ""
    if isinstance(body, EmailMessage):
        text = _text(body)
        if body.get_content_type() == "text/html":
            text = texts.html_text(text)
    found = []
    for part in _leaves(message):
        if part is body or _shown_elsewhere(part, body):
            continue
        content = _content(part)
        name = part.get_filename() or _named(part)
        found.append(_Attachment(name=name, media_type=part.get_content_type(), content=content))
    return text[:_TEXT], found


def _leaves(message: EmailMessage) -> list[EmailMessage]:
    """Parts in order; a mail in a mail is one part."""
    if message.get_content_type() == "message/rfc822" or not message.is_multipart():
        return [message]
    return [leaf for part in message.iter_parts() if isinstance(part, EmailMessage) for leaf in _leaves(part)]


def _shown_elsewhere(part: EmailMessage, body: object) -> bool:
    """The other form of the text, a signature's own part, or a logo in the text."""
    kind = part.get_content_type()
    if part.get_content_disposition() == "attachment":
        return False
    if kind in ("text/plain", "text/html") and not part.get_filename():
        return body is not None
    if kind in ("application/pkcs7-signature", "application/x-pkcs7-signature"):
        return True
    return kind.startswith("image/") and part.get("Content-ID") is not None and len(_content(part)) < _LOGO


def _named(part: EmailMessage) -> str:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        subject = inner.get("Subject", "") if inner is not None and not isinstance(inner, str) else ""
        return f"{subject or 'correo'}.eml"
    return f"parte.{part.get_content_subtype()}"


def _content(part: EmailMessage) -> bytes:
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        inner = part.get_payload(0)
        return b"" if isinstance(inner, str) else inner.as_bytes()
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: EmailMessage) -> str:
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError, KeyError, ValueError):
        return texts.decode(_content(part))


def _convert(job: Job, attachment: _Attachment, number: int) -> None:
    """Make pages of an attachment; what goes wrong with it is told in the mail's list."""
    from cobranza.legal.inputs import conversion

    size = len(attachment.content)
    if size == 0 or size > job.limits.size:
        attachment.told = "vacío, no se presenta" if size == 0 else f"no se presenta: ocupa {size / MIB:.0f} MiB"
        return
    folder = job.folder / f"adjunto-{number}"
    folder.mkdir()
    source = folder / "source"
    source.write_bytes(attachment.content)
    # Only the name's end matters for what it is; the name itself never becomes a path.
    hint = folder / f"hint{Path(attachment.name.replace(chr(0), '')).suffix[:8]}"
    if attachment.name.lower().endswith((".eml", ".csv", ".tsv", ".xml", ".xsig")):
        source.replace(hint)
        kind = sniff.media_type(hint)
        hint.replace(source)
    else:
        kind = sniff.media_type(source)
    if attachment.media_type == "message/rfc822":
        kind = "message/rfc822"
    child = conversion.Job(
        name=attachment.name,
        sha256=hashlib.sha256(attachment.content).hexdigest(),
        folder=folder,
        media_type=kind,
        redact=(),
        limits=job.limits,
        tools=job.tools,
        more=job.more,
        depth=job.depth + 1,
    )
    verdict = conversion.convert(child)
    if verdict.rejected:
        attachment.told = f"no se presenta: {verdict.reasons[0].text}"
        job.note("adjunto_fuera", f"Adjunto «{attachment.name}»: {verdict.reasons[0].text}", verdict.reasons[0].remedy)
        return
    attachment.told = f"{verdict.pages} páginas a continuación"
    if verdict.signed:
        attachment.told += f", copia de un documento firmado ({', '.join(verdict.signers) or 'firma sin leer'})"
        job.note(
            "adjunto_firmado",
            f"El adjunto «{attachment.name}» está firmado; dentro del correo solo va una copia de sus páginas.",
            "Si su firma importa, tráigalo también aparte.",
        )
    if verdict.ocr:
        attachment.told += ", texto leído por OCR"
    made = [folder / "out" / VIEW, folder / "out" / FILED, source]
    attachment.pages = next(each for each in made if each.is_file())


def _blocks(message: EmailMessage, body: str, attachments: list[_Attachment]) -> list[paper.Block]:
    rows = []
    for name, shown in _HEADERS:
        value = "\n".join(str(each) for each in message.get_all(name, []))
        if value:
            rows.append((shown, f"{value}\n{_utc(value)}".strip() if name == "Date" else value))
    rows.append(("Identificador", str(message.get("Message-ID", "") or "no tiene")))
    blocks: list[paper.Block] = [
        paper.Heading(str(message.get("Subject", "") or "Correo sin asunto"), 2),
        paper.Table(tuple(rows), header=0),
        paper.Fixed(body.replace("\r\n", "\n").strip() or "(sin texto)"),
    ]
    if attachments:
        listed = [("N.º", "Adjunto", "Tamaño", "SHA-256", "Aquí")]
        for number, each in enumerate(attachments, start=1):
            digest = hashlib.sha256(each.content).hexdigest()
            listed.append((str(number), each.name, f"{len(each.content):,}".replace(",", "."), digest, each.told))
        blocks += [paper.Rule(), paper.Heading("Adjuntos", 3), paper.Table(tuple(listed))]
    return blocks


def _utc(value: str) -> str:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return ""
    return f"{moment:%d/%m/%Y %H:%M:%S %z}".strip()


def _joined(job: Job, sheets: Path, attachments: list[_Attachment]) -> Path:
    """The mail's sheets and then each attachment's pages, with a bookmark for each."""
    parts = [each for each in attachments if each.pages is not None]
    if not parts:
        return sheets
    target = job.scratch()
    total = 0
    with pikepdf.open(sheets) as whole:
        marks = [("Correo", 0)]
        for each in parts:
            if each.pages is None:
                continue
            with pikepdf.open(each.pages, suppress_warnings=True) as document:
                marks.append((each.name, len(whole.pages)))
                whole.pages.extend(document.pages)
        total = len(whole.pages)
        with whole.open_outline() as outline:
            outline.root.extend(OutlineItem(name, page) for name, page in marks)
        pdfa.write(whole, target)
    if total > job.limits.pages:
        raise reject(
            "demasiadas_paginas",
            f"Con sus adjuntos tiene {total} páginas y el máximo es {job.limits.pages}.",
            "Traiga los adjuntos aparte.",
        )
    return target
