"""What this room hangs into the console."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cobranza.reconciliation.advice import navigation as advices
from cobranza.reconciliation.learning import navigation as learned
from cobranza.reconciliation.models import PostingIntent, Proposal
from cobranza.reconciliation.summary import PENDING, money_by_currency, overview
from cobranza.runs.models import Run
from cobranza.screens.access import may_open
from cobranza.screens.navigation import Item, Panel, Waiting

_GROUP = _("Conciliación")

ITEMS = (
    Item(url="reconciliation:workbench", label=_("Por revisar"), icon="eye", group=_GROUP, order=20, key="c"),
    Item(url="reconciliation:results", label=_("Resultados"), icon="bank", group=_GROUP, order=21, key="b"),
    *advices.ITEMS,
    *learned.ITEMS,
    Item(url="reconciliation:figures", label=_("Cifras"), icon="scale", group=_GROUP, order=29),
)


def waiting(request: HttpRequest) -> Iterator[Waiting]:
    """Payments that nobody has matched, and postings whose end is not known."""
    if not may_open(request.user, "reconciliation:decide", 0):
        return
    pending = Proposal.objects.filter(state__in=PENDING)
    yield Waiting(
        title=_("Cobros por revisar"),
        count=pending.count(),
        url=reverse("reconciliation:workbench"),
        icon="bank",
        tone="person",
        detail=money_by_currency(pending),
        order=5,
    )
    unknown = PostingIntent.objects.filter(state=PostingIntent.States.UNKNOWN)
    first = unknown.order_by("pk").first()
    yield Waiting(
        title=_("Registros sin confirmar en el ERP"),
        count=unknown.count(),
        url=reverse("reconciliation:workbench") + "?state=unknown",
        icon="alert",
        tone="danger",
        detail=first.message if first else "",
        order=6,
    )
    yield from advices.waiting(request)


def run_panels(request: HttpRequest, run: Run) -> Iterator[Panel]:
    """What a run reconciled, on the run's own page."""
    if may_open(request.user, "reconciliation:results"):
        rows = Proposal.objects.filter(run=str(run.pk))
        if rows.exists():
            yield Panel(template="reconciliation/panel.html", context={"run": run, "overview": overview(rows)})
