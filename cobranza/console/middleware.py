"""What holds for every answer of the console: who may enter, and what the browser may do with the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from cobranza.console.context import instance
from cobranza.screens.access import access_of, allows

Answer = Callable[[HttpRequest], HttpResponse]

# No inline script or style, nothing from another host, no plug-ins, no framing by others.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "manifest-src 'self'",
    )
)
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)


class SecurityHeaders:
    """Sends the policies with every answer that does not bring stricter ones of its own."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, then add the headers."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith(settings.STATIC_URL):
            # Figures of debtors must not stay in a shared computer's cache after logging out.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class Language:
    """Speaks the language that the person chose, else the instance's; what the browser prefers does not decide.

    Staff share computers whose browsers are set up in any language, and the texts of robots are in the instance's.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Activate the language for this request."""
        known = {code for code, _name in settings.LANGUAGES}
        wanted = (request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""), instance().language, settings.LANGUAGE_CODE)
        language = next(code for code in wanted if code in known)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Cookie",))
        return response


class Gate:
    """Lets people into a view only as far as the view itself declared; undeclared views are closed."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; `process_view` decides once the view is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Answer instead of the view when this person may not enter it."""
        access = access_of(view)
        if access is not None and access.public:
            return None
        if not request.user.is_authenticated:
            if request.headers.get("HX-Request"):
                # A fragment cannot hold the login page: have htmx load the whole page again.
                return HttpResponse(status=401, headers={"HX-Refresh": "true"})
            return redirect_to_login(request.get_full_path())
        if not (access is not None and access.unverified) and _owes_code(request):
            return redirect("console:code")
        if not allows(access, request.user):
            return render(request, "console/refused.html", status=403)
        return None


def _owes_code(request: HttpRequest) -> bool:
    from django_otp import user_has_device

    verified: bool = request.user.is_verified()  # type: ignore[union-attr]
    return not verified and bool(user_has_device(request.user))
