"""What this room hangs into the console."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cobranza.kernel import clock
from cobranza.runs.models import Alert, CredentialBlock, ItemState, Run, RunState, WorkItem
from cobranza.screens.access import may_open
from cobranza.screens.navigation import Item, Panel, Waiting

_AUTOMATION = _("Robots")
_OPERATION = _("Operación")
_LAST_RUNS = 8
_FAILED_WITHIN = timedelta(days=1)
FAILED = (RunState.BUSINESS_ERROR, RunState.TECHNICAL_ERROR, RunState.EXPIRED)

ITEMS = (
    Item(url="runs:pending", label=_("Preguntas"), icon="person", order=10, key="p"),
    Item(url="runs:robots", label=_("Catálogo"), icon="robot", group=_AUTOMATION, order=30, key="r"),
    Item(url="runs:list", label=_("Ejecuciones"), icon="runs", group=_AUTOMATION, order=31, key="e"),
    Item(url="runs:items", label=_("Trabajos"), icon="inbox", group=_AUTOMATION, order=32, key="t"),
    Item(url="runs:alerts", label=_("Avisos"), icon="bell", group=_OPERATION, order=80, key="a"),
    Item(url="runs:schedules", label=_("Programaciones"), icon="calendar", group=_OPERATION, order=81, key="h"),
    Item(url="runs:credentials", label=_("Credenciales"), icon="key", group=_OPERATION, order=82),
)


def waiting(request: HttpRequest) -> Iterator[Waiting]:
    """Questions, alerts, failures and blocked credentials, to those who can do something about them."""
    if may_open(request.user, "runs:answer", 0):
        yield _questions()
    if may_open(request.user, "runs:acknowledge", 0):
        alerts = Alert.objects.filter(acknowledged_at__isnull=True)
        newest = alerts.first()
        yield Waiting(
            title=_("Avisos sin leer"),
            count=alerts.count(),
            url=reverse("runs:alerts"),
            icon="bell",
            tone="warn",
            detail=newest.message if newest else "",
            order=20,
        )
    if may_open(request.user, "runs:clear", 0):
        blocked = CredentialBlock.objects.filter(cleared_at__isnull=True)
        yield Waiting(
            title=_("Credenciales bloqueadas"),
            count=blocked.count(),
            url=reverse("runs:credentials"),
            icon="key",
            tone="danger",
            detail=", ".join(blocked.values_list("name", flat=True)[:3]),
            order=15,
        )
    if may_open(request.user, "runs:list"):
        yield _failures()


def _questions() -> Waiting:
    asked = WorkItem.objects.filter(state=ItemState.NEEDS_PERSON)
    oldest = asked.order_by("updated_at").first()
    return Waiting(
        title=_("Preguntas de los robots"),
        count=asked.count(),
        url=reverse("runs:pending"),
        icon="person",
        tone="person",
        detail=oldest.question.partition("\n")[0] if oldest else "",
        order=10,
    )


def _failures() -> Waiting:
    failed = Run.objects.filter(state__in=FAILED, ended_at__gte=clock.now() - _FAILED_WITHIN)
    last = failed.first()
    return Waiting(
        title=_("Ejecuciones fallidas hoy"),
        count=failed.count(),
        url=reverse("runs:list") + "?since=1&result=failed",
        icon="alert",
        tone="danger",
        detail=_now("La última: %(title)s") % {"title": last.title or last.robot} if last else "",
        order=30,
    )


def panels(request: HttpRequest) -> Iterator[Panel]:
    """The last runs."""
    if may_open(request.user, "runs:list"):
        runs = Run.objects.all()[:_LAST_RUNS]
        yield Panel(template="runs/panel.html", context={"runs": runs}, order=50)
