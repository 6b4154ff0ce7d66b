"""The screens of advices: which came in, which are tied to their movement, and what speaks against the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from cobranza.kernel.errors import CobranzaError
from cobranza.reconciliation.advice import workflow
from cobranza.reconciliation.advice.models import Advice, Tie
from cobranza.reconciliation.models import Proposal
from cobranza.screens.access import Role, actor, may_open, requires
from cobranza.screens.tables import Column, Filter, Spec, Table

LOOK = (Role.ADMINISTRATION, Role.SUPERVISION, Role.AUDIT)
DECIDE = (Role.ADMINISTRATION,)
LOOKS = {
    "waiting": ("info", "clock"),
    "objected": ("warn", "alert"),
    "tied": ("ok", "check"),
    "dismissed": ("neutral", "x"),
}
_REASON_MAX = 500

_STATES = (
    ("waiting", _("Espera su cobro")),
    ("objected", _("Con objeciones")),
    ("tied", _("Atado a su cobro")),
    ("dismissed", _("Descartado")),
)
ADVICES = Spec(
    columns=(
        Column(name="payer", label=_("Ordenante y referencia"), order=("payer_name", "reference")),
        Column(name="day", label=_("Pagado el"), order=("paid_on",), narrow=False),
        Column(name="total", label=_("Total"), order=("total",), kind="number"),
        Column(name="lines", label=_("Documentos"), order=("count",), kind="number", narrow=False),
        Column(name="received", label=_("Recibido"), order=("received_at",), narrow=False),
        Column(name="state", label=_("Estado"), order=("state",), narrow=False),
    ),
    filters=(Filter(name="state", label=_("Estado"), choices=_STATES),),
    search=("payer_name", "payer_tax_id", "reference", "lines__document", "files__name"),
    sort="-received",
    placeholder=_("Buscar por ordenante, referencia, factura o fichero"),
)


class _Advices(Table[Advice]):
    def _narrowed(self) -> QuerySet[Advice]:
        rows = super()._narrowed()
        if not self.query:
            return rows
        # A subquery keeps each advice once, whatever the search joins.
        return _rows().filter(pk__in=rows.order_by().values("pk")).order_by(*rows.query.order_by)


def _rows() -> QuerySet[Advice]:
    active = Prefetch("ties", Tie.objects.filter(undone_at=None).select_related("movement"), to_attr="active")
    return Advice.objects.annotate(count=Count("lines", distinct=True)).prefetch_related(active)


@requires(*LOOK)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Every advice and where it stands."""
    table = _Advices(ADVICES, request, _rows())
    shown = [(row, dict(_STATES)[row.state], *LOOKS[row.state]) for row in table.page]
    return render(request, "advice/listing.html", {"table": table, "shown": shown})


@requires(*LOOK)
@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One advice: what it says and where, what speaks against it, and its movement or the ones that it may be."""
    return render(request, "advice/detail.html", _context(request, get_object_or_404(Advice, pk=pk)))


def _context(request: HttpRequest, found: Advice) -> dict[str, Any]:
    tie = found.ties.filter(undone_at=None).select_related("movement__account").first()
    open_ = found.state in Advice.OPEN
    proposal = None
    if tie is not None:
        live = Proposal.objects.exclude(state=Proposal.States.SUPERSEDED)
        proposal = live.filter(movement=tie.movement_id).first()
    return {
        "advice": found,
        "label": dict(_STATES)[found.state],
        "look": LOOKS[found.state],
        "lines": found.lines.order_by("position"),
        "files": found.files.order_by("pk"),
        "tie": tie,
        "proposal": proposal,
        "open": open_,
        "candidates": workflow.candidates_of(found) if open_ else [],
        "decides": may_open(request.user, "reconciliation:advice_dismiss", found.pk),
        "undone": found.ties.exclude(undone_at=None).select_related("movement").order_by("-pk"),
    }


@requires(*DECIDE)
@require_POST
def tie(request: HttpRequest, pk: int, movement: int) -> HttpResponse:
    """Say which movement an advice tells about."""
    person = actor(request)
    return _decide(
        request,
        pk,
        lambda: workflow.tie_by_hand(pk, movement, person=person),
        _now("Atado. La próxima conciliación reparte el cobro como dice el aviso."),
    )


@requires(*DECIDE)
@require_POST
def untie(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a tie back."""
    person, reason = actor(request), _reason(request)
    return _decide(
        request, pk, lambda: workflow.untie(pk, person=person, reason=reason), _now("El aviso ya no está atado.")
    )


@requires(*DECIDE)
@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that an advice is not to be used."""
    person, reason = actor(request), _reason(request)
    return _decide(request, pk, lambda: workflow.dismiss(pk, person=person, reason=reason), _now("Aviso descartado."))


def _decide(request: HttpRequest, pk: int, act: Callable[[], object], done: str) -> HttpResponse:
    get_object_or_404(Advice, pk=pk)
    try:
        act()
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    else:
        messages.success(request, done)
    return redirect("reconciliation:advice", pk)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\x00", "").strip()[:_REASON_MAX]
