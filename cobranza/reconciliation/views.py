"""The screens of reconciliation: what was matched and why, and what waits for a person's decision."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from cobranza.reconciliation.models import PostingIntent, Proposal
from cobranza.reconciliation.summary import PENDING, overview
from cobranza.runs.models import Run
from cobranza.screens.access import Role, may_open, requires
from cobranza.screens.tables import Choices, Column, Filter, Spec, Table

LOOK = (Role.ADMINISTRATION, Role.OPERATION, Role.SUPERVISION, Role.AUDIT)

_States = Proposal.States
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
    """One payment's record: what the bank says beside what is proposed, and why. It is decided at the desk."""
    found = get_object_or_404(_full(), pk=pk)
    return render(request, "reconciliation/proposal.html", _context(request, found))


def _full() -> QuerySet[Proposal]:
    return Proposal.objects.select_related("movement__account", "movement__statement", "creditor").prefetch_related(
        "matches__invoice__debtor", "matches__intents", "decisions"
    )


def _context(request: HttpRequest, found: Proposal) -> dict[str, Any]:
    invoices = {pk for entry in found.candidates for pk in entry["invoices"]}
    numbers = _numbers(invoices)
    return {
        "proposal": found,
        "movement": found.movement,
        "matches": list(found.matches.all()),
        "candidates": [
            entry | {"numbers": [numbers.get(pk, f"#{pk}") for pk in entry["invoices"]]} for entry in found.candidates
        ],
        "decidable": found.state in Proposal.REPLACEABLE and may_open(request.user, "reconciliation:decide", found.pk),
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
