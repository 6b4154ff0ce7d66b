"""Who may see a page: `linked` wants a link that stands, `entered` the second proof as well."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation

from cobranza.ledger import links
from cobranza.ledger.consents import preferred
from cobranza.ledger.models import Link
from cobranza.portal import limits
from cobranza.portal.context import rules
from cobranza.portal.middleware import address_of, too_often
from cobranza.portal.visit import Visit, close_visit, open_visit, since_when

View = Callable[..., HttpResponse]


def linked(view: View) -> View:
    """Open a page to who has a link that stands; the view gets it as `request.link`.

    A forged, an expired and a revoked link are answered alike, and cost alike: the same look-up, the same count.
    """

    @wraps(view)
    def guarded(request: HttpRequest, token: str, **rest: Any) -> HttpResponse:
        link = links.find(token)
        if link is None:
            if failed(request):
                return too_often(request)
            return render(request, "portal/no_link.html", status=404)
        request.link = link  # type: ignore[attr-defined]
        request.token = token  # type: ignore[attr-defined]
        return view(request, **rest)

    return guarded


def entered(view: View) -> View:
    """Open a page to who gave the second proof of this very link; the view gets `request.visit`."""

    @linked
    @wraps(view)
    def guarded(request: HttpRequest, **rest: Any) -> HttpResponse:
        link: Link = request.link  # type: ignore[attr-defined]
        entry = rules()
        found = since_when(request, entry)
        if found is None or found[0] != link.pk:
            away = redirect("portal:door", token=request.token)  # type: ignore[attr-defined]
            if request.COOKIES.get("portal_sesion"):
                close_visit(away)
            return away
        language = speak(request, link)
        request.visit = Visit(link=link, since=found[1], language=language)  # type: ignore[attr-defined]
        response = view(request, **rest)
        open_visit(response, link, found[1], entry)
        return response

    return guarded


def speak(request: HttpRequest, link: Link) -> str:
    """The page's language from here on: chosen on a page, else what the debtor once said, else the browser's."""
    known = {code for code, _name in settings.LANGUAGES}
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if language not in known:
        chosen = preferred(link.debtor)
        language = chosen.language if chosen is not None and chosen.language in known else ""
    if language:
        translation.activate(language)  # the middleware puts back what was before
        request.LANGUAGE_CODE = language
    return translation.get_language() or settings.LANGUAGE_CODE


def failed(request: HttpRequest) -> bool:
    """Count a link or proof that was no good; True when this address had too many."""
    entry = rules().limites
    count = limits.knock("fallo", address_of(request), minutes=entry.fallos_minutos)
    return count > entry.fallos_por_direccion


def blocked(request: HttpRequest) -> bool:
    """Whether this address had too many already."""
    entry = rules().limites
    return limits.tried("fallo", address_of(request), minutes=entry.fallos_minutos) > entry.fallos_por_direccion
