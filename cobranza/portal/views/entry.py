"""Coming in and going out: second proof, code, language; and stopping messages, which needs no second proof."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cobranza.kernel import clock
from cobranza.ledger import links
from cobranza.ledger.models import Link
from cobranza.portal import workflow
from cobranza.portal.context import rules
from cobranza.portal.doors import blocked, failed, linked, speak
from cobranza.portal.middleware import too_often
from cobranza.portal.visit import close_visit, open_visit, since_when


@require_http_methods(["GET", "HEAD", "POST"])
@linked
def door(request: HttpRequest) -> HttpResponse:
    """Ask for the second proof; the page says nothing of anybody."""
    link: Link = request.link  # type: ignore[attr-defined]
    token: str = request.token  # type: ignore[attr-defined]
    entry = rules()
    speak(request, link)
    if request.method != "POST":
        found = since_when(request, entry)
        if found is not None and found[0] == link.pk:
            return redirect("portal:account", token=token)
        return render(request, "portal/door.html", _door(sent="codigo" in request.GET))
    if blocked(request):
        return too_often(request)
    if workflow.prove(link, request.POST.get("prueba", "")[:40], entry):
        response = redirect("portal:account", token=token)
        open_visit(response, link, clock.now(), entry)
        return response
    if failed(request):
        return too_often(request)
    if links.find(token) is None:
        return render(request, "portal/no_link.html", status=404)
    error = _("No coincide con lo que tenemos. Compruébelo y vuelva a intentarlo.")
    return render(request, "portal/door.html", _door(error=error), status=422)


def _door(*, sent: bool = False, error: str = "") -> dict[str, object]:
    entry = rules()
    return {
        "sent": sent,
        "error": error,
        "with_tax_id": "nif" in entry.prueba,
        "with_code": "codigo" in entry.prueba,
        "digits": entry.cifras,
        "minutes": entry.codigo_minutos,
    }


@require_POST
@linked
def code(request: HttpRequest) -> HttpResponse:
    """Send a code where that is possible; whoever asks is told the same either way."""
    link: Link = request.link  # type: ignore[attr-defined]
    speak(request, link)
    if blocked(request):
        return too_often(request)
    workflow.send_code(link, rules())
    response = redirect("portal:door", token=request.token)  # type: ignore[attr-defined]
    response["Location"] += "?codigo"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@linked
def stop(request: HttpRequest) -> HttpResponse:
    """No more messages at all. The link is enough: stopping must not be harder than receiving, and shows nothing."""
    link: Link = request.link  # type: ignore[attr-defined]
    speak(request, link)
    if request.method == "POST":
        workflow.stop(link, "", where=f"portal, enlace {link.pk}, página de baja")
        response = redirect("portal:stop", token=request.token)  # type: ignore[attr-defined]
        response["Location"] += "?hecho"
        return response
    return render(request, "portal/stop.html", {"done": "hecho" in request.GET})


@require_POST
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """End the visit; the link stays good."""
    response = redirect("portal:left")
    close_visit(response)
    return response


@require_GET
def left(request: HttpRequest) -> HttpResponse:
    """What is shown after leaving."""
    return render(request, "portal/left.html")


@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Where a gateway sends people back to: it learns no link, and coming here proves no payment."""
    return render(request, "portal/back.html")


@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """On to the pages of the visit that the browser still holds."""
    found = since_when(request, rules())
    link = Link.objects.filter(pk=found[0], revoked_at=None).first() if found is not None else None
    if link is None:
        return render(request, "portal/no_link.html", status=404)
    return redirect("portal:payments", token=links.token_of(link))


@require_GET
def root(request: HttpRequest) -> HttpResponse:
    """Nobody comes here by a link of ours."""
    return render(request, "portal/no_link.html", status=404)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """See `root`."""
    return render(request, "portal/no_link.html", status=404)


def wrong(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A request that no page of ours makes."""
    return render(request, "portal/stale.html", status=400)


def broken(request: HttpRequest) -> HttpResponse:
    """A fault of ours."""
    return render(request, "portal/broken.html", status=500)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was not ours, or that lay open for too long."""
    return render(request, "portal/stale.html", status=403)


@require_GET
def health(request: HttpRequest) -> JsonResponse:
    """For the supervisor."""
    return JsonResponse({"state": "ok"})


@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    """No search engine has any business here."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")
