"""Choosing a plan: the ways that are open, the text of one, and accepting it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from cobranza.portal import account, plans, workflow
from cobranza.portal.context import rules
from cobranza.portal.doors import entered
from cobranza.portal.models import Submission
from cobranza.portal.visit import Visit


@require_GET
@entered
def choose(request: HttpRequest) -> HttpResponse:
    """The ways to settle that are open without asking anybody."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    accounts = account.read(visit.debtor, visit.today)
    found = [(each, plans.options(visit, each)) for each in accounts]
    context = {"found": [pair for pair in found if pair[1]], "running": any(each.plans for each in accounts)}
    return render(request, "portal/plans.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@entered
def accept(request: HttpRequest, key: str) -> HttpResponse:
    """The whole text of one way, and accepting it."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    error = ""
    if request.method == "POST":
        number = request.POST.get("numero", "")
        there = Submission.objects.filter(key=f"{visit.link.pk}:acuerdo:{number}").first()
        if there is not None:  # sent again: the same answer, although the option is gone by now
            return redirect("portal:agreed", token=request.token, number=there.pk)  # type: ignore[attr-defined]
    option = plans.find(visit, account.read(visit.debtor, visit.today), key)
    if option is None:
        return render(request, "portal/plan_gone.html", status=409 if request.method == "POST" else 404)
    if request.method == "POST":
        if request.POST.get("acepto") != "si":
            error = _("Marque que lo ha leído y lo acepta.")
        else:
            try:
                made = plans.accept(visit, option, number, request.POST.get("texto", ""), rules=rules())
                return redirect("portal:agreed", token=request.token, number=made.pk)  # type: ignore[attr-defined]
            except plans.OtherTerms:
                return render(request, "portal/plan_gone.html", status=409)
            except workflow.StaleForm:
                error = _("El formulario había caducado. Revíselo y envíelo otra vez.")
            except workflow.TooOften:
                error = _("Ha enviado mucho en poco tiempo. Espere una hora, por favor.")
    context = {"option": option, "error": error, "accepted": plans.accepted_words()}
    return render(request, "portal/plan.html", context, status=422 if error else 200)


@require_GET
@entered
def agreed(request: HttpRequest, number: int) -> HttpResponse:
    """What was concluded."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    made = Submission.objects.filter(pk=number, kind="acuerdo", link__debtor=visit.debtor).first()
    if made is None:
        return render(request, "portal/no_link.html", status=404)
    return render(request, "portal/agreed.html", {"made": made, "concluded": "agreement" in made.outcome})
