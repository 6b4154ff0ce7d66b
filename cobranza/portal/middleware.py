"""What holds for every answer of the portal: headers, language, sizes and how often."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request

from cobranza.portal import limits, visit
from cobranza.portal.context import rules

Answer = Callable[[HttpRequest], HttpResponse]

# No script at all, no style but ours, no picture but ours, no frame around or inside, forms only to ourselves.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope",
        "magnetometer", "microphone", "midi", "payment", "usb",
    )
)  # fmt: skip
_SMALL = 64 * 1024


class Headers:
    """Sends the policies with every answer; nothing but the style sheet may be kept by anybody."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, then add the headers."""
        response = self.get_response(request)
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        if not request.path.startswith(settings.STATIC_URL):
            response.headers["Cache-Control"] = "no-store"
        return response


class Language:
    """Speaks what the reader chose on a page, else (by `Visit`) what the debtor once said, else what the browser asks.

    Anybody's browser reaches these pages, unlike the console's, so here it is asked.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Activate the language for this request."""
        language = get_language_from_request(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or language)
        patch_vary_headers(response, ("Cookie", "Accept-Language"))
        return response


class Door:
    """Before anything of a request is read: how often this address came, and how much it brings.

    Only who gave the second proof may bring files; the cookie is enough to tell here, the view checks the rest.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, or answer that it is too much."""
        entry = rules()
        who = address_of(request)
        if request.path.startswith("/d/"):
            count = limits.knock("pagina", who, minutes=1)
            if count > entry.limites.peticiones_por_minuto:
                return too_often(request)
        if request.method not in ("GET", "HEAD"):
            most = _SMALL
            if visit.since_when(request, entry) is not None:
                most += entry.adjuntos.megas_en_total * 1024 * 1024
            if _length(request) > most:
                response = render(request, "portal/too_large.html", status=413)
                response.headers["Connection"] = "close"  # the rest of it is not read
                return response
        return self.get_response(request)


def address_of(request: HttpRequest) -> str:
    """The client's address: the connection's, or what the nearest proxies of ours saw."""
    behind = rules().proxies
    if behind:
        told = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
        seen = [part.strip() for part in told.split(",") if part.strip()]
        if len(seen) >= behind:
            return seen[-behind][:64]
    return str(request.META.get("REMOTE_ADDR", ""))


def too_often(request: HttpRequest) -> HttpResponse:
    """The answer to somebody who tries too much."""
    response = render(request, "portal/too_often.html", status=429)
    response.headers["Retry-After"] = "60"
    return response


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return _SMALL * 1024 * 1024
