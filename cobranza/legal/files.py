"""What the browser gets of a case: PDF and pictures to look at, everything else as a file to keep.

Papers come from outside: only what the first bytes show to be PDF, PNG or JPEG is shown in the page, with a policy that
lets it run nothing; the rest is handed out as a download. Each is compared with the hash in the record first.
"""

from __future__ import annotations

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from cobranza.legal import building, papers, signing
from cobranza.legal.models import LegalCase, Preparation
from cobranza.legal.package import PackageError, read_package
from cobranza.legal.papers import PaperGone
from cobranza.legal.views import LOOK
from cobranza.screens.access import requires

# The browser's own viewer needs its style and its object; nothing of a paper runs or reaches out.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; object-src 'self'; frame-ancestors 'self'"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@requires(*LOOK)
@require_GET
@xframe_options_sameorigin
def document(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """A paper as it was brought."""
    paper = get_object_or_404(_case(number).documents, key=key)
    try:
        content = papers.read(number, paper.file, paper.sha256)
    except PaperGone as exc:
        raise Http404(exc.message) from exc
    return _answer(content, paper.media_type, paper.name, download="descargar" in request.GET)


@requires(*LOOK)
@require_GET
@xframe_options_sameorigin
def bundle(request: HttpRequest, number: str) -> HttpResponse:
    """The bundle to read, of the preparation that counts (or of `?preparacion=`)."""
    row, made = _prepared(request, number)
    file = papers.folder(number) / made.folder / made.bundle
    content = _bytes(file)
    if papers.sha256(file) != made.bundle_sha256:
        raise Http404(f"{row.number}: el expediente para leer no es el que se preparó.")
    return _answer(content, "application/pdf", f"{number}.pdf", download="descargar" in request.GET)


@requires(*LOOK)
@require_GET
def writ(request: HttpRequest, number: str) -> HttpResponse:
    """The editable writ."""
    _row, made = _prepared(request, number)
    if not made.writ:
        raise Http404
    return _answer(_bytes(papers.folder(number) / made.folder / made.writ), _DOCX, f"{number}.docx", download=True)


@requires(*LOOK)
@require_GET
@xframe_options_sameorigin
def packaged(request: HttpRequest, number: str, order: int) -> HttpResponse:
    """One file of the filing package, exactly as it will be sent."""
    row, made = _prepared(request, number)
    folder = signing.folder(row, made)
    try:
        package = read_package(folder, expected=made.package_hash)
    except PackageError as exc:
        raise Http404(exc.message) from exc
    found = next((each for each in package.files if each.order == order), None)
    if found is None:
        raise Http404
    content = _bytes(folder / found.name)
    return _answer(content, papers.media_type(content), found.name, download="descargar" in request.GET)


@requires(*LOOK)
@require_GET
@xframe_options_sameorigin
def news(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """What the court sent: a receipt or a notice."""
    row = _case(number)
    found = get_object_or_404(row.news, pk=pk)
    base = papers.folder(number).resolve()
    file = (base / found.file).resolve()
    if file.is_dir():
        file = next((each for each in sorted(file.glob("*.pdf"))), file)
    if not found.file or not file.is_relative_to(base) or not file.is_file():
        raise Http404
    content = _bytes(file)
    return _answer(content, papers.media_type(content), file.name, download="descargar" in request.GET)


def _answer(content: bytes, media_type: str, name: str, *, download: bool = False) -> HttpResponse:
    shown = media_type in papers.SHOWN and papers.media_type(content) == media_type
    kind = media_type if shown or media_type == _DOCX else "application/octet-stream"
    response = HttpResponse(content, content_type=kind)
    how = "attachment" if download or not shown else "inline"
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_. ") else "_" for sign in name)
    response["Content-Disposition"] = f'{how}; filename="{plain}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _POLICY if shown else "sandbox; default-src 'none'"
    return response


def _case(number: str) -> LegalCase:
    found: LegalCase = get_object_or_404(LegalCase, number=number)
    return found


def _prepared(request: HttpRequest, number: str) -> tuple[LegalCase, Preparation]:
    row = _case(number)
    asked = request.GET.get("preparacion", "")
    if asked.isdecimal() and len(asked) < 9:
        return row, get_object_or_404(row.preparations, ordinal=int(asked))
    made = building.last_preparation(row)
    if made is None:
        raise Http404
    return row, made


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise Http404(f"Falta {file.name}.") from exc
