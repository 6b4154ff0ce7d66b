"""What this room hangs into the console."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cobranza.agreements.models import Waiting as Request
from cobranza.ledger.models import Agreement
from cobranza.screens.access import may_open
from cobranza.screens.navigation import Item, Waiting

_GROUP = _("Cobros")

ITEMS = (
    Item(url="agreements:list", label=_("Acuerdos"), icon="coins", group=_GROUP, order=52, key="n"),
    Item(url="agreements:approvals", label=_("Acuerdos por aprobar"), icon="check", group=_GROUP, order=53),
)


def waiting(request: HttpRequest) -> Iterator[Waiting]:
    """Proposals that wait for a yes, and agreements that a person has to look at."""
    if not may_open(request.user, "agreements:approve", 1):
        return
    rows = Request.objects.filter(state=Request.States.ASKED).select_related("debtor").order_by("asked_at")
    first = rows.first()
    yield Waiting(
        title=_("Acuerdos por aprobar"),
        count=rows.count(),
        url=reverse("agreements:approvals"),
        icon="check",
        detail=first.debtor.name if first is not None else "",
        order=24,
    )
    missed = Agreement.objects.filter(standing="impago").select_related("debtor").order_by("pk")
    late = missed.first()
    yield Waiting(
        title=_("Acuerdos con un impago"),
        count=missed.count(),
        url=reverse("agreements:list") + "?group=problemas",
        icon="alert",
        tone="warn",
        detail=late.debtor.name if late is not None else "",
        order=25,
    )
