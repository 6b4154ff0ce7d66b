"""What advices hang into the console; `cobranza.reconciliation.navigation` takes it in."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cobranza.reconciliation.advice.models import Advice
from cobranza.screens.access import may_open
from cobranza.screens.navigation import Item, Waiting

ITEMS = (
    Item(url="reconciliation:advices", label=_("Avisos de pago"), icon="inbox", group=_("Conciliación"), order=23),
)


def waiting(request: HttpRequest) -> Iterator[Waiting]:
    """Advices that nobody uses until a person has looked at them."""
    if may_open(request.user, "reconciliation:advice_dismiss", 0):
        objected = Advice.objects.filter(state=Advice.States.OBJECTED)
        yield Waiting(
            title=_("Avisos de pago con objeciones"),
            count=objected.count(),
            url=reverse("reconciliation:advices") + "?state=objected",
            icon="inbox",
            order=7,
        )
