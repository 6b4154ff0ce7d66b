"""The shell's own screens: sign in, home, account, components, errors."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from typing import Any

import qrcode
import qrcode.image.svg
from axes.helpers import get_cool_off
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_otp import login as otp_login
from django_otp.plugins.otp_totp.models import TOTPDevice

from cobranza.console.forms import CodeForm, LoginForm
from cobranza.console.sample import sample
from cobranza.screens import navigation
from cobranza.screens.access import before_code, public, roles_of, signed_in

_PENDING_KEY = "totp_key"


class _Login(LoginView):
    form_class = LoginForm
    template_name = "console/login.html"
    redirect_authenticated_user = True


login = public(_Login.as_view())


def locked_out(request: HttpRequest, credentials: dict[str, Any] | None, *_: Any) -> HttpResponse:
    """What somebody sees after too many wrong passwords (django-axes calls it)."""
    wait: timedelta = get_cool_off(request) or timedelta(minutes=15)
    minutes = max(round(wait.total_seconds() / 60), 1)
    return render(request, "console/locked_out.html", {"minutes": minutes}, status=429)


@before_code
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the one-time code of people who set one up."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        device = TOTPDevice.objects.devices_for_user(request.user, confirmed=True).first()
        if device is None:
            return redirect("console:home")
        if device.verify_token(form.cleaned_data["code"]):
            otp_login(request, device)
            return redirect(_next(request))
        form.add_error("code", _("El código no es correcto o ya se ha usado. Espere al siguiente."))
    return render(
        request, "console/code.html", {"form": form}, status=200 if form.is_valid() or not form.errors else 422
    )


def _next(request: HttpRequest) -> str:
    asked = request.GET.get("next", "")
    if asked and url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure()):
        return asked
    return settings.LOGIN_REDIRECT_URL or "/"


@before_code
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    auth.logout(request)
    return redirect("console:login")


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What waits for this person, then what the robots did last."""
    entries = navigation.waiting(request)
    return render(
        request,
        "console/home.html",
        {
            "waiting": [entry for entry in entries if entry.count],
            "quiet": [entry for entry in entries if not entry.count],
            "panels": navigation.panels(request),
            "roles": sorted(roles_of(request.user)),
        },
    )


@signed_in
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """The person's own account."""
    device = TOTPDevice.objects.devices_for_user(request.user, confirmed=True).first()
    return render(request, "console/account.html", {"device": device, "roles": sorted(roles_of(request.user))})


@signed_in
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change the own password; other sessions of the same person end."""
    if not isinstance(request.user, User):
        return redirect("console:login")
    form = PasswordChangeForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        form.save()
        auth.update_session_auth_hash(request, form.user)
        messages.success(request, _("La clave nueva ya vale."))
        return redirect("console:account")
    return render(request, "console/password.html", {"form": form}, status=422 if form.errors else 200)


@signed_in
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def totp(request: HttpRequest) -> HttpResponse:
    """Set up the second step: show a key, believe it only after a right code."""
    existing = TOTPDevice.objects.devices_for_user(request.user, confirmed=True).first()
    if existing is not None:
        return redirect("console:account")
    key = request.session.get(_PENDING_KEY)
    if not key or request.method == "GET":
        key = key or secrets.token_hex(20)
        request.session[_PENDING_KEY] = key
    form = CodeForm(request.POST if request.method == "POST" else None)
    device = TOTPDevice(user=request.user, name="console", key=key, confirmed=True)
    if request.method == "POST" and form.is_valid():
        device.save()
        if device.verify_token(form.cleaned_data["code"]):
            del request.session[_PENDING_KEY]
            otp_login(request, device)
            messages.success(request, _("La verificación en dos pasos queda activada."))
            return redirect("console:account")
        device.delete()
        form.add_error("code", _("El código no coincide. Compruebe la hora del móvil y pruebe con el siguiente."))
    context = {"form": form, "qr": _qr(device.config_url), "key": base64.b32encode(bytes.fromhex(key)).decode()}
    return render(request, "console/totp.html", context, status=422 if form.errors else 200)


def _qr(text: str) -> str:
    image = qrcode.make(text, image_factory=qrcode.image.svg.SvgPathImage, border=2)
    return "data:image/svg+xml;base64," + base64.b64encode(image.to_string()).decode()


@signed_in
@require_GET
def components(request: HttpRequest) -> HttpResponse:
    """Every component of the kit, so that a new screen is put together from what exists."""
    return render(request, "console/components.html", sample(request))


@public
@never_cache
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """Whether the console and its database answer; says nothing else."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"state": "database_down"}, status=503)
    return JsonResponse({"state": "ok"})


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that this person may not do this."""
    return render(request, "console/refused.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is nothing at this address."""
    # Whoever has not signed in gets no menu.
    layout = "console/base.html" if request.user.is_authenticated else "console/bare.html"
    return render(request, "console/not_found.html", {"layout": layout}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """Say that we failed; plain, because whatever failed may be what the shell needs."""
    return render(None, "console/failed.html", status=500)
