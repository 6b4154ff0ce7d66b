"""What this room hangs into the console."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cobranza.risk.models import Contest, EarlyWarning
from cobranza.screens.access import may_open
from cobranza.screens.navigation import Item, Waiting

_GROUP = _("Cobros")

ITEMS = (
    Item(url="risk:worklist", label=_("A quién llamar"), icon="person", group=_GROUP, order=46, key="l"),
    Item(url="risk:warnings", label=_("Avisos tempranos"), icon="alert", group=_GROUP, order=47),
    Item(url="risk:credit", label=_("Clientes nuevos"), icon="search", group=_GROUP, order=54),
)


def waiting(request: HttpRequest) -> Iterator[Waiting]:
    """Early warnings nobody has acted on, and scores that somebody wants looked at."""
    if not may_open(request.user, "risk:warning_act", 1):
        return
    rows = EarlyWarning.objects.filter(closed_at=None, action="").select_related("debtor").order_by("due_on", "pk")
    first = rows.first()
    yield Waiting(
        title=_("Avisos tempranos"),
        count=rows.count(),
        url=reverse("risk:warnings"),
        icon="alert",
        tone="warn",
        detail=first.debtor.name if first is not None else "",
        order=26,
    )
    asked = Contest.objects.filter(answered_at=None).select_related("debtor").order_by("asked_at", "pk")
    oldest = asked.first()
    yield Waiting(
        title=_("Valoraciones que piden revisar"),
        count=asked.count(),
        url=reverse("risk:debtor", args=[oldest.debtor_id]) if oldest is not None else reverse("risk:worklist"),
        icon="shield",
        detail=oldest.debtor.name if oldest is not None else "",
        order=27,
    )
