"""What this room hangs into the console."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cobranza.insight import alerts, reviewing
from cobranza.screens.access import actor, may_open
from cobranza.screens.navigation import Item, Waiting

_GROUP = _("Cifras")

ITEMS = (
    Item(url="insight:dashboards", label=_("Tableros"), icon="runs", group=_GROUP, order=70, key="f"),
    Item(url="insight:alerts", label=_("Alertas"), icon="bell", group=_GROUP, order=71),
    Item(url="insight:cash", label=_("Previsión de cobros"), icon="coins", group=_GROUP, order=72),
    Item(url="insight:quality", label=_("Calidad de los contactos"), icon="eye", group=_GROUP, order=73),
    Item(url="insight:simulations", label=_("Simulador"), icon="spark", group=_GROUP, order=74),
    Item(url="insight:catalogue", label=_("Catálogo de cifras"), icon="grid", group=_GROUP, order=75),
)


def waiting(request: HttpRequest) -> Iterator[Waiting]:
    """Alerts that nobody has taken up or that are this person's, and contacts that this person may review."""
    if may_open(request.user, "insight:alert_seen", 1):
        rows = alerts.open_alerts().filter(
            Q(acknowledged_at=None, assigned_to="") | Q(assigned_to=actor(request))
        )  # fmt: skip
        first = rows.first()
        yield Waiting(
            title=_("Cifras fuera de lo habitual"),
            count=rows.count(),
            url=reverse("insight:alerts"),
            icon="bell",
            tone="danger" if first is not None else "person",
            detail=first.why if first is not None else "",
            order=17,
        )
    if may_open(request.user, "insight:reviews"):
        yield Waiting(
            title=_("Contactos por revisar"),
            count=reviewing.waiting(actor(request)).count(),
            url=reverse("insight:reviews"),
            icon="eye",
            order=60,
        )
