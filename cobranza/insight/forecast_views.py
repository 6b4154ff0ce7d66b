"""The forecast of cash and the simulator: pages with their numbers in a table beside, and what they cannot know."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cobranza.dunning import settings as strategies
from cobranza.insight import charts, forecast_reading, simulate_reading
from cobranza.insight.models import SimulationRun
from cobranza.insight.settings import read as read_settings
from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.spanish import write_amount
from cobranza.ledger.models import Creditor
from cobranza.screens.access import Role, actor, may_open, requires

LOOK = (Role.SUPERVISION, Role.ADMINISTRATION, Role.AUDIT)
ACT = (Role.SUPERVISION,)
_LARGEST = 64 * 1024


@requires(*LOOK)
@require_GET
def cash(request: HttpRequest) -> HttpResponse:
    """Cash of the coming weeks of one company and currency."""
    creditor, currency, pairs = _chosen(request)
    context: dict[str, Any] = {"pairs": pairs, "creditor": creditor, "currency": currency}
    if creditor is not None:
        try:
            context |= board(creditor, currency)
        except CobranzaError as exc:
            context["problem"] = exc.as_dict()
    return render(request, "insight/forecast.html", context)


def board(creditor: Creditor, currency: str) -> dict[str, Any]:
    """The forecast of a company as a page shows it; raises `NothingToForecast`.

    Returns:
        found (`forecast.Forecast`), chart (`charts.Chart`), svg (safe), tested (as texts), level (per cent, text).
    """
    found = forecast_reading.make(creditor, currency, read_settings().prevision)
    labels = [f"{each.start:%d/%m}" for each in found.weeks]
    series = [
        charts.Series(name=_("Previsto"), values=tuple(each.expected for each in found.weeks)),
        charts.Series(name=_("Al menos"), values=tuple(each.low for each in found.weeks)),
        charts.Series(name=_("Como mucho"), values=tuple(each.high for each in found.weeks)),
    ]
    total = sum((each.expected for each in found.weeks), Decimal(0))
    chart = charts.lines(
        _("Cobros previstos por semana"),
        labels,
        series,
        lambda value: write_amount(value, 0),
        description=_("Para cada semana, lo previsto y los dos extremos del intervalo."),
        head=_("Semana del"),
    )
    tested = found.tested
    return {
        "found": found,
        "total": total,
        "chart": chart,
        "svg": SafeString(chart.svg("cash")),
        "level": _share(found.level, 0),
        "tested": None
        if tested is None
        else {
            "origins": tested.origins,
            "coverage": None if tested.coverage is None else _share(tested.coverage, 0),
            "wape": _share(tested.wape, 1),
            "recent": _share(tested.naive_recent, 1),
            "due": _share(tested.naive_due, 1),
        },
    }


@requires(*LOOK)
@require_GET
def simulations(request: HttpRequest) -> HttpResponse:
    """The simulations made, and the form for another one."""
    creditor, currency, pairs = _chosen(request)
    context = {
        "pairs": pairs,
        "creditor": creditor,
        "currency": currency,
        "names": strategies.names(),
        "runs": SimulationRun.objects.select_related("creditor").order_by("-made_at")[:50],
        "acts": may_open(request.user, "insight:simulate"),
    }
    return render(request, "insight/simulations.html", context)


@requires(*ACT)
@require_POST
def simulate(request: HttpRequest) -> HttpResponse:
    """Replay a company's year under a strategy of the house, or one that is uploaded."""
    key, _sign, currency = request.POST.get("pair", "").partition("|")
    creditor = Creditor.objects.filter(key=key).first()
    upload = request.FILES.get("file")
    try:
        if creditor is None:
            raise Http404
        if upload is not None:
            if (upload.size or 0) > _LARGEST:
                messages.error(request, _("El fichero es demasiado grande para ser una estrategia."))
                return redirect("insight:simulations")
            name, text = "subida", upload.read().decode("utf-8", "replace")
        else:
            name = request.POST.get("name", "")
            if name not in strategies.names():
                raise Http404
            text = (strategies.folder() / f"{name}.toml").read_text(encoding="utf-8")
        made = simulate_reading.run_text(creditor, currency, name, text, read_settings(), by=actor(request))
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
        return redirect("insight:simulations")
    return redirect("insight:simulation", number=made.pk)


@requires(*LOOK)
@require_GET
def simulation(request: HttpRequest, number: int) -> HttpResponse:
    """One simulation: both strategies side by side, the response it rests on, and what it cannot know."""
    row = SimulationRun.objects.select_related("creditor").filter(pk=number).first()
    if row is None:
        raise Http404
    result = row.result
    percent = _percent
    names = (
        (_("DSO, en días"), "dso_days", _plain),
        (_("Cobrado al final"), "recovery", percent),
        (_("Contactos"), "contacts", _whole),
        (_("Coste de los contactos"), "cost", _plain),
    )
    measures = [
        (
            title,
            {key: write(result[name][key]) for key in ("current", "other", "difference", "low", "high")},
            result[name]["says"],
        )
        for title, name, write in names
    ]
    context = {
        "row": row,
        "result": result,
        "measures": measures,
        "observed": percent(result["recovery_observed"]),
        "modelled": percent(result["recovery_modelled"]),
        "level": percent(result["level"]),
        "effects": [
            {**each, **{key: _plain(each[key]) for key in ("factor", "low", "high")}} for each in result["effects"]
        ],
    }
    return render(request, "insight/simulation.html", context)


def _chosen(request: HttpRequest) -> tuple[Creditor | None, str, list[tuple[str, str, bool]]]:
    """The company and currency of the address, else the first; and all that there are."""
    asked = request.GET.get("empresa", "")
    pairs = [(each, coin) for each in Creditor.objects.order_by("name") for coin in forecast_reading.currencies(each)]
    found = next((pair for pair in pairs if f"{pair[0].key}|{pair[1]}" == asked), pairs[0] if pairs else None)
    options = [(f"{each.key}|{coin}", f"{each.name} · {coin}", (each, coin) == found) for each, coin in pairs]
    return (*found, options) if found is not None else (None, "", options)


def _plain(text: str) -> str:
    return write_amount(Decimal(text), 2)


def _whole(text: str) -> str:
    return write_amount(Decimal(text), 0)


def _percent(text: str) -> str:
    return f"{write_amount(Decimal(text) * 100, 1)} %"


def _share(value: float, places: int) -> str:
    return f"{write_amount(Decimal(repr(float(value))) * 100, places)} %"
