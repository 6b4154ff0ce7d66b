"""What people do about agreements: each is one POST, done by the workflow, told on the page that follows."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _now
from django.views.decorators.http import require_POST

from cobranza.agreements import forms, views, workflow
from cobranza.agreements.models import Waiting
from cobranza.agreements.settings import agreement_settings
from cobranza.agreements.terms import AgreementError
from cobranza.agreements.views import ACT
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Debtor
from cobranza.screens.access import actor, requires

CHANNELS = ("call", "in_person", "email")


@requires(*ACT)
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """A yes."""

    def act(row: Waiting) -> str:
        made = workflow.approve(row, actor=_me(request), reason=_text(request, "why"))
        if isinstance(made, Agreement):
            return _now("Aprobado: el acuerdo está en marcha.")
        if made.state == Waiting.States.ASKED:
            return _now("Anotado: falta que lo apruebe otra persona.")
        return _now("Ya no vale: lo que se debe ha cambiado. Vuelva a proponerlo.")

    return _decide(request, pk, act)


@requires(*ACT)
@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """A no, with its reason."""

    def act(row: Waiting) -> str:
        workflow.refuse(row, actor=_me(request), reason=_text(request, "why"))
        return _now("Rechazado. Dígaselo al deudor.")

    return _decide(request, pk, act)


@requires(*ACT)
@require_POST
def accept(request: HttpRequest, pk: int, currency: str) -> HttpResponse:
    """The debtor, on the telephone or before us, accepts a scenario that is shown."""

    def act(debtor: Debtor) -> Agreement | Waiting:
        return workflow.accept(
            debtor,
            currency,
            _text(request, "key"),
            channel=_channel(request),
            proof=_proof(request),
            actor=_me(request),
            today=views._today(),
        )

    return _agree(request, pk, currency, act)


@requires(*ACT)
@require_POST
def propose(request: HttpRequest, pk: int, currency: str) -> HttpResponse:
    """The debtor accepts terms that the adviser worked out; they are worked out again here."""

    def act(debtor: Debtor) -> Agreement | Waiting:
        form = forms.OwnTerms(QueryDict(_text(request, "terms")))
        if not form.is_valid():
            raise AgreementError(_now("Las condiciones no se entienden: vuelva a calcularlas."))
        owed = workflow.owed_by(debtor, currency, views._today())
        return workflow.propose(
            debtor,
            currency,
            forms.proposed(form, owed, agreement_settings().policy()),
            channel=_channel(request),
            proof=_proof(request),
            actor=_me(request),
            today=views._today(),
        )

    return _agree(request, pk, currency, act)


@requires(*ACT)
@require_POST
def goes_on(request: HttpRequest, pk: int) -> HttpResponse:
    """The debtor wanted a change, and it was settled that it goes on as it is."""
    row = _agreement(pk)
    if workflow.settle_change(row, actor=_me(request)):
        messages.success(request, _now("El acuerdo sigue como está y se vuelve a recordar."))
    return redirect("agreements:agreement", row.pk)


@requires(*ACT)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End it without blame."""
    row = _agreement(pk)
    try:
        why = _text(request, "why")
        if not why:
            raise AgreementError(_now("Un acuerdo se anula con un motivo."))
        workflow.cancel(row, reason=why, actor=_me(request))
    except CobranzaError as exc:
        return views.agreement_page(request, row, problem=exc.as_dict(), status=422)
    messages.success(request, _now("Anulado: lo que falta se debe como antes."))
    return redirect("agreements:agreement", row.pk)


def _decide(request: HttpRequest, pk: int, act: Callable[[Waiting], str]) -> HttpResponse:
    row = get_object_or_404(Waiting, pk=pk)
    try:
        messages.success(request, act(row))
    except CobranzaError as exc:
        return views.approvals_page(request, problem=exc.as_dict(), status=422)
    return redirect("agreements:approvals")


def _agree(request: HttpRequest, pk: int, currency: str, act: Callable[[Debtor], Agreement | Waiting]) -> HttpResponse:
    debtor = get_object_or_404(Debtor.objects.select_related("creditor"), pk=pk)
    try:
        made = act(debtor)
    except CobranzaError as exc:
        return views.adviser_page(request, debtor, currency, problem=exc.as_dict(), status=422)
    if isinstance(made, Agreement):
        messages.success(request, _now("Acordado y en marcha."))
        return redirect("agreements:agreement", made.pk)
    messages.info(request, _now("Espera aprobación: nada está acordado todavía."))
    return redirect("agreements:adviser", debtor.pk, currency)


def _agreement(pk: int) -> Agreement:
    return get_object_or_404(Agreement.objects.select_related("debtor__creditor", "creditor"), pk=pk)


def _me(request: HttpRequest) -> Actor:
    return Actor.person(actor(request))


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:2000]


def _channel(request: HttpRequest) -> str:
    channel = _text(request, "channel")
    if channel not in CHANNELS:
        raise AgreementError(_now("Diga por dónde lo ha aceptado."))
    return channel


def _proof(request: HttpRequest) -> str:
    proof = _text(request, "proof")
    if not proof:
        raise AgreementError(_now("Diga cómo consta que lo acepta: grabación, correo, firma."))
    return proof
