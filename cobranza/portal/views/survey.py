"""Two short forms: how a kept agreement went, and the wish that a person looks at a score again (RGPD, art. 22.3)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cobranza.ledger import ratings
from cobranza.ledger.models import Link, Survey
from cobranza.portal.doors import entered, linked, speak
from cobranza.portal.visit import DEBTOR, Visit
from cobranza.risk import people

_LONGEST = 2000


@require_http_methods(["GET", "HEAD", "POST"])
@linked
def answer(request: HttpRequest) -> HttpResponse:
    """How it went, 0 to 10. The link is enough: nothing of any debt is shown, and the first answer counts."""
    link: Link = request.link  # type: ignore[attr-defined]
    speak(request, link)
    row = Survey.objects.filter(debtor=link.debtor_id).order_by("-asked_at", "-pk").first()
    error = ""
    if request.method == "POST" and row is not None and row.answered_at is None:
        score = request.POST.get("nota", "")
        if score.isascii() and score.isdigit() and len(score) <= 2 and int(score) <= 10:
            comment = request.POST.get("texto", "").replace("\x00", "")[:_LONGEST]
            ratings.answer_survey(row, int(score), comment=comment, actor=DEBTOR)
            return redirect("portal:survey", token=request.token)  # type: ignore[attr-defined]
        error = _("Elija una nota de 0 a 10.")
    context = {
        "row": row,
        "done": row is not None and row.answered_at is not None,
        "scores": range(11),
        "creditor": link.debtor.creditor.name,
        "said": request.POST.get("texto", "")[:_LONGEST],
        "error": error,
    }
    return render(request, "portal/survey.html", context, status=422 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@entered
def review(request: HttpRequest) -> HttpResponse:
    """A person of the office shall look at how this debtor was scored."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    if request.method == "POST":
        said = request.POST.get("texto", "").replace("\x00", "")[:_LONGEST]
        people.contest(visit.debtor, said=said, via="portal", actor=DEBTOR)
        response = redirect("portal:review", token=request.token)  # type: ignore[attr-defined]
        response["Location"] += "?hecho"
        return response
    return render(request, "portal/review.html", {"done": "hecho" in request.GET, "longest": _LONGEST})
