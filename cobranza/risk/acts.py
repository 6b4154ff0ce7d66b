"""What people do about scores: each is one POST, told on the page that follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _now
from django.views.decorators.http import require_POST

from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Debtor
from cobranza.risk import credit as checks
from cobranza.risk import forms, listening, people, views, warning
from cobranza.risk.models import Contest, EarlyWarning
from cobranza.risk.views import ACT, DECIDE
from cobranza.screens.access import actor, requires


@requires(*DECIDE)
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """A person decides how somebody is treated."""

    def act(row: Debtor) -> str:
        until = _text(request, "until")
        people.decide(
            row,
            _text(request, "segment"),
            reason=_text(request, "why"),
            until=date.fromisoformat(until) if until else None,
            actor=_me(request),
        )
        return _now("Decidido: vale por encima de la valoración.")

    return _do(request, pk, act)


@requires(*DECIDE)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """The score counts again."""

    def act(row: Debtor) -> str:
        people.withdraw(row, reason=_text(request, "why"), actor=_me(request))
        return _now("Retirada: vuelve a contar la valoración.")

    return _do(request, pk, act)


@requires(*DECIDE)
@require_POST
def care(request: HttpRequest, pk: int) -> HttpResponse:
    """Special care begins, or ends."""

    def act(row: Debtor) -> str:
        if _text(request, "end"):
            people.end_care(row, actor=_me(request))
            told = _now("Ya no consta que necesite cuidado especial.")
        else:
            people.care(row, reason=_text(request, "why") or _now("sin detalle"), actor=_me(request))
            told = _now("Anotado: desde ahora lo lleva una persona.")
        listening.catch_up(row.creditor_id)
        return told

    return _do(request, pk, act)


@requires(*ACT)
@require_POST
def contest(request: HttpRequest, pk: int) -> HttpResponse:
    """The debtor, by telephone or letter, wants a person to look at the score."""

    def act(row: Debtor) -> str:
        me = _me(request)
        people.contest(row, said=_text(request, "said"), via=me.name, actor=me)
        return _now("Anotado: una persona tiene que revisarlo hoy.")

    return _do(request, pk, act)


@requires(*ACT)
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """What the review came to."""
    row = get_object_or_404(Contest.objects.select_related("debtor"), pk=pk)

    def act(_debtor: Debtor) -> str:
        people.answer(row, text=_text(request, "text"), actor=_me(request))
        return _now("Contestado. Dígaselo al deudor.")

    return _do(request, row.debtor_id, act)


@requires(*ACT)
@require_POST
def warning_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Something is done about an early warning, or it was none."""
    row = get_object_or_404(EarlyWarning, pk=pk)
    try:
        if _text(request, "action") == "descartar":
            warning.dismiss(row, note=_text(request, "note"), actor=_me(request))
            messages.success(request, _now("Descartado."))
        else:
            warning.act(row, _text(request, "action"), note=_text(request, "note"), actor=_me(request))
            messages.success(request, _now("Anotado: queda como tarea lo que haya que hablar."))
    except CobranzaError as exc:
        return views.warnings_page(request, problem=exc.as_dict(), status=422)
    return redirect("risk:warnings")


@requires(*ACT)
@require_POST
def credit_check(request: HttpRequest) -> HttpResponse:
    """Ask about a possible customer."""
    form = forms.Applicant(request.POST)
    if not form.is_valid():
        return views.credit_page(request, form, status=422)
    try:
        made, _ = checks.check(form.applicant(), actor=_me(request))
    except CobranzaError as exc:
        return views.credit_page(request, form, problem=exc.as_dict(), status=422)
    return views.credit_page(request, form, made=made)


def _do(request: HttpRequest, pk: int, act: Callable[[Debtor], str]) -> HttpResponse:
    row = get_object_or_404(Debtor.objects.select_related("creditor"), pk=pk)
    try:
        messages.success(request, act(row))
    except CobranzaError as exc:
        return views.debtor_page(request, row, problem=exc.as_dict(), status=422)
    except ValueError:
        said = {"message": _now("El último día no es una fecha."), "remedy": "", "code": ""}
        return views.debtor_page(request, row, problem=said, status=422)
    return redirect("risk:debtor", row.pk)


def _me(request: HttpRequest) -> Actor:
    return Actor.person(actor(request))


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:2000]
