"""The screens of reconciliation: what was matched and why, and what waits for a person's decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cobranza.kernel.errors import CobranzaError
from cobranza.reconciliation import choice, proposals
from cobranza.reconciliation.models import PostingIntent, Proposal
from cobranza.reconciliation.summary import PENDING, overview
from cobranza.reconciliation.workbench import leases
from cobranza.runs.models import Run
from cobranza.screens.access import Role, actor, may_open, requires
from cobranza.screens.tables import Choices, Column, Filter, Spec, Table

LOOK = (Role.ADMINISTRATION, Role.OPERATION, Role.SUPERVISION, Role.AUDIT)
DECIDE = (Role.ADMINISTRATION, Role.OPERATION)

_States = Proposal.States
_NOTE_MAX = 500
_UNKNOWN = "unknown"
_SURE = {"high": ("0.95", "1"), "medium": ("0.6", "0.9499"), "low": ("0", "0.5999")}

_COLUMNS = (
    Column(name="payer", label=_("Ordenante y concepto"), order=("movement__counterparty_name", "movement__text")),
    Column(name="day", label=_("Fecha"), order=("movement__booked_on",), narrow=False),
    Column(name="amount", label=_("Importe"), order=("movement__amount",), kind="number"),
    Column(name="documents", label=_("Documentos"), narrow=False),
    Column(name="confidence", label=_("Confianza"), order=("confidence",), kind="number", narrow=False),
    Column(name="state", label=_("Estado"), order=("state",), narrow=False),
)
_SEARCH = (
    "movement__counterparty_name",
    "movement__text",
    "movement__reference",
    "movement__counterparty_account",
    "matches__invoice__number",
    "matches__invoice__debtor__name",
)
_CONFIDENCE = Filter(
    name="sure",
    label=_("Confianza"),
    choices=(("high", _("Alta (95 % o más)")), ("medium", _("Media")), ("low", _("Baja (menos del 60 %)"))),
    apply=lambda rows, value: rows.filter(confidence__range=_SURE[value]),
)


def _accounts() -> Choices:
    names = Proposal.objects.order_by("movement__account__name").values_list(
        "movement__account", "movement__account__name"
    )
    return [(str(pk), name) for pk, name in names.distinct()]


_ACCOUNT = Filter(name="account", label=_("Cuenta"), choices=_accounts, field="movement__account")


def _states() -> Choices:
    known = [(value, label) for value, label in _States.choices if value != _States.SUPERSEDED]
    return [*known, (_UNKNOWN, _("Sin confirmar en el ERP"))]


def _in_state(rows: QuerySet[Proposal], value: str) -> QuerySet[Proposal]:
    if value == _UNKNOWN:
        return rows.filter(matches__intents__state=PostingIntent.States.UNKNOWN)
    return rows.filter(state=value)


RESULTS = Spec(
    columns=_COLUMNS,
    filters=(
        Filter(name="state", label=_("Estado"), choices=_states(), apply=_in_state),
        _CONFIDENCE,
        _ACCOUNT,
    ),
    search=_SEARCH,
    sort="-day",
    placeholder=_("Buscar por ordenante, concepto, factura o cliente"),
)


def _rows() -> QuerySet[Proposal]:
    # A subquery keeps each proposal once, whatever the search joins.
    live = Proposal.objects.exclude(state=_States.SUPERSEDED)
    return live.select_related("movement", "movement__account").prefetch_related("matches__invoice__debtor")


class _Table(Table[Proposal]):
    def _narrowed(self) -> QuerySet[Proposal]:
        rows = super()._narrowed()
        if not self.filtered:
            return rows
        found = Proposal.objects.filter(pk__in=rows.order_by().values("pk"))
        order = rows.query.order_by
        return (
            found.select_related("movement", "movement__account")
            .prefetch_related("matches__invoice__debtor")
            .order_by(*order)
        )


@requires(*LOOK)
@require_GET
def results(request: HttpRequest) -> HttpResponse:
    """Every payment and what became of it."""
    context = {"table": _Table(RESULTS, request, _rows()), "overview": overview(Proposal.objects.all())}
    return render(request, "reconciliation/results.html", context)


@requires(*LOOK)
@require_GET
def run_results(request: HttpRequest, run: str) -> HttpResponse:
    """What one run proposed."""
    rows = Proposal.objects.filter(run=run)
    number = int(run) if run.isdigit() and len(run) < 18 else None
    context = {
        "table": _Table(RESULTS, request, _rows().filter(run=run)),
        "overview": overview(rows),
        "run": Run.objects.filter(pk=number).first() if number is not None else None,
    }
    return render(request, "reconciliation/results.html", context)


@requires(*LOOK)
@require_GET
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """One payment: what the bank says beside what is proposed, and why."""
    found = get_object_or_404(_full(), pk=pk)
    return render(request, "reconciliation/proposal.html", _context(request, found))


def _full() -> QuerySet[Proposal]:
    return Proposal.objects.select_related("movement__account", "movement__statement", "creditor").prefetch_related(
        "matches__invoice__debtor", "matches__intents", "decisions"
    )


def _context(request: HttpRequest, found: Proposal) -> dict[str, Any]:
    candidate = request.GET.get("candidate", "")
    query = request.GET.get("q", "").replace("\x00", "").strip()[:120]
    decidable = found.state in Proposal.REPLACEABLE and may_open(request.user, "reconciliation:accept", found.pk)
    matches = list(found.matches.all())
    invoices = {pk for entry in found.candidates for pk in entry["invoices"]}
    numbers = _numbers(invoices)
    return {
        "proposal": found,
        "movement": found.movement,
        "matches": matches,
        "payable": bool(matches) and all(link.applied > 0 and link.to_post > 0 for link in matches),
        "candidates": [
            entry | {"numbers": [numbers.get(pk, f"#{pk}") for pk in entry["invoices"]]} for entry in found.candidates
        ],
        "decidable": decidable,
        "reopenable": found.state in (_States.DISMISSED, _States.ACCEPTED)
        and may_open(request.user, "reconciliation:reopen", found.pk),
        "offers": choice.offers(found, query, int(candidate) if candidate.isdigit() and len(candidate) < 4 else None)
        if decidable
        else [],
        "choosing": bool(candidate or query or "choose" in request.GET),
        "query": query,
        "next": _next(found),
        "pending": Proposal.objects.filter(state__in=PENDING).count(),
    }


def _numbers(invoices: set[int]) -> dict[int, str]:
    from cobranza.ledger.models import Invoice

    return dict(Invoice.objects.filter(pk__in=invoices).values_list("pk", "number"))


def _next(found: Proposal) -> Proposal | None:
    waiting = Proposal.objects.filter(state__in=PENDING).exclude(pk=found.pk)
    after = Case(When(movement__booked_on__gt=found.movement.booked_on, then=Value(0)), default=Value(1))
    return waiting.order_by(after, "movement__booked_on", "-pk").first()


@requires(*DECIDE)
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm what is proposed."""
    return _decide(request, pk, proposals.accept, _now("Confirmado. Se registrará en el ERP."))


