"""What a debtor may send with a claim: told by the first bytes, known by its hash, never opened."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from cobranza.kernel.errors import BusinessError
from cobranza.portal.settings import Uploads

_MEGA = 1024 * 1024
_KINDS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (r"%PDF-", (".pdf",), "application/pdf"),
    (r"\xff\xd8\xff", (".jpg", ".jpeg"), "image/jpeg"),
    (r"\x89PNG\r\n\x1a\n", (".png",), "image/png"),
    (r"....ftyp(?:heic|heix|mif1|msf1)", (".heic", ".heif"), "image/heic"),
    (r"RIFF....WEBP", (".webp",), "image/webp"),
)
ENDINGS = ", ".join(ending for _head, endings, _media in _KINDS for ending in endings)


class BadFile(BusinessError):
    """A file that is too large, too many, or of a kind that we do not take."""

    code = "COB-PDE-002"
    remedy = "Envíe el documento en PDF o en una foto."


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A file as it came: a safe name, the kind that its first bytes say, and its bytes."""

    name: str
    media_type: str
    sha256: str
    content: bytes


def take(sent: Sequence[UploadedFile[Any]], limits: Uploads) -> tuple[Paper, ...]:
    """Read what was sent, within limits; two equal files are one.

    Raises:
        BadFile: with what to do, in the reader's language.
    """
    if len(sent) > limits.cuantos:
        raise BadFile(_("Puede enviar hasta %(n)d ficheros.") % {"n": limits.cuantos})
    whole = 0
    papers: dict[str, Paper] = {}
    for one in sent:
        size = one.size or 0
        if size > limits.megas_por_fichero * _MEGA:
            raise BadFile(
                _("«%(name)s» pasa de %(n)d MB.") % {"name": safe_name(one.name or ""), "n": limits.megas_por_fichero}
            )
        whole += size
        if whole > limits.megas_en_total * _MEGA:
            raise BadFile(_("Los ficheros pasan juntos de %(n)d MB.") % {"n": limits.megas_en_total})
        content = one.read()
        name = safe_name(one.name or "")
        media = _media(name, content)
        if not media:
            raise BadFile(
                _("«%(name)s» no es de una clase que podamos recibir: envíe PDF o una foto.") % {"name": name}
            )
        digest = hashlib.sha256(content).hexdigest()
        papers.setdefault(digest, Paper(name=name, media_type=media, sha256=digest, content=content))
    return tuple(papers.values())


def safe_name(name: str) -> str:
    """A file's name without folders, signs that control anything, or more than a line of it.

    >>> safe_name("../../etc/pas\\nswd.pdf"), safe_name("C:\\\\x\\\\justificante <b>.PDF"), safe_name("..")
    ('passwd.pdf', 'justificante b.PDF', 'documento')
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    clean = "".join(sign for sign in unicodedata.normalize("NFC", last) if unicodedata.category(sign)[0] != "C")
    clean = " ".join(re.sub(r'[<>:"|?*]', "", clean).split()).strip(". ")
    stem, dot, ending = clean.rpartition(".")
    return (f"{stem[:80]}{dot}{ending[:8]}" if dot else clean[:80]) or "documento"


def _media(name: str, content: bytes) -> str:
    head = content[:32].decode("latin-1")
    for pattern, endings, media in _KINDS:
        if re.match(pattern, head, re.DOTALL) and name.lower().endswith(endings):
            return media
    return ""
