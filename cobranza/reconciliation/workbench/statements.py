"""Bringing in a statement by hand: drop it, look at what it would change, confirm, and match the company."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.models import Creditor
from cobranza.reconciliation.workbench import uploads
from cobranza.reconciliation.workbench.models import Upload
from cobranza.screens.access import Role, actor, requires

DECIDE = (Role.ADMINISTRATION, Role.OPERATION)
_LATEST = 8


@requires(*DECIDE)
@require_http_methods(["GET", "HEAD", "POST"])
def drop(request: HttpRequest) -> HttpResponse:
    """Where a file is dropped."""
    problem: CobranzaError | None = None
    if request.method == "POST":
        file = request.FILES.get("file")
        if file is None:
            problem = uploads.UploadError(_now("No ha elegido ningún fichero."), remedy=_now("Elija un extracto."))
        else:
            try:
                kept = uploads.receive(file.name or "", file.chunks(), person=actor(request))
                return redirect("reconciliation:statement", kept.pk)
            except CobranzaError as exc:
                problem = exc
    context = {
        "problem": problem,
        "latest": Upload.objects.defer("content").order_by("-pk")[:_LATEST],
        "most": uploads.MOST_BYTES,
    }
    return render(request, "reconciliation/workbench/statements.html", context, status=422 if problem else 200)


@requires(*DECIDE)
@require_safe
def shown(request: HttpRequest, pk: int) -> HttpResponse:
    """What a file says and what importing it would change."""
    kept = get_object_or_404(Upload, pk=pk)
    return _show(request, kept)


@requires(*DECIDE)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Import what was shown."""
    kept = get_object_or_404(Upload, pk=pk)
    chosen = _chosen(request)
    try:
        done = uploads.confirm(kept.pk, chosen, person=actor(request))
    except CobranzaError as exc:
        return _show(request, kept, problem=exc, chosen=chosen)
    new = sum(len(result.new) for _account, result in done)
    said = ngettext("Extracto importado: %(n)s movimiento nuevo.", "Extracto importado: %(n)s movimientos nuevos.", new)
    messages.success(request, said % {"n": new})
    for _account, result in done:
        for line in result.notes:
            messages.warning(request, line)
    kept.refresh_from_db()
    companies = list({account.creditor_id: account.creditor for account, _result in done}.values())
    context = {"upload": kept, "companies": companies, "new": new}
    return render(request, "reconciliation/workbench/imported.html", context)


@requires(*DECIDE)
@require_POST
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop a file that was only looked at."""
    uploads.forget(pk)
    messages.info(request, _now("Fichero descartado; no se ha importado nada."))
    return redirect("reconciliation:statements")


@requires(*DECIDE)
@require_POST
def match_company(request: HttpRequest, creditor: str) -> HttpResponse:
    """Match what is unmatched of one company; nothing is posted."""
    company = get_object_or_404(Creditor, key=creditor)
    try:
        stored = uploads.match_company(company, person=actor(request))
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
        return redirect("reconciliation:statements")
    figures = {"sure": stored.automatic, "review": stored.review, "kept": stored.kept + stored.untouched}
    messages.success(
        request,
        _now("Casado: %(sure)s seguros, %(review)s por decidir, %(kept)s como estaban. No se ha registrado nada.")
        % figures,
    )
    return redirect(reverse("reconciliation:workbench"))


def _show(
    request: HttpRequest, kept: Upload, problem: CobranzaError | None = None, chosen: dict[int, int] | None = None
) -> HttpResponse:
    context: dict[str, object] = {"upload": kept, "problem": problem, "chosen": chosen or _chosen(request)}
    if kept.state == Upload.States.SHOWN:
        try:
            context["preview"] = uploads.preview(kept, chosen or _chosen(request))
        except CobranzaError as exc:
            context["problem"] = exc
    return render(request, "reconciliation/workbench/statement.html", context, status=422 if problem else 200)


def _chosen(request: HttpRequest) -> dict[int, int]:
    asked = request.POST if request.method == "POST" else request.GET
    found = {}
    for name, value in asked.items():
        place = name.removeprefix("account-")
        if name != place and place.isdecimal() and str(value).isdecimal():
            found[int(place)] = int(str(value))
    return found
