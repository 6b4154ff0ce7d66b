"""What a file is, told by its bytes; the suffix only decides between kinds of plain text."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

HEAD = 8192

_MAIL = re.compile(rb"\A(?:[A-Za-z][A-Za-z0-9-]*:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}", re.MULTILINE)
_MAIL_FIELD = re.compile(rb"^(?:from|received|message-id|mime-version|return-path|delivered-to):", re.I | re.M)
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KINDS = {
    "application/pdf": "pdf",
    "image/png": "image",
    "image/jpeg": "image",
    "image/tiff": "image",
    DOCX: "docx",
    XLSX: "table",
    "message/rfc822": "mail",
    "text/csv": "table",
    "text/html": "html",
    "text/plain": "text",
    "application/xml": "xml",
}


def kind_of(media_type: str) -> str:
    """The kind of `Verdict.kind`, "unknown" for what is not taken."""
    return _KINDS.get(media_type, "unknown")


def media_type(file: Path) -> str:
    """The media type of `file` by its first bytes; "application/octet-stream" when nobody knows."""
    with file.open("rb") as source:
        head = source.read(HEAD)
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    for magic, found in _IMAGES:
        if head.startswith(magic):
            return found
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
        return "image/heic"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "application/x-ole-storage"
    if head.startswith(b"{\\rtf"):
        return "application/rtf"
    if head.startswith(b"PK\x03\x04"):
        return _container(file)
    return _text(head, file.suffix.lower())


def _container(file: Path) -> str:
    try:
        with zipfile.ZipFile(file) as container:
            names = set(container.namelist()[:5000])
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "application/zip"
    if "word/document.xml" in names:
        return DOCX
    if "xl/workbook.xml" in names:
        return XLSX
    return "application/zip"


def _text(head: bytes, suffix: str) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text/csv" if suffix == ".csv" else "text/plain"
    if b"\x00" in head or _control(head) > len(head) // 50:
        return "application/octet-stream"
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if bare.startswith(b"<?xml") or (suffix in (".xml", ".xsig") and bare.startswith(b"<")):
        return "application/xml"
    if re.match(rb"(?i)<!doctype html|<html", bare):
        return "text/html"
    if suffix in (".eml", ".mht") or (_MAIL.match(bare) and _MAIL_FIELD.search(bare)):
        return "message/rfc822"
    if suffix in (".csv", ".tsv"):
        return "text/csv"
    return "text/plain" if bare else "application/octet-stream"


def _control(head: bytes) -> int:
    return sum(1 for each in head if each < 32 and each not in b"\t\n\r\x0c\x1b")
