"""The alerts: what is off now, why, with which rows, who has it; and what people do about one."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from cobranza.insight import alert_words, alerts
from cobranza.insight.figures import SqlFigures
from cobranza.insight.models import Alert, Watched
from cobranza.insight.ports import Definition
from cobranza.insight.settings import read as read_settings
from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.spanish import write_day
from cobranza.ledger.events import Actor
from cobranza.screens.access import Role, actor, may_open, requires
from cobranza.screens.navigation import Tone

LOOK = (Role.SUPERVISION, Role.ADMINISTRATION, Role.AUDIT)
ACT = (Role.SUPERVISION, Role.ADMINISTRATION)
_PAGE = 40

_STATES: dict[str, tuple[Tone, str, object]] = {
    "normal": ("ok", "check", _("Normal")),
    "fuera": ("danger", "alert", _("Fuera")),
    "historia_corta": ("neutral", "clock", _("Poca historia")),
    "sin_datos": ("neutral", "x", _("Sin datos")),
}


@requires(*LOOK)
@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """Open alerts first, then what is watched and how it stands; ``?ver=cerradas`` for those that ended."""
    closed = request.GET.get("ver") == "cerradas"
    rows = Alert.objects.exclude(closed_at=None).order_by("-closed_at") if closed else alerts.open_alerts()
    page = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    known = _definitions()
    standing = [
        (_name(known, each.figure), alert_words.place(each.part), each, _STATES.get(each.state, _STATES["sin_datos"]))
        for each in Watched.objects.order_by("figure", "part_key")
    ]
    context = {
        "page": page,
        "shown": [_line(known, row) for row in page],
        "closed": closed,
        "open_count": Alert.objects.filter(closed_at=None).count(),
        "standing": standing,
        "chance": alert_words.number(read_settings().alertas.falsas_alarmas, "porcentaje"),
    }
    return render(request, "insight/alerts.html", context)


@requires(*LOOK)
@require_GET
def alert(request: HttpRequest, number: int) -> HttpResponse:
    """One alert: what left its course, by how much, the rows that cause it, and its story."""
    row = _row(number)
    known = _definitions()
    names = list(dict.fromkeys(name for each in row.rows for name in each))
    context = {
        "row": row,
        "line": _line(known, row),
        "definition": known.get(row.figure),
        "names": names,
        "rows": [[each.get(name, "") for name in names] for each in row.rows],
        "notes": row.notes.order_by("at", "pk"),
        "acts": may_open(request.user, "insight:alert_seen", row.pk),
        "people": User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True),
        "unit": known[row.figure].unit if row.figure in known else "",
    }
    return render(request, "insight/alert.html", context)


@requires(*ACT)
@require_POST
def alert_seen(request: HttpRequest, number: int) -> HttpResponse:
    """Somebody has seen it."""
    return _do(request, number, lambda row, who: alerts.acknowledge(row, actor=who), _now("Anotado: la ha visto."))


@requires(*ACT)
@require_POST
def alert_assign(request: HttpRequest, number: int) -> HttpResponse:
    """Give it to somebody."""
    to = request.POST.get("to", "")
    return _do(request, number, lambda row, who: alerts.assign(row, to, actor=who), _now("Asignada."))


@requires(*ACT)
@require_POST
def alert_comment(request: HttpRequest, number: int) -> HttpResponse:
    """Write down what is known or was done."""
    text = request.POST.get("text", "")
    return _do(request, number, lambda row, who: alerts.comment(row, text, actor=who), _now("Comentario guardado."))


@requires(*ACT)
@require_POST
def alert_level(request: HttpRequest, number: int) -> HttpResponse:
    """Take the new level for the norm."""
    why = request.POST.get("why", "")
    return _do(
        request,
        number,
        lambda row, who: alerts.accept_level(row, why=why, actor=who),
        _now("Cerrada: desde ahora ese nivel es lo normal."),
    )


def _do(
    request: HttpRequest, number: int, act: Callable[[Alert, Actor], object], said: str
) -> HttpResponse:  # fmt: skip
    row = _row(number)
    try:
        act(row, Actor.person(actor(request)))
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    else:
        messages.success(request, said)
    return redirect("insight:alert", number=row.pk)


def _row(number: int) -> Alert:
    found = Alert.objects.filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _definitions() -> dict[str, Definition]:
    return {each.slug: each for each in SqlFigures().definitions()}


def _name(known: dict[str, Definition], slug: str) -> str:
    return known[slug].name if slug in known else slug


def _line(known: dict[str, Definition], row: Alert) -> dict[str, object]:
    """An alert as both screens show it."""
    unit, currency = (known[row.figure].unit if row.figure in known else "número"), row.part.get("currency", "")
    tone: Tone = "danger" if row.worse else "info"

    def written(value: object) -> str:
        return alert_words.number(value, unit, currency) if value is not None else "—"  # type: ignore[arg-type]

    return {
        "row": row,
        "name": _name(known, row.figure),
        "place": alert_words.place(row.part),
        "tone": tone if row.closed_at is None else "neutral",
        "icon": "up" if row.direction == "up" else "down",
        "cause": row.get_cause_display(),
        "first": written(row.opened_value),
        "now": written(row.value),
        "expected": written(row.expected),
        "low": written(row.low),
        "high": written(row.high),
        "since": write_day(row.opened_on),
        "drill": f"?desde={row.opened_on}&hasta={row.last_day}&acreedor={row.part.get('creditor', '')}",
    }
