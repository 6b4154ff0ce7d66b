"""The calendar of deadlines, and the feed that a person's own calendar reads."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.views.decorators.http import require_GET, require_POST

from cobranza.kernel import clock
from cobranza.legal import agenda
from cobranza.legal.deadlines import UnknownCalendar
from cobranza.legal.house import read as read_settings
from cobranza.legal.models import CalendarKey, Deadline
from cobranza.legal.views import LOOK
from cobranza.screens.access import access_of, actor, allows, public, requires

_WEEKS = 6


@requires(*LOOK)
@require_GET
def deadlines(request: HttpRequest) -> HttpResponse:
    """Every open deadline, soonest first, over a calendar that says which days do not count."""
    mine = request.GET.get("quien") == "mios"
    rows = list(agenda.open_deadlines(person=actor(request) if mine else "")[:500])
    today = clock.now().astimezone(clock.MADRID).date()
    late = [each for each in rows if each.until < clock.now()]
    coming = [each for each in rows if each.until >= clock.now()]
    by_day = [(day, list(group)) for day, group in groupby(coming, key=lambda each: each.last_day)]
    context = {
        "late": late,
        "by_day": by_day,
        "weeks": _month(today, rows),
        "today": today,
        "mine": mine,
        "key": CalendarKey.objects.filter(user__username=actor(request)).first(),
        "new_address": request.session.pop("calendar_address", ""),
    }
    return render(request, "legal/deadlines.html", context)


@requires(*LOOK)
@require_POST
def renew_key(request: HttpRequest) -> HttpResponse:
    """Give the person a new secret address, or take it away."""
    user = User.objects.get(username=actor(request))
    if request.POST.get("how") == "quitar":
        agenda.drop_key(user)
        messages.success(request, _now("La dirección de su calendario ya no vale."))
    else:
        token = agenda.new_key(user)
        # Shown once, on the next page: only its hash is kept.
        request.session["calendar_address"] = request.build_absolute_uri(reverse("legal:feed", args=[token]))
        messages.success(request, _now("Copie la dirección nueva: no se vuelve a mostrar."))
    return redirect("legal:deadlines")


@public
@require_GET
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The deadlines of the person whose secret address this is; a calendar program has no session."""
    user = agenda.person_of(token)
    if user is None or not allows(access_of(deadlines), user):
        raise Http404
    rows = agenda.open_deadlines()[:1000]
    response = HttpResponse(agenda.feed(rows, name="Plazos de Cobranza"), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="plazos.ics"'
    response["X-Robots-Tag"] = "noindex"
    return response


def _month(today: date, rows: list[Deadline]) -> list[list[dict[str, object]]]:
    """Six weeks from this Monday; why a day does not count, and how many deadlines end on it."""
    try:
        calendar = read_settings().calendar("ES")
    except UnknownCalendar:
        calendar = None
    first = today - timedelta(days=today.weekday())
    days = [first + timedelta(days=step) for step in range(7 * _WEEKS)]
    found = [
        {
            "day": day,
            "closed": calendar.why_closed(day) if calendar is not None else "",
            "count": sum(1 for each in rows if each.last_day == day),
            "ours": any(each.ours for each in rows if each.last_day == day),
            "today": day == today,
        }
        for day in days
    ]
    return [found[start : start + 7] for start in range(0, len(found), 7)]
