"""What this room hangs into the console."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cobranza.dunning.models import Message
from cobranza.dunning.ports import Delivery
from cobranza.kernel import clock
from cobranza.ledger import tasks
from cobranza.ledger.models import Word
from cobranza.screens.access import may_open
from cobranza.screens.navigation import Item, Waiting

_GROUP = _("Recordatorios")

_HEARD = ("email", "sms", "whatsapp", "call", "ivr")
_MAIL = "mail:"
"""Words that came as mails are attended to where disputes are."""

ITEMS = (
    Item(url="dunning:today", label=_("Plan de hoy"), icon="calendar", group=_GROUP, order=33, key="y"),
    Item(url="dunning:outbox", label=_("Bandeja de salida"), icon="inbox", group=_GROUP, order=34, key="o"),
    Item(url="dunning:tasks", label=_("Tareas"), icon="check", group=_GROUP, order=35, key="w"),
    Item(url="dunning:strategies", label=_("Estrategias"), icon="spark", group=_GROUP, order=36),
)


def waiting(request: HttpRequest) -> Iterator[Waiting]:
    """Tasks that are due, words that nobody attended to, messages whose fate only a person can settle."""
    if not may_open(request.user, "dunning:task_done", 0):
        return
    day = clock.now().astimezone(clock.MADRID).date()
    due = tasks.waiting().filter(due_on__lte=day)
    first = due.first()
    yield Waiting(
        title=_("Tareas con deudores para hoy"),
        count=due.count(),
        url=reverse("dunning:tasks") + "?when=hoy",
        icon="check",
        detail=f"{first.debtor.name}: {first.why}"[:160] if first is not None else "",
        order=10,
    )
    heard = Word.objects.filter(direction="in", handled_at=None, debtor__isnull=False, channel__in=_HEARD)
    heard = heard.exclude(key__startswith=_MAIL).select_related("debtor")
    oldest = heard.order_by("at").first()
    yield Waiting(
        title=_("Mensajes de deudores sin atender"),
        count=heard.count(),
        url=reverse("dunning:debtor", args=[oldest.debtor_id]) if oldest is not None else reverse("dunning:outbox"),
        icon="inbox",
        detail=oldest.debtor.name if oldest is not None and oldest.debtor is not None else "",
        order=11,
    )
    lost = Message.objects.filter(state=Delivery.UNKNOWN.value).select_related("debtor")
    unknown = lost.first()
    yield Waiting(
        title=_("Mensajes que no se sabe si salieron"),
        count=lost.count(),
        url=reverse("dunning:outbox") + f"?state={Delivery.UNKNOWN.value}",
        icon="alert",
        tone="danger",
        detail=unknown.debtor.name if unknown is not None else "",
        order=12,
    )
