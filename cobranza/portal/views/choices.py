"""How the debtor wants to be reached."""

from __future__ import annotations

from datetime import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cobranza.ledger.consents import preferred
from cobranza.ledger.models import Contact
from cobranza.portal import workflow
from cobranza.portal.context import rules
from cobranza.portal.doors import entered
from cobranza.portal.visit import Visit

CHANNELS = {
    "email": (gettext_lazy("Correo electrónico"), "email"),
    "sms": (gettext_lazy("SMS"), "phone"),
    "whatsapp": (gettext_lazy("WhatsApp"), "phone"),
    "call": (gettext_lazy("Llamada"), "phone"),
}
DAYS = tuple(
    enumerate(
        (
            gettext_lazy("lunes"), gettext_lazy("martes"), gettext_lazy("miércoles"), gettext_lazy("jueves"),
            gettext_lazy("viernes"), gettext_lazy("sábado"), gettext_lazy("domingo"),
        )
    )
)  # fmt: skip
_TOGETHER = {"call": ("call", "ivr")}
"""A call by a machine is a call to whoever picks up."""


@require_http_methods(["GET", "HEAD", "POST"])
@entered
def choose(request: HttpRequest) -> HttpResponse:
    """Channels, days, hours and language."""
    visit: Visit = request.visit  # type: ignore[attr-defined]
    error = ""
    if request.method == "POST":
        start, end, error = _hours(request)
        wanted = {name: request.POST.get(f"canal-{name}") == "si" for name in CHANNELS if _asked(request, name)}
        allowed = {one: value for name, value in wanted.items() for one in _TOGETHER.get(name, (name,))}
        weekdays = sorted(
            {int(day) for day in request.POST.getlist("dia") if day in {"0", "1", "2", "3", "4", "5", "6"}}
        )
        language = request.POST.get("idioma", "")
        if not error:
            try:
                workflow.choose(
                    visit,
                    request.POST.get("numero", ""),
                    allowed=allowed,
                    weekdays=weekdays if len(weekdays) < 7 else [],
                    start=start,
                    end=end,
                    language=language if language in ("es", "en", "pt") else "",
                    rules=rules(),
                )
                response = redirect("portal:choices", token=request.token)  # type: ignore[attr-defined]
                response["Location"] += "?hecho"
                return response
            except workflow.TooOften:
                error = _("Ha enviado mucho en poco tiempo. Espere una hora, por favor.")
            except workflow.StaleForm:
                error = _("El formulario había caducado. Revíselo y envíelo otra vez.")
    chosen = preferred(visit.debtor)
    given = workflow.open_channels(visit.debtor)
    kinds = dict(Contact.objects.filter(debtor=visit.debtor).order_by("created_at", "pk").values_list("kind", "value"))
    channels = [
        (name, label, _masked(kinds[kind]), _state(visit, name, given))
        for name, (label, kind) in CHANNELS.items()
        if kind in kinds
    ]
    context = {
        "channels": channels,
        "days": DAYS,
        "chosen": chosen,
        "spoken": (chosen.language if chosen is not None else "") or visit.language,
        "error": error,
        "done": "hecho" in request.GET and not error,
    }
    return render(request, "portal/choices.html", context, status=422 if error else 200)


def _asked(request: HttpRequest, name: str) -> bool:
    return request.POST.get(f"canal-{name}") in ("si", "no")


def _state(visit: Visit, name: str, given: dict[str, bool]) -> str:
    """ "no" when stopped, "si" when the debtor gave leave, "" when they never said anything."""
    if workflow.is_stopped(visit.debtor, name):
        return "no"
    return "si" if given.get(name) else ""


def _hours(request: HttpRequest) -> tuple[time | None, time | None, str]:
    first, last = request.POST.get("desde", "").strip(), request.POST.get("hasta", "").strip()
    if not first and not last:
        return None, None, ""
    try:
        start, end = time.fromisoformat(first), time.fromisoformat(last)
    except ValueError:
        return None, None, _("Escriba las dos horas, por ejemplo 09:00 y 14:00.")
    if start >= end:
        return None, None, _("La primera hora tiene que ser anterior a la segunda.")
    return start, end, ""


def _masked(value: str) -> str:
    """An address so that its owner knows which one it is, and nobody else learns it."""
    if "@" in value:
        name, _at, host = value.partition("@")
        return f"{name[:1]}•••@{host}"
    digits = "".join(sign for sign in value if sign.isdigit())
    return f"•••{digits[-3:]}"
