"""What this room hangs into the console."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cobranza.kernel import clock
from cobranza.legal import agenda
from cobranza.legal.models import LegalCase
from cobranza.legal.stages import Stages
from cobranza.legal.views import SOON
from cobranza.screens.access import may_open
from cobranza.screens.navigation import Item, Waiting

_GROUP = _("Juzgado")

ITEMS = (
    Item(url="legal:cases", label=_("Expedientes"), icon="scale", group=_GROUP, order=60, key="e"),
    Item(url="legal:deadlines", label=_("Plazos"), icon="calendar", group=_GROUP, order=61, key="p"),
)


def waiting(request: HttpRequest) -> Iterator[Waiting]:
    """Alerts to decide, cases to review, filings of unknown fate, deadlines that press."""
    if not may_open(request.user, "legal:sign", "EXP"):
        return
    yield _stage(_("Deudores que pasan el umbral"), "decidir", "bell", 20, Stages.ALERT)
    yield _stage(_("Expedientes por revisar"), "revisar", "eye", 21, Stages.REVIEW)
    unknown = LegalCase.objects.filter(stage=Stages.HUMAN)
    lost = unknown.first()
    if lost is not None:
        yield Waiting(
            title=_("Presentaciones sin confirmar"),
            count=unknown.count(),
            url=reverse("legal:cases") + "?group=firmados",
            icon="alert",
            tone="danger",
            detail=lost.number,
            order=19,
        )
    pressing = agenda.open_deadlines().filter(ours=True, until__lte=clock.now() + SOON)
    first = pressing.first()
    yield Waiting(
        title=_("Plazos que vencen en cinco días"),
        count=pressing.count(),
        url=reverse("legal:deadlines"),
        icon="calendar",
        tone="danger" if first is not None else "person",
        detail=f"{first.case.number}: {first.text}" if first is not None else "",
        order=18,
    )


def _stage(title: object, group: str, icon: str, order: int, stage: str) -> Waiting:
    rows = LegalCase.objects.filter(stage=stage).select_related("debtor").order_by("stage_at")
    first = rows.first()
    return Waiting(
        title=title,  # type: ignore[arg-type]
        count=rows.count(),
        url=reverse("legal:cases") + f"?group={group}",
        icon=icon,
        detail=f"{first.number}: {first.debtor.name}" if first is not None else "",
        order=order,
    )