@requires(*DECIDE)
@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that the payment is not for matching."""
    return _decide(request, pk, proposals.dismiss, _now("Descartado. Ningún robot volverá a proponerlo."))


@requires(*DECIDE)
@require_POST
def by_hand(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that it is in the ERP already, entered by a person."""
    return _decide(request, pk, proposals.recorded_by_hand, _now("Anotado como registrado a mano."))


@requires(*DECIDE)
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a decision back."""
    found = get_object_or_404(_full(), pk=pk)
    try:
        with leases.turn(found.movement_id, actor(request)):
            proposals.reopen(found.pk, person=actor(request), note=_note(request))
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    else:
        messages.success(request, _now("Vuelve a estar por revisar."))
    return redirect("reconciliation:proposal", pk)


@requires(*DECIDE)
@require_http_methods(["POST"])
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the payment on the documents that the person chose."""
    found = get_object_or_404(_full(), pk=pk)
    person = actor(request)
    try:
        links = choice.links(request.POST.dict(), person)
        with leases.turn(found.movement_id, person):
            proposals.accept(found.pk, person=person, links=links, note=_note(request))
    except CobranzaError as exc:
        context = _context(request, found) | {"problem": exc, "choosing": True, "typed": request.POST.dict()}
        return render(request, "reconciliation/proposal.html", context, status=422)
    messages.success(request, _now("Confirmado con sus facturas. Se registrará en el ERP."))
    return _onward(found)


def _decide(request: HttpRequest, pk: int, act: Callable[..., Proposal], done: str) -> HttpResponse:
    found = get_object_or_404(_full(), pk=pk)
    try:
        with leases.turn(found.movement_id, actor(request)):
            act(found.pk, person=actor(request), note=_note(request))
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
        return redirect("reconciliation:proposal", pk)
    messages.success(request, done)
    return _onward(found)


def _onward(found: Proposal) -> HttpResponse:
    following = _next(found)
    return redirect("reconciliation:proposal", following.pk) if following else redirect("reconciliation:workbench")


def _note(request: HttpRequest) -> str:
    return request.POST.get("note", "").replace("\x00", "").strip()[:_NOTE_MAX]
