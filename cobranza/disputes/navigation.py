"""What this room hangs into the console."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cobranza.disputes import summary
from cobranza.screens.access import may_open
from cobranza.screens.navigation import Item, Waiting

_GROUP = _("Disputas")

ITEMS = (
    Item(url="disputes:tray", label=_("Correos por revisar"), icon="eye", group=_GROUP, order=40, key="d"),
    Item(url="disputes:history", label=_("Casos"), icon="archive", group=_GROUP, order=41),
    Item(url="disputes:mails", label=_("Correos"), icon="inbox", group=_GROUP, order=42),
    Item(url="disputes:figures", label=_("Cifras del triaje"), icon="scale", group=_GROUP, order=49),
)


def waiting(request: HttpRequest) -> Iterator[Waiting]:
    """Cases that nobody is sure of, and mails that stopped."""
    if not may_open(request.user, "disputes:decide", 0):
        return
    cases = summary.waiting_cases()
    worst = cases.first()
    alert = worst is not None and worst.alert
    yield Waiting(
        title=_("Correos de deudores por revisar"),
        count=cases.count(),
        url=reverse("disputes:tray"),
        icon="eye",
        tone="danger" if alert else "person",
        detail=_("Hay un posible fraude: cambio de cuenta bancaria") if alert else (worst.subject if worst else ""),
        order=8,
    )
    stuck = summary.stuck_mails()
    first = stuck.first()
    yield Waiting(
        title=_("Correos apartados"),
        count=stuck.count(),
        url=reverse("disputes:mails"),
        icon="alert",
        tone="danger",
        detail=str(first.problem.get("message", "")) if first is not None else "",
        order=9,
    )
