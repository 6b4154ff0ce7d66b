"""Writing with us on the page, with or without JavaScript: there is none."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cobranza.portal import talk, workflow
from cobranza.portal.context import rules
from cobranza.portal.doors import entered
from cobranza.portal.visit import Visit


@require_http_methods(["GET", "HEAD", "POST"])
@entered
def show(request: HttpRequest) -> HttpResponse:
    """What was said here, and a field to go on."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    error, text = "", ""
    if request.method == "POST":
        text = request.POST.get("texto", "").replace("\r\n", "\n").replace("\x00", "").strip()
        if not text:
            error = _("Escriba algo, por favor.")
        elif len(text) > talk.LONGEST:
            error = _("El texto pasa de %(n)d letras: acórtelo, por favor.") % {"n": talk.LONGEST}
        else:
            try:
                talk.say(visit, request.POST.get("numero", ""), text, rules=rules())
                return redirect(reverse("portal:talk", args=[request.token]) + "#ultimo")  # type: ignore[attr-defined]
            except workflow.StaleForm:
                error = _("El formulario había caducado. Revíselo y envíelo otra vez.")
            except workflow.TooOften:
                error = _("Ha enviado mucho en poco tiempo. Espere una hora, por favor.")
    words = talk.shown(visit)
    context = {
        "words": words,
        "error": error,
        "written": text,
        "longest": talk.LONGEST,
        "person": talk.with_person(visit, words),
    }
    return render(request, "portal/talk.html", context, status=422 if error else 200)
